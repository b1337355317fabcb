"""Node ids of scenarios on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")


def observed_verdicts(folder: Path) -> dict[str, str]:
    """Read the verdicts of the scenarios that ran from the JSON report."""
    report = json.loads(
        (folder / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    )
    verdicts = {scenario["id"]: scenario["verdict"] for scenario in report["scenarios"]}
    return {name: verdict for name, verdict in verdicts.items() if verdict != "not-observed"}


def test_a_node_id_selects_one_scenario(pytester: pytest.Pytester) -> None:
    """`mews::REC-01`, as the terminal shows it, runs that scenario; several ids run several."""
    node_ids = ("mews::REC-08", "mews::REC-01")
    result = pytester.runpytest("--mews-target", "demo", *node_ids, *QUICK)
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    assert observed_verdicts(pytester.path) == {"REC-01": "pass", "REC-08": "pass"}


def test_an_unknown_id_names_the_closest(pytester: pytest.Pytester) -> None:
    """A scenario that does not exist exits with status 4; the message has the closest id."""
    result = pytester.runpytest("--mews-target", "demo", "mews::RECC-01")
    assert result.ret == 4
    message = result.stderr.str()
    assert "'mews::RECC-01' names no scenario" in message
    assert "REC-01" in message.replace("RECC-01", "")
    assert not (pytester.path / "mews-report").exists()


def test_a_scenario_beside_a_path_is_refused(pytester: pytest.Pytester) -> None:
    """Either scenarios run or the tests of a path; the message names both arguments."""
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = pytester.runpytest("--mews-target", "demo", "mews::REC-01", "test_mine.py")
    assert result.ret == 4
    message = result.stderr.str()
    assert "mews::REC-01" in message
    assert "test_mine.py" in message


def test_a_forgotten_target_is_reported(pytester: pytest.Pytester) -> None:
    """Options without a target are reported in the header; the user's tests still run."""
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = pytester.runpytest("--mews-api", "127.0.0.1:8088")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["mews: --mews-api has no effect without --mews-target; nothing is certified"]
    )
    assert "mews:" not in pytester.runpytest().stdout.str()
