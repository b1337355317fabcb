"""The chain delivered → acknowledged → fetched of one play, as rows that a reader can take in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_mews.model import ApiCall, Delivery, EntityFetch, Evidence
from pytest_mews.reports import evidence_selection

ROWS = 30
NAMED = 5
_OWED = frozenset({"fetched", "api-called"})  # expectations that are about being fetched
WINDOW_MS = 30_000  # the limit of requests is within a sliding 30 s (guidelines/requests)


@dataclass(frozen=True)
class Row:
    """Entities of one event type that went the same way; times are ms after the first delivery.

    `asked_ms` and `fetched_ms` are None where that never happened, `fate` says in words what
    became of them.
    """

    label: str
    entities: int
    sent_ms: float
    acknowledged_ms: float
    asked_ms: float | None
    fetched_ms: float | None
    fate: str


@dataclass(frozen=True)
class Chain:
    """What the partner fetched of that which it acknowledged.

    Attributes:
        links: every entity, in the order of first delivery.
        rows: at most `ROWS`; those that were not fetched win a place first.
        left_out: entities that are in no row.
        zero_ms: the beginning of the first delivery on the run's clock.
        owed: whether what was not fetched broke an expectation; a refused or foreign message may
            well lead to nothing.

    """

    links: tuple[EntityFetch, ...]
    rows: tuple[Row, ...]
    left_out: int
    zero_ms: float
    owed: bool

    @property
    def missing(self) -> tuple[EntityFetch, ...]:
        """The entities that were not fetched after the last message about them."""
        return tuple(link for link in self.links if link.fetched_ms is None)

    @property
    def says(self) -> str:
        """The chain in figures: the text that stands for the picture."""
        delays = [
            max(0.0, link.fetched_ms - link.acknowledged_ms)
            for link in self.links
            if link.fetched_ms is not None
        ]
        said = f"{_entities(len(self.links))} in acknowledged messages: {len(delays):,} fetched"
        if len(delays) == 1:
            said += f", {delays[0]:,.0f} ms after the answer"
        elif delays:
            said += (
                f", half of them within {median(delays):,.0f} ms of the answer, the last after "
                f"{max(delays):,.0f} ms"
            )
        lost = self.missing
        if not lost:
            return f"{said}."
        names = ", ".join(f"{each.discriminator} {each.entity_id}" for each in lost[:NAMED])
        more = f" and {len(lost) - NAMED:,} more" if len(lost) > NAMED else ""
        return f"{said}; {len(lost):,} not fetched: {names}{more}."


def chain(trial: Evidence) -> Chain | None:
    """Follow the entities of a play; None where no message about one was acknowledged."""
    found = evidence_selection.chain_links(trial)
    if not found:
        return None
    zero = zero_ms(trial.transcript.deliveries)
    groups: dict[tuple[object, ...], list[EntityFetch]] = {}
    for link in found:
        way = (link.sent_ms, link.acknowledged_ms, link.asked_ms, link.fetched_ms, link.in_flight)
        groups.setdefault((link.discriminator, link.enterprise_id, *way), []).append(link)
    rows = [_row(group, zero) for group in groups.values()]
    # A stable sort twice: who wins a place, then back to the order of delivery.
    ranked = sorted(range(len(rows)), key=lambda place: rows[place].fetched_ms is not None)
    kept = tuple(rows[place] for place in sorted(ranked[:ROWS]))
    return Chain(
        found,
        kept,
        len(found) - sum(row.entities for row in kept),
        zero,
        any(one.check in _OWED and not one.met for one in trial.findings),
    )


def zero_ms(deliveries: Iterable[Delivery]) -> float:
    """The beginning of the first of several deliveries on the run's clock, in ms."""
    began = (evidence_selection.zero_ms(each) for each in deliveries if each.attempts)
    return min(began, default=0.0)


def busiest(calls: Sequence[ApiCall]) -> dict[str, int]:
    """Count the most requests that each enterprise's AccessToken bore within 30 s."""
    moments: dict[str, list[float]] = {}
    for call in calls:
        if call.enterprise_id is not None:
            moments.setdefault(call.enterprise_id, []).append(call.received_ms)
    return {enterprise: _crowd(sorted(each)) for enterprise, each in moments.items()}


def _crowd(moments: list[float]) -> int:
    first, most = 0, 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= WINDOW_MS:
            first += 1
        most = max(most, last - first + 1)
    return most


def _row(group: list[EntityFetch], zero: float) -> Row:
    link = group[0]
    whom = f"{link.entity_id[:8]}…" if len(group) == 1 else f"× {len(group):,}"  # noqa: RUF001 - a times sign
    return Row(
        f"{link.discriminator} {whom}",
        len(group),
        link.sent_ms - zero,
        link.acknowledged_ms - zero,
        None if link.asked_ms is None else link.asked_ms - zero,
        None if link.fetched_ms is None else link.fetched_ms - zero,
        _fate(link),
    )


def _fate(link: EntityFetch) -> str:
    if link.fetched_ms is not None:
        after = link.fetched_ms - link.acknowledged_ms
        return f"fetched after {after:,.0f} ms" if after >= 0 else "fetched before the answer"
    if link.in_flight:
        return "not fetched: still being answered"
    if link.asked_ms is not None:
        return "not fetched: asked for, not given"
    return "not fetched again after it changed" if link.fetches else "never asked for"


def _entities(count: int) -> str:
    return "1 entity" if count == 1 else f"{count:,} entities"
