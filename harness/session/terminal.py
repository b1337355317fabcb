"""What the terminal shows: header, progress, verdicts, and the summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.acceptance import terminal_lines
from pytest_mews.checks import breaks_must
from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.websocket import PATH
from pytest_mews.model import Readiness, Run, Scenario, ScenarioResult, Verdict
from pytest_mews.run.run_summary import display_target

REDRAW_S, HEARTBEAT_S = 0.2, 10.0
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


def header_lines(settings: Settings) -> list[str]:
    """Return the header: target, profile, seed, tenants, addresses; tokens are redacted."""
    integration = settings.integration_target
    tenants = ", ".join(
        f"enterprise {tenant.id} integration {tenant.integration_id}"
        for tenant in settings.tenants.enterprises
    )
    return [
        f"mews: target {display_target(settings.target)}"
        + (f", integration target {display_target(integration)}" if integration else ""),
        f"mews: profile {settings.profile.name}, time scale {settings.time_scale:g}, "
        f"seed {settings.seed}, stages: {', '.join(settings.stages)}"
        + (", strict" if settings.strict else "")
        + (", TLS NOT VERIFIED" if settings.insecure else ""),
        f"mews: tenants {tenants}",
        *_server_lines(settings),
        *_acceptance_lines(settings),
    ]


def _acceptance_lines(settings: Settings) -> list[str]:
    files = {"waivers": settings.waivers, "baseline": settings.baseline}
    parts = [f"{name} {path.name}" for name, path in files.items() if path is not None]
    parts += ["only new failures fail the run"] if settings.fails_on_new else []
    return [f"mews: {', '.join(parts)}"] if parts else []


def _server_lines(settings: Settings) -> list[str]:
    """Return the addresses of the emulators; the demo partner finds them by itself."""
    built_in = settings.tenants == DEFAULT_TENANTS
    owner = "the built-in tenants (docs/options.md)" if built_in else "the --mews-tenants file"
    scheme = "ws" if settings.websocket_tls is None else "wss"
    servers = (
        (settings.api, "Connector API at http://{}"),
        (settings.websocket, f"WebSocket at {scheme}://{{}}{PATH}"),
    )
    lines = []
    for address, template in servers:
        if address is not None:
            host, port = address
            server = template.format(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            lines.append(f"mews: {server}, with the tokens of {owner}")
    return lines


def status(
    result: ScenarioResult, report: pytest.TestReport
) -> tuple[str, str, tuple[str, dict[str, bool]]]:
    """Return pytest's category, letter and label for a result."""
    expected = hasattr(report, "wasxfail")
    verdict = (
        result.verdict_without_waiver
        if result.verdict_without_waiver and not expected
        else result.verdict
    )
    default = ("s", "skipped", {"yellow": True})
    letter, category, markup = EXPECTED_STATUS if expected else STATUSES.get(verdict, default)
    known = " (known)" if expected and not result.verdict_without_waiver else ""
    return category, letter, (f"{verdict.upper():<5} {result.scenario.title}{known}", markup)


