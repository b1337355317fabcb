"""The entities that a finding misses: acknowledged, and not fetched."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_mews.causes.explanation import MissingEntity, UnmetFinding
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    EntityFetch,
    ScenarioResult,
    Transcript,
    Validity,
    entity_fetches,
)
from pytest_mews.model.fetch_record import FETCHED, FURTHER_PAGES_READ


def fetches_of(unmet: UnmetFinding) -> tuple[EntityFetch, ...]:
    """Return the fetches of the entities that a finding is about."""
    labels, transcript = unmet.finding.of, unmet.evidence.transcript
    deliveries = [
        delivery for delivery in transcript.deliveries if not labels or delivery.label in labels
    ]
    return entity_fetches(deliveries, transcript.calls)


def awaits_fetches(result: ScenarioResult) -> bool:
    """Return whether a scenario waits until what was acknowledged is fetched."""
    return any(
        finding.check == FETCHED for evidence in result.evidence for finding in evidence.findings
    )


def met_no_error(transcript: Transcript) -> bool:
    """Return whether no request got an injected error: what waits behind such a request is late."""
    return all(call.fault in {None, ApiFault.SLOW} for call in transcript.calls)


def has_recovered(calls: Sequence[ApiCall]) -> bool:
    """Return whether all that failed requests asked for was asked for again, with success.

    Then nothing waits behind a request that failed.
    """
    asked: dict[tuple[str | None, str], set[str]] = {}
    for call in reversed(calls):
        key = call.enterprise_id, call.operation
        if call.answered_ok:
            asked.setdefault(key, set()).update(call.requested_ids)
        elif key not in asked or not asked[key].issuperset(call.requested_ids):
            return False
    return True


def missing_entities(unmet: UnmetFinding) -> list[EntityFetch]:
    """Return the entities that a finding about fetches misses; none of another finding."""
    if unmet.finding.check not in {FETCHED, FURTHER_PAGES_READ}:
        return []
    return [fetch for fetch in fetches_of(unmet) if fetch.fetched_ms is None]


def lost_with_messages(transcript: Transcript, validities: Collection[Validity]) -> MissingEntity:
    """Return whether an entity is of an acknowledged message of one of these validities."""
    lost = {
        event.entity_id
        for delivery in transcript.deliveries
        if delivery.delivered and delivery.message.validity in validities
        for event in delivery.message.events
    }
    return lambda fetch: fetch.entity_id in lost
