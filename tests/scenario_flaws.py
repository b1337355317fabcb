"""The flaws of the demo partner that each scenario detects: tests/scenarios/flaws.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

_ENTRIES: Mapping[str, Mapping[str, list[str] | str]] = tomllib.loads(
    (Path(__file__).parent / "scenarios" / "flaws.toml").read_text("utf-8")
)
FLAWS: Mapping[str, tuple[str, ...]] = {
    scenario_id: tuple(entry["flaws"]) for scenario_id, entry in _ENTRIES.items()
}
"""Scenario id → names of the flaws that it detects."""
REASONS_WITHOUT_FLAW: Mapping[str, str] = {
    scenario_id: str(entry["without-flaw"])
    for scenario_id, entry in _ENTRIES.items()
    if "without-flaw" in entry
}
"""Scenario id → why no demo partner can have the flaw, and the test that covers it instead."""
