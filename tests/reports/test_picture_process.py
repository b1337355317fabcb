"""The process that draws pictures: when it starts, how it ends, and a report without it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_mews.model import Run
from pytest_mews.reports import picture_process, write_report
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.picture_process import PictureError, PictureProcess

pytestmark = pytest.mark.pictures

BAR = {"mark": "bar", "data": {"values": [{"a": 1}]}, "encoding": {"x": {"field": "a"}}}
LEFT_OUT = "Pictures are left out here, because the process that draws"


@pytest.fixture(scope="module", autouse=True)
def one_process() -> None:
    """Each of these tests has its own process."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The processes that the test starts to draw."""
    processes: list[subprocess.Popen[str]] = []
    start = picture_process._start

    def start_and_note() -> subprocess.Popen[str]:
        processes.append(start())
        return processes[-1]

    monkeypatch.setattr(picture_process, "_start", start_and_note)
    return processes


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Return a function that has the process run this script instead."""

    def replace(script: str) -> None:
        path = tmp_path / "worker.py"
        path.write_text(script, "utf-8")
        monkeypatch.setattr(picture_process, "_WORKER", path)

    return replace


def test_the_process_starts_with_the_first_picture_and_ends_with_the_block(
    started: list[subprocess.Popen[str]],
) -> None:
    """A report without pictures needs no process; the same picture is drawn once."""
    with PictureProcess() as process:
        assert not started
        svg = process.draw(BAR)
        assert process.draw(dict(BAR)) is svg
        (child,) = started
        assert child.poll() is None
    assert svg.startswith("<svg ")
    assert child.returncode == -signal.SIGKILL


def test_this_process_does_not_load_the_library(run: Run, tmp_path: Path) -> None:
    """A report with pictures is written without vl-convert in the process that writes it."""
    script = (
        "import sys; from pathlib import Path; import sample_run\n"
        "from pytest_mews.reports import write_report\n"
        "write_report(sample_run.run(), Path(sys.argv[1]))\n"
        "assert 'vl_convert' not in sys.modules\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    subprocess.run(command, check=True, cwd=Path(__file__).parent)
    assert 'role="img"' in (tmp_path / "certification.html").read_text("utf-8")


@pytest.mark.parametrize(
    "script",
    ["raise SystemExit(1)", "input(); print('no JSON')", "import os; input(); os.abort()"],
    ids=["ends at once", "answers nonsense", "crashes at a picture"],
)
def test_a_failure_leaves_out_all_pictures_and_says_so(
    script: str, run: Run, tmp_path: Path, worker: Callable[[str], None]
) -> None:
    """Whatever the process does, every file of the report is written."""
    worker(script)
    report = write_report(run, tmp_path / "report")
    assert report.html is not None
    assert report.problems == ()
    page = report.html.read_text("utf-8")
    assert LEFT_OUT in page
    assert 'role="img"' not in page
    assert "p99 " in page  # the figures of a picture


def test_a_failure_in_the_middle_leaves_no_picture(run: Run, worker: Callable[[str], None]) -> None:
    """The page has all pictures or none, so that its sentence about them is true."""
    worker("import json; input(); print(json.dumps('<svg ><g/></svg>'), flush=True); input()")
    page = to_html(run)
    assert LEFT_OUT in page
    assert 'role="img"' not in page


def test_a_process_that_does_not_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says which error kept it from starting."""
    monkeypatch.setattr(sys, "executable", "/absent/python")
    assert f"{LEFT_OUT} did not start ([Errno 2]" in to_html(run).replace("&#39;", "'")


def test_a_process_without_an_answer_is_ended(
    monkeypatch: pytest.MonkeyPatch,
    started: list[subprocess.Popen[str]],
    worker: Callable[[str], None],
) -> None:
    """A picture that takes too long is a failure, and the process does not stay."""
    monkeypatch.setattr(picture_process, "TIMEOUT_S", 0.01)
    worker("input(); import signal; signal.pause()")
    with PictureProcess() as process, pytest.raises(PictureError, match=r"for 0\.01 s"):
        process.draw(BAR)
    assert started[0].returncode == -signal.SIGKILL


def test_the_process_ends_with_a_harness_that_is_killed() -> None:
    """Its input ends; nobody has to end it."""
    script = (
        "from pytest_mews.reports.picture_process import PictureProcess\n"
        "process = PictureProcess()\n"
        f"process.draw({BAR!r})\n"
        "print(process._process.pid, flush=True)\n"
        "import signal; signal.pause()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        child = int(harness.stdout.readline())
        poll = select.poll()
        poll.register(os.pidfd_open(child))
        assert not poll.poll(0)
        harness.kill()
        assert poll.poll(20_000)


def test_ctrl_c_does_not_reach_the_process(started: list[subprocess.Popen[str]]) -> None:
    """A terminal interrupts a process group: the one of the run, which writes its report."""
    with PictureProcess() as process:
        process.draw(BAR)
        assert os.getpgid(started[0].pid) != os.getpgrp()
