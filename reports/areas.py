"""The results by area; what was not observed for one reason is said once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_mews.model import ScenarioResult, Verdict
from pytest_mews.model.scenario import AREAS

FEWEST = 3  # scenarios of one reason that are worth gathering
_UNSEEN = frozenset({Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE, Verdict.BLOCKED})


@dataclass(frozen=True)
class Gathered:
    """Scenarios that were not played, of one verdict and for one reason."""

    verdict: Verdict
    reason: str
    results: tuple[ScenarioResult, ...]


@dataclass(frozen=True)
class Area:
    """The scenarios whose ids begin alike: all of them, and how the matrix shows them."""

    letters: str
    name: str
    results: tuple[ScenarioResult, ...]

    @property
    def gathered(self) -> tuple[Gathered, ...]:
        """What the matrix folds: scenarios of one reason, where there are enough of them."""
        return tuple(each for each in unseen(self.results) if len(each.results) >= FEWEST)

    @property
    def single(self) -> tuple[ScenarioResult, ...]:
        """What the matrix shows row by row."""
        folded = {one.scenario.id for each in self.gathered for one in each.results}
        return tuple(one for one in self.results if one.scenario.id not in folded)


def areas(results: Sequence[ScenarioResult]) -> tuple[Area, ...]:
    """Group the results by area, in the order in which the areas first come."""
    found: dict[str, list[ScenarioResult]] = {}
    for result in results:
        found.setdefault(result.scenario.area, []).append(result)
    return tuple(
        Area(letters, AREAS.get(letters, letters), tuple(own)) for letters, own in found.items()
    )


def unseen(results: Iterable[ScenarioResult]) -> tuple[Gathered, ...]:
    """Gather what was not observed by verdict and reason, in the order of first mention."""
    found: dict[tuple[Verdict, str], list[ScenarioResult]] = {}
    for result in results:
        if result.verdict in _UNSEEN:
            found.setdefault((result.verdict, result.reason), []).append(result)
    return tuple(Gathered(verdict, reason, tuple(own)) for (verdict, reason), own in found.items())
