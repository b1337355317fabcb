"""Reads the TOML files of this package."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def read_data(name: str) -> dict[str, Any]:
    """Read `NAME.toml` of this package.

    Raises:
        FileNotFoundError: there is no such file.
        tomllib.TOMLDecodeError: it is not TOML.

    """
    return tomllib.loads((files("pytest_mews.mews") / f"{name}.toml").read_text("utf-8"))
