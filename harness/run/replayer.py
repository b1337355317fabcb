"""Replays failing cases from replay files: each is fixed, still failing, or inconclusive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytest_mews.config.settings import Settings
from pytest_mews.model import Finding, Level, Scenario, Stage
from pytest_mews.redaction import Redactor
from pytest_mews.replay import (
    Conditions,
    RecordedCase,
    RestoreError,
    expectations_as_data,
    find_files,
    read_file,
    restore_messages,
    steps_as_data,
)
from pytest_mews.replay.recording import settings_for
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.runner import CertificationRunner

NEVER_IDLE = (
    "the service was still busy with earlier messages, so what it did not do here shows nothing: "
    "replay this file alone"
)


class ReplayOutcome(StrEnum):
    """What a replay showed."""

    FIXED = "fixed"
    STILL_FAILING = "still failing"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class ReplayResult:
    """The outcome of a replay, and the reason for it."""

    outcome: ReplayOutcome
    reason: str


@dataclass(frozen=True)
class ReplayFile:
    """A replay file: a name that is unique in the run, its path, and the case it stores."""

    name: str
    path: Path
    case: RecordedCase


def read_replay_files(arguments: Sequence[str], report: Path) -> tuple[ReplayFile, ...]:
    """Read all replay files that --mews-replay names; files of one run follow each other.

    Args:
        arguments: the values of --mews-replay: scenario ids, files, folders.
        report: the folder in which a scenario id is looked up.

    Raises:
        UsageError: a file does not exist, or is not a replay file.

    """
    replay_files: list[ReplayFile] = []
    for path in find_files(arguments, report):
        duplicates = sum(other.path.stem == path.stem for other in replay_files)
        name = f"{path.stem}-{duplicates + 1}" if duplicates else path.stem
        replay_files.append(ReplayFile(name, path, read_file(path)))
    runs = list(dict.fromkeys(file.case.conditions for file in replay_files))
    return tuple(sorted(replay_files, key=lambda file: runs.index(file.case.conditions)))


class Replayer:
    """Replays failing cases, each under the conditions of the run that recorded it.

    Cases with the same conditions that follow each other share a runner. When the conditions
    change, it is closed before the next one starts: only one server can listen on an address.

    Args:
        settings: what the user chose.
        cases: the cases that will be replayed.
        scenarios: all scenarios by id.
        process_lock: keeps an exclusive scenario alone among several processes.

    Raises:
        UsageError: this version does not know the conditions of a case, such as its profile.

    """

    def __init__(
        self,
        settings: Settings,
        cases: Sequence[RecordedCase],
        scenarios: Mapping[str, Scenario],
        process_lock: ProcessLock | None = None,
    ) -> None:
        self._settings, self._scenarios, self._process_lock = settings, scenarios, process_lock
        self._settings_by_conditions = {
            conditions: settings_for(conditions, settings)
            for conditions in dict.fromkeys(case.conditions for case in cases)
        }
        self._current = next(iter(self._settings_by_conditions))
        self._runner = self._build_runner()

    def _build_runner(self) -> CertificationRunner:
        settings = self._settings_by_conditions[self._current]
        return CertificationRunner(settings, process_lock=self._process_lock)

    def close(self) -> None:
        """Stop everything that has started."""
        self._runner.close()

    def start(self, report: Callable[[str], None] = lambda _: None) -> None:
        """Start the runner of the first case, so that an address in use is noticed at once.

        Args:
            report: see `CertificationRunner.start`.

        Raises:
            UsageError: see `CertificationRunner.start`.

        """
        self._runner.start(report)

    def delete_calls_file(self) -> None:
        """Delete the file with the API calls of an earlier replay; new calls are appended to it."""
        self._runner.environment.delete_calls_file()

    @property
    def redactor(self) -> Redactor:
        """The redactor of the current runner."""
        return self._runner.environment.redactor

    def replay(
        self, case: RecordedCase, report: Callable[[str], None] = lambda _: None
    ) -> ReplayResult:
        """Replay a case, once the service is done with the messages before it.

        If it is not done within the time, nothing that did not happen is due to the service: it may
        still happen. So a case of the Processing stage that does not fail is inconclusive.

        Args:
            case: the case.
            report: is called with what the replay waits for, for people.

        Raises:
            HarnessError: the harness failed, not the partner.

        """
        scenario = self._scenarios.get(case.scenario)
        if scenario is None:
            return ReplayResult(
                ReplayOutcome.INCONCLUSIVE,
                f"there is no scenario {case.scenario}: if it is your own, give --mews-scenarios",
            )
        if not _is_same(case, scenario):
            return ReplayResult(
                ReplayOutcome.INCONCLUSIVE,
                f"{case.scenario} has changed since pytest-mews {case.version}, which wrote the "
                "file: run the scenario itself",
            )
        try:
            messages = restore_messages(case, self._settings.tenants, self._settings.sender)
        except RestoreError as error:
            return ReplayResult(ReplayOutcome.INCONCLUSIVE, str(error))
        runner = self._runner_for(case.conditions)
        unmet = runner.unmet_precondition(scenario)
        if unmet is not None:
            return ReplayResult(ReplayOutcome.INCONCLUSIVE, unmet.reason)
        is_about_fetches = scenario.stage is Stage.PROCESSING
        was_idle = not is_about_fetches or runner.wait_until_idle(report)
        result = _result(case, runner.replay(scenario, messages, report))
        if result.outcome is ReplayOutcome.FIXED and not was_idle:
            return ReplayResult(ReplayOutcome.INCONCLUSIVE, NEVER_IDLE)
        return result

    def _runner_for(self, conditions: Conditions) -> CertificationRunner:
        """Return the started runner for these conditions."""
        if conditions != self._current:
            self._runner.close()
            self._current = conditions
            self._runner = self._build_runner()
        self._runner.start()
        return self._runner


def _is_same(case: RecordedCase, scenario: Scenario) -> bool:
    steps = [dict(step) for step in case.steps]
    expectations = [dict(expectation) for expectation in case.expect]
    return steps == list(steps_as_data(scenario)) and expectations == list(
        expectations_as_data(scenario)
    )


def _result(case: RecordedCase, findings: Sequence[Finding]) -> ReplayResult:
    unmet = sorted(
        (finding for finding in findings if not finding.met),
        key=lambda finding: list(Level).index(finding.level),
    )
    if unmet:
        reason = "; ".join(finding.observed for finding in unmet)
        return ReplayResult(ReplayOutcome.STILL_FAILING, reason)
    conclusive = [finding for finding in findings if finding.subject_count]
    if not conclusive:
        return ReplayResult(ReplayOutcome.INCONCLUSIVE, findings[0].observed)
    flaky = "; but it was flaky: one pass is little evidence" if case.verdict == "flaky" else ""
    return ReplayResult(ReplayOutcome.FIXED, f"{conclusive[0].observed}{flaky}")
