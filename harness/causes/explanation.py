"""A possible cause, with the predicates that decide which failures it accounts for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_mews.causes.observations import Observed
from pytest_mews.model import (
    CauseKind,
    EntityFetch,
    Evidence,
    Finding,
    ScenarioResult,
    Transcript,
)


@dataclass(frozen=True)
class UnmetFinding:
    """A finding that is not met, with where it was observed."""

    result: ScenarioResult
    evidence: Evidence
    finding: Finding


MissingEntity = Callable[[EntityFetch], bool]
"""Whether an explanation accounts for an acknowledged entity that was not fetched."""


def _never(_: object) -> bool:
    return False


def _no_entity(_: Transcript) -> MissingEntity:
    return _never


@dataclass(frozen=True)
class Explanation:
    """A cause before it is known which scenarios it explains.

    Attributes:
        kind: what is wrong.
        summary: one sentence with figures.
        accounts_for: whether it accounts for an attempt that broke an expectation.
        accounts_for_finding: whether it accounts for a finding that is not about single attempts.
        accounts_for_missing: takes a transcript, and returns whether it accounts for an entity of
            it that was not fetched.
        accounts_for_result: whether it accounts for a result whatever its findings.
        stands_alone: whether it is worth telling if it explains only one scenario: it says more
            than the scenario's own finding.
        shown_by: the id of the scenario that shows it best; empty for the first that it explains.
        remedy: what to change if that depends on what was observed; empty for that of the kind.

    """

    kind: CauseKind
    summary: str
    accounts_for: Callable[[Observed], bool] = _never
    accounts_for_finding: Callable[[UnmetFinding], bool] = _never
    accounts_for_missing: Callable[[Transcript], MissingEntity] = _no_entity
    accounts_for_result: Callable[[ScenarioResult], bool] = _never
    stands_alone: bool = False
    shown_by: str = ""
    remedy: str = ""
