"""The facts of a scenario as the page shows them: one paragraph for each of the documentation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_mews.mews.facts import Fact, Source


@dataclass(frozen=True)
class FactGroup:
    """The facts of one paragraph of the documentation.

    Attributes:
        source: the paragraph, as its first fact names it.
        facts: at least one.

    """

    source: Source
    facts: tuple[Fact, ...]

    @property
    def revisions(self) -> str:
        """The revisions that state the facts, as a phrase for people."""
        revisions = sorted({fact.source.revision for fact in self.facts} - {""})
        if not revisions:
            return "revision not known"
        return f"revision{'s' * (len(revisions) > 1)} {', '.join(revisions)}"


def group_facts(facts: Iterable[Fact]) -> list[FactGroup]:
    """Group facts by the URL of their source, in the order of their first facts."""
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.source.url, []).append(fact)
    return [FactGroup(group[0].source, tuple(group)) for group in groups.values()]
