"""A run beside an earlier one, the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.scenario import PREFLIGHT
from pytest_mews.model.verdict import Verdict


class Change(StrEnum):
    """What became of a scenario since the baseline: a closed list."""

    NEW = "new"  # fails now, and did not fail then
    STILL_FAILING = "still-failing"
    FIXED = "fixed"  # failed then, passes now
    NEWLY_NOT_OBSERVED = "newly-not-observed"  # was judged then, is not now


@dataclass(frozen=True)
class Changed:
    """One scenario that fails, failed, or is no longer judged.

    `before` is None where the baseline does not know the scenario, `after` where this run does not.
    """

    scenario: str
    title: str
    change: Change
    before: Verdict | None
    after: Verdict | None


@dataclass(frozen=True)
class Comparison:
    """What changed since the baseline.

    Attributes:
        name: the baseline's file name.
        started_utc: when the baseline was run, `YYYY-MM-DDThh:mm:ssZ`.
        version: of pytest-mews that wrote it.
        remarks: what differs between the runs so that a change may not be the partner's, such as
            another profile or target.
        only_new: whether nothing but new failures fails the run (--mews-fail-on new).
        changes: in the catalogue's order, those of scenarios that are no longer known last.

    """

    name: str
    started_utc: str
    version: str
    remarks: tuple[str, ...]
    changes: tuple[Changed, ...]
    only_new: bool = False

    @property
    def known(self) -> frozenset[str]:
        """The ids of the scenarios that failed in the baseline already, and do now.

        Without a preflight: nothing can be judged where it fails, so that it always fails the run.
        """
        return frozenset(
            each.scenario
            for each in self.changes
            if each.change is Change.STILL_FAILING and each.scenario.partition("-")[0] != PREFLIGHT
        )
