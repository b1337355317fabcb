"""Finds the line of a value in a TOML file, which Python's parser does not keep."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

Key = str | int


def line_of(text: str, path: Sequence[Key]) -> int | None:
    """Return the line, from 1, in which a value or its longest existing parent begins.

    That is the line after the longest beginning of the file that is TOML without the value.

    Args:
        text: the text of the file.
        path: keys of tables, and indexes of arrays, from 0.

    Returns:
        None if the path leads nowhere, or is empty.

    """
    for length in range(len(path), 0, -1):
        if (line := _line_of(text, path[:length])) is not None:
            return line
    return None


def _line_of(text: str, path: Sequence[Key]) -> int | None:
    lines = text.splitlines(keepends=True)
    complete = 0  # how many lines are TOML without the value
    for count in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
        if _has(document, path):
            return complete + 1
        complete = count
    return None


def _has(value: object, path: Sequence[Key]) -> bool:
    for key in path:
        has_key = isinstance(value, dict) and key in value
        has_index = isinstance(value, list) and isinstance(key, int) and key < len(value)
        if not (has_key or has_index):
            return False
        value = value[key]  # type: ignore[index]
    return True
