"""What the tests of started services share."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pytest_mews.scenarios import loader
from tests.partner_processes import ROOT

PROGRAM = Path(__file__).with_name("started_programs.py")
MORTAL = ROOT / "tests" / "mortal_service.py"
SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
GONE_S = 60.0


def command(flaw: str, **variables: str) -> str:
    """Return the command of a service with a flaw."""
    assignments = [f"{name}={value}" for name, value in variables.items()]
    return shlex.join(["env", *assignments, sys.executable, str(PROGRAM), flaw])


def is_running(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def ends(pid: int) -> bool:
    """Wait until a process has ended; return whether it has."""
    deadline_s = time.monotonic() + GONE_S
    while is_running(pid) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    return not is_running(pid)


def pid_in(last_lines: Callable[[], Iterable[str]]) -> int:
    """Return the process id that a service has written last; it may be read a moment later."""
    deadline_s = time.monotonic() + GONE_S
    while True:
        lines = [line for line in last_lines() if "process " in line and "[mews]" not in line]
        if lines or time.monotonic() >= deadline_s:
            return int(lines[-1].split()[-1])
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def without_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the variables of a developer's own service."""
    for name in [name for name in os.environ if name.startswith("MEWS_")]:
        monkeypatch.delenv(name)


Report = Callable[[str], None]
