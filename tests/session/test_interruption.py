"""Ctrl-C during a run: exit status, and a report with the results so far."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.report_reader import read_report, read_verdicts


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
    command = [sys.executable, "-m", "pytest", "--mews-target", "demo:slow-but-fine"]
    process = subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    lines, rest = interrupt_after(process, "mews::REC-01 PASS")
    assert process.returncode == 2, "".join(lines) + rest
    assert "interrupted" in rest
    report = read_report(pytester.path)
    assert report["interrupted"]
    assert read_verdicts(pytester.path)["REC-01"] == "pass"
    assert read_verdicts(pytester.path)["INT-09"] == "not-observed"
    running = [item for item in report["scenarios"] if "interrupted after" in item["reason"]]
    assert len(running) == 1


def test_interruption_of_concurrent_scenarios(pytester: pytest.Pytester) -> None:
    """With --mews-jobs, finished scenarios have results, running ones partial ones."""
    command = [sys.executable, "-m", "pytest", "--mews-target", "demo:slow-but-fine"]
    process = subprocess.Popen(
        [*command, "--mews-jobs", "4", "-k", "PRE-01 or REC or RET"],
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
