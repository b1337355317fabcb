"""The entities that a finding misses: acknowledged, and not fetched."""

from __future__ import annotations

from collections.abc import Callable, Collection

from pytest_mews.causes.explanation import UnmetFinding
from pytest_mews.model import EntityFetch, Validity, entity_fetches
from pytest_mews.model.fetch_record import FETCHED


def fetches_of(unmet: UnmetFinding) -> tuple[EntityFetch, ...]:
    """Return the fetches of the entities that a finding is about."""
    labels, transcript = unmet.finding.of, unmet.evidence.transcript
    deliveries = [
        delivery for delivery in transcript.deliveries if not labels or delivery.label in labels
    ]
    return entity_fetches(deliveries, transcript.calls)


def all_missing(unmet: UnmetFinding, matches: Callable[[EntityFetch], bool]) -> bool:
    """Return whether a finding is about fetches, and all that are missing match."""
    if unmet.finding.check != FETCHED:
        return False
    missing = [fetch for fetch in fetches_of(unmet) if fetch.fetched_ms is None]
    return bool(missing) and all(map(matches, missing))


def lost_with_messages(unmet: UnmetFinding, validities: Collection[Validity]) -> bool:
    """Return whether all missing entities are of acknowledged messages of these validities."""
    lost = {
        event.entity_id
        for delivery in unmet.evidence.transcript.deliveries
        if delivery.delivered and delivery.message.validity in validities
        for event in delivery.message.events
    }
    return all_missing(unmet, lambda fetch: fetch.entity_id in lost)
