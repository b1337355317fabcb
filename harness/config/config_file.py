"""Reads a file that an option names, and reports the place of each error in it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pytest_mews.errors import UsageError


class ConfigFile:
    """A file that an option names; every problem with it becomes a `UsageError`.

    Args:
        option: the option that names the file.
        path: the path of the file.
        remedy: what the file should contain; the last sentence of most messages.

    """

    def __init__(self, option: str, path: Path, remedy: str) -> None:
        self._option, self._path, self._remedy = option, path, remedy

    def fail(self, problem: str, remedy: str = "") -> NoReturn:
        """Raise a `UsageError` about the file; without a `remedy`, use that of the constructor.

        Raises:
            UsageError: always.

        """
        raise UsageError(self._option, self._path, problem, remedy or self._remedy) from None

    def read_text(self, remedy: str) -> str:
        """Read the file; `remedy` is for the message if that fails.

        Raises:
            UsageError: the file can't be read, or is not UTF-8.

        """
        try:
            return self._path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            self.fail(f"is not UTF-8 (byte {error.start})", "Save it as UTF-8.")
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            self.fail(f"can't be read: {reason}", remedy)

    def read_toml(self, remedy: str) -> dict[str, Any]:
        """Read the file as TOML; `remedy` as for `read_text`.

        Raises:
            UsageError: the file can't be read, or is not TOML.

        """
        try:
            return tomllib.loads(self.read_text(remedy))
        except tomllib.TOMLDecodeError as error:
            self.fail(f"is not TOML: {error}", "Correct the file at that place.")
        except RecursionError:
            self.fail("is nested too deeply")

    def tables(self, document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        """Return the tables `[[name]]`: an empty list if there are none.

        Raises:
            UsageError: the key `name` has another type.

        """
        tables = document.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.fail(f"has `{name}` in another form than [[{name}]] tables")
        return tables

    def string(self, place: str, table: Mapping[str, Any], key: str) -> str:
        """Return a required string that is not blank; `place` is the table's name in messages.

        Raises:
            UsageError: the string is missing, blank, or of another type. The message never quotes
                the value, which may be a secret.

        """
        if key not in table:
            self.fail(f"lacks `{key}` in {place}")
        value = table[key]
        if not isinstance(value, str):
            self.fail(f"has a `{key}` in {place} that is not a string", "Put it in quotes.")
        if not value.strip():
            self.fail(f"has an empty `{key}` in {place}")
        return value

    def reject_unknown_keys(
        self, place: str, table: Mapping[str, Any], keys: Collection[str]
    ) -> None:
        """Check that a table has no other keys than `keys`.

        Raises:
            UsageError: the table has another key.

        """
        if unknown := sorted(table.keys() - set(keys)):
            self.fail(f"has an unknown key in {place}: `{unknown[0]}`")
