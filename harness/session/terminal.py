"""What the terminal shows: header, progress, verdicts, and the summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from pytest_mews import reports
from pytest_mews.acceptance import terminal_lines
from pytest_mews.config.endpoint import format_address
from pytest_mews.config.option_parsers import MAX_INSTANCES
from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.websocket import PATH
from pytest_mews.model import Readiness, Run, ScenarioResult, Verdict
from pytest_mews.model.listing import first_lines
from pytest_mews.redaction import Redactor
from pytest_mews.reports import CauseReport, Problem
from pytest_mews.run.run_summary import display_target
from pytest_mews.service.service_log import log_name
from pytest_mews.session.command_line import program_of

REDRAW_S = 0.2  # between two updates of a progress line on a terminal
HEARTBEAT_S, MAX_HEARTBEAT_S = 10.0, 60.0  # between two lines in a log: each pause twice the last
STATUSES = {
    Verdict.PASS: (".", "passed", {"green": True}),
    Verdict.WARN: ("w", "warned", {"yellow": True}),
    Verdict.FAIL: ("F", "failed", {"red": True}),
    Verdict.FLAKY: ("f", "flaky", {"red": True}),
    Verdict.ERROR: ("E", "error", {"red": True}),
    Verdict.BLOCKED: ("b", "blocked", {"red": True}),
}
EXPECTED_STATUS = ("x", "xfailed", {"yellow": True})  # waived, or known from the baseline
COLOURS = {
    Readiness.READY: {"green": True, "bold": True},
    Readiness.WARNINGS: {"yellow": True, "bold": True},
    Readiness.NOT_READY: {"red": True, "bold": True},
    Readiness.INCOMPLETE: {"yellow": True, "bold": True},
}
KNOWN = "known from the baseline"
PERCENTAGE = len(" [100%] ")  # what pytest writes after a verdict, and a space before the label
MAX_LINES = 12  # of a list; the report has all
MAX_REASON = 240  # columns; the report has the rest


def header_lines(settings: Settings, instances: int = 1) -> list[str]:
    """Return the header: target, profile, seed, tenants, untested secrets, addresses.

    Args:
        settings: what the user chose.
        instances: how many instances of the service the run may start.

    """
    fill = str if settings.service is None else settings.service.fill
    # A secret may also be in the path, which `display_target` does not know.
    redact = Redactor.from_settings(settings).redact_text
    target, integration = (
        redact(display_target(fill(url)))
        for url in (settings.target, settings.integration_target or "")
    )
    tenants = ", ".join(
        f"enterprise {tenant.id} integration {tenant.integration_id}"
        for tenant in settings.tenants.enterprises
    )
    return [
        f"mews: target {target}" + (f", integration target {integration}" if integration else ""),
        f"mews: profile {settings.profile.name}, time scale {settings.time_scale:g}, "
        f"seed {settings.seed}, stages: {', '.join(settings.stages)}"
        + (f", up to {instances} instances" if instances > 1 else "")
        + (", strict" if settings.strict else "")
        + (", TLS NOT VERIFIED" if settings.insecure else ""),
        f"mews: tenants {tenants}",
        *(f"mews: {note}" for note in settings.authentication.notes),
        *_server_lines(settings),
        *_acceptance_lines(settings),
    ]


def release_output(config: pytest.Config) -> None:
    """Let an application in this process write to the standard output as its log wants it.

    pytest captures what is written while a test runs, and between tests lets it pass; several
    scenarios run at once, so neither would be the right place.
    """
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
        capture._method = "no"  # noqa: SLF001 - as with -s
        capture.start_global_capturing()


def line_writer(config: pytest.Config) -> Callable[[str], None]:
    """Return a function that writes a line before the header; silent with -q or no terminal."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")

    def write(text: str) -> None:
        if reporter is not None and reporter.verbosity >= 0:
            reporter.ensure_newline()
            reporter.write_line(f"mews: {text}")

    return write


def _acceptance_lines(settings: Settings) -> list[str]:
    files = {"waivers": settings.waivers, "baseline": settings.baseline}
    parts = [f"{name} {path.name}" for name, path in files.items() if path is not None]
    parts += ["only new failures fail the run"] if settings.fails_on_new else []
    return [f"mews: {', '.join(parts)}"] if parts else []


def _server_lines(settings: Settings) -> list[str]:
    """Return the addresses of the emulators; the demo partner finds them by itself."""
    built_in = settings.tenants == DEFAULT_TENANTS
    owner = (
        "the built-in tenants (`mews tenants` prints them)"
        if built_in
        else "the --mews-tenants file"
    )
    scheme = "ws" if settings.websocket_tls is None else "wss"
    servers = (
        (settings.api, "Connector API at http://{}"),
        (settings.websocket, f"WebSocket at {scheme}://{{}}{PATH}"),
    )
    lines = []
    for address, template in servers:
        if address is not None and address[1] == 0:
            name = template.partition(" at ")[0]
            lines.append(f"mews: {name} on a free port, with the tokens of {owner}")
        elif address is not None:
            server = template.format(format_address(*address))
            lines.append(f"mews: {server}, with the tokens of {owner}")
    return lines


