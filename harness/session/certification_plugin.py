"""The pytest hooks of a certification run."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from time import monotonic

import pytest
from _pytest.runner import runtestprotocol

from pytest_mews.config.earlier_report import EarlierReport
from pytest_mews.config.option_parsers import MAX_INSTANCES
from pytest_mews.config.report_folder import FolderLock
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import MissingCause, Scenario, ScenarioResult, Verdict
from pytest_mews.model.readiness import is_unexpected_failure
from pytest_mews.model.verdict import FAILURES
from pytest_mews.reports import EVENTS_FILE_NAME, EventFile, check_writable
from pytest_mews.run.certification import Certification
from pytest_mews.run.environment import CALLS_FILE
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.service import log_files
from pytest_mews.session import terminal
from pytest_mews.session.command_line import (
    CERTIFICATION_PLUGIN,
    build_settings,
    check_ini_keys,
    conceal_options,
    explicit_options,
    paths_given,
    program_of,
    replay_arguments,
    scenario_id_in,
    selected_scenario_ids,
    selection_arguments,
)
from pytest_mews.session.concurrent_runner import ConcurrentRunner
from pytest_mews.session.error_redactor import ErrorRedactor
from pytest_mews.session.finish import ReportFiles
from pytest_mews.session.hidden_failures import HiddenFailures
from pytest_mews.session.items import (
    ScenarioCollector,
    ScenarioItem,
    markers_of,
    redact_captured,
)
from pytest_mews.session.junit import SuiteProperties, check_junit_path
from pytest_mews.session.plugin_conflicts import check_plugins
from pytest_mews.session.process_memory import freeze_results, tune_process
from pytest_mews.session.replay_plugin import ReplayPlugin
from pytest_mews.session.signals import Interruption, SignalHandler
from pytest_mews.session.xdist import (
    ReportSerializer,
    XdistController,
    attach_result,
    attach_usage,
    attached_notes,
    attached_result,
    check_distribution,
    detach_usage,
    has_workers,
    is_only_process,
    is_worker,
    process_lock_of,
    start_or_fail,
)

NO_SCENARIO = (
    "No scenario is selected, and nothing was sent. -k takes parts of ids, such as -k 'REC or RET' "
    "(`mews scenarios` lists the ids); -m takes mews_delivery, mews_processing, mews_streaming, "
    "mews_must, mews_should, mews_may."
)
WRITTEN_DURING_RUN = (EVENTS_FILE_NAME, CALLS_FILE, *log_files(MAX_INSTANCES))
NOT_RUN = frozenset({Verdict.BLOCKED, Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE})


def register(config: pytest.Config) -> None:
    """Check the options and register the plugins; called only if there is a target.

    Raises:
        pytest.UsageError: an option or file is wrong.

    """
    plugin: CertificationPlugin | ReplayPlugin | OwnTestsPlugin
    error_redactor, signal_handler = ErrorRedactor(), SignalHandler(config)
    config.pluginmanager.register(error_redactor, "mews-error-redactor")
    try:
        check_plugins(config)
        check_ini_keys(config)
        conceal_options(config)
        if replays := replay_arguments(config):
            plugin = ReplayPlugin(config, replays)
        elif paths_given(config):
            plugin = OwnTestsPlugin(build_settings(config))
        else:
            plugin = CertificationPlugin(config)
        if not isinstance(plugin, OwnTestsPlugin) and not is_worker(config):
            check_junit_path(config)
    except UsageError as error:
        raise pytest.UsageError(program_of(config).respell(str(error))) from None
    config.pluginmanager.register(plugin, CERTIFICATION_PLUGIN)
    error_redactor.learn(plugin.settings)
    config.pluginmanager.register(signal_handler, "mews-signals")
    controller = XdistController(plugin.settings.seed, plugin.select)
    config.pluginmanager.register(controller, "mews-xdist")


class OwnTestsPlugin:
    """Says that the user's own tests run, because the command line has paths."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def select(self, node_ids: Sequence[str]) -> None:
        """Do nothing: no scenario runs."""

    def pytest_report_header(self) -> str:
        """Show why no scenario runs."""
        return "mews: the command line has paths, so their tests run instead of the certification"


