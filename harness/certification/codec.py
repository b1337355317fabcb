"""Carries results through pytest's reports, which may cross a process (pytest-xdist)."""

from __future__ import annotations

from typing import Any

from cattrs.preconf.json import make_converter

from mews_harness.model import ScenarioResult

_CONVERTER = make_converter()


def to_plain(result: ScenarioResult) -> dict[str, Any]:
    """Turn a result into plain JSON data."""
    plain: dict[str, Any] = _CONVERTER.unstructure(result)
    return plain


def from_plain(plain: dict[str, Any]) -> ScenarioResult:
    """Turn `to_plain`'s data back."""
    return _CONVERTER.structure(plain, ScenarioResult)
