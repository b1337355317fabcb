"""What to fix, in the order to read it: the causes, and the problems that no cause explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_mews.model import Cause, Run, ScenarioResult
from pytest_mews.model.listing import first_of
from pytest_mews.model.scenario import Concern
from pytest_mews.reports.labels import HARNESS_ERROR, PRIORITIES, Priority
from pytest_mews.reports.problems import (
    Problem,
    Severity,
    build_problem,
    find_problems,
    severity_of,
)

MAX_LISTED = 12  # scenarios in a line of text


@dataclass(frozen=True)
class CauseReport:
    """One cause.

    Attributes:
        cause: the cause.
        number: its number among the causes, from 1.
        problem: the problem of the scenario that shows it best.
        explained: the results that it explains.
        severity: the severity of the gravest of them.

    """

    cause: Cause
    number: int
    problem: Problem
    explained: tuple[ScenarioResult, ...]
    severity: Severity

    @property
    def priority(self) -> Priority:
        """The urgency of the highest level that fails because of it."""
        return PRIORITIES[self.cause.level]

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """What the scenarios that it explains matter for, each once."""
        return concerns_of(self.explained)

    @property
    def explains_text(self) -> str:
        """How many scenarios it explains, and the first of them."""
        return explains_text(self.cause)


@dataclass(frozen=True)
class FixGroup:
    """What to fix of one priority: the causes, then the problems that no cause explains."""

    priority: Priority
    causes: tuple[CauseReport, ...]
    problems: tuple[Problem, ...]


def concerns_of(results: Iterable[ScenarioResult]) -> tuple[Concern, ...]:
    """Return what the scenarios of these results matter for, the certification review first."""
    found = {result.scenario.concern for result in results}
    return tuple(concern for concern in Concern if concern in found)


def explains_text(cause: Cause) -> str:
    """Return `explains 43 scenarios: REC-01, REC-02, …`."""
    ids = cause.explains
    scenarios = f"scenario{'s' * (len(ids) != 1)}"
    return f"explains {len(ids)} {scenarios}: {first_of(ids, MAX_LISTED)}"


def cause_reports(run: Run) -> tuple[CauseReport, ...]:
    """Return the causes of a run, the gravest first."""
    by_id = {result.scenario.id: result for result in run.results}
    reports = []
    for number, cause in enumerate(run.causes, 1):
        explained = tuple(by_id[scenario_id] for scenario_id in cause.explains)
        severities = [severity_of(run, result) for result in explained]
        reports.append(
            CauseReport(
                cause,
                number,
                build_problem(run, by_id[cause.shown_by]),
                explained,
                min(severities, key=list(Severity).index),
            )
        )
    return tuple(reports)


def fix_groups(run: Run) -> tuple[FixGroup, ...]:
    """Return what to fix in the order to read it: MUST, SHOULD, MAY, then harness errors."""
    causes, problems = cause_reports(run), remaining_problems(run)
    groups = (
        FixGroup(
            priority,
            tuple(report for report in causes if report.priority is priority),
            tuple(problem for problem in problems if problem.priority is priority),
        )
        for priority in (*PRIORITIES.values(), HARNESS_ERROR)
    )
    return tuple(group for group in groups if group.causes or group.problems)


def first_to_fix(run: Run) -> ScenarioResult | None:
    """Return the result that shows best what to fix first; None if there is nothing to fix."""
    for group in fix_groups(run):
        return (*(report.problem for report in group.causes), *group.problems)[0].result
    return None


def remaining_problems(run: Run) -> tuple[Problem, ...]:
    """Return the problems that no cause explains, in the order to read them."""
    explained = run.explained_ids
    return find_problems(
        run, [result for result in run.results if result.scenario.id not in explained]
    )
