"""Flaws that remember: what came before changes how the next request is treated.

Each function gives a new partner that has seen nothing yet. The partners are called one request
at a time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from itertools import count

from mews_harness.demo.flaws import is_json
from mews_harness.demo.service import Answer, Behaviour, Request, answer, parse

OUTAGE = 30  # requests
PATIENCE = 3  # copies of the same body


def refuses_duplicates() -> Behaviour:
    """Answers 409 when the very same body was accepted before."""
    seen: set[bytes] = set()

    def behave(token: str, request: Request) -> Answer:
        given = answer(token, request)
        if given.accepted is None:
            return given
        body = _fingerprint(request)
        if body in seen:
            return Answer(409)
        seen.add(body)
        return given

    return behave


def locks_out_after_retries() -> Behaviour:
    """Answers 503 to all other messages once the very same body came a third time."""
    copies: Counter[bytes] = Counter()
    locked = False

    def behave(token: str, request: Request) -> Answer:
        nonlocal locked
        given = answer(token, request)
        if given.accepted is None:
            return given
        body = _fingerprint(request)
        copies[body] += 1
        locked = locked or copies[body] >= PATIENCE
        return Answer(503) if locked and copies[body] < PATIENCE else given

    return behave


def broken_by_cut_body() -> Behaviour:
    """Answers 500 to the five requests after one whose body was cut off."""
    return _outage(5, lambda request: request.body is None)


def dies_on_malformed() -> Behaviour:
    """Answers 500 to malformed JSON and to everything during the next 30 requests."""
    return _outage(OUTAGE, lambda request: request.body is not None and not is_json(request))


def dies_on_null_event() -> Behaviour:
    """Answers 500 to a batch with a null event and to everything during the next 30 requests."""
    return _outage(OUTAGE, lambda request: is_json(request) and _has_null(parse(request.body)))


def forgets_general() -> Behaviour:
    """Answers 400 to the general message that follows an integration message."""
    forgotten = False

    def behave(token: str, request: Request) -> Answer:
        nonlocal forgotten
        given = answer(token, request)
        if given.accepted is None:
            return given
        refused = forgotten and "Events" in given.accepted
        forgotten = "Events" not in given.accepted
        return Answer(400) if refused else given

    return behave


def every_third_503() -> Behaviour:
    """Answers 503 to every third request."""
    numbers = count(1)

    def behave(token: str, request: Request) -> Answer:
        return answer(token, request) if next(numbers) % 3 else Answer(503)

    return behave


def _outage(length: int, kills: Callable[[Request], bool]) -> Behaviour:
    """Make a partner that fails at unusable bodies of some kind and for a while afterwards."""
    left = 0

    def behave(token: str, request: Request) -> Answer:
        nonlocal left
        given = answer(token, request)
        if given.status == HTTPStatus.BAD_REQUEST and kills(request):
            left = length
            return Answer(500)
        if left:
            left -= 1
            return Answer(500)
        return given

    return behave


def _fingerprint(request: Request) -> bytes:
    return hashlib.sha256(request.body or b"").digest()


def _has_null(document: object) -> bool:
    events = document.get("Events") if isinstance(document, dict) else None
    return isinstance(events, list) and None in events


STATEFUL = (
    refuses_duplicates,
    locks_out_after_retries,
    broken_by_cut_body,
    dies_on_malformed,
    dies_on_null_event,
    forgets_general,
    every_third_503,
)
