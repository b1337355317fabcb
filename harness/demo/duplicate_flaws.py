"""Flaws in how a partner treats what comes again: the same message, or the same entity.

Each function gives a new partner that has seen nothing yet. The partners are called one request
at a time.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from pytest_mews.demo.service import Answer, Behaviour, Request, answer
from pytest_mews.demo.webhook_bodies import Document, entity_of, events_of

PATIENCE = 3  # copies of the same body
WORK_S = 0.15  # long enough for a copy that was sent at the same time to arrive


def refuses_duplicates() -> Behaviour:
    """Answers 409 when the very same body was accepted before."""
    seen: set[bytes] = set()

    def judge(body: bytes, _: Document) -> int | None:
        if body in seen:
            return 409
        seen.add(body)
        return None

    return _judging(judge)


def refuses_third_copy() -> Behaviour:
    """Answers 409 when the very same body comes for the third time, and after that."""
    copies: Counter[bytes] = Counter()

    def judge(body: bytes, _: Document) -> int | None:
        copies[body] += 1
        return 409 if copies[body] >= PATIENCE else None

    return _judging(judge)


def locks_out_after_retries() -> Behaviour:
    """Answers 503 to all other messages once the very same body came a third time."""
    copies: Counter[bytes] = Counter()
    locked = False

    def judge(body: bytes, _: Document) -> int | None:
        nonlocal locked
        copies[body] += 1
        locked = locked or copies[body] >= PATIENCE
        return 503 if locked and copies[body] < PATIENCE else None

    return _judging(judge)


def wants_order() -> Behaviour:
    """Answers 409 when a body that was seen before comes after another, newer body."""
    seen: set[bytes] = set()
    newest = b""

    def judge(body: bytes, _: Document) -> int | None:
        nonlocal newest
        if body in seen:
            return None if body == newest else 409
        seen.add(body)
        newest = body
        return None

    return _judging(judge)


def once_per_entity() -> Behaviour:
    """Answers 409 to a message about an entity that an earlier message was about already."""
    seen: set[str] = set()

    def judge(_: bytes, document: Document) -> int | None:
        ids = {event["Value"]["Id"] for event in events_of(document) if entity_of(event)}
        known = not ids.isdisjoint(seen)
        seen.update(ids)
        return 409 if known else None

    return _judging(judge)


def inserts_added_customers() -> Behaviour:
    """Answers 500, once, to CustomerAdded about a customer that another message was about."""
    bodies: set[bytes] = set()
    seen: set[str] = set()

    def judge(body: bytes, document: Document) -> int | None:
        if body in bodies:
            return None
        bodies.add(body)
        told = [each for each in events_of(document) if entity_of(each) == "customers"]
        added = {e["Value"]["Id"] for e in told if e["Discriminator"] == "CustomerAdded"}
        known = not added.isdisjoint(seen)
        seen.update(event["Value"]["Id"] for event in told)
        return 500 if known else None

    return _judging(judge)


def races_on_duplicates(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Answers 500 to a body of two events or more while the very same body is worked on."""
    busy_until: dict[bytes, float] = {}

    def behave(token: str, request: Request) -> Answer:
        given = answer(token, request)
        if len(events_of(given.accepted)) <= 1:
            return given
        body, now = _fingerprint(request), clock()
        if now < busy_until.get(body, now):
            return Answer(500)
        busy_until[body] = now + WORK_S
        return replace(given, delay_s=WORK_S)

    return behave


def _judging(judge: Callable[[bytes, Document], int | None]) -> Behaviour:
    """Make a partner that refuses what is judged so; judged is only what is sound."""

    def behave(token: str, request: Request) -> Answer:
        given = answer(token, request)
        if given.accepted is None:
            return given
        status = judge(_fingerprint(request), given.accepted)
        return given if status is None else Answer(status)

    return behave


def _fingerprint(request: Request) -> bytes:
    return hashlib.sha256(request.body or b"").digest()


REPEAT_FLAWS = (
    refuses_duplicates,
    refuses_third_copy,
    locks_out_after_retries,
    wants_order,
    once_per_entity,
    inserts_added_customers,
    races_on_duplicates,
)
