"""A failure as a small file: what was sent, without secrets, and how to send just that again."""

from __future__ import annotations

from pytest_mews.replay.replay_file import OPTION, Conditions, Kept, KeptMessage, find, parse
from pytest_mews.replay.restore import RestoreError, restore, secrets_of
from pytest_mews.replay.serialize_case import (
    as_expectations,
    as_steps,
    keep,
    kept_messages,
    overrides,
)

__all__ = [
    "OPTION",
    "Conditions",
    "Kept",
    "KeptMessage",
    "RestoreError",
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
