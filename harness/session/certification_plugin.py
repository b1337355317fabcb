"""The pytest hooks of one certification run."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from pytest_mews import reports
from pytest_mews.acceptance.expected_failures import ExpectedFailures
from pytest_mews.errors import UsageError
from pytest_mews.model import Run, RunStarted, Scenario, ScenarioResult
from pytest_mews.run.event_publisher import EventPublisher
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.result_tracker import ResultTracker, scenario_in
from pytest_mews.run.run_summary import build_run, replay_command
from pytest_mews.run.runner import CertificationRunner, Progress
from pytest_mews.scenarios import loader
from pytest_mews.session import report_payload, terminal
from pytest_mews.session.command_line import (
    explicit_options,
    paths_given,
    replays_asked,
    scenarios_named,
    settings_of,
)
from pytest_mews.session.concurrent_runner import ConcurrentRunner
from pytest_mews.session.finish import FinishedRun, print_summary, write_reports
from pytest_mews.session.items import Certification, ScenarioItem, markers_of
from pytest_mews.session.junit import describe_suite
from pytest_mews.session.replay_plugin import ReplayPlugin
from pytest_mews.session.xdist import XdistController, check_distribution, is_worker, turns_of

INTERRUPTED = "the run was interrupted before it"
STOPPED = "the run was stopped before it"


def register(config: pytest.Config) -> None:
    """Check the options and take part in the run; called only where a target was given.

    Raises:
        pytest.UsageError: an option or file is wrong.

    """
    director: CertificationPlugin | ReplayPlugin
    try:
        asked = replays_asked(config)
        director = ReplayPlugin(config, asked) if asked else CertificationPlugin(config)
    except UsageError as mistake:
        raise pytest.UsageError(str(mistake)) from None
    config.pluginmanager.register(director, "mews-certification")
    distribution = XdistController(director.settings.seed, director.select)
    config.pluginmanager.register(distribution, "mews-distribution")


class CertificationPlugin:
    """Runs the certification as a pytest plugin; see `register`."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.settings = settings_of(config)
        # Each worker has an embedded partner of its own, if any: there they need no turns.
        turns = ProcessLock() if self.settings.is_demo else turns_of(config)
        self.engine = CertificationRunner(self.settings, turns=turns)
        config.add_cleanup(self.engine.close)
        self._ahead = ConcurrentRunner(self.engine, self.play)
        config.add_cleanup(self._ahead.stop)
        self.ledger = ResultTracker()
        self._certifies = not paths_given(config)
        self.scenarios = loader.load() if self._certifies else ()
        self.named = scenarios_named(config, self.scenarios)
        self._began_s, self._started = monotonic(), datetime.now(UTC)
        self._notes: dict[str, None] = {}
        self._closed: FinishedRun | None = None
        self._interrupted = False
        self._events = reports.EventFile(self.settings.report / reports.EVENTS)
        config.add_cleanup(self._events.close)
        tells = self._certifies and not self._only_looks and not self._is_worker
        self._chronicle = EventPublisher(self._events.write if tells else None, self._spent_s)
        if not self._certifies:
            return
        self.tolerance = ExpectedFailures.of(self.settings, self.scenarios, self._started.date())
        check_distribution(config, self.settings.api, self.settings.websocket)
        for marker in sorted({name for each in self.scenarios for name in markers_of(each)}):
            config.addinivalue_line("markers", f"{marker}: certification scenarios of pytest-mews")
        if not self._only_looks and not self._is_worker:
            reports.check_writable(self.settings.report)
        config.args = [str(config.rootpath)]  # see pytest_collect_directory
        if getattr(config.option, "verbose", None) == 0:  # absent with -p no:terminal
            config.option.verbose = 1

    @property
    def _only_looks(self) -> bool:
        return bool(self._config.option.collectonly)

    @property
    def _is_worker(self) -> bool:
        return is_worker(self._config)

    def pytest_report_header(self) -> list[str]:
        """Show what is certified."""
        if self._certifies:
            return terminal.header(self.settings)
        return ["mews: paths were given, so their tests run instead of the certification"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect the scenarios in place of whatever lies in the root folder."""
        if not self._certifies or path != self._config.rootpath:
            return None
        return Certification.of(parent, self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Note what is to run, and let the waits of scenarios overlap."""
        if self._only_looks or self._is_worker:
            return
        self.select([item.nodeid for item in session.items])
        self._ahead.start(session.items, worker=False)

    def select(self, node_ids: Sequence[str]) -> None:
        """Note what is to run; under pytest-xdist each worker collects the same."""
        self.ledger.select(node_ids)
        if self.ledger.selected:
            self._chronicle.publish_start(self._start)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell that a scenario is played, here or by a worker of pytest-xdist."""
        if name := scenario_in(nodeid):
            self._chronicle.started(name)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Let a worker of pytest-xdist play what it knows to be its own."""
        if self._is_worker and self._certifies:
            self._ahead.start([each for each in (item, nextitem) if each], worker=True)

    def certify(self, scenario: Scenario) -> ScenarioResult:
        """Certify a scenario now, or wait for the schedule that does."""
        ready = self._ahead.result(scenario, partial(self._bar.waited, scenario))
        return self.play(scenario, self.progress) if ready is None else ready

    def play(self, scenario: Scenario, progress: Progress = lambda *_: None) -> ScenarioResult:
        """Certify a scenario now, in any thread, and tell of it."""
        self._chronicle.started(scenario.id)
        result = self.tolerance.waived(self.engine.certify(scenario, progress))
        self._chronicle.ended(result, self.engine.environment.notes)
        return result

    def keep(self, result: ScenarioResult) -> None:
        """Take a result that no pytest report will carry (the run was interrupted)."""
        self.ledger.record(result)
        self._chronicle.ended(result, self.engine.environment.notes)

    def progress(self, scenario: Scenario, played: int, planned: int) -> None:
        """Show how far the current scenario has come."""
        self._bar.played(scenario, played, planned)

    def pytest_runtest_setup(self) -> None:
        """Time the scenario for the progress display."""
        self._bar = terminal.Progress(self._config, monotonic)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the report carry the result, to this process or to pytest-xdist's controller."""
        report = yield
        if isinstance(item, ScenarioItem) and call.when == "call" and item.result is not None:
            self._bar.end(item.scenario)
            report_payload.attach(report, item.result, self.engine.environment.notes)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the results."""
        self._notes.update(
            dict.fromkeys(report_payload.extract(report, self.ledger, self.scenarios))
        )
        if result := self.ledger.result(scenario_in(report.nodeid) or ""):
            self._chronicle.ended(result, self._notes)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Say the verdict instead of PASSED and FAILED."""
        result = self.ledger.result(scenario_in(report.nodeid) or "")
        return (
            terminal.status(result, report)
            if result and report_payload.is_attached(report)
            else None
        )

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell a Ctrl-C from pytest-xdist's way to stop after a failure (-x)."""
        self._interrupted = excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports, whatever ended the run, and let the exit status follow the verdict."""
        if not self._certifies or self._only_looks or self._is_worker:
            return
        if self.ledger.idle and not self._interrupted:
            return
        self.ledger.record_missing(self._ahead.finished(interrupted=self._interrupted))
        ended = exitstatus == pytest.ExitCode.INTERRUPTED and not self._interrupted
        early = STOPPED if ended or session.shouldfail or session.shouldstop else ""
        settled = self.ledger.finalize(
            self.scenarios, stopped=INTERRUPTED if self._interrupted else early
        )
        # those that no item asked for have not been waived yet
        results = [self.tolerance.waived(settled[scenario.id]) for scenario in self.scenarios]
        run = self._record(results)
        self._chronicle.end(run)
        describe_suite(self._config, run)
        self._closed = write_reports(run, self.settings, self.tolerance, os.environ)
        if self._closed.refused:
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR
        broken = any(self.tolerance.stops(result) for result in results)
        if broken and (ended or exitstatus == pytest.ExitCode.OK):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _start(self) -> RunStarted:
        self.engine.environment.forget_calls()
        selected = [each.id for each in self.scenarios if each.id in self.ledger.selected]
        stages = self.settings.stages
        return RunStarted(self._record(()), stages, tuple(self.scenarios), tuple(selected))

    def _record(self, results: Sequence[ScenarioResult]) -> Run:
        return build_run(
            self.settings,
            results,
            self.tolerance,
            started=self._started,
            duration_s=self._spent_s(),
            command=replay_command(self.settings, explicit_options(self._config)),
            folder=str(explicit_options(self._config)["mews_report"] or self.settings.report.name),
            notes=tuple(
                dict.fromkeys((*self.engine.environment.notes, *self._notes, *self._untold))
            ),
            interrupted=self._interrupted,
            usage=self.engine.environment.usage,
        )

    @property
    def _untold(self) -> list[str]:
        problem = self._chronicle.problem
        return [f"{reports.EVENTS} could not be written ({problem})."] if problem else []

    def _spent_s(self) -> float:
        return monotonic() - self._began_s

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the readiness of each stage and where the report is."""
        if self._closed is not None:
            print_summary(terminalreporter, self._closed, self.tolerance, os.environ)
