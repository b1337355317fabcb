"""An embedded sample partner: sound by default, with named flaws to show what is caught."""

from __future__ import annotations

from mews_harness.demo.partner import EmbeddedPartner
from mews_harness.demo.zoo import (
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
    "EmbeddedPartner",
    "behaviour",
]
