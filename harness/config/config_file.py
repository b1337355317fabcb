"""A file that the user gave with an option: read, and refused with the place that is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pytest_mews.errors import UsageError


class ConfigFile:
    """Reads one file; whatever is wrong with it becomes a `UsageMistake`.

    Args:
        option: the option that names the file.
        path: where it is.
        remedy: what the file should hold; the last sentence of most mistakes.

    """

    def __init__(self, option: str, path: Path, remedy: str) -> None:
        self._option, self._path, self._remedy = option, path, remedy

    def fail(self, problem: str, remedy: str = "") -> NoReturn:
        """Say what is wrong with the file.

        Raises:
            UsageMistake: always.

        """
        raise UsageError(self._option, self._path, problem, remedy or self._remedy) from None

    def read_text(self, otherwise: str) -> str:
        """Read the file; `otherwise` is the remedy where that is not possible.

        Raises:
            UsageMistake: the file can't be read, or is not UTF-8.

        """
        try:
            return self._path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            self.fail(f"is not UTF-8 (byte {error.start})", "Save it as UTF-8.")
        except OSError as error:
            said = (error.strerror or type(error).__name__).lower()
            self.fail(f"can't be read: {said}", otherwise)

    def toml(self, otherwise: str) -> dict[str, Any]:
        """Read the file as TOML; `otherwise` as for `text`.

        Raises:
            UsageMistake: the file can't be read, or is not TOML.

        """
        try:
            return tomllib.loads(self.read_text(otherwise))
        except tomllib.TOMLDecodeError as error:
            self.fail(f"is not TOML: {error}", "Mend the file at that place.")

    def tables(self, document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        """Give the tables `[[name]]`, none where there is none.

        Raises:
            UsageMistake: there is something else of that name.

        """
        tables = document.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.fail(f"has something else than [[{name}]] tables as `{name}`")
        return tables

    def string(self, place: str, table: Mapping[str, Any], key: str) -> str:
        """Give a value that must be there, in quotes, and not blank.

        Raises:
            UsageMistake: it is not. The message never quotes the value, which may be a secret.

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
        """Check that there are no keys but these.

        Raises:
            UsageMistake: there are.

        """
        if strangers := sorted(table.keys() - set(keys)):
            self.fail(f"has a key that is unknown in {place}: `{strangers[0]}`")
