"""What the terminal shows: its last lines, the width of its lines, and what it leaves out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_mews.session import terminal
from tests.ports import free_port


def test_target_that_is_down_takes_few_lines(pytester: pytest.Pytester) -> None:
    """Scenarios that can't run have no lines; verdict, cause, command and report come last."""
    result = pytester.runpytest("--mews-target", f"http://127.0.0.1:{free_port()}/hook")
    assert len(result.outlines) <= 30
    result.stdout.fnmatch_lines(
        [
            "*= Mews certification readiness =*",
            (
                "Delivery not ready; Processing and Streaming not tested (add --mews-api, "
                "--mews-websocket)"
            ),
            "  delivery   not ready           1 fail, * blocked, * not-applicable",
            "Fix these first",
            "  1. MUST *",
            "     Fix: *",
            "     For *operation; explains * scenarios: PRE-01, *",
            "Next: pytest --mews-target *",
            "Report: file://*/mews-report/certification.html",
        ]
    )
    assert result.outlines[-2].startswith("Report: ")
    assert result.outlines[-1].startswith("=")


def test_verbose_run_lists_every_scenario(pytester: pytest.Pytester) -> None:
    """With -v each scenario has its line, also one that could not run."""
    result = pytester.runpytest("-v", "--mews-target", f"http://127.0.0.1:{free_port()}/hook")
    result.stdout.fnmatch_lines(["mews::REC-04 BLOCKED *", "mews::STR-01 NOT-OBSERVED *"])


def test_a_started_service_that_fails_has_its_log_named(pytester: pytest.Pytester) -> None:
    """A remedy says "in the service's log": the line before the report says where that is."""
    pytester.makepyfile(
        service="""
        import sys
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.send_error(500)

        HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
        """
    )
    start = f"{sys.executable} service.py {{port}}"
    result = pytester.runpytest("--mews-target", "/hook", "--mews-start", start, "mews::PRE-01")
    assert result.outlines[-3].startswith("Log of the service: file://")
    assert result.outlines[-3].endswith("/mews-report/selection/service.log")
    assert result.outlines[-2].startswith("Report: ")


def config_with_terminal(lines: list[str], *, isatty: bool, width: int = 80) -> Any:  # noqa: ANN401 - a stand-in
    """Return a configuration whose terminal writes into a list."""
    reporter = SimpleNamespace(
        verbosity=1,
        isatty=isatty,
        _tw=SimpleNamespace(fullwidth=width),
        rewrite=lambda line, **_: lines.append(line),
        ensure_newline=lambda: None,
        write_line=lines.append,
    )
    plugins: dict[str, Any] = {"terminalreporter": reporter}
    return SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=plugins.get))


def show_wait_for_ret_03(running: Sequence[str], width: int = 80, activity: str = "") -> str:
    """Return the line that a terminal shows 10 s after pytest began to wait for RET-03.

    What runs has run for 4 s.
    """
    lines: list[str] = []
    config = config_with_terminal(lines, isatty=True, width=width)
    now_s = 0.0
    display = terminal.ProgressDisplay(config, "RET-03", lambda: now_s, lambda: activity)
    now_s = 10.0
    display.show_wait(dict.fromkeys(running, 4.0), 12, 141)
    [line] = lines
    return line


@pytest.mark.parametrize("width", [20, 40, 80, 160])
def test_progress_is_never_wider_than_the_terminal(width: int) -> None:
    """The figures come first; the ids that don't fit are cut."""
    line = show_wait_for_ret_03(["RET-03", *(f"PROC-{number}" for number in range(20))], width)
    assert len(line) == width - 1
    expected = "mews::RET-03 running for 4 s; 12 of 141 scenarios done"
    assert line.startswith(expected[: width - 2])


def test_progress_tells_a_queued_scenario_from_a_running_one() -> None:
    """A scenario that has not started does not seem to hang; a running one has its own time."""
    assert show_wait_for_ret_03(["PROC-09"]) == (
        "mews::RET-03 next result; 12 of 141 scenarios done; running PROC-09 (4 s)"
    )
    assert show_wait_for_ret_03(["PROC-09", "RET-03"]) == (
        "mews::RET-03 running for 4 s; 12 of 141 scenarios done; running PROC-09 (4 s)"
    )


