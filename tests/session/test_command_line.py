"""Scenarios on the command line by their node ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")


def observed(folder: Path) -> dict[str, str]:
    """Read the verdicts of what ran from the JSON report."""
    report = json.loads((folder / "mews-report" / "certification.json").read_text("utf-8"))
    pairs = {each["id"]: each["verdict"] for each in report["scenarios"]}
    return {name: verdict for name, verdict in pairs.items() if verdict != "not-observed"}


def test_a_node_id_selects_one_scenario(pytester: pytest.Pytester) -> None:
    """`mews::REC-01`, as the terminal shows it, runs that one; several run several."""
    chosen = ("mews::REC-08", "mews::REC-01")
    result = pytester.runpytest_subprocess("--mews-target", "demo", *chosen, *QUICK)
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    assert observed(pytester.path) == {"REC-01": "pass", "REC-08": "pass"}


def test_an_unknown_id_names_the_closest(pytester: pytest.Pytester) -> None:
    """A scenario that does not exist exits 4 and says which one may be meant."""
    result = pytester.runpytest_subprocess("--mews-target", "demo", "mews::RECC-01")
    assert result.ret == 4
    said = result.stderr.str()
    assert "'mews::RECC-01' names no scenario" in said
    assert "REC-01" in said.replace("RECC-01", "")
    assert not (pytester.path / "mews-report").exists()


def test_a_scenario_beside_a_path_is_refused(pytester: pytest.Pytester) -> None:
    """Either the certification runs or the tests of a path do; the message names both."""
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = pytester.runpytest_subprocess("--mews-target", "demo", "mews::REC-01", "test_mine.py")
    assert result.ret == 4
    said = result.stderr.str()
    assert "mews::REC-01" in said
    assert "test_mine.py" in said


def test_a_forgotten_target_is_told(pytester: pytest.Pytester) -> None:
    """Options that do nothing without a target say so, and fail nobody's own tests."""
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = pytester.runpytest("--mews-api", "127.0.0.1:8088")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["mews: --mews-api without --mews-target: nothing is certified"])
    assert "mews:" not in pytester.runpytest().stdout.str()
