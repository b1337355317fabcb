"""What the terminal shows: header, progress, verdict words, and the summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.acceptance import terminal_lines
from pytest_mews.checks import breaks_must
from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT
from pytest_mews.emulator.websocket import PATH
from pytest_mews.model import Readiness, Run, Scenario, ScenarioResult, Verdict
from pytest_mews.run.run_summary import shown

REDRAW_S, HEARTBEAT_S = 0.2, 10.0
LETTERS = {
    Verdict.PASS: (".", "passed", {"green": True}),
    Verdict.WARN: ("w", "warned", {"yellow": True}),
    Verdict.FAIL: ("F", "failed", {"red": True}),
    Verdict.FLAKY: ("f", "flaky", {"red": True}),
    Verdict.ERROR: ("E", "error", {"red": True}),
    Verdict.BLOCKED: ("b", "blocked", {"red": True}),
}
EXPECTED = ("x", "xfailed", {"yellow": True})  # waived, or known from the baseline
COLOURS = {
    Readiness.READY: {"green": True, "bold": True},
    Readiness.WARNINGS: {"yellow": True, "bold": True},
    Readiness.NOT_READY: {"red": True, "bold": True},
    Readiness.INCOMPLETE: {"yellow": True, "bold": True},
}


def header(settings: Settings) -> list[str]:
    """Say what is certified, with which profile, seed and tenants; the token is masked."""
    integration = settings.integration_target
    tenants = ", ".join(
        f"enterprise {tenant.id} integration {tenant.integration_id}"
        for tenant in settings.tenants.enterprises
    )
    return [
        f"mews: target {shown(settings.target)}"
        + (f", integration target {shown(integration)}" if integration else ""),
        f"mews: profile {settings.profile.name}, time scale {settings.time_scale:g}, "
        f"seed {settings.seed}, stages: {', '.join(settings.stages)}"
        + (", strict" if settings.strict else "")
        + (", TLS NOT VERIFIED" if settings.insecure else ""),
        f"mews: tenants {tenants}",
        *_served(settings),
        *_tolerated(settings),
    ]


def _tolerated(settings: Settings) -> list[str]:
    """Say by which files failures are accepted or compared, and which of them fail the run."""
    named = {"waivers": settings.waivers, "baseline": settings.baseline}
    words = [f"{name} {path.name}" for name, path in named.items() if path is not None]
    words += ["fails on new failures only"] if settings.fails_on_new else []
    return [f"mews: {', '.join(words)}"] if words else []


def _served(settings: Settings) -> list[str]:
    """Say where API and WebSocket are served, unless the embedded partner knows by itself."""
    built_in = settings.tenants == DEFAULT
    whose = "the built-in tenants (docs/options.md)" if built_in else "the file"
    scheme = "ws" if settings.websocket_tls is None else "wss"
    served = (
        (settings.api, "Connector API at http://{}"),
        (settings.websocket, f"WebSocket at {scheme}://{{}}{PATH}"),
    )
    lines = []
    for address, says in served:
        if address is not None:
            host, port = address
            place = says.format(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            lines.append(f"mews: {place}, with the tokens of {whose}")
    return lines


def status(
    result: ScenarioResult, report: pytest.TestReport
) -> tuple[str, str, tuple[str, dict[str, bool]]]:
    """Give pytest's category, letter and word for a verdict; a tolerated failure is expected."""
    expected = hasattr(report, "wasxfail")
    verdict = (
        result.verdict_without_waiver
        if result.verdict_without_waiver and not expected
        else result.verdict
    )
    default = ("s", "skipped", {"yellow": True})
    letter, category, markup = EXPECTED if expected else LETTERS.get(verdict, default)
    known = " (known)" if expected and not result.verdict_without_waiver else ""
    return category, letter, (f"{verdict.upper():<5} {result.scenario.title}{known}", markup)