class ProgressDisplay:
    """Shows the progress of a scenario: a redrawn line on a terminal, occasional lines in a log."""

    def __init__(self, config: pytest.Config, now_s: Callable[[], float]) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._uncaptured: Callable[[], AbstractContextManager[None]] = (
            capture.global_and_fixture_disabled if capture else nullcontext
        )
        self._now_s, self._last_s, self._started_s = now_s, now_s(), now_s()
        self._drawn = False

    def show_cases(self, scenario: Scenario, done: int, planned: int) -> None:
        """Show how many cases have run."""
        self._draw(scenario, f"{done} of {max(planned, done)} cases")

    def show_wait(self, scenario: Scenario, running: Sequence[str], done: int, total: int) -> None:
        """Show which scenarios are running while pytest waits for one that has not finished."""
        self._draw(scenario, f"running {', '.join(running)}; {done} of {total} scenarios done")

    def _draw(self, scenario: Scenario, progress: str) -> None:
        """Write the progress, unless something was written a moment ago."""
        if self._terminal is None or self._terminal.verbosity < 0:
            return
        live = self._terminal.isatty
        if self._now_s() - self._last_s < (REDRAW_S if live else HEARTBEAT_S):
            return
        self._last_s = self._now_s()
        text = f"{progress}, {self._last_s - self._started_s:.0f} s"
        with self._uncaptured():
            if live:
                self._terminal.rewrite(f"mews::{scenario.id} {text}", erase=True)
                self._drawn = True
            else:
                self._terminal.ensure_newline()
                self._terminal.write_line(f"  {scenario.id}: {text}")

    def clear(self, scenario: Scenario) -> None:
        """Erase the progress before pytest writes the verdict."""
        if self._drawn:
            with self._uncaptured():
                self._terminal.rewrite("", erase=True)
                self._terminal.rewrite(f"mews::{scenario.id} ")


def print_run(
    terminal: pytest.TerminalReporter,
    run: Run,
    html_report: Path | None,
    problems: Sequence[str],
    closing: Sequence[str] = (),
) -> None:
    """Write the readiness of each stage, the failures with their reasons, and the report's path.

    Args:
        terminal: where to write.
        run: the finished run.
        html_report: the path of the HTML report; None if it could not be written.
        problems: lines about files that could not be written.
        closing: lines before the path of the report.

    """
    terminal.write_sep("=", "Mews certification readiness")
    for stage in run.stages:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in stage.counts.items())
        terminal.write(f"{stage.stage:<11}")
        terminal.write(f"{stage.readiness:<20}", **COLOURS.get(stage.readiness, {}))
        terminal.write_line(counts or stage.how_to_observe)
    for title, lines in _groups(run):
        terminal.write_line("")
        terminal.write_line(title, bold=True)
        for line in lines:
            terminal.write_line(f"  {line}")
    terminal.write_line("")
    if run.interrupted:
        terminal.write_line(
            "The run was interrupted; the report has the results so far.", yellow=True
        )
    for note in run.notes:
        terminal.write_line(note, yellow=True)
    for line in closing:
        terminal.write_line(line)
    if html_report is not None:
        terminal.write_line(f"Report: {html_report}")
    for problem in problems:
        terminal.write_line(problem, red=True)


def _groups(run: Run) -> Iterator[tuple[str, list[str]]]:
    """Yield titles and lines of what needs attention; all blocked scenarios share one line."""
    failed = [r for r in run.results if breaks_must(r) and r.verdict is not Verdict.BLOCKED]
    flaky = [r for r in _with(run, Verdict.FLAKY) if r not in failed]
    known = frozenset() if run.comparison is None else run.comparison.known_failures
    warnings = "Fix these too (--mews-strict)" if run.strict else "Warnings"
    titled = [
        ("Fix these first", [r for r in failed if r.scenario.id not in known]),
        ("Known from the baseline", [r for r in failed if r.scenario.id in known]),
        ("Harness errors (not the endpoint's)", _with(run, Verdict.ERROR)),
        (warnings, [*_with(run, Verdict.WARN), *flaky]),
        ("Not applicable", _with(run, Verdict.NOT_APPLICABLE)),
    ]
    for title, results in titled:
        if results:
            yield title, [f"{r.scenario.id} {r.scenario.title}: {r.reason}" for r in results]
    blocked = _with(run, Verdict.BLOCKED)
    if blocked:
        yield f"Blocked, {len(blocked)} scenarios: {blocked[0].reason}", []
    yield from terminal_lines.waiver_groups(run)
    if run.comparison is not None:
        yield terminal_lines.comparison_group(run.comparison)


def _with(run: Run, verdict: Verdict) -> list[ScenarioResult]:
    return [result for result in run.results if result.verdict is verdict]
