"""The judgement on one point of the review, and what it is based on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.mews.review_points import ReviewPoint
from pytest_mews.model import ApiUsage, Run, ScenarioResult, Verdict


class ReviewVerdict(StrEnum):
    """What a rehearsal says about a point of the review; Mews alone decides."""

    MET = "met"
    NOT_MET = "not-met"
    NOT_JUDGED = "not-judged"


@dataclass(frozen=True)
class Judgement:
    """The verdict on a point.

    Attributes:
        verdict: the verdict.
        observed: what was observed, or why it was not judged: sentences; Markdown with `code` only.
        remedy: what to change; empty if there is nothing to change.

    """

    verdict: ReviewVerdict
    observed: str
    remedy: str = ""


@dataclass(frozen=True)
class JudgedPoint:
    """A point with its judgement, and the ids of the scenarios that show it."""

    point: ReviewPoint
    judgement: Judgement
    scenario_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rehearsal:
    """What a point is judged by.

    Attributes:
        usage: all requests of the run.
        listed_operations: the operations that the partner lists on the form; empty if not given.
        time_scale: the factor of the waits between messages; 1 is real time.
        shown_by: the results of the scenarios that show the point.
        failures: what their checks of the point observed, where they were not met.

    """

    usage: ApiUsage
    listed_operations: tuple[str, ...] = ()
    time_scale: float = 1.0
    shown_by: tuple[ScenarioResult, ...] = ()
    failures: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: Run, usage: ApiUsage, point: ReviewPoint) -> Rehearsal:
        """Return what a point of a run is judged by."""
        shown_by = tuple(
            result
            for result in run.results
            if not point.shown_by.isdisjoint(fact.id for fact in result.scenario.facts)
        )
        failures = (
            finding.observed
            for result in shown_by
            for evidence in result.evidence[:1]
            for finding in evidence.findings
            if not finding.met and finding.check in point.checks
        )
        return cls(usage, run.listed_operations, run.time_scale, shown_by, tuple(failures))

    @property
    def has_passed(self) -> bool:
        """Whether a scenario that shows the point has passed."""
        return any(result.verdict is Verdict.PASS for result in self.shown_by)
