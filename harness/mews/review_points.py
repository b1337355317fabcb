"""The points of Mews's certification review; `review_points.toml` explains them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pytest_mews.mews.facts import Fact, load_facts
from pytest_mews.mews.toml_data import read_data


class PointName(StrEnum):
    """The name of a point of the review: a closed list."""

    CLIENT = "client"
    LISTED_OPERATIONS = "listed-operations"
    SPECIFICATION = "specification"
    CURRENT_VERSIONS = "current-versions"
    FILTERS = "filters"
    EXTENTS = "extents"
    WEBHOOKS = "webhooks"
    REQUEST_LIMITS = "request-limits"
    ERRORS = "errors"
    WORKFLOW = "workflow"
    OWN_TOKEN = "own-token"  # noqa: S105 - the name of a point


@dataclass(frozen=True)
class ReviewPoint:
    """One point of the review.

    Attributes:
        name: its name.
        title: what it is about, in a few words; Markdown with `code` only.
        facts: the facts that document it, the most important one first.
        shown_by: the ids of facts whose scenarios show it.
        checks: the names of the checks by which they show it.
        not_judged: why a rehearsal can't judge it; empty if it can.

    """

    name: PointName
    title: str
    facts: tuple[Fact, ...]
    shown_by: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()
    not_judged: str = ""


def _point(  # noqa: PLR0913 - the keys of a point
    name: str,
    *,
    title: str,
    facts: Iterable[str],
    shown_by: Iterable[str] = (),
    checks: Iterable[str] = (),
    not_judged: str = "",
) -> ReviewPoint:
    known = load_facts()
    return ReviewPoint(
        PointName(name),
        title,
        tuple(known[id_] for id_ in facts),
        frozenset(shown_by),
        frozenset(checks),
        not_judged,
    )


POINTS: Mapping[PointName, ReviewPoint] = MappingProxyType(
    {PointName(name): _point(name, **data) for name, data in read_data("review_points").items()}
)
"""Every point by its name, in the order of the file."""

JUDGED_FACTS: frozenset[str] = frozenset(
    fact.id for point in POINTS.values() for fact in point.facts if not point.not_judged
)
"""The ids of the facts that the report judges by all requests of a run."""
