"""A failure as a small file: what was sent, without secrets, and how to send just that again."""

from __future__ import annotations

from mews_harness.replay.file import OPTION, Conditions, Kept, KeptMessage, find, parse
from mews_harness.replay.keeping import (
    as_expectations,
    as_steps,
    keep,
    kept_messages,
    overrides,
)
from mews_harness.replay.restoring import NotRestored, restore, secrets_of

__all__ = [
    "OPTION",
    "Conditions",
    "Kept",
    "KeptMessage",
    "NotRestored",
    "as_expectations",
    "as_steps",
    "find",
    "keep",
    "kept_messages",
    "overrides",
    "parse",
    "restore",
    "secrets_of",
]
