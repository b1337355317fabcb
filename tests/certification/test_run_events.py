"""events.ndjson of whole runs: a report can be built from it, however the run ended."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.command.main import main

pytestmark = pytest.mark.slow

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
FLAWED = ("--mews-target", "demo:ignores-token", "-k", "AUTH-02 or AUTH-05 or RET-01", *QUICK)
TOKEN = "t0ken-distinct-9f8e7d6c"


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the token from the environment."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)


def read_events(folder: Path) -> list[dict[str, Any]]:
    """Read the events of the run in a folder."""
    text = (folder / "mews-report" / "selection" / "events.ndjson").read_text("ascii")
    return [json.loads(line) for line in text.splitlines()]


def rebuild_report(folder: Path, *arguments: str) -> int:
    """Build the report from the events in a folder; return the exit status of the command."""
    with contextlib.chdir(folder):
        return main(["report", "mews-report/selection/events.ndjson", *arguments])


def has_ended(scenario: str, data: bytes) -> bool:
    """Return whether an event says that a scenario has ended."""
    return any(
        b'"scenario-ended"' in line and f'"scenario":"{scenario}"'.encode() in line
        for line in data.splitlines()[:-1]
    )


@pytest.mark.parametrize(
    "options", [(), ("--mews-jobs", "4"), ("-n", "1")], ids=["plain", "jobs", "n"]
)
def test_the_report_from_events_equals_the_report_of_the_run(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    """Each scenario starts and ends once, also with jobs and workers; both reports are equal."""
    assert pytester.runpytest(*FLAWED, *options).ret == 1
    events = read_events(pytester.path)
    kinds = [event["event"] for event in events]
    assert kinds[0] == "run-started"
    assert kinds[-1] == "run-ended"
    selected = events[0]["selected"]
    assert len(selected) == 3
    for kind, names in (
        ("scenario-started", [event["scenario"] for event in events if "scenario" in event]),
        ("scenario-ended", [event["result"]["scenario"] for event in events if "result" in event]),
    ):
        assert kinds.count(kind) == 3
        assert sorted(names) == sorted(selected)
    assert rebuild_report(pytester.path, "--report", "again") == 0
    for name in ("certification.html", "certification.json", "replays/AUTH-02.json"):
        report = (pytester.path / "mews-report" / "selection" / name).read_bytes()
        assert (pytester.path / "again" / name).read_bytes() == report


def test_a_killed_run_leaves_a_report(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    """After kill -9, scenarios that had ended have their verdicts; the rest is not observed."""
    command = [sys.executable, "-m", "pytest", *FLAWED, "-k", "AUTH-04 or PROC"]
    command += ["--mews-jobs", "2", "--mews-instances", "1"]
    process = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.DEVNULL)
    path = pytester.path / "mews-report" / "selection" / "events.ndjson"
    deadline = time.monotonic() + 300
    try:
        while time.monotonic() < deadline and process.poll() is None:
            if path.exists() and has_ended("AUTH-04", path.read_bytes()):
                break
            time.sleep(0.02)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert rebuild_report(pytester.path) == 0
    assert "interrupted" in capsys.readouterr().out
    text = (pytester.path / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    report = json.loads(text)
    assert report["interrupted"]
    scenarios = {item["id"]: item for item in report["scenarios"]}
    assert scenarios["AUTH-04"]["verdict"] == "fail"
    assert scenarios["AUTH-04"]["evidence"]
    assert scenarios["PROC-49"]["reason"].startswith("the run ended")
    assert scenarios["REC-01"]["reason"] == "it was not selected to run"
    assert report["readiness"] == "not-ready"
    assert (pytester.path / "mews-report" / "selection" / "replays" / "AUTH-04.json").exists()


def test_a_stopped_run_has_an_end_event(pytester: pytest.Pytester) -> None:
    """The events of a run that -x stopped give the same report."""
    assert pytester.runpytest(*FLAWED, "-x").ret == 1
    assert read_events(pytester.path)[-1]["event"] == "run-ended"
    report = (pytester.path / "mews-report" / "selection" / "certification.json").read_bytes()
    assert rebuild_report(pytester.path) == 0
    assert (
        pytester.path / "mews-report" / "selection" / "certification.json"
    ).read_bytes() == report


def test_events_have_no_secret(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is nowhere in the events."""
    monkeypatch.setenv("MEWS_TOKEN", TOKEN)
    pytester.runpytest("--mews-target", "http://127.0.0.1:9/x", "-k", "PRE", *QUICK)
    text = (pytester.path / "mews-report" / "selection" / "events.ndjson").read_text("ascii")
    assert "run-ended" in text
    assert TOKEN not in text


@pytest.mark.parametrize("options", [("--collect-only",), ("-k", "nothing-at-all")])
def test_without_a_run_nothing_is_written(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    """--collect-only and an empty selection leave the events of the last run alone."""
    pytester.runpytest("--mews-target", "demo", *options)
    assert not (pytester.path / "mews-report" / "selection" / "events.ndjson").exists()