def status(
    result: ScenarioResult, report: pytest.TestReport, width: int
) -> tuple[str, str, tuple[str, dict[str, bool]]]:
    """Return pytest's category, letter and label for a result; `width` is the terminal's."""
    expected = hasattr(report, "wasxfail")
    verdict = (
        result.verdict_without_waiver
        if result.verdict_without_waiver and not expected
        else result.verdict
    )
    default = ("s", "skipped", {"yellow": True})
    letter, category, markup = EXPECTED_STATUS if expected else STATUSES.get(verdict, default)
    known = " (known)" if expected and not result.verdict_without_waiver else ""
    label = f"{verdict.upper():<5} {result.scenario.title}{known}"
    return category, letter, (fill(label, width - len(report.nodeid) - PERCENTAGE), markup)


def fill(text: str, width: int) -> str:
    """Cut a text, or pad it: pytest writes a part of a reason where there is room for it."""
    return cut(text, width).ljust(width)


def cut(text: str, width: int) -> str:
    """Return the text, or its beginning with an ellipsis: at most `width` columns, at least 8."""
    width = max(width, 8)
    return text if len(text) <= width else f"{text[: width - 1]}…"


class ProgressDisplay:
    """Shows the progress of an item: a redrawn line on a terminal, occasional lines in a log.

    Args:
        config: has the terminal.
        name: the name of the item: the id of a scenario.
        now_s: the clock.
        activity: returns what the item does, such as what it waits for; empty if that is unknown.
        warning: returns what should be known before the item ends; empty if there is nothing.

    """

    def __init__(
        self,
        config: pytest.Config,
        name: str,
        now_s: Callable[[], float],
        activity: Callable[[], str] = str,
        warning: Callable[[], str] = str,
    ) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._uncaptured: Callable[[], AbstractContextManager[None]] = (
            capture.global_and_fixture_disabled if capture else nullcontext
        )
        self._name = name
        self._now_s, self._last_s, self._started_s = now_s, now_s(), now_s()
        self._activity, self._warning, self._heartbeat_s = activity, warning, HEARTBEAT_S
        self._drawn = False

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the activity while this thread runs the item."""
        if self._terminal is None or self._terminal.verbosity < 0:
            yield
            return
        ended = Event()

        def show_until_ended() -> None:
            while not ended.wait(REDRAW_S):
                self.show_activity()

        thread = Thread(target=show_until_ended, name="mews-progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def show_activity(self) -> None:
        """Show what the item does, if it is known, and for how long it has run."""
        activity = self._activity()
        if activity and self._is_due():
            self._draw(f"{self._now_s() - self._started_s:.0f} s", activity)

    def show_wait(self, running: Mapping[str, float], done: int, total: int) -> None:
        """Show what runs while pytest waits for a scenario: results are shown in order.

        Args:
            running: for how many seconds each running scenario has run.
            done: how many scenarios are done.
            total: how many there are.

        """
        if self._is_due():
            own_s = running.get(self._name)
            others = [f"{name} ({s:.0f} s)" for name, s in running.items() if name != self._name]
            self._draw(
                "next result" if own_s is None else f"running for {own_s:.0f} s",
                "" if own_s is None else self._activity(),
                f"{done} of {total} scenarios done",
                self._warning(),
                f"running {', '.join(others)}" if others else "",
            )

    def _is_due(self) -> bool:
        """Return whether something may be written: not if something was a moment ago."""
        if self._terminal is None or self._terminal.verbosity < 0:
            return False
        pause_s = REDRAW_S if self._terminal.isatty else self._heartbeat_s
        return self._now_s() - self._last_s >= pause_s

    def _draw(self, *progress: str) -> None:
        """Write the progress.

        A line that is redrawn is never longer than the terminal is wide: otherwise it would wrap,
        and its first part would stay.
        """
        assert self._terminal is not None
        live = self._terminal.isatty
        self._last_s, self._heartbeat_s = self._now_s(), min(2 * self._heartbeat_s, MAX_HEARTBEAT_S)
        text = "; ".join(filter(None, progress))
        with self._uncaptured():
            if live:
                width = self._terminal._tw.fullwidth  # noqa: SLF001 - has no public name
                line = cut(f"mews::{self._name} {text}", width - 1)
                self._terminal.rewrite(line, erase=True)
                self._drawn = True
            else:
                self._terminal.ensure_newline()
                self._terminal.write_line(f"  {self._name}: {text}")

    def clear(self) -> None:
        """Erase the progress before pytest writes the verdict."""
        if self._drawn:
            with self._uncaptured():
                self._terminal.rewrite("", erase=True)
                self._terminal.rewrite(f"mews::{self._name} ")


def print_run(
    terminal: pytest.TerminalReporter,
    run: Run,
    html_report: Path | None,
    problems: Sequence[str],
    closing: Sequence[str] = (),
) -> None:
    """Write what needs attention; last the verdict, what to fix, the next command, the report.

    Args:
        terminal: where to write.
        run: the finished run.
        html_report: the path of the HTML report; None if it could not be written.
        problems: lines about files that could not be written.
        closing: lines before the verdict.

    """
    write = _line_writer(terminal)
    terminal.write_sep("=", "Mews certification readiness")
    for title, lines in _groups(run):
        _write_group(write, title, lines)
    if run.interrupted:
        write("The run was interrupted; the report has the results so far.", yellow=True)
    for note in run.notes:
        write(note, yellow=True)
    for line in closing:
        write(line)
    write(reports.readiness_phrase(run), **COLOURS.get(run.readiness, {}))
    for line in _stage_lines(run):
        write(line)
    if fixes := list(_fix_lines(run)):
        _write_group(write, "Fix these first", fixes)
    if (result := reports.first_to_fix(run)) is not None:
        write(f"Next: {reports.next_command(run, result)}")
    for line in _file_lines(html_report, fails=bool(fixes), is_terminal=bool(terminal.isatty)):
        write(line)
    for problem in problems:
        write(problem, red=True)


def _line_writer(terminal: pytest.TerminalReporter) -> Callable[..., None]:
    """Return a function that writes a line, with options as the user's command line has them."""
    respell = program_of(terminal.config).respell

    def write(line: str, **markup: bool) -> None:
        terminal.write_line(respell(line), **markup)

    return write


