"""The pytest hooks of a replay (--mews-replay): one item for each file, and no report."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.errors import UsageError
from pytest_mews.replay import OPTION
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.replayer import Failure, Replayer, ReplayOutcome, ReplayResult, failures
from pytest_mews.run.result_tracker import COLLECTOR
from pytest_mews.scenarios import loader
from pytest_mews.session import terminal
from pytest_mews.session.command_line import paths_given, scenarios_typed, settings_of
from pytest_mews.session.items import Collected, fault_in_words
from pytest_mews.session.xdist import check_distribution, is_worker, turns_of

PREFIX = "replay/"
BECAME, REASON = "mews_became", "mews_reason"  # attributes of a pytest report
WORDS = {
    ReplayOutcome.FIXED: (".", "passed", "FIXED", {"green": True}),
    ReplayOutcome.STILL_FAILING: ("F", "failed", "STILL FAILING", {"red": True}),
    ReplayOutcome.NOT_JUDGED: ("s", "skipped", "NOT JUDGED", {"yellow": True}),
}


class ReplayFailed(Exception):
    """A failure is still there."""


class ReplayPlugin:
    """Replays as a pytest plugin.

    Raises:
        UsageMistake: an option or a file is wrong.

    """

    def __init__(self, config: pytest.Config, asked: Sequence[str]) -> None:
        self._config = config
        settings = settings_of(config)
        others = scenarios_typed(config)
        if paths_given(config) or others:
            problem = "can't go together with paths or scenarios on the command line"
            raise UsageError(OPTION, asked[0], problem, "Leave one of them out.")
        check_distribution(config, settings.api)
        self.failures = failures(asked, settings.report)
        self.settings = settings
        self.replayer = Replayer(
            settings,
            [each.kept for each in self.failures],
            {each.id: each for each in loader.load()},
            ProcessLock() if settings.is_demo else turns_of(config),
        )
        config.add_cleanup(self.replayer.close)
        self._became: dict[str, ReplayResult] = {}
        if not is_worker(config) and not config.option.collectonly:
            self.replayer.forget_calls()
        config.args = [str(config.rootpath)]
        if getattr(config.option, "verbose", None) == 0:  # absent with -p no:terminal
            config.option.verbose = 1

    def select(self, node_ids: Sequence[str]) -> None:
        """Take note of nothing: each file says itself what became of it."""

    def pytest_report_header(self) -> list[str]:
        """Say what is sent again, and where to."""
        runs = sorted({each.kept.recorded_utc for each in self.failures})
        return [
            terminal.header(self.settings)[0],
            f"mews: replay of {len(self.failures)} files, from {', '.join(runs)}",
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect the files in place of whatever lies in the root folder."""
        return Replays.of(parent, self) if path == self._config.rootpath else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let the report carry what became of it, also to pytest-xdist's controller."""
        report = yield
        if isinstance(item, ReplayItem) and call.when == "call" and item.replayed is not None:
            setattr(report, BECAME, item.replayed.became.value)
            setattr(report, REASON, item.replayed.reason)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what became of each."""
        if hasattr(report, BECAME):
            replayed = ReplayResult(ReplayOutcome(getattr(report, BECAME)), getattr(report, REASON))
            self._became[report.nodeid] = replayed

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Say what became of it instead of PASSED and FAILED."""
        if report.when != "call" or not hasattr(report, BECAME):
            return None
        letter, category, word, markup = WORDS[ReplayOutcome(getattr(report, BECAME))]
        return category, letter, (word, markup)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Exit with 1 where anything is not seen to be fixed."""
        if is_worker(self._config) or exitstatus != pytest.ExitCode.OK:
            return
        if any(each.became is not ReplayOutcome.FIXED for each in self._became.values()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say of each file what became of it."""
        if not self._became:
            return
        terminalreporter.ensure_newline()
        terminalreporter.section("Mews replay", sep="=")
        for node_id, replayed in self._became.items():
            _, _, word, markup = WORDS[replayed.became]
            terminalreporter.write(f"{word:<14}", **markup)
            name = node_id.removeprefix(f"{COLLECTOR}::{PREFIX}")
            terminalreporter.write_line(f"{name}: {replayed.reason}")
        terminalreporter.write_line(
            "Replayed messages have the ids and dates of then: to a service that remembers ids "
            "they are redeliveries. The report of the run was not changed."
        )


class Replays(Collected):
    """The collector of replay files."""

    director: ReplayPlugin

    def collect(self) -> Iterable[pytest.Item]:
        """Give one item for each file."""
        for failure in self.director.failures:
            item: ReplayItem = ReplayItem.from_parent(self, name=f"{PREFIX}{failure.name}")
            item.failure, item.replayer = failure, self.director.replayer
            yield item


class ReplayItem(pytest.Item):
    """One replay file: `mews::replay/RET-02`."""

    failure: Failure
    replayer: Replayer
    replayed: ReplayResult | None = None

    def runtest(self) -> None:
        """Send it again; fail where it still fails, skip where it couldn't be judged."""
        self.replayed = self.replayer.replay(self.failure.kept)
        if self.replayed.became is ReplayOutcome.STILL_FAILING:
            raise ReplayFailed
        if self.replayed.became is ReplayOutcome.NOT_JUDGED:
            pytest.skip(f"{self.replayed.became}: {self.replayed.reason}")

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401, ARG002 - pytest's own signature
    ) -> Any:  # noqa: ANN401
        """Say what was seen now and then; a traceback only for a fault of the harness."""
        if not isinstance(excinfo.value, ReplayFailed) or self.replayed is None:
            return fault_in_words(excinfo, self.replayer.mask)
        kept = self.failure.kept
        lines = (
            f"{kept.scenario} {kept.title}",
            f"  now:    {self.replayed.reason}",
            f"  before: {kept.reason} ({kept.recorded_utc})",
            f"  sent:   {kept.case}",
            f"  file:   {self.failure.path}",
        )
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Give the place of the item: its file."""
        return self.failure.path, None, self.nodeid
