"""The pytest hooks of a certification run."""

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
from pytest_mews.run.result_tracker import ResultTracker, scenario_id_in
from pytest_mews.run.run_summary import build_run, rerun_command
from pytest_mews.run.runner import CertificationRunner, Progress
from pytest_mews.scenarios import loader
from pytest_mews.session import report_payload, terminal
from pytest_mews.session.command_line import (
    build_settings,
    explicit_options,
    paths_given,
    replay_arguments,
    selected_scenario_ids,
)
from pytest_mews.session.concurrent_runner import ConcurrentRunner
from pytest_mews.session.finish import FinishedRun, print_summary, write_reports
from pytest_mews.session.items import ScenarioCollector, ScenarioItem, markers_of
from pytest_mews.session.junit import describe_suite
from pytest_mews.session.plugin_conflicts import check_plugins
from pytest_mews.session.replay_plugin import ReplayPlugin
from pytest_mews.session.xdist import (
    XdistController,
    check_distribution,
    is_only_process,
    is_worker,
    process_lock_of,
    start_or_fail,
)

INTERRUPTED = "the run was interrupted before this scenario"
STOPPED = "the run was stopped before this scenario"


def register(config: pytest.Config) -> None:
    """Check the options and register the plugins; called only if there is a target.

    Raises:
        pytest.UsageError: an option or file is wrong.

    """
    plugin: CertificationPlugin | ReplayPlugin
    try:
        check_plugins(config)
        replays = replay_arguments(config)
        plugin = ReplayPlugin(config, replays) if replays else CertificationPlugin(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(plugin, "mews-certification")
    controller = XdistController(plugin.settings.seed, plugin.select)
    config.pluginmanager.register(controller, "mews-xdist")


class CertificationPlugin:
    """Runs the certification as a pytest plugin; see `register`.

    Attributes:
        settings: what the user chose.
        runner: the runner of this process.
        results: the results of all processes.
        scenarios: all scenarios; empty if the user's own tests run instead.
        selected_ids: the ids of the scenarios to collect.
        expected_failures: decides which failures don't fail the run.

    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.settings = build_settings(config)
        # Each worker of pytest-xdist has its own demo partner, which needs no lock between them.
        process_lock = ProcessLock() if self.settings.is_demo else process_lock_of(config)
        self.runner = CertificationRunner(self.settings, process_lock=process_lock)
        config.add_cleanup(self.runner.close)
        self._concurrent_runner = ConcurrentRunner(self.runner, self.certify_now)
        config.add_cleanup(self._concurrent_runner.stop)
        self.results = ResultTracker()
        self._certifies = not paths_given(config)
        self.scenarios = loader.load_scenarios() if self._certifies else ()
        self.selected_ids = selected_scenario_ids(config, self.scenarios)
        self._started_s, self._started = monotonic(), datetime.now(UTC)
        self._notes: dict[str, None] = {}
        self._finished: FinishedRun | None = None
        self._interrupted = False
        self._events = reports.EventFile(self.settings.report / reports.EVENTS_FILE_NAME)
        config.add_cleanup(self._events.close)
        publishes = self._certifies and not self._collects_only and not self._is_worker
        self._publisher = EventPublisher(self._events.write if publishes else None, self._elapsed_s)
        if not self._certifies:
            return
        self.expected_failures = ExpectedFailures.from_settings(
            self.settings, self.scenarios, self._started.date()
        )
        check_distribution(config, self.settings.api, self.settings.websocket)
        markers = {name for scenario in self.scenarios for name in markers_of(scenario)}
        for marker in sorted(markers):
            config.addinivalue_line("markers", f"{marker}: certification scenarios of pytest-mews")
        if not self._collects_only and not self._is_worker:
            reports.check_writable(self.settings.report)
        config.args = [str(config.rootpath)]  # see pytest_collect_directory
        if getattr(config.option, "verbose", None) == 0:  # absent with -p no:terminal
            config.option.verbose = 1  # one line for each scenario

    @property
    def _collects_only(self) -> bool:
        return bool(self._config.option.collectonly)

    @property
    def _is_worker(self) -> bool:
        return is_worker(self._config)

    def pytest_report_header(self) -> list[str]:
        """Show the target and the settings of the run."""
        if self._certifies:
            return terminal.header_lines(self.settings)
        return ["mews: the command line has paths, so their tests run instead of the certification"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Start the environment before anything is collected or sent.

        Under pytest-xdist each worker starts its own before its first scenario.
        """
        if self._certifies and is_only_process(self._config):
            start_or_fail(self.runner.start)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect the scenarios instead of the files in the root folder."""
        if not self._certifies or path != self._config.rootpath:
            return None
        return ScenarioCollector.build(parent, self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Note the selected scenarios, and start those that run concurrently."""
        if self._collects_only or self._is_worker:
            return
        self.select([item.nodeid for item in session.items])
        self._concurrent_runner.start(session.items, worker=False)

    def select(self, node_ids: Sequence[str]) -> None:
        """Note the selected scenarios; every worker of pytest-xdist collects the same ones."""
        self.results.select(node_ids)
        if self.results.selected:
            self._publisher.publish_start(self._run_started)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Publish that a scenario starts, in this process or in a worker of pytest-xdist."""
        if scenario_id := scenario_id_in(nodeid):
            self._publisher.publish_scenario_start(scenario_id)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """In a worker of pytest-xdist, start this scenario and the one that follows it."""
        if self._is_worker and self._certifies:
            start_or_fail(self.runner.start)
            items = [item] if nextitem is None else [item, nextitem]
            self._concurrent_runner.start(items, worker=True)

    def certify(self, scenario: Scenario) -> ScenarioResult:
        """Return the result of a scenario: wait for it if it runs concurrently, or run it now."""
        show_wait = partial(self._progress.show_wait, scenario)
        result = self._concurrent_runner.result(scenario, show_wait)
        return self.certify_now(scenario, self.show_progress) if result is None else result

    def certify_now(
        self, scenario: Scenario, progress: Progress = lambda *_: None
    ) -> ScenarioResult:
        """Run a scenario in the calling thread, and publish its start and result."""
        self._publisher.publish_scenario_start(scenario.id)
        result = self.expected_failures.apply_waivers(self.runner.certify(scenario, progress))
        self._publisher.publish_scenario_end(result, self.runner.environment.notes)
        return result

    def record_unreported(self, result: ScenarioResult) -> None:
        """Record a result for which pytest makes no report, because the run was interrupted."""
        self.results.record(result)
        self._publisher.publish_scenario_end(result, self.runner.environment.notes)

    def show_progress(self, scenario: Scenario, done: int, planned: int) -> None:
        """Show how many cases of the current scenario have run."""
        self._progress.show_cases(scenario, done, planned)

    def pytest_runtest_setup(self) -> None:
        """Start the progress display of a scenario."""
        self._progress = terminal.ProgressDisplay(self._config, monotonic)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the result to the report, which pytest-xdist sends to its controller."""
        report = yield
        if isinstance(item, ScenarioItem) and call.when == "call" and item.result is not None:
            self._progress.clear(item.scenario)
            report_payload.attach(report, item.result, self.runner.environment.notes)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the result that a report carries."""
        notes = report_payload.extract(report, self.results, self.scenarios)
        self._notes.update(dict.fromkeys(notes))
        if result := self.results.result(scenario_id_in(report.nodeid) or ""):
            self._publisher.publish_scenario_end(result, self._notes)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show the verdict instead of PASSED and FAILED."""
        result = self.results.result(scenario_id_in(report.nodeid) or "")
        if result is None or not report_payload.is_attached(report):
            return None
        return terminal.status(result, report)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Distinguish Ctrl-C from the exception with which pytest-xdist stops at a failure (-x)."""
        self._interrupted = excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports, however the run ended, and set the exit status by the results."""
        if not self._certifies or self._collects_only or self._is_worker:
            return
        if self.results.is_empty and not self._interrupted:
            return
        self.results.record_missing(self._concurrent_runner.results(interrupted=self._interrupted))
        stopped = exitstatus == pytest.ExitCode.INTERRUPTED and not self._interrupted
        reason = STOPPED if stopped or session.shouldfail or session.shouldstop else ""
        final = self.results.finalize(
            self.scenarios, stopped=INTERRUPTED if self._interrupted else reason
        )
        # Waivers have not been applied yet to results that pytest did not ask for.
        results = [
            self.expected_failures.apply_waivers(final[scenario.id]) for scenario in self.scenarios
        ]
        run = self._build_run(results)
        self._publisher.publish_end(run)
        describe_suite(self._config, run)
        self._finished = write_reports(run, self.settings, self.expected_failures, os.environ)
        if self._finished.error:
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR
        fails = any(self.expected_failures.fails_run(result) for result in results)
        if fails and (stopped or exitstatus == pytest.ExitCode.OK):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _run_started(self) -> RunStarted:
        self.runner.environment.delete_calls_file()
        scenario_ids = (scenario.id for scenario in self.scenarios)
        selected = tuple(name for name in scenario_ids if name in self.results.selected)
        return RunStarted(
            self._build_run(()), self.settings.stages, tuple(self.scenarios), selected
        )

    def _build_run(self, results: Sequence[ScenarioResult]) -> Run:
        notes = (*self.runner.environment.notes, *self._notes, *self._publisher_notes)
        return build_run(
            self.settings,
            results,
            self.expected_failures,
            started=self._started,
            duration_s=self._elapsed_s(),
            command=rerun_command(self.settings, explicit_options(self._config)),
            folder=str(explicit_options(self._config)["mews_report"] or self.settings.report.name),
            notes=tuple(dict.fromkeys(notes)),
            interrupted=self._interrupted,
            rate_limit_usage=self.runner.environment.rate_limit_usage,
        )

    @property
    def _publisher_notes(self) -> list[str]:
        problem = self._publisher.problem
        return [f"{reports.EVENTS_FILE_NAME} could not be written ({problem})."] if problem else []

    def _elapsed_s(self) -> float:
        return monotonic() - self._started_s

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the readiness of each stage, the failures, and the path of the report."""
        if self._finished is not None:
            print_summary(terminalreporter, self._finished, self.expected_failures, os.environ)
