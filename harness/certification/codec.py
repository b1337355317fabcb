"""Carries results through pytest's reports, which may cross a process (pytest-xdist)."""

from __future__ import annotations

from cattrs.preconf.json import make_converter

from mews_harness.model import ScenarioResult

_CONVERTER = make_converter()


def dumps(result: ScenarioResult) -> str:
    """Write a result as JSON."""
    return _CONVERTER.dumps(result)


def loads(text: str) -> ScenarioResult:
    """Read what `dumps` wrote."""
    return _CONVERTER.loads(text, ScenarioResult)
