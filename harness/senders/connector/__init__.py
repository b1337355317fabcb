"""Payloads: JSON Schemas compiled into strategies, and the draw words made of them.

The way through: `schema` reads, `shape` parses, `compiling` draws templates, a word makes plans of
them, and a plan builds messages with ids from a mint.
"""

from __future__ import annotations

from pytest_mews.senders.connector.generators import GENERATORS, plans
from pytest_mews.senders.connector.ids import IdSource
from pytest_mews.senders.connector.lifecycle_status import Standing, standings
from pytest_mews.senders.connector.payload_schemas import actions, discriminators
from pytest_mews.senders.connector.plan import Plan, Plans, Target

__all__ = [
    "GENERATORS",
    "IdSource",
    "Plan",
    "Plans",
    "Standing",
    "Target",
    "actions",
    "discriminators",
    "plans",
    "standings",
]
