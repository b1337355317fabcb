"""The fetch table of one case: which entities of acknowledged messages the partner fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_mews.model import (
    ApiCall,
    Delivery,
    EntityFetch,
    Evidence,
    calls_by_entity,
    evidence_selection,
)
from pytest_mews.model.fetches import requests_by_interval, requests_of_others

MAX_ROWS = 30
MAX_NAMED = 5


@dataclass(frozen=True)
class FetchRow:
    """Entities of one event type with the same times, in ms since the first delivery.

    `requested_ms` and `fetched_ms` are None if that never happened; `result` says it in words.
    """

    label: str
    entity_count: int
    sent_ms: float
    acknowledged_ms: float
    requested_ms: float | None
    fetched_ms: float | None
    result: str


@dataclass(frozen=True)
class FetchTable:
    """What the partner fetched of the entities in acknowledged messages.

    Attributes:
        fetches: every entity, in the order of first delivery.
        rows: at most `MAX_ROWS`; rows of entities that were not fetched are kept first.
        left_out: the number of entities that are in no row.
        start_ms: when the first delivery started, on the run's clock.
        missing_is_failure: whether entities that were not fetched failed an expectation. The
            partner need not fetch after a message that it rejects or that is not its own.

    """

    fetches: tuple[EntityFetch, ...]
    rows: tuple[FetchRow, ...]
    left_out: int
    start_ms: float
    missing_is_failure: bool

    @property
    def unfetched(self) -> tuple[EntityFetch, ...]:
        """The entities that were not fetched after the last message about them."""
        return tuple(fetch for fetch in self.fetches if fetch.fetched_ms is None)

    @property
    def summary(self) -> str:
        """The table in figures: the text alternative of the picture."""
        delays = [
            max(0.0, fetch.fetched_ms - fetch.acknowledged_ms)
            for fetch in self.fetches
            if fetch.fetched_ms is not None
        ]
        text = f"{_count_entities(len(self.fetches))} in acknowledged messages: "
        text += f"{len(delays):,} fetched"
        if len(delays) == 1:
            text += f", {delays[0]:,.0f} ms after the response"
        elif delays:
            text += (
                f", half of them within {median(delays):,.0f} ms of the response, the last after "
                f"{max(delays):,.0f} ms"
            )
        unfetched = self.unfetched
        if not unfetched:
            return f"{text}."
        names = ", ".join(
            f"{fetch.discriminator} {fetch.entity_id}" for fetch in unfetched[:MAX_NAMED]
        )
        more = f" and {len(unfetched) - MAX_NAMED:,} more" if len(unfetched) > MAX_NAMED else ""
        return f"{text}; {len(unfetched):,} not fetched: {names}{more}."


def build_fetch_table(evidence: Evidence) -> FetchTable | None:
    """Build the fetch table of a case; None if no message with an entity was acknowledged."""
    fetches = evidence_selection.acknowledged_fetches(evidence)
    if not fetches:
        return None
    start_ms = first_delivery_ms(evidence.transcript.deliveries)
    all_calls = evidence.transcript.calls
    calls = calls_by_entity(all_calls, {fetch.entity_id for fetch in fetches})
    groups: dict[tuple[*tuple[object, ...], str], list[EntityFetch]] = {}
    for fetch in fetches:
        key = (
            fetch.discriminator,
            fetch.enterprise_id,
            fetch.sent_ms,
            fetch.acknowledged_ms,
            fetch.requested_ms,
            fetch.fetched_ms,
            _result(fetch, calls.get(fetch.entity_id, ()), all_calls),
        )
        groups.setdefault(key, []).append(fetch)
    rows = [_row(group, start_ms, result) for (*_, result), group in groups.items()]
    # Rank by whether an entity was fetched, cut, then restore the order of delivery.
    ranked = sorted(range(len(rows)), key=lambda index: rows[index].fetched_ms is not None)
    selected = tuple(rows[index] for index in sorted(ranked[:MAX_ROWS]))
    return FetchTable(
        fetches,
        selected,
        len(fetches) - sum(row.entity_count for row in selected),
        start_ms,
        any(finding.about_fetches and not finding.met for finding in evidence.findings),
    )


def first_delivery_ms(deliveries: Iterable[Delivery]) -> float:
    """Return when the first of several deliveries started, on the run's clock."""
    starts = (
        evidence_selection.delivery_start_ms(delivery)
        for delivery in deliveries
        if delivery.attempts
    )
    return min(starts, default=0.0)


def _row(group: list[EntityFetch], start_ms: float, result: str) -> FetchRow:
    fetch = group[0]
    entities = f"{fetch.entity_id[:8]}…" if len(group) == 1 else f"× {len(group):,}"  # noqa: RUF001 - a times sign
    return FetchRow(
        f"{fetch.discriminator} {entities}",
        len(group),
        fetch.sent_ms - start_ms,
        fetch.acknowledged_ms - start_ms,
        None if fetch.requested_ms is None else fetch.requested_ms - start_ms,
        None if fetch.fetched_ms is None else fetch.fetched_ms - start_ms,
        result,
    )


def _result(fetch: EntityFetch, calls: Sequence[ApiCall], all_calls: Sequence[ApiCall]) -> str:
    """Return what became of an entity, from the calls about it and from all calls."""
    if fetch.fetched_ms is not None:
        delay = fetch.fetched_ms - fetch.acknowledged_ms
        return f"fetched after {delay:,.0f} ms" if delay >= 0 else "fetched before the response"
    if fetch.in_flight:
        return "not fetched: request still in progress"
    if fetch.requested_ms is not None:
        return "not fetched: requested, not returned"
    if requests_of_others(fetch, calls):
        return "not fetched: another AccessToken"
    if requests_by_interval(fetch, all_calls):
        return "not fetched: requested by interval, not returned"
    return "not fetched again after it changed" if fetch.fetch_count else "never requested"


def _count_entities(count: int) -> str:
    return "1 entity" if count == 1 else f"{count:,} entities"
