"""Flaws in handling repeated messages, and repeated messages about the same entity.

Each function creates the behaviour of a new partner. A behaviour receives one request at a time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from pytest_mews.demo.response_flaws import fingerprint, rejecting
from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.webhook_bodies import Document, entity_kind_of, events_of

MAX_COPIES = 3  # of the same body
WORK_S = 0.15  # long enough for a concurrent copy to arrive


def refuses_third_copy() -> Behaviour:
    """Answers 409 from the third copy of the same body on."""
    copies: Counter[bytes] = Counter()

    def rejection_status(body: bytes, _: Document) -> int | None:
        copies[body] += 1
        return 409 if copies[body] >= MAX_COPIES else None

    return rejecting(rejection_status)


def locks_out_after_retries() -> Behaviour:
    """Answers 503 to all other messages once the same body has arrived three times."""
    copies: Counter[bytes] = Counter()
    locked = False

    def rejection_status(body: bytes, _: Document) -> int | None:
        nonlocal locked
        copies[body] += 1
        locked = locked or copies[body] >= MAX_COPIES
        return 503 if locked and copies[body] < MAX_COPIES else None

    return rejecting(rejection_status)


def requires_delivery_order() -> Behaviour:
    """Answers 409 if a known body arrives again after another, newer body."""
    known: set[bytes] = set()
    newest = b""

    def rejection_status(body: bytes, _: Document) -> int | None:
        nonlocal newest
        if body in known:
            return None if body == newest else 409
        known.add(body)
        newest = body
        return None

    return rejecting(rejection_status)


def one_message_per_entity() -> Behaviour:
    """Answers 409 to a message about an entity of an earlier message."""
    known: set[str] = set()

    def rejection_status(_: bytes, document: Document) -> int | None:
        ids = {event["Value"]["Id"] for event in events_of(document) if entity_kind_of(event)}
        repeated = not ids.isdisjoint(known)
        known.update(ids)
        return 409 if repeated else None

    return rejecting(rejection_status)


def inserts_instead_of_upserts() -> Behaviour:
    """Answers 500, once, to CustomerAdded for a customer of an earlier message."""
    bodies: set[bytes] = set()
    known: set[str] = set()

    def rejection_status(body: bytes, document: Document) -> int | None:
        if body in bodies:
            return None
        bodies.add(body)
        events = [event for event in events_of(document) if entity_kind_of(event) == "customers"]
        added = {
            event["Value"]["Id"] for event in events if event["Discriminator"] == "CustomerAdded"
        }
        repeated = not added.isdisjoint(known)
        known.update(event["Value"]["Id"] for event in events)
        return 500 if repeated else None

    return rejecting(rejection_status)


def races_on_duplicates(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Answers 500 to a batch while it still works on a copy of the same batch."""
    busy_until: dict[bytes, float] = {}

    def behave(token: str, request: Request) -> Response:
        response = respond(token, request)
        if len(events_of(response.accepted)) <= 1:
            return response
        body, now = fingerprint(request), clock()
        if now < busy_until.get(body, now):
            return Response(500)
        busy_until[body] = now + WORK_S
        return replace(response, delay_s=WORK_S)

    return behave


DUPLICATE_FLAWS = (
    refuses_third_copy,
    locks_out_after_retries,
    requires_delivery_order,
    one_message_per_entity,
    inserts_instead_of_upserts,
    races_on_duplicates,
)
