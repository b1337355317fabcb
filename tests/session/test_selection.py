"""A run of selected scenarios has a report of its own, beside that of the whole run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def whole_report(folder: Path) -> dict[Path, str]:
    """Write the report of an earlier run, and return its files with their texts."""
    report = folder / "mews-report"
    names = ("certification.html", "events.ndjson", "calls.jsonl", "replays/PRE-01.json")
    for path in (report / name for name in names):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("earlier")
    return {path: "earlier" for path in report.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "selection"),
    [
        (["mews::PRE-01"], "mews::PRE-01"),
        (["-k", "PRE-01 or TLS-05"], "-k 'PRE-01 or TLS-05'"),
        (["-m", "mews_delivery", "-k", "PRE"], "-k PRE -m mews_delivery"),
    ],
)
def test_selection_leaves_the_whole_report_as_it_is(
    pytester: pytest.Pytester, arguments: list[str], selection: str
) -> None:
    """Ids, -k and -m write into the folder `selection`; its report says what was selected."""
    earlier = whole_report(pytester.path)
    pytester.runpytest("--mews-target", "demo", *arguments)
    assert {path: path.read_text() for path in earlier} == earlier
    folder = pytester.path / "mews-report" / "selection"
    report = json.loads((folder / "certification.json").read_text("utf-8"))
    assert report["selection"] == selection
    assert selection in (folder / "summary.md").read_text("utf-8")
    assert (folder / "events.ndjson").exists()
    assert "Only the scenarios of" in (folder / "certification-review.md").read_text("utf-8")
    assert not (folder / "selection").exists()


def test_commands_of_a_report_do_it_no_harm(pytester: pytest.Pytester) -> None:
    """The commands of a selection's report name its own replay file, and select again."""
    pytester.runpytest("--mews-target", "demo:ignores-token", "-k", "PRE-01 or AUTH-02")
    folder = pytester.path / "mews-report" / "selection"
    report = json.loads((folder / "certification.json").read_text("utf-8"))
    [replay] = [entry["replay"] for entry in report["scenarios"] if "replay" in entry]
    assert replay["command"].endswith("--mews-replay mews-report/selection/replays/AUTH-02.json")
    assert (pytester.path / "mews-report/selection/replays/AUTH-02.json").exists()


def test_a_selected_scenario_that_is_blocked_has_the_remedy_of_what_blocks_it(
    pytester: pytest.Pytester,
) -> None:
    """PRE-01 is not selected, so nothing else says it; the remedy of REC-01 would not help."""
    result = pytester.runpytest("--mews-target", "http://127.0.0.1:1/hook", "mews::REC-01")
    assert result.ret == 1
    remedy = "Fix: Make sure that the service runs, listens on this port"
    result.stdout.fnmatch_lines([f"*{remedy}*"])
    folder = pytester.path / "mews-report" / "selection"
    summary = (folder / "summary.md").read_text("utf-8")
    assert remedy in summary
    assert "`mews explain PRE-01`" in summary
    assert "Accept every discriminator" not in summary
    page = (folder / "certification.html").read_text("utf-8")
    assert "More: <code>mews explain PRE-01</code>" in page
