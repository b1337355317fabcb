"""Deletions that no request notices, since its interval does not have the moment of the change."""

from __future__ import annotations

from pytest_mews.causes.explanation import UnmetFinding
from pytest_mews.model import OPERATIONS_BY_DISCRIMINATOR, ApiCall, Delivery

DELETION_NOTICED = "deletion-noticed"  # the check that each deleted entity was requested
OF_CHANGES = "UpdatedUtc"  # the filter for them; others, such as CreatedUtc, leave changes out


def is_deletion_outside_interval(unmet: UnmetFinding) -> bool:
    """Return whether a finding is about deletions that intervals miss, as they miss any change.

    Each was followed by successful requests by interval only, and none of them asks for what
    changed when its message was sent. A request that does, and leaves the deleted entity out, asks
    for too few states.
    """
    transcript = unmet.evidence.transcript
    if unmet.finding.check != DELETION_NOTICED:
        return False
    deliveries = [
        delivery
        for delivery in transcript.deliveries
        if delivery.delivered and not delivery.is_health_check
    ]
    return bool(deliveries) and all(
        _is_outside(delivery, event.discriminator, transcript.calls)
        for delivery in deliveries
        for event in delivery.message.events
    )


def _is_outside(delivery: Delivery, discriminator: str, calls: tuple[ApiCall, ...]) -> bool:
    answers = [
        call
        for call in calls
        if call.answered_ok
        and call.received_ms >= delivery.started_ms
        and call.enterprise_id == delivery.message.token_owner
        and call.operation in OPERATIONS_BY_DISCRIMINATOR.get(discriminator, ())
    ]
    return bool(answers) and all(
        call.interval_s is not None
        and not call.asks_by_id
        and not (OF_CHANGES in call.filters and call.includes(delivery.started_ms))
        for call in answers
    )
