"""What to fix first: the results that did not pass, in the order to read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model import (
    Change,
    Delivery,
    Evidence,
    Finding,
    Level,
    Run,
    ScenarioResult,
    Verdict,
    evidence_selection,
)
from pytest_mews.model.readiness import breaks_must
from pytest_mews.reports import command_lines
from pytest_mews.reports.labels import HARNESS_ERROR, PRIORITIES, Priority

_VERDICT_ORDER = (Verdict.FAIL, Verdict.FLAKY, Verdict.BLOCKED, Verdict.WARN, Verdict.ERROR)


@dataclass(frozen=True)
class Problem:
    """One thing to fix.

    Attributes:
        result: the scenario's result; of several blocked for one reason, the first.
        level: the highest level that failed; if the scenario was not run, its own level.
        same_reason: ids of the other scenarios that are blocked for the same reason.
        evidence: the evidence that explains the problem best, if there is any.
        delivery: the delivery of that evidence to show in full.
        unmet_findings: the findings that are not met, the highest level first.
        curl_command: a command that sends the same bytes; empty if a shell can't express them.
        rerun_commands: commands that send the messages again, one per line.
        is_new: whether the baseline has the scenario without this problem.

    """

    result: ScenarioResult
    level: Level
    same_reason: tuple[str, ...]
    evidence: Evidence | None
    delivery: Delivery | None
    unmet_findings: tuple[Finding, ...]
    curl_command: str
    rerun_commands: str
    is_new: bool

    @property
    def priority(self) -> Priority:
        """The group that the page lists the problem in."""
        if self.result.verdict is Verdict.ERROR:
            return HARNESS_ERROR
        return PRIORITIES[self.level]

    @property
    def observed(self) -> str:
        """What the first unmet finding observed, and the remarks on the result.

        The other unmet findings have their own rows.
        """
        if not self.unmet_findings:
            return self.result.reason
        return "; ".join((self.unmet_findings[0].observed, *self.result.remarks))

    @property
    def fix(self) -> str:
        """The first sentence of the remedy; empty if the remedy does not apply."""
        if self.result.verdict is Verdict.ERROR:
            return ""
        if self.result.verdict is Verdict.BLOCKED and self.result.blocked_by is None:
            return ""  # by the death of the service, which has a remedy of its own
        remedy = self.result.remedy
        end = remedy.find(". ")
        return remedy[: end + 1 if end >= 0 else None]


def find_problems(run: Run, results: Iterable[ScenarioResult] | None = None) -> tuple[Problem, ...]:
    """Return what did not pass: MUST, SHOULD, MAY, then harness errors.

    Within a level what is new since the baseline comes first, and failures come before flaky.

    Args:
        run: the run.
        results: those of its results to look at; all if omitted.

    """
    candidates = run.results if results is None else results
    results = [result for result in candidates if result.verdict in _VERDICT_ORDER]
    blocked: dict[str, list[ScenarioResult]] = {}
    for result in results:
        if result.verdict is Verdict.BLOCKED:
            blocked.setdefault(result.reason, []).append(result)
    problems = []
    for result in results:
        same = blocked.get(result.reason, []) if result.verdict is Verdict.BLOCKED else [result]
        if same[0] is result:
            problems.append(build_problem(run, result, same[1:]))
    return tuple(sorted(problems, key=_rank))


def _rank(problem: Problem) -> tuple[bool, int, bool, int]:
    verdict = problem.result.verdict
    level = list(Level).index(problem.level)
    return verdict is Verdict.ERROR, level, not problem.is_new, _VERDICT_ORDER.index(verdict)


def build_problem(
    run: Run, result: ScenarioResult, others: Sequence[ScenarioResult] = ()
) -> Problem:
    """Return the problem of a result; `others` are blocked for the same reason."""
    evidence = next(iter(evidence_selection.select_evidence(result)), None)
    delivery = evidence_selection.key_delivery(evidence) if evidence else None
    curl_command = ""
    if delivery and delivery.attempts and delivery.attempts[0].exchanges:
        curl_command = command_lines.curl_command(
            delivery.attempts[0].exchanges[0], delivery.message, run.profile
        )
    unmet = [finding for finding in evidence.findings if not finding.met] if evidence else []
    unmet.sort(key=lambda finding: list(Level).index(finding.level))
    levels = [finding.level for finding in unmet] or [
        blocked.scenario.level for blocked in (result, *others)
    ]
    return Problem(
        result,
        min(levels, key=list(Level).index),
        tuple(other.scenario.id for other in others),
        evidence,
        delivery,
        tuple(unmet),
        curl_command,
        command_lines.rerun_commands(run, result),
        _is_new(run, result),
    )


def _is_new(run: Run, result: ScenarioResult) -> bool:
    changes = run.comparison.changes if run.comparison else ()
    return any(
        change.scenario_id == result.scenario.id and change.change is Change.NEW
        for change in changes
    )


class Severity(StrEnum):
    """The severities that GitHub's annotations and SARIF have in common."""

    ERROR = "error"
    WARNING = "warning"


def severity_of(run: Run, result: ScenarioResult) -> Severity:
    """Return ERROR if the result alone fails the run, otherwise WARNING.

    Only for results that did not pass, as `find_problems` returns them.
    """
    comparison = run.comparison
    if (
        comparison
        and comparison.new_failures_only
        and result.scenario.id in comparison.known_failures
    ):
        return Severity.WARNING
    if result.verdict is Verdict.WARN:
        return Severity.ERROR if run.strict else Severity.WARNING
    if result.verdict is Verdict.FLAKY and not run.strict and not breaks_must(result):
        return Severity.WARNING
    return Severity.ERROR