class Progress:
    """Shows how far a scenario has come: redrawn on a terminal, a line now and then in a log."""

    def __init__(self, config: pytest.Config, now_s: Callable[[], float]) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._uncaptured: Callable[[], AbstractContextManager[None]] = (
            capture.global_and_fixture_disabled if capture else nullcontext
        )
        self._now_s, self._last_s, self._began_s = now_s, now_s(), now_s()
        self._drawn = False

    def played(self, scenario: Scenario, played: int, planned: int) -> None:
        """Draw how many cases were played, unless something was drawn just now."""
        self._draw(scenario, f"{played} of {max(planned, played)} cases")

    def waited(self, scenario: Scenario, now: Sequence[str], over: int, planned: int) -> None:
        """Draw what is played while pytest waits for a scenario whose turn comes later."""
        self._draw(scenario, f"now {', '.join(now)}; {over} of {planned} scenarios over")

    def _draw(self, scenario: Scenario, said: str) -> None:
        if self._terminal is None or self._terminal.verbosity < 0:
            return
        live = self._terminal.isatty
        if self._now_s() - self._last_s < (REDRAW_S if live else HEARTBEAT_S):
            return
        self._last_s = self._now_s()
        spent = self._last_s - self._began_s
        text = f"{said}, {spent:.0f} s"
        with self._uncaptured():
            if live:
                self._terminal.rewrite(f"mews::{scenario.id} {text}", erase=True)
                self._drawn = True
            else:
                self._terminal.ensure_newline()
                self._terminal.write_line(f"  {scenario.id}: {text}")

    def end(self, scenario: Scenario) -> None:
        """Clear what was drawn, so that the verdict's line stands alone."""
        if self._drawn:
            with self._uncaptured():
                self._terminal.rewrite("", erase=True)
                self._terminal.rewrite(f"mews::{scenario.id} ")


def summary(
    terminal: pytest.TerminalReporter,
    run: Run,
    written: Path | None,
    problems: Sequence[str],
    closing: Sequence[str] = (),
) -> None:
    """Write readiness by stage, what failed with its reason, and where the report is."""
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
        terminal.write_line("The run was interrupted; the report holds what was seen.", yellow=True)
    for note in run.notes:
        terminal.write_line(note, yellow=True)
    for line in closing:
        terminal.write_line(line)
    if written is not None:
        terminal.write_line(f"Report: {written}")
    for problem in problems:
        terminal.write_line(problem, red=True)


def _groups(run: Run) -> Iterator[tuple[str, list[str]]]:
    """Give what needs attention, by title; what is blocked has one line for all."""
    broken = [r for r in run.results if breaks_must(r) and r.verdict is not Verdict.BLOCKED]
    flaky = [r for r in _with(run, Verdict.FLAKY) if r not in broken]
    known = frozenset() if run.comparison is None else run.comparison.known
    warned = "Fix these too (--mews-strict)" if run.strict else "Should be better"
    titled = [
        ("Fix these first", [r for r in broken if r.scenario.id not in known]),
        ("Failing as in the baseline", [r for r in broken if r.scenario.id in known]),
        ("Harness errors (not the endpoint's)", _with(run, Verdict.ERROR)),
        (warned, [*_with(run, Verdict.WARN), *flaky]),
        ("Not applicable", _with(run, Verdict.NOT_APPLICABLE)),
    ]
    for title, results in titled:
        if results:
            yield title, [f"{r.scenario.id} {r.scenario.title}: {r.reason}" for r in results]
    blocked = _with(run, Verdict.BLOCKED)
    if blocked:
        yield f"Blocked, {len(blocked)} scenarios: {blocked[0].reason}", []
    yield from terminal_lines.waived(run)
    if run.comparison is not None:
        yield terminal_lines.compared(run.comparison)


def _with(run: Run, verdict: Verdict) -> list[ScenarioResult]:
    return [result for result in run.results if result.verdict is verdict]