def test_progress_says_what_the_scenario_waits_for() -> None:
    """It is what the scenario that pytest asks for does, not what the others do."""
    activity = "waiting for a request, up to 30 s"
    assert show_wait_for_ret_03(["RET-03"], 160, activity) == (
        f"mews::RET-03 running for 4 s; {activity}; 12 of 141 scenarios done"
    )
    assert activity not in show_wait_for_ret_03(["PROC-09"], 160, activity)


def test_an_activity_is_shown_again_while_it_lasts() -> None:
    """One report at the beginning of a long wait is enough: its line counts the seconds."""
    lines: list[str] = []
    now_s, activity = 0.0, ""
    config = config_with_terminal(lines, isatty=True)
    display = terminal.ProgressDisplay(config, "PRE-02", lambda: now_s, lambda: activity)
    for moment_s, what in ((5.0, ""), (10.0, "waiting"), (10.1, "waiting"), (11.0, "waiting")):
        now_s, activity = moment_s, what
        display.show_activity()
    assert lines == ["mews::PRE-02 10 s; waiting", "mews::PRE-02 11 s; waiting"]


def test_a_wait_of_a_scenario_that_runs_alone_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that waits cannot draw: another one does, until the scenario has ended."""
    monkeypatch.setattr(terminal, "REDRAW_S", 0.001)
    lines: list[str] = []
    drawn = Event()

    def activity() -> str:
        if lines:
            drawn.set()
        return "waiting"

    config = config_with_terminal(lines, isatty=True)
    seconds = count()
    display = terminal.ProgressDisplay(config, "PRE-02", lambda: float(next(seconds)), activity)
    with display.shown():
        assert drawn.wait(10.0)
    assert lines[0].endswith("s; waiting")
    assert not any(thread.name == "mews-progress" for thread in enumerate_threads())


def test_a_log_gets_fewer_lines_the_longer_a_wait_lasts() -> None:
    """A wait of many minutes does not fill the log of a pipeline."""
    lines: list[str] = []
    now_s = 0.0
    config = config_with_terminal(lines, isatty=False)
    display = terminal.ProgressDisplay(config, "RET-03", lambda: now_s)
    for second in range(300):
        now_s = float(second)
        display.show_wait({"PROC-09": now_s}, 12, 141)
    seconds = [line.rpartition("(")[2].removesuffix(" s)") for line in lines[:6]]
    assert seconds == ["10", "30", "70", "130", "190", "250"]


def test_the_warning_stands_before_what_runs() -> None:
    """It is not cut off with the list of running scenarios."""
    lines: list[str] = []
    now_s = 0.0
    config = config_with_terminal(lines, isatty=False)
    display = terminal.ProgressDisplay(
        config, "RET-03", lambda: now_s, warning=lambda: "30 requests refused"
    )
    now_s = 60.0
    display.show_wait({"PROC-09": 30.0}, 12, 141)
    assert lines == [
        (
            "  RET-03: next result; 12 of 141 scenarios done; 30 requests refused; running PROC-09 "
            "(30 s)"
        )
    ]


def test_a_title_is_cut_and_not_the_percentage() -> None:
    """A short text stays; a long one ends with an ellipsis within the width."""
    assert terminal.cut("PASS  short", 20) == "PASS  short"
    assert terminal.cut("PASS  a long title of a scenario", 12) == "PASS  a lon…"


def test_a_verdict_leaves_no_room_for_the_beginning_of_a_reason(pytester: pytest.Pytester) -> None:
    """Pytest appends the beginning of the reason where a line has room for it."""
    result = pytester.runpytest("-v", "--mews-target", "demo", "mews::RED-03")
    (line,) = [line for line in result.outlines if line.startswith("mews::RED-03 ")]
    assert line.split("  ")[0] == "mews::RED-03 NOT-APPLICABLE Redirects do not loop"
    assert line.endswith(" [100%]")
    assert "(" not in line


def test_report_is_a_link(tmp_path: Path) -> None:
    """A terminal gets a hyperlink that shows the path, a log the URL."""
    path = tmp_path / "a report" / "certification.html"
    assert terminal._link(path, is_terminal=False) == path.as_uri()
    link = terminal._link(path, is_terminal=True)
    assert link == f"\x1b]8;;{path.as_uri()}\x1b\\{path}\x1b]8;;\x1b\\"
