"""Hand-made pieces of a transcript: deliveries of some entities, and requests about them."""

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

HERE, THERE = "enterprise-1", "enterprise-2"
RESERVATION = "ServiceOrderUpdated"
RESERVATIONS = "reservations/getAll/2023-06-06"


def attempt(at_ms: float, took_ms: float, outcome: Outcome = Outcome.DELIVERED) -> Attempt:
    """Script an attempt that started then and ended after so long."""
    status = {Outcome.DELIVERED: 202, Outcome.ERROR_STATUS: 500}.get(outcome)
    end = at_ms + took_ms
    answered = None if status is None else end
    exchange = Exchange(
        "POST", "http://x/", (), 9, outcome, at_ms, end, at_ms, at_ms, answered, status
    )
    return Attempt(1, Fault.NONE, at_ms, (exchange,), outcome)


def delivery(  # noqa: PLR0913 - what a test may want to differ
    *ids: str,
    event: str = RESERVATION,
    at_ms: float = 0.0,
    took_ms: float = 10.0,
    outcomes: tuple[Outcome, ...] = (Outcome.DELIVERED,),
    enterprise: str | None = HERE,
    label: str = "message",
) -> Delivery:
    """Script a message with one event for each id, and attempts a second apart."""
    return of_events(
        *((event, each) for each in ids),
        at_ms=at_ms,
        took_ms=took_ms,
        outcomes=outcomes,
        enterprise=enterprise,
        label=label,
    )


def of_events(
    *events: tuple[str, str],
    at_ms: float = 0.0,
    took_ms: float = 10.0,
    outcomes: tuple[Outcome, ...] = (Outcome.DELIVERED,),
    enterprise: str | None = HERE,
    label: str = "message",
) -> Delivery:
    """Script a message of these events."""
    refs = tuple(EventReference(name, entity) for name, entity in events)
    message = Message(
        WebhookKind.GENERAL, b"{}", refs, f"{len(refs)} events", enterprise_id=enterprise
    )
    attempts = tuple(
        attempt(at_ms + 1000 * number, took_ms, outcome) for number, outcome in enumerate(outcomes)
    )
    return Delivery(label, message, attempts)


def call(  # noqa: PLR0913 - as above
    *asked: str,
    at_ms: float = 100.0,
    took_ms: float | None = 5.0,
    number: int = 0,
    status: int | None = 200,
    operation: str = RESERVATIONS,
    enterprise: str | None = HERE,
    returned: tuple[str, ...] | None = None,
    token: TokenState = TokenState.CURRENT,
    **other: Any,  # noqa: ANN401 - further fields of a call
) -> ApiCall:
    """Script a request that gives what it asks for, where it is answered with 200.

    Its number is the moment at which it came, unless the test says another.
    """
    given = asked if returned is None else returned
    return ApiCall(
        number or round(at_ms),
        f"/api/connector/v1/{operation}",
        operation,
        at_ms,
        None if took_ms is None else at_ms + took_ms,
        status,
        enterprise,
        token,
        asked=asked,
        returned=given if status == 200 else (),
        **other,
    )


def seen(*pieces: Delivery | ApiCall) -> Transcript:
    """Put deliveries and requests into one transcript, each kind in its order."""
    return Transcript(
        tuple(each for each in pieces if isinstance(each, Delivery)),
        calls=tuple(each for each in pieces if isinstance(each, ApiCall)),
    )
