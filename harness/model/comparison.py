"""A run compared with an earlier one, the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.verdict import Verdict


class Change(StrEnum):
    """How the result of a scenario changed since the baseline: a closed list."""

    NEW = "new"  # fails now, and did not fail then
    STILL_FAILING = "still-failing"
    FIXED = "fixed"  # failed then, passes now
    NEWLY_NOT_OBSERVED = "newly-not-observed"  # had a verdict then, has none now


@dataclass(frozen=True)
class ScenarioChange:
    """One scenario that fails, failed, or is no longer observed.

    `before` is None for a scenario that the baseline does not have, `after` for one that this run
    does not have. `precondition` is that of the scenario.
    """

    scenario_id: str
    title: str
    change: Change
    before: Verdict | None
    after: Verdict | None
    precondition: bool = False


@dataclass(frozen=True)
class Comparison:
    """What changed since the baseline.

    Attributes:
        name: the baseline's file name.
        started_utc: when the baseline was run, `YYYY-MM-DDThh:mm:ssZ`.
        version: the version of pytest-mews that wrote it.
        remarks: differences between the runs that can explain a change, such as another profile or
            target.
        changes: in the order of the scenarios; those of removed scenarios come last.
        new_failures_only: whether only new failures fail the run (--mews-fail-on new).

    """

    name: str
    started_utc: str
    version: str
    remarks: tuple[str, ...]
    changes: tuple[ScenarioChange, ...]
    new_failures_only: bool = False

    @property
    def known_failures(self) -> frozenset[str]:
        """The ids of the scenarios that failed in the baseline and fail now.

        A precondition is never among them: it blocks other scenarios, so it always fails the run.
        """
        return frozenset(
            change.scenario_id
            for change in self.changes
            if change.change is Change.STILL_FAILING and not change.precondition
        )
