"""Fixtures of the tests of `mews`: the command in this process, and in one of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_mews.command.main import main
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import SOUND, DemoPartner

TIMEOUT_S = 60
Mews = Callable[..., "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What a command line ended with."""

    status: int
    output: str
    errors: str


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every command in a folder of its own, without a token in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MEWS_TOKEN", raising=False)


@pytest.fixture(autouse=True)
def _own_signal_handlers() -> Iterator[None]:
    """Restore what a command in this process replaces: it has the process for itself otherwise."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def mews(capsys: pytest.CaptureFixture[str]) -> Mews:
    """Return a function that runs `mews` in this process with some arguments."""

    def run(*arguments: str) -> Outcome:
        status = main(arguments)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def mews_process() -> Mews:
    """Return a function that runs `mews` in a process of its own, with some arguments."""

    def run(*arguments: str) -> Outcome:
        command = [sys.executable, "-m", "pytest_mews", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def start_mews() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a `mews` that serves; the test's end kills it."""
    with ExitStack() as running:

        def start(*arguments: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "pytest_mews", *arguments]
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield start


@pytest.fixture
def partner() -> Iterator[Callable[[str], DemoPartner]]:
    """Return a function that starts a demo partner: the sound one, or one with a flaw."""
    with ExitStack() as running:
        yield lambda name=SOUND: running.enter_context(DemoPartner(name, tenants=DEFAULT_TENANTS))