class CertificationPlugin:
    """Runs the certification as a pytest plugin; see `register`.

    Attributes:
        settings: what the user chose.
        certification: the certification that this process runs, or whose workers run it.
        scenarios: all scenarios.
        selected_ids: the ids of the scenarios to collect.

    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.settings = build_settings(config, selection_arguments(config))
        self.scenarios = self.settings.scenarios
        self.selected_ids = selected_scenario_ids(config, self.scenarios)
        # Each worker of pytest-xdist has its own demo partner, which needs no lock between them.
        process_lock = ProcessLock() if self.settings.is_demo else process_lock_of(config)
        options = explicit_options(config)
        check_distribution(
            config,
            self.settings.api,
            self.settings.websocket,
            self.settings.service,
            options["mews_instances"],
        )
        self.certification = Certification(
            self.settings, self.scenarios, options, process_lock=process_lock
        )
        self._earlier_report = EarlierReport(self.settings.report, WRITTEN_DURING_RUN)
        if not self._is_worker and not self._collects_only:
            config.add_cleanup(FolderLock(self.settings.report).close)  # after all others
            check_writable(self.settings.report)
            config.add_cleanup(self._earlier_report.close)
            self._earlier_report.set_aside()
        instances = self.certification.instances
        config.add_cleanup(instances.close)
        self._activities: dict[str, str] = {}  # what each scenario does, by its id
        self._concurrent_runner = ConcurrentRunner(instances, self._certify_at)
        config.add_cleanup(self._concurrent_runner.stop)
        self._report_files = ReportFiles(self.settings, os.environ, self._earlier_report)
        self._event_file = EventFile(self.settings.report / EVENTS_FILE_NAME)
        config.add_cleanup(self._event_file.close)
        if not self._is_worker:  # the controller receives the results of its workers
            properties = SuiteProperties(config)
            self.certification.subscribers += [self._event_file, properties, self._report_files]
        markers = {name for scenario in self.scenarios for name in markers_of(scenario)}
        for marker in sorted(markers):
            config.addinivalue_line("markers", f"{marker}: certification scenarios of pytest-mews")
        config.args = [str(config.rootpath)]  # see pytest_collect_directory
        self._lists_all = getattr(config.option, "verbose", 0) > 0  # absent with -p no:terminal
        self._unlisted_ids: set[str] = set()
        self._was_blocked = False  # the last scenario that concerned this endpoint
        if getattr(config.option, "verbose", None) == 0:
            config.option.verbose = 1  # one line for each scenario that runs
        self._interrupted = False
        self._shared_state = ""  # what instances of the service share, which they must not
        serializer = ReportSerializer({scenario.id: scenario for scenario in self.scenarios})
        config.pluginmanager.register(serializer, "mews-report-serializer")
        self._hidden = HiddenFailures()
        config.pluginmanager.register(self._hidden, "mews-hidden-failures")

    @property
    def _collects_only(self) -> bool:
        return bool(self._config.option.collectonly)

    @property
    def _is_worker(self) -> bool:
        return is_worker(self._config)

    @property
    def _stops_early(self) -> bool:
        return bool(self._config.getoption("maxfail"))

    def pytest_report_header(self) -> list[str]:
        """Show the target and the settings of the run."""
        is_divided = is_only_process(self._config) and not self._stops_early
        return terminal.header_lines(self.settings, self.settings.instances if is_divided else 1)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Start the environment before anything is collected or sent.

        Under pytest-xdist each worker starts its own before its first scenario.
        """
        tune_process()
        if is_only_process(self._config):
            if self.settings.service is not None and self.settings.service.app:
                terminal.release_output(self._config)
            start_or_fail(
                partial(
                    self.certification.instances.first.start, terminal.line_writer(self._config)
                ),
                self._config,
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect the scenarios instead of the files in the root folder."""
        return ScenarioCollector.build(parent, self) if path == self._config.rootpath else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Note the selected scenarios, and start those that run concurrently."""
        if self._collects_only:
            return
        self.select([item.nodeid for item in session.items])
        if not self._is_worker:
            start_or_fail(
                partial(
                    self._concurrent_runner.start,
                    session.items,
                    worker=False,
                    stops_early=self._stops_early,
                    report=terminal.line_writer(self._config),
                ),
                self._config,
            )

    def select(self, node_ids: Iterable[str]) -> None:
        """Start the run of the selected scenarios; every worker of pytest-xdist has the same."""
        selected_ids = {name for node_id in node_ids if (name := scenario_id_in(node_id))}
        if selected_ids and not self.certification.has_started:
            if not self._is_worker:
                self.certification.instances.first.environment.delete_calls_file()
            self.certification.start(selected_ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Publish that a scenario starts, in this process or in a worker of pytest-xdist."""
        if scenario_id := scenario_id_in(nodeid):
            self.certification.start_scenario(scenario_id)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """In a worker of pytest-xdist, start this scenario and the one that follows it.

        In the only process, run a scenario that probably can't run without a line that says that
        it starts: pytest then writes a line only if the scenario did run.
        """
        if self._is_worker:
            start_or_fail(self.certification.instances.first.start, self._config)
            items = [item] if nextitem is None else [item, nextitem]
            self._concurrent_runner.start(items, worker=True)
        elif (
            isinstance(item, ScenarioItem)
            and is_only_process(item.config)
            and self._probably_cannot_run(item.scenario)
        ):
            self._unlisted_ids.add(item.nodeid)
            for report in runtestprotocol(item, log=False, nextitem=nextitem):
                item.ihook.pytest_runtest_logreport(report=report)
            return True
        return None

    def _probably_cannot_run(self, scenario: Scenario) -> bool:
        """Return whether the options exclude it, or the scenario before it was blocked."""
        if self._lists_all:
            return False
        first = self.certification.instances.first
        return self._was_blocked or not first.is_for_this_run(scenario)

    def _note_activity(self, scenario: Scenario, activity: str) -> None:
        self._activities[scenario.id] = activity

    def _certify_at(self, scenario: Scenario, *, runner: CertificationRunner) -> ScenarioResult:
        return self.certification.certify(scenario, self._note_activity, runner)

    def certify(self, scenario: Scenario) -> ScenarioResult:
        """Return the result of a scenario: wait for it if it runs concurrently, or run it now."""
        progress = terminal.ProgressDisplay(
            self._config,
            scenario.id,
            monotonic,
            lambda: self._activities.get(scenario.id, ""),
            self.certification.instances.describe_refused_requests,
        )
        try:
            result = self._concurrent_runner.result(scenario, progress.show_wait)
            if result is None:
                with progress.shown():
                    result = self.certification.certify(scenario, self._note_activity)
        finally:
            progress.clear()
        if result.verdict is Verdict.BLOCKED or result.verdict not in NOT_RUN:
            fails_precondition = scenario.precondition and result.verdict in FAILURES
            self._was_blocked = result.verdict is Verdict.BLOCKED or fails_precondition
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the result to its report."""
        report = yield
        if isinstance(item, ScenarioItem):
            report.sections = redact_captured(report.sections, self.certification.instances.redact)
        if isinstance(item, ScenarioItem) and call.when == "call" and item.result is not None:
            attach_result(report, item.result, self.certification.notes)
            if self._is_worker:
                attach_usage(report, self.certification.api_usage)
            elif problem := self.certification.instances.describe_shared_state():
                self._shared_state = problem
                item.session.shouldstop = problem
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the result of another process, or why a scenario has none."""
        scenario_id = scenario_id_in(report.nodeid)
        if scenario_id is None or self._is_worker:
            return
        result = attached_result(report)
        if result is None and (missing := why_missing(report)):
            self.certification.record_missing(scenario_id, *missing)
        elif result is not None and has_workers(self._config):
            self.certification.record(result, attached_notes(report))
        if usage := detach_usage(report):
            self.certification.record_usage(*usage)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show the verdict instead of PASSED and FAILED."""
        result = attached_result(report)
        if result is None:
            return None
        category, letter, label = terminal.status(result, report, get_terminal_size().columns)
        not_run = result.verdict in NOT_RUN
        unlisted = has_workers(self._config) or report.nodeid in self._unlisted_ids
        if not_run and unlisted and not self._lists_all:
            return category, "", ("", {})  # counted without a line
        return category, letter, label

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Distinguish Ctrl-C from the exception with which pytest-xdist stops at a failure (-x)."""
        self._interrupted = excinfo.type in {KeyboardInterrupt, Interruption}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the run, however it ended, and set the exit status by the results."""
        if self._collects_only or self._is_worker:
            return
        if not self.certification.has_started and not self._interrupted:
            return
        self._interrupted = self._interrupted or bool(self._shared_state)
        self._concurrent_runner.finish(interrupted=self._interrupted)
        stopped = exitstatus == pytest.ExitCode.INTERRUPTED and not self._interrupted
        cause = None
        if self._interrupted:
            cause = MissingCause.INTERRUPTED
        elif stopped or session.shouldfail or session.shouldstop:
            cause = MissingCause.STOPPED
        folder = self._earlier_report.folder_for(interrupted=self._interrupted)
        notes = (*self._event_file.notes, *filter(None, [self._shared_state]))
        run = self.certification.finish(cause, notes, folder)
        if self._report_files.error:
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR
        if self._shared_state:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        self._hidden.hide(run.explained_ids)
        fails = any(is_unexpected_failure(result, strict=run.strict) for result in run.results)
        fails = fails or self.certification.instances.emulator_failure_count > 0
        if fails and (stopped or exitstatus == pytest.ExitCode.OK):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        freeze_results()

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int
    ) -> None:
        """Show the readiness of each stage, the failures, and the path of the report."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            terminalreporter.write_line(NO_SCENARIO, yellow=True)
        self._hidden.restore(terminalreporter)
        self._report_files.print_summary(terminalreporter)


def why_missing(report: pytest.TestReport) -> tuple[MissingCause, str] | None:
    """Return why a scenario has no result, and the reason, from a report that has none.

    Another plugin skipped the scenario, or it failed outside the certification. None if the report
    does not say so: the scenario can have a result then.
    """
    if report.skipped:
        return MissingCause.SKIPPED, _last_line(report)
    if report.failed and report.when != "teardown":
        return MissingCause.NO_RESULT, f"it returned no result: {_last_line(report)}"
    return None


def _last_line(report: pytest.TestReport) -> str:
    """Return the last line of a report's text: the reason of a skip, or the exception."""
    longrepr = report.longrepr
    text = str(longrepr[2]) if isinstance(longrepr, tuple) else report.longreprtext
    return (text.strip().splitlines() or ["the report has no text"])[-1].strip()
