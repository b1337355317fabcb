"""The pytest hooks of a replay (--mews-replay): one item per replay file, and no report."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from pytest_mews.config.report_folder import FolderLock
from pytest_mews.errors import UsageError
from pytest_mews.replay import OPTION
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.replayer import (
    Replayer,
    ReplayFile,
    ReplayOutcome,
    ReplayResult,
    read_replay_files,
)
from pytest_mews.session import terminal
from pytest_mews.session.command_line import (
    COLLECTOR,
    build_settings,
    check_replay_options,
    paths_given,
    scenario_arguments,
)
from pytest_mews.session.hidden_failures import HiddenFailures, drop_short_summary
from pytest_mews.session.items import RootCollector, format_harness_error
from pytest_mews.session.plugin_conflicts import exempting_markers
from pytest_mews.session.xdist import (
    check_distribution,
    is_only_process,
    is_worker,
    process_lock_of,
    start_or_fail,
)

PREFIX = "replay/"
OUTCOME_ATTRIBUTE, REASON_ATTRIBUTE = "mews_outcome", "mews_reason"  # of a pytest report
STATUSES = {
    ReplayOutcome.FIXED: (".", "passed", "FIXED", {"green": True}),
    ReplayOutcome.STILL_FAILING: ("F", "failed", "STILL FAILING", {"red": True}),
    ReplayOutcome.INCONCLUSIVE: ("s", "skipped", "INCONCLUSIVE", {"yellow": True}),
}


class ReplayFailedError(AssertionError):
    """A replayed case still fails; the message is the reason."""


class ReplayPlugin:
    """Replays failing cases as a pytest plugin.

    Args:
        config: pytest's configuration.
        arguments: the values of --mews-replay.

    Raises:
        UsageError: an option or a file is wrong.

    """

    def __init__(self, config: pytest.Config, arguments: Sequence[str]) -> None:
        self._config = config
        settings = build_settings(config)
        if paths_given(config) or scenario_arguments(config):
            problem = "can't be combined with paths or scenarios on the command line"
            raise UsageError(OPTION, arguments[0], problem, "Remove one of them.")
        check_replay_options(config, arguments[0])
        check_distribution(config, settings.api, service=settings.service)
        self.replay_files = read_replay_files(arguments, settings.report)
        self.settings = settings
        self.replayer = Replayer(
            settings,
            [file.case for file in self.replay_files],
            {scenario.id: scenario for scenario in settings.scenarios},
            ProcessLock() if settings.is_demo else process_lock_of(config),
        )
        if not is_worker(config) and not config.option.collectonly:
            config.add_cleanup(FolderLock(settings.report).close)  # after all others
        config.add_cleanup(self.replayer.close)
        self._results: dict[str, ReplayResult] = {}
        self._hidden = HiddenFailures()
        config.pluginmanager.register(self._hidden, "mews-hidden-failures")
        if not is_worker(config) and not config.option.collectonly:
            self.replayer.delete_calls_file()
        config.args = [str(config.rootpath)]
        if getattr(config.option, "verbose", None) == 0:  # absent with -p no:terminal
            config.option.verbose = 1  # one line for each file

    def select(self, node_ids: Sequence[str]) -> None:
        """Do nothing: only a certification needs to know what will run."""

    def pytest_report_header(self) -> list[str]:
        """Show the target, the number of files, and the times of their runs."""
        runs = sorted({file.case.recorded_utc for file in self.replay_files})
        files = "1 file" if len(self.replay_files) == 1 else f"{len(self.replay_files)} files"
        return [
            terminal.header_lines(self.settings)[0],
            f"mews: replay of {files}, recorded {', '.join(runs)}",
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Start the environment before anything is collected or sent."""
        if is_only_process(self._config):
            if self.settings.service is not None and self.settings.service.app:
                terminal.release_output(self._config)
            start_or_fail(
                partial(self.replayer.start, terminal.line_writer(self._config)), self._config
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect the replay files instead of the files in the root folder."""
        return ReplayCollector.build(parent, self) if path == self._config.rootpath else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach the result to the report, which pytest-xdist sends to its controller."""
        report = yield
        if isinstance(item, ReplayItem) and call.when == "call" and item.result is not None:
            setattr(report, OUTCOME_ATTRIBUTE, item.result.outcome.value)
            setattr(report, REASON_ATTRIBUTE, item.result.reason)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the result that a report carries."""
        if hasattr(report, OUTCOME_ATTRIBUTE):
            outcome = ReplayOutcome(getattr(report, OUTCOME_ATTRIBUTE))
            self._results[report.nodeid] = ReplayResult(outcome, getattr(report, REASON_ATTRIBUTE))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show the outcome instead of PASSED and FAILED."""
        if report.when != "call" or not hasattr(report, OUTCOME_ATTRIBUTE):
            return None
        outcome = ReplayOutcome(getattr(report, OUTCOME_ATTRIBUTE))
        letter, category, label, markup = STATUSES[outcome]
        return category, letter, (label, markup)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Exit with status 1 unless every case is fixed."""
        self._hidden.hide({node_id.removeprefix(f"{COLLECTOR}::") for node_id in self._results})
        if is_worker(self._config) or exitstatus != pytest.ExitCode.OK:
            return
        if any(result.outcome is not ReplayOutcome.FIXED for result in self._results.values()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the outcome of each file, with its reason."""
        self._hidden.restore(terminalreporter)
        if not self._results:
            return
        drop_short_summary(terminalreporter)
        terminalreporter.ensure_newline()
        terminalreporter.section("Mews replay", sep="=")
        files = {f"{COLLECTOR}::{PREFIX}{file.name}": file for file in self.replay_files}
        for node_id, result in self._results.items():
            _, _, label, markup = STATUSES[result.outcome]
            terminalreporter.write(f"{label:<14}", **markup)
            terminalreporter.write_line("\n".join(_outcome_lines(files[node_id], result)))
        terminalreporter.write_line(
            "Replayed messages have the original ids and dates: a service that remembers ids takes "
            "them for redeliveries. The report of the run was not changed."
        )


def _outcome_lines(file: ReplayFile, result: ReplayResult) -> Iterator[str]:
    """Yield what a replay showed; of a case that still fails also what was observed before."""
    if result.outcome is not ReplayOutcome.STILL_FAILING:
        yield f"{file.name}: {result.reason}"
        return
    yield f"{file.name}: {file.case.title}"
    yield f"  now:    {result.reason}"
    yield f"  before: {file.case.reason} ({file.case.recorded_utc})"
    yield f"  sent:   {file.case.case}"
    yield f"  file:   {file.path}"


class ReplayCollector(RootCollector):
    """Collects the replay files."""

    context: ReplayPlugin

    def collect(self) -> Iterable[pytest.Item]:
        """Yield one item for each file."""
        for replay_file in self.context.replay_files:
            item: ReplayItem = ReplayItem.from_parent(self, name=f"{PREFIX}{replay_file.name}")
            item.replay_file, item.replayer = replay_file, self.context.replayer
            for name in exempting_markers(self.config):
                item.add_marker(name)
            yield item


class ReplayItem(pytest.Item):
    """One replay file: `mews::replay/RET-02`."""

    replay_file: ReplayFile
    replayer: Replayer
    result: ReplayResult | None = None

    def runtest(self) -> None:
        """Replay the case: fail if it still fails, skip if the replay is inconclusive."""
        activity = ""

        def note_activity(text: str) -> None:
            nonlocal activity
            activity = text

        progress = terminal.ProgressDisplay(
            self.config, f"{PREFIX}{self.replay_file.name}", monotonic, lambda: activity
        )
        try:
            with progress.shown():
                self.result = self.replayer.replay(self.replay_file.case, note_activity)
        finally:
            progress.clear()
        if self.result.outcome is ReplayOutcome.STILL_FAILING:
            raise ReplayFailedError(self.result.reason)
        if self.result.outcome is ReplayOutcome.INCONCLUSIVE:
            pytest.skip(f"{self.result.outcome}: {self.result.reason}")

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401, ARG002 - pytest's own signature
    ) -> Any:  # noqa: ANN401
        """Return what was observed now and before; a traceback only for an error of the harness."""
        if not isinstance(excinfo.value, ReplayFailedError) or self.result is None:
            return format_harness_error(excinfo, self.replayer.redactor.redact_text)
        return "\n".join(_outcome_lines(self.replay_file, self.result))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the location of the item: its file."""
        return self.replay_file.path, 0, self.nodeid
