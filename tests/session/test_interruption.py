"""Ctrl-C during a run: exit status, and a report with the results so far."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.report_reader import read_report, read_verdicts, validate_report

pytestmark = pytest.mark.slow


def interrupt_after(process: subprocess.Popen[str], text: str) -> tuple[list[str], str]:
    """Send SIGINT a second after a line with a text; return the lines until then, and the rest."""
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if text in line:
                time.sleep(1)
                process.send_signal(signal.SIGINT)
                break
        rest, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    return lines, rest


def test_interruption_still_writes_the_report(pytester: pytest.Pytester) -> None:
    """Ctrl-C in a scenario exits with status 2; the report has the results so far."""
    options = ("--mews-target", "demo:slow-but-fine", "--mews-jobs", "1")
    command = [sys.executable, "-m", "pytest", *options]
    process = subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    lines, rest = interrupt_after(process, "mews::REC-01 PASS")
    assert process.returncode == 2, "".join(lines) + rest
    assert "interrupted" in rest
    assert "!! Interruption: Ctrl-C !!" in rest
    assert ".py:" not in rest  # no place in the harness, as if it had failed there
    report = read_report(pytester.path)
    assert report["interrupted"]
    assert read_verdicts(pytester.path)["REC-01"] == "pass"
    assert read_verdicts(pytester.path)["INT-09"] == "not-observed"
    running = [item for item in report["scenarios"] if "interrupted after" in item["reason"]]
    assert len(running) == 1


def test_an_interrupted_run_loses_nothing_of_the_report_before(pytester: pytest.Pytester) -> None:
    """The report of the run that came to its end stays, with its events and calls.

    The next run that comes to its end deletes that of the interrupted one.
    """
    options = ("--mews-target", "demo:slow-but-fine", "-k", "PRE-01 or PRE-02", "--mews-jobs", "1")
    assert pytester.runpytest(*options).ret == 0
    folder = pytester.path / "mews-report" / "selection"
    before = {path: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}
    assert folder / "calls.jsonl" in before
    command = [sys.executable, "-m", "pytest", *options[:3], "PRE or REC", *options[4:]]
    process = subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    lines, rest = interrupt_after(process, "mews::PRE-01 PASS")
    assert process.returncode == 2, "".join(lines) + rest
    assert "mews-report/selection/unfinished/certification.html" in rest
    assert {path: path.read_bytes() for path in before} == before
    report = validate_report(folder / "unfinished" / "certification.json")
    assert report["interrupted"]
    assert (folder / "unfinished" / "events.ndjson").exists()
    assert not (folder / ".earlier").exists()
    assert pytester.runpytest(*options).ret == 0
    assert not (folder / "unfinished").exists()


def test_interruption_of_concurrent_scenarios(pytester: pytest.Pytester) -> None:
    """With --mews-jobs, finished scenarios have results, running ones partial ones."""
    command = [sys.executable, "-m", "pytest", "--mews-target", "demo:slow-but-fine"]
    process = subprocess.Popen(
        [*command, "--mews-jobs", "4", "--mews-instances", "1", "-k", "PRE-01 or REC or RET"],
        cwd=pytester.path,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    lines, rest = interrupt_after(process, "mews::PRE-01 PASS")
    assert process.returncode == 2, "".join(lines) + rest
    report = read_report(pytester.path)
    assert report["interrupted"]
    scenarios = {item["id"]: item for item in report["scenarios"]}
    assert scenarios["PRE-01"]["verdict"] == "pass"
    assert "fail" not in {item["verdict"] for item in scenarios.values()}
    running = [item for item in scenarios.values() if "interrupted after" in item["reason"]]
    assert 1 <= len(running) <= 4
    assert any("interrupted before" in item["reason"] for item in scenarios.values())


def run_until_report(
    folder: Path, *options: str, command: str = "pytest --mews-target"
) -> subprocess.Popen[str]:
    """Start a run that takes long, and return it when its first scenario has passed."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split(), "demo:slow-but-fine", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "mews::PRE-01 PASS" in line:
            return process
    raise AssertionError


@pytest.mark.parametrize(
    ("signals", "pause_s", "jobs"),
    [
        ((signal.SIGINT, signal.SIGINT), 0.05, "4"),
        ((signal.SIGINT, signal.SIGINT), 0.2, "1"),
        ((signal.SIGINT, signal.SIGINT), 0.2, "4"),
        ((signal.SIGTERM,), 0.0, "1"),
        ((signal.SIGHUP,), 0.0, "1"),
        ((signal.SIGTERM, signal.SIGINT), 0.2, "4"),
    ],
)
def test_several_signals_are_one_interruption(
    pytester: pytest.Pytester, signals: tuple[signal.Signals, ...], pause_s: float, jobs: str
) -> None:
    """The report and JUnit's file are written, and nothing is an error."""
    process = run_until_report(pytester.path, "--mews-jobs", jobs, "--junitxml", "junit.xml")
    try:
        time.sleep(1)
        for number in signals:
            process.send_signal(number)
            time.sleep(pause_s)
        output, _ = process.communicate(timeout=90)
    finally:
        process.kill()
    assert process.returncode == 2, output
    report = read_report(pytester.path)
    assert report["interrupted"]
    assert "error" not in read_verdicts(pytester.path).values()
    assert (pytester.path / "junit.xml").read_text().startswith("<?xml")


LATE_SIGNALS = """
import atexit, os, signal

class Late:
    def __del__(self, kill=os.kill, process=os.getpid(), number=signal.{number}):
        kill(process, number)

late = Late()  # deleted when Python has already restored its own handlers
atexit.register(os.kill, os.getpid(), signal.{number})
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("command", ["pytest --mews-target", "pytest_mews certify"])
def test_signals_while_python_exits(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, command: str, number: str
) -> None:
    """The exit code is that of an interrupted run nevertheless."""
    pytester.makepyfile(sitecustomize=LATE_SIGNALS.format(number=number))
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)
    process = run_until_report(pytester.path, "--mews-jobs", "1", command=command)
    process.send_signal(signal.Signals[number])
    output, _ = process.communicate(timeout=90)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, output
    assert read_report(pytester.path)["interrupted"]


SWALLOWS = """
import gc, os, signal
import pytest

def swallow(phase, info):
    gc.callbacks.remove(swallow)
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(100):  # the handler runs in here
        pass

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    if item.name == "REC-01":
        gc.callbacks.append(swallow)
        gc.collect()
"""


def test_a_signal_during_garbage_collection(pytester: pytest.Pytester) -> None:
    """Python swallows what the handler raises there; the run is interrupted nevertheless."""
    pytester.makeconftest(SWALLOWS)
    options = ("--mews-target", "demo:slow-but-fine", "--mews-jobs", "1")
    result = pytester.runpytest_subprocess(*options, "-k", "PRE-01 or REC")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "Exception ignored" not in result.stdout.str()
    verdicts = read_verdicts(pytester.path)
    assert "error" not in verdicts.values()
    assert verdicts["REC-14"] == "not-observed"


RAISES = """
import pytest

class Raises:
    def pytest_keyboard_interrupt(self, excinfo):
        raise ValueError

@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.register(Raises())
"""


def test_an_interruption_that_another_plugin_fails_at(pytester: pytest.Pytester) -> None:
    """Scenarios that did not run are no error of the harness."""
    pytester.makeconftest(RAISES)
    process = run_until_report(pytester.path)
    try:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=90)
    finally:
        process.kill()
    assert read_report(pytester.path)["interrupted"]
    assert "error" not in read_verdicts(pytester.path).values()
