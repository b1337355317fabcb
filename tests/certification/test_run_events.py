"""A whole run writes what happens as it happens; whatever ends it, a report can be made of that."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
FLAWED = ("--mews-target", "demo:ignores-token", "-k", "AUTH or RET-01", *QUICK)
TOKEN = "t0ken-distinct-9f8e7d6c"


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out whatever token the environment has."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)


def events(folder: Path) -> list[dict[str, Any]]:
    """Read the events of the run in a folder."""
    text = (folder / "mews-report" / "events.ndjson").read_text("ascii")
    return [json.loads(line) for line in text.splitlines()]


def retold(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Make the report of the events in a folder, as a user does."""
    command = [sys.executable, "-m", "pytest_mews.reports", "mews-report/events.ndjson"]
    return subprocess.run(
        [*command, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def ended(scenario: str, data: bytes) -> bool:
    """Whether a file tells that a scenario has ended."""
    return any(
        b'"scenario-ended"' in line and f'"scenario":"{scenario}"'.encode() in line
        for line in data.splitlines()[:-1]
    )


@pytest.mark.parametrize("how", [(), ("--mews-jobs", "4"), ("-n", "2")], ids=["plain", "jobs", "n"])
def test_the_report_of_the_events_is_the_runs_own(
    pytester: pytest.Pytester, how: tuple[str, ...]
) -> None:
    """However it is distributed, each scenario starts and ends once, and the report is the same."""
    assert pytester.runpytest_subprocess(*FLAWED, *how).ret == 1
    told = events(pytester.path)
    kinds = [each["event"] for each in told]
    assert kinds[0] == "run-started"
    assert kinds[-1] == "run-ended"
    selected = told[0]["selected"]
    assert len(selected) == 10
    for kind, names in (
        ("scenario-started", [each["scenario"] for each in told if "scenario" in each]),
        ("scenario-ended", [each["result"]["scenario"] for each in told if "result" in each]),
    ):
        assert kinds.count(kind) == 10
        assert sorted(names) == sorted(selected)
    made = retold(pytester.path, "--report", "again")
    assert made.returncode == 0, made.stderr
    for name in ("certification.html", "certification.json", "replays/AUTH-02.json"):
        own = (pytester.path / "mews-report" / name).read_bytes()
        assert (pytester.path / "again" / name).read_bytes() == own


def test_a_killed_run_leaves_a_report(pytester: pytest.Pytester) -> None:
    """After kill -9 what had ended is reported with its verdict, the rest as not observed."""
    command = [sys.executable, "-m", "pytest", *FLAWED, "-k", "AUTH or PROC", "--mews-jobs", "2"]
    killed = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.DEVNULL)
    path = pytester.path / "mews-report" / "events.ndjson"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and killed.poll() is None:
        if path.exists() and ended("AUTH-04", path.read_bytes()):
            break
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    made = retold(pytester.path)
    assert made.returncode == 0, made.stderr
    assert "interrupted" in made.stdout
    text = (pytester.path / "mews-report" / "certification.json").read_text("utf-8")
    report = json.loads(text)
    assert report["interrupted"]
    found = {each["id"]: each for each in report["scenarios"]}
    assert found["AUTH-04"]["verdict"] == "fail"
    assert found["AUTH-04"]["evidence"]
    assert found["PROC-31"]["reason"].startswith("the run ended")
    assert found["REC-01"]["reason"] == "it was not selected to run"
    assert report["readiness"] == "not-ready"
    assert (pytester.path / "mews-report" / "replays" / "AUTH-04.json").exists()


def test_an_interrupted_run_tells_its_end(pytester: pytest.Pytester) -> None:
    """A run that -x stopped tells the same as its report."""
    assert pytester.runpytest_subprocess(*FLAWED, "-x").ret == 1
    assert events(pytester.path)[-1]["event"] == "run-ended"
    own = (pytester.path / "mews-report" / "certification.json").read_bytes()
    assert retold(pytester.path).returncode == 0
    assert (pytester.path / "mews-report" / "certification.json").read_bytes() == own


def test_no_secret_is_told(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of a dead endpoint stands nowhere in the events."""
    monkeypatch.setenv("MEWS_TOKEN", TOKEN)
    pytester.runpytest_subprocess("--mews-target", "http://127.0.0.1:9/x", "-k", "PRE", *QUICK)
    text = (pytester.path / "mews-report" / "events.ndjson").read_text("ascii")
    assert "run-ended" in text
    assert TOKEN not in text


@pytest.mark.parametrize("options", [("--collect-only",), ("-k", "nothing-at-all")])
def test_nothing_is_written_where_nothing_runs(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    """A look at what there is leaves the events of the last run alone."""
    pytester.runpytest_subprocess("--mews-target", "demo", *options)
    assert not (pytester.path / "mews-report" / "events.ndjson").exists()
