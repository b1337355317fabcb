"""Replay files: a failing case as a small file without secrets, and how to restore its messages."""

from __future__ import annotations

from pytest_mews.replay.replay_file import (
    OPTION,
    Conditions,
    RecordedCase,
    RecordedMessage,
    find_files,
    read_file,
)
from pytest_mews.replay.restore import RestoreError, restore_messages, secrets_by_name
from pytest_mews.replay.serialize_case import (
    expectations_as_data,
    profile_overrides,
    record_messages,
    steps_as_data,
    to_replay,
)

__all__ = [
    "OPTION",
    "Conditions",
    "RecordedCase",
    "RecordedMessage",
    "RestoreError",
    "expectations_as_data",
    "find_files",
    "profile_overrides",
    "read_file",
    "record_messages",
    "restore_messages",
    "secrets_by_name",
    "steps_as_data",
    "to_replay",
]
