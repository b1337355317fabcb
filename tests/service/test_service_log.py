"""The service's log: lines with their times, bounded and redacted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_mews.service import service_log
from pytest_mews.service.service_log import MAX_LINE_SIZE, ServiceLog


class ScriptedClock:
    """A clock that a test sets."""

    ms = 0.0

    def now_ms(self) -> float:
        """Return the time."""
        return self.ms


@pytest.fixture
def clock() -> ScriptedClock:
    """Return a clock at 0."""
    return ScriptedClock()


@pytest.fixture
def log(tmp_path: Path, clock: ScriptedClock) -> Iterator[ServiceLog]:
    """Return an open log that knows one secret."""
    path = tmp_path / "report" / "service.log"
    with ServiceLog(path, clock.now_ms, lambda text: text.replace("secret", "***")) as opened:
        yield opened


def text_of(tmp_path: Path) -> str:
    """Return the content of the file."""
    return (tmp_path / "report" / "service.log").read_text("utf-8")


def test_pieces_become_lines(log: ServiceLog, tmp_path: Path) -> None:
    """A line may arrive in pieces; the file has it redacted, and memory as it was."""
    for piece in (b"a sec", b"ret\r\nnext", b" line\n\n", "ä\x1b[1m\xff\n".encode("latin-1")):
        log.write(piece)
    assert log.last_lines(9) == ("a secret", "next line", "\\xe4\x1b[1m\\xff")
    lines = [line.split(maxsplit=1)[1] for line in text_of(tmp_path).splitlines()]
    assert lines == ["a ***", "next line", "\\xe4\\x1b[1m\\xff"]


def test_lines_are_found_by_their_time(log: ServiceLog, clock: ScriptedClock) -> None:
    """Both ends of the time belong to it."""
    for clock.ms in (100.0, 200.0, 300.0):
        log.write(f"at {clock.ms:.0f}\n".encode())
    assert log.lines_between(150, 300) == ("at 200", "at 300")


def test_a_long_line_is_cut_and_shows_no_part_of_a_secret(log: ServiceLog) -> None:
    """A secret may lie across the cut, where no redactor finds it."""
    log.write(b"x" * (MAX_LINE_SIZE - 3) + b"secret and more\nnext\n")
    line, following = log.last_lines(2)
    assert len(line) < MAX_LINE_SIZE
    assert line.endswith("x…")
    assert following == "next"


def test_too_many_bytes_in_a_second_are_left_out(log: ServiceLog, clock: ScriptedClock) -> None:
    """The log says how many; in the next second lines count again."""
    log.write(b"first\n")
    log.write(b"y" * service_log.MAX_BYTES_PER_S)
    clock.ms = 1_000.0
    log.write(b"end of a line that was left out\nsecond\n")
    note = f"[mews] {service_log.MAX_BYTES_PER_S:,} bytes left out: too many in a second"
    assert log.last_lines(9) == ("first", note, "second")


def test_the_file_is_replaced_when_it_is_full(
    log: ServiceLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One older file is kept."""
    monkeypatch.setattr(service_log, "MAX_FILE_SIZE", 40)
    for number in range(4):
        log.write(f"line number {number}\n".encode())
    assert "line number 3" in text_of(tmp_path)
    older = (tmp_path / "report" / "service.log.1").read_text("utf-8")
    assert "line number 2" in older
    assert "line number 0" not in older


def test_a_link_in_the_report_folder_is_not_followed(tmp_path: Path, clock: ScriptedClock) -> None:
    """The file that it leads to stays; the log keeps its lines in memory."""
    victim, folder = tmp_path / "victim", tmp_path / "report"
    victim.write_text("precious")
    folder.mkdir()
    (folder / "service.log").symlink_to(victim)
    with ServiceLog(folder / "service.log", clock.now_ms, str) as log:
        log.write(b"a line\n")
        assert log.problem
        assert log.last_lines(1) == ("a line",)
    assert victim.read_text() == "precious"
