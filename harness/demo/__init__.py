"""The demo partner: sound by default; each named flaw shows what the harness detects."""

from __future__ import annotations

from pytest_mews.demo.demo_partner import DemoPartner
from pytest_mews.demo.registry import (
    FLAWS,
    NAMES,
    PROCESSING_FLAWS,
    SOUND,
    STREAMING_FLAWS,
    VARIANTS,
    behaviour,
)

__all__ = [
    "FLAWS",
    "NAMES",
    "PROCESSING_FLAWS",
    "SOUND",
    "STREAMING_FLAWS",
    "VARIANTS",
    "DemoPartner",
    "behaviour",
]
