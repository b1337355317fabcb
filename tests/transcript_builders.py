"""Builds transcripts: deliveries about entities, and calls about these entities."""

from __future__ import annotations

from typing import Any

from pytest_mews.model import (
    ApiCall,
    Attempt,
    Delivery,
    EventReference,
    Exchange,
    Fault,
    Message,
    Outcome,
    TokenState,
    Transcript,
    WebhookKind,
)

ENTERPRISE, OTHER_ENTERPRISE = "enterprise-1", "enterprise-2"
RESERVATION_EVENT = "ServiceOrderUpdated"
GET_RESERVATIONS = "reservations/getAll/2023-06-06"


def attempt(at_ms: float, duration_ms: float, outcome: Outcome = Outcome.DELIVERED) -> Attempt:
    """Build an attempt by its start and duration."""
    status = {Outcome.DELIVERED: 202, Outcome.ERROR_STATUS: 500}.get(outcome)
    ended_ms = at_ms + duration_ms
    first_byte_ms = None if status is None else ended_ms
    exchange = Exchange(
        "POST", "http://x/", (), 9, outcome, at_ms, ended_ms, at_ms, at_ms, first_byte_ms, status
    )
    return Attempt(1, Fault.NONE, at_ms, (exchange,), outcome)


def delivery(  # noqa: PLR0913 - what tests vary
    *ids: str,
    event: str = RESERVATION_EVENT,
    at_ms: float = 0.0,
    duration_ms: float = 10.0,
    outcomes: tuple[Outcome, ...] = (Outcome.DELIVERED,),
    enterprise: str | None = ENTERPRISE,
    label: str = "message",
) -> Delivery:
    """Build the delivery of a message with one event for each id, and attempts a second apart."""
    return delivery_of(
        *((event, entity_id) for entity_id in ids),
        at_ms=at_ms,
        duration_ms=duration_ms,
        outcomes=outcomes,
        enterprise=enterprise,
        label=label,
    )


def delivery_of(
    *events: tuple[str, str],
    at_ms: float = 0.0,
    duration_ms: float = 10.0,
    outcomes: tuple[Outcome, ...] = (Outcome.DELIVERED,),
    enterprise: str | None = ENTERPRISE,
    label: str = "message",
) -> Delivery:
    """Build the delivery of a message with these events: pairs of discriminator and entity id."""
    references = tuple(EventReference(name, entity_id) for name, entity_id in events)
    message = Message(
        WebhookKind.GENERAL,
        b"{}",
        references,
        f"{len(references)} events",
        enterprise_id=enterprise,
    )
    attempts = tuple(
        attempt(at_ms + 1000 * number, duration_ms, outcome)
        for number, outcome in enumerate(outcomes)
    )
    return Delivery(label, message, attempts)


def call(  # noqa: PLR0913 - as above
    *requested_ids: str,
    at_ms: float = 100.0,
    duration_ms: float | None = 5.0,
    number: int = 0,
    status: int | None = 200,
    operation: str = GET_RESERVATIONS,
    enterprise: str | None = ENTERPRISE,
    returned_ids: tuple[str, ...] | None = None,
    token_state: TokenState = TokenState.CURRENT,
    **other: Any,  # noqa: ANN401 - further fields of a call
) -> ApiCall:
    """Build a call that returns what it requests, if its status is 200.

    Its number is the time of its arrival, unless the test gives another.
    """
    returned = requested_ids if returned_ids is None else returned_ids
    return ApiCall(
        number or round(at_ms),
        f"/api/connector/v1/{operation}",
        operation,
        at_ms,
        None if duration_ms is None else at_ms + duration_ms,
        status,
        enterprise,
        token_state,
        requested_ids=requested_ids,
        returned_ids=returned if status == 200 else (),
        **other,
    )


def build_transcript(*parts: Delivery | ApiCall) -> Transcript:
    """Build a transcript of deliveries and calls, each in their order."""
    return Transcript(
        tuple(part for part in parts if isinstance(part, Delivery)),
        calls=tuple(part for part in parts if isinstance(part, ApiCall)),
    )
