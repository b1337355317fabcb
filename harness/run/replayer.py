"""Sending kept failures again, and what is said of each: fixed, still failing, or not judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytest_mews.config.settings import Settings
from pytest_mews.model import Finding, Level, Scenario
from pytest_mews.redaction import Mask
from pytest_mews.replay import (
    Conditions,
    Kept,
    RestoreError,
    as_expectations,
    as_steps,
    find,
    parse,
    restore,
)
from pytest_mews.replay.recording import settings_for
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.runner import CertificationRunner


class ReplayOutcome(StrEnum):
    """What became of a failure: a closed list."""

    FIXED = "fixed"
    STILL_FAILING = "still failing"
    NOT_JUDGED = "couldn't be judged"


@dataclass(frozen=True)
class ReplayResult:
    """What sending a failure again showed, and why it is said so."""

    became: ReplayOutcome
    reason: str


@dataclass(frozen=True)
class Failure:
    """A replay file that was read; `name` is unique in the run."""

    name: str
    path: Path
    kept: Kept


def failures(asked: Sequence[str], report: Path) -> tuple[Failure, ...]:
    """Read all files that --mews-replay means; those of one run stand together.

    Raises:
        UsageMistake: one is missing or no replay file.

    """
    read: list[Failure] = []
    for path in find(asked, report):
        alike = sum(each.path.stem == path.stem for each in read)
        name = f"{path.stem}-{alike + 1}" if alike else path.stem
        read.append(Failure(name, path, parse(path)))
    runs = list(dict.fromkeys(each.kept.conditions for each in read))
    return tuple(sorted(read, key=lambda each: runs.index(each.kept.conditions)))


class Replayer:
    """Sends failures again, each under the conditions that it was kept under.

    Failures that were kept under the same conditions share an engine; another one is begun when
    the conditions change, since an address can be listened on but once.

    Raises:
        UsageMistake: a file was kept under what this version does not know.

    """

    def __init__(
        self,
        settings: Settings,
        kept: Sequence[Kept],
        scenarios: Mapping[str, Scenario],
        turns: ProcessLock | None = None,
    ) -> None:
        self._settings, self._scenarios = settings, scenarios
        chosen = {each.conditions: settings_for(each.conditions, settings) for each in kept}
        self._engines = {
            name: CertificationRunner(each, turns=turns) for name, each in chosen.items()
        }
        self._current: Conditions | None = None
        self._secrets = Mask.of(settings)

    def close(self) -> None:
        """End everything that was started."""
        for engine in self._engines.values():
            engine.close()

    def forget_calls(self) -> None:
        """Remove what an earlier replay wrote of the API's calls: files of it are added to."""
        for engine in self._engines.values():
            engine.environment.forget_calls()

    @property
    def mask(self) -> Mask:
        """What hides every secret of the current engine, or of the settings before there is one."""
        return (
            self._secrets
            if self._current is None
            else self._engines[self._current].environment.mask
        )

    def replay(self, kept: Kept) -> ReplayResult:
        """Send a failure again and judge it.

        Raises:
            HarnessFault: the harness failed at its own work.

        """
        scenario = self._scenarios.get(kept.scenario)
        if scenario is None or not _is_same(kept, scenario):
            return ReplayResult(
                ReplayOutcome.NOT_JUDGED,
                f"{kept.scenario} was another scenario in pytest-mews {kept.version}, which wrote "
                "the file: play the scenario itself",
            )
        try:
            messages = restore(kept, self._settings.tenants)
        except RestoreError as reason:
            return ReplayResult(ReplayOutcome.NOT_JUDGED, str(reason))
        engine = self._engine(kept.conditions)
        obstacle = engine.precondition(scenario)
        if obstacle is not None:
            return ReplayResult(ReplayOutcome.NOT_JUDGED, obstacle.reason)
        return _conclude(kept, engine.replay(scenario, messages))

    def _engine(self, conditions: Conditions) -> CertificationRunner:
        if self._current is not None and self._current != conditions:
            self._engines[self._current].close()
        self._current = conditions
        return self._engines[conditions]


def _is_same(kept: Kept, scenario: Scenario) -> bool:
    same_steps = [dict(each) for each in kept.steps] == list(as_steps(scenario))
    return same_steps and [dict(each) for each in kept.expect] == list(as_expectations(scenario))


def _conclude(kept: Kept, findings: Sequence[Finding]) -> ReplayResult:
    unmet = sorted(
        (finding for finding in findings if not finding.met),
        key=lambda finding: list(Level).index(finding.level),
    )
    if unmet:
        said = "; ".join(f"expected {each.expected}; {each.observed}" for each in unmet)
        return ReplayResult(ReplayOutcome.STILL_FAILING, said)
    judged = [finding for finding in findings if finding.judged]
    if not judged:
        return ReplayResult(ReplayOutcome.NOT_JUDGED, findings[0].observed)
    flaky = "; it was flaky: once says little" if kept.verdict == "flaky" else ""
    return ReplayResult(ReplayOutcome.FIXED, f"{judged[0].observed}{flaky}")
