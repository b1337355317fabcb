"""Groups results by area, and scenarios that were not run by their common reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_mews.model import ScenarioResult, Verdict
from pytest_mews.model.scenario import AREAS

MIN_COLLAPSED = 3  # scenarios with one reason that the matrix collapses into one line
_UNOBSERVED = frozenset({Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE, Verdict.BLOCKED})


@dataclass(frozen=True)
class ResultGroup:
    """Scenarios that were not run, with one verdict and one reason."""

    verdict: Verdict
    reason: str
    results: tuple[ScenarioResult, ...]


@dataclass(frozen=True)
class Area:
    """The results of one area, `letters` being the start of its scenario ids."""

    letters: str
    name: str
    results: tuple[ScenarioResult, ...]

    @property
    def collapsed(self) -> tuple[ResultGroup, ...]:
        """The groups of at least `MIN_COLLAPSED` results that the matrix collapses."""
        groups = group_unobserved(self.results)
        return tuple(group for group in groups if len(group.results) >= MIN_COLLAPSED)

    @property
    def listed(self) -> tuple[ScenarioResult, ...]:
        """The results that the matrix lists row by row."""
        collapsed = {result.scenario.id for group in self.collapsed for result in group.results}
        return tuple(result for result in self.results if result.scenario.id not in collapsed)


def group_by_area(results: Sequence[ScenarioResult]) -> tuple[Area, ...]:
    """Group results by area, in the order in which the areas first occur."""
    groups: dict[str, list[ScenarioResult]] = {}
    for result in results:
        groups.setdefault(result.scenario.area, []).append(result)
    return tuple(
        Area(letters, AREAS.get(letters, letters), tuple(members))
        for letters, members in groups.items()
    )


def group_unobserved(results: Iterable[ScenarioResult]) -> tuple[ResultGroup, ...]:
    """Group scenarios that were not run by verdict and reason, in the order of occurrence."""
    groups: dict[tuple[Verdict, str], list[ScenarioResult]] = {}
    for result in results:
        if result.verdict in _UNOBSERVED:
            groups.setdefault((result.verdict, result.reason), []).append(result)
    return tuple(
        ResultGroup(verdict, reason, tuple(members))
        for (verdict, reason), members in groups.items()
    )
