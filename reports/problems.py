"""What to fix first: the results that did not pass, in the order a reader should take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mews.model import (
    Change,
    Delivery,
    Evidence,
    Finding,
    Level,
    Run,
    ScenarioResult,
    Verdict,
)
from pytest_mews.reports import evidence_selection
from pytest_mews.reports.command_lines import again, curl
from pytest_mews.reports.labels import OURS, URGENCY, Urgency

_ORDER = (Verdict.FAIL, Verdict.FLAKY, Verdict.BLOCKED, Verdict.WARN, Verdict.ERROR)


@dataclass(frozen=True)
class Problem:
    """One thing to fix.

    Attributes:
        result: the scenario's result; of several blocked for one reason, the first.
        obligation: the strongest that was broken; where nothing was played, the scenario's own.
        also: ids of the other scenarios that are blocked for the same reason.
        trial: the evidence that explains it best, where there is any.
        delivery: the delivery of that trial to show in full.
        unmet: the findings that broke an expectation.
        curl: a line that sends the same bytes; empty where it can't be typed.
        replay: commands that send it again, a line each.
        new: whether the baseline knows it without this problem.

    """

    result: ScenarioResult
    obligation: Level
    also: tuple[str, ...]
    trial: Evidence | None
    delivery: Delivery | None
    unmet: tuple[Finding, ...]
    curl: str
    replay: str
    new: bool

    @property
    def urgency(self) -> Urgency:
        """What it means for the reader; a fault of the harness is nobody else's to mend."""
        return OURS if self.result.verdict is Verdict.ERROR else URGENCY[self.obligation]

    @property
    def seen(self) -> str:
        """What was seen instead, with the figures and the diagnosis that the reason adds."""
        if not self.unmet:
            return self.result.reason
        reason, observed = self.result.reason, self.unmet[0].observed
        return reason[reason.index(observed) :] if observed in reason else observed

    @property
    def advice(self) -> str:
        """What to do, in one sentence; empty where the scenario's remedy would not help."""
        if self.result.verdict in {Verdict.BLOCKED, Verdict.ERROR}:
            return ""
        end = self.result.scenario.remedy.find(". ")
        return self.result.scenario.remedy[: end + 1 if end >= 0 else None]


@dataclass(frozen=True)
class Group:
    """Problems of one urgency."""

    urgency: Urgency
    problems: tuple[Problem, ...]


def problems(run: Run) -> tuple[Problem, ...]:
    """Order what did not pass: MUST, SHOULD, MAY, our own faults; in each, the surest first."""
    chosen = [result for result in run.results if result.verdict in _ORDER]
    blocked: dict[str, list[ScenarioResult]] = {}
    for result in chosen:
        if result.verdict is Verdict.BLOCKED:
            blocked.setdefault(result.reason, []).append(result)
    found = []
    for result in chosen:
        alike = blocked.get(result.reason, []) if result.verdict is Verdict.BLOCKED else [result]
        if alike[0] is result:
            found.append(_problem(run, result, alike[1:]))
    return tuple(sorted(found, key=_rank))


def grouped(found: Sequence[Problem]) -> tuple[Group, ...]:
    """Put problems of one urgency together, in their order."""
    kinds = dict.fromkeys(problem.urgency for problem in found)
    return tuple(Group(each, tuple(one for one in found if one.urgency == each)) for each in kinds)


def _rank(problem: Problem) -> tuple[bool, int, int]:
    verdict = problem.result.verdict
    weight = list(Level).index(problem.obligation)
    return verdict is Verdict.ERROR, weight, _ORDER.index(verdict)


def _problem(run: Run, result: ScenarioResult, also: list[ScenarioResult]) -> Problem:
    trial = next(iter(evidence_selection.select_evidence(result)), None)
    delivery = evidence_selection.telling(trial) if trial else None
    line = ""
    if delivery and delivery.attempts and delivery.attempts[0].exchanges:
        line = curl(delivery.attempts[0].exchanges[0], delivery.message, run.profile)
    unmet = tuple(one for one in trial.findings if not one.met) if trial else ()
    own = (result.scenario.level, *(each.scenario.level for each in also))
    broken = [one.level for one in unmet] or own
    return Problem(
        result,
        min(broken, key=list(Level).index),
        tuple(other.scenario.id for other in also),
        trial,
        delivery,
        tuple(sorted(unmet, key=lambda one: list(Level).index(one.level))),
        line,
        again(run, result),
        _is_new(run, result),
    )


def _is_new(run: Run, result: ScenarioResult) -> bool:
    changes = run.comparison.changes if run.comparison else ()
    return any(
        each.scenario == result.scenario.id and each.change is Change.NEW for each in changes
    )
