"""Payloads: JSON Schemas compiled into strategies, and the draw words made of them.

The way through: `schema` reads, `shape` parses, `compiling` draws templates, a word makes plans of
them, and a plan builds messages with ids from a mint.
"""

from __future__ import annotations

from mews_harness.payloads.mint import Mint
from mews_harness.payloads.plan import Plan, Plans, Subject
from mews_harness.payloads.schema import actions, discriminators
from mews_harness.payloads.standing import Standing, standings
from mews_harness.payloads.vocabulary import WORDS, plans

__all__ = [
    "WORDS",
    "Mint",
    "Plan",
    "Plans",
    "Standing",
    "Subject",
    "actions",
    "discriminators",
    "plans",
    "standings",
]