def _stage_lines(run: Run) -> Iterator[str]:
    """Yield a line for each stage that was tested."""
    for stage in run.stages:
        if stage.readiness is not Readiness.NOT_OBSERVED:
            counts = ", ".join(f"{count} {verdict}" for verdict, count in stage.counts.items())
            title = reports.readiness_title(stage.readiness).lower()
            yield f"  {stage.stage:<10} {title:<19} {counts}"


def _link(path: Path, *, is_terminal: bool) -> str:
    """Return a path to click: a hyperlink (OSC 8), which a terminal without them ignores."""
    url = path.as_uri()
    return f"\x1b]8;;{url}\x1b\\{path}\x1b]8;;\x1b\\" if is_terminal else url


def _file_lines(html_report: Path | None, *, fails: bool, is_terminal: bool) -> Iterator[str]:
    """Yield the path of the report; before it that of the service's log, if there is a remedy."""
    if html_report is None:
        return
    numbers = range(1, MAX_INSTANCES + 1)
    logs = [log for n in numbers if (log := html_report.with_name(log_name(n))).is_file()]
    if fails and logs:
        others = f", and one of each other instance, {logs[1].name} …" if logs[1:] else ""
        yield f"Log of the service: {_link(logs[0], is_terminal=is_terminal)}{others}"
    yield f"Report: {_link(html_report, is_terminal=is_terminal)}"


def _write_group(write: Callable[..., None], title: str, lines: Sequence[str]) -> None:
    write(title, bold=True)
    for line in lines:
        write(f"  {line}")


def _groups(run: Run) -> Iterator[tuple[str, list[str]]]:
    """Yield titles and lines of what is not to be fixed in the service."""
    errors = [
        f"{result.scenario.id} {result.scenario.title}: {result.reason}"
        for result in run.results
        if result.verdict is Verdict.ERROR
    ]
    if errors:
        yield "Harness errors (not the endpoint's)", first_lines(errors, MAX_LINES)
    yield from terminal_lines.waiver_groups(run)
    if run.comparison is not None:
        yield terminal_lines.comparison_group(run.comparison)


def _fix_lines(run: Run) -> Iterator[str]:
    """Yield the numbered causes and problems, the highest level first; not the harness errors."""
    known: frozenset[str] = frozenset() if run.comparison is None else run.comparison.known_failures
    number = count(1)
    for group in reports.fix_groups(run):
        for report in group.causes:
            yield from _cause_lines(report, next(number), known)
        problems = [
            "\n".join(_problem_lines(problem, next(number), known))
            for problem in group.problems
            if problem.result.verdict is not Verdict.ERROR
        ]
        for lines in first_lines(problems, MAX_LINES):
            yield from lines.split("\n")


def _cause_lines(report: CauseReport, number: int, known: frozenset[str]) -> Iterator[str]:
    cause = report.cause
    remark = f" ({KNOWN})" if known.issuperset(cause.explains) else ""
    yield f"{number}. {cause.level} {cause.summary}{remark}"
    yield f"   Fix: {cause.remedy}"
    titles = " and ".join(reports.CONCERNS[concern][0] for concern in report.concerns)
    yield (
        f"   For {titles}; {report.explains_text}; evidence: {cause.shown_by}; "
        f"more: mews explain {cause.kind}"
    )


def _problem_lines(problem: Problem, number: int, known: frozenset[str]) -> Iterator[str]:
    """Yield a problem and its remedy; scenarios blocked for the same reason share them."""
    result = problem.result
    scenario = result.scenario
    others = f" and {len(problem.same_reason)} more" if problem.same_reason else ""
    remark = f"; {KNOWN}" if scenario.id in known else ""
    yield (
        f"{number}. {problem.level} {scenario.id} {scenario.title}{others} "
        f"(for {reports.CONCERNS[scenario.concern][0]}{remark}): {cut(result.reason, MAX_REASON)}"
    )
    if problem.fix:
        yield f"   Fix: {problem.fix}"
