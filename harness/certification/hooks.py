"""The pytest hooks of one certification run."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from mews_harness import catalogue, reports
from mews_harness.certification import codec, terminal
from mews_harness.certification.chosen import SEED, given, own_tests_only, settings_of
from mews_harness.certification.engine import Engine
from mews_harness.certification.items import Certification, ScenarioItem, markers_of
from mews_harness.certification.record import record, replay_command
from mews_harness.certification.schedule import Schedule
from mews_harness.errors import HarnessFault, UsageMistake
from mews_harness.model import Run, Scenario, ScenarioResult
from mews_harness.verdicts import stops_run

SLUGGISH_JOBS = 8
CARRIED = "mews_result"  # the attribute of a pytest report that bears a result


def register(config: pytest.Config) -> None:
    """Check the options and take part in the run; called only where a target was given.

    Raises:
        pytest.UsageError: an option or file is wrong.

    """
    try:
        director = Director(config)
    except UsageMistake as mistake:
        raise pytest.UsageError(str(mistake)) from None
    config.pluginmanager.register(director, "mews-certification")


class Director:
    """Runs the certification as a pytest plugin; see `register`."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.settings = settings_of(config)
        self.engine = Engine(self.settings)
        config.add_cleanup(self.engine.close)
        self._certifies = not own_tests_only(config)
        self.scenarios = catalogue.load() if self._certifies else ()
        self._results: dict[str, ScenarioResult] = {}
        self._run: Run | None = None
        self._written: Path | None = None
        self._problem = ""
        self._schedule: Schedule | None = None
        self._interrupted = False
        self._began_s, self._started = monotonic(), datetime.now(UTC)
        if not self._certifies:
            return
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
        return hasattr(self._config, "workerinput")

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
        """Let the waits of scenarios overlap; under pytest-xdist the workers do that.

        Where even a plain message takes too long all do: else the run would take too long as well.

        Raises:
            pytest.UsageError: SSL_CERT_FILE or SSL_CERT_DIR names what is not there.

        """
        items = [item for item in session.items if isinstance(item, ScenarioItem)]
        if self._only_looks or not items or self._is_worker:
            return
        try:
            sluggish = self.engine.preflight.sluggish
        except UsageMistake as mistake:
            raise pytest.UsageError(str(mistake)) from None
        except HarnessFault:
            return  # each scenario meets it again, and reports it as an error of the harness
        jobs = max(self.settings.jobs, SLUGGISH_JOBS if sluggish else 1)
        if jobs == 1:
            return
        self._schedule = Schedule(self.engine.certify, jobs)
        self._config.add_cleanup(self._schedule.stop)
        self._schedule.start([item.scenario for item in items])

    def certify(self, scenario: Scenario) -> ScenarioResult:
        """Certify a scenario now, or wait for the schedule that does."""
        if self._schedule is not None:
            return self._schedule.result(scenario)
        return self.engine.certify(scenario, self.progress)

    def keep(self, result: ScenarioResult) -> None:
        """Take a result that no pytest report will carry (the run was interrupted)."""
        self._results[result.scenario.id] = result

    def progress(self, scenario: Scenario, played: int, planned: int) -> None:
        """Show how far the current scenario has come."""
        self._bar.played(scenario, played, planned)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist's
        """Give every worker of pytest-xdist the one seed of the run."""
        node.workerinput[SEED] = self.settings.seed

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
            setattr(report, CARRIED, codec.dumps(item.result))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the results."""
        carried = getattr(report, CARRIED, None)
        if carried is not None:
            self.keep(codec.loads(carried))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Say the verdict instead of PASSED and FAILED."""
        scenario = report.nodeid.rpartition("::")[2]
        if getattr(report, CARRIED, None) is None or scenario not in self._results:
            return None
        return terminal.status(self._results[scenario])

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell a Ctrl-C from pytest-xdist's way to stop after a failure (-x)."""
        self._interrupted = excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports, whatever ended the run, and let the exit status follow the verdict."""
        if not self._certifies or self._only_looks or self._is_worker:
            return
        if self._schedule is not None:
            for result in self._schedule.finished():
                self._results.setdefault(result.scenario.id, result)
        if not self._results and not self._interrupted:
            return
        self._run = record(
            self.settings,
            self.scenarios,
            self._results,
            started=self._started,
            duration_s=monotonic() - self._began_s,
            command=replay_command(self.settings, given(self._config)),
            notes=self.engine.notes,
            interrupted=self._interrupted,
        )
        try:
            self._written = reports.write(self._run, self.settings.report).html
        except UsageMistake as mistake:
            self._problem = f"The report was not written. {mistake}"
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR
        broken = any(
            stops_run(result, strict=self.settings.strict) for result in self._results.values()
        )
        stopped = exitstatus == pytest.ExitCode.INTERRUPTED and not self._interrupted
        if broken and (stopped or exitstatus == pytest.ExitCode.OK):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the readiness of each stage and where the report is."""
        if self._run is not None:
            terminal.summary(terminalreporter, self._run, self._written, self._problem)
