"""Flaws that remember: what came before changes how the next request is treated.

Each function gives a new partner that has seen nothing yet. The partners are called one request
at a time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import count

from pytest_mews.demo.service import Answer, Behaviour, Request, answer
from pytest_mews.demo.webhook_bodies import events_of, is_json, parse

OUTAGE = 30  # requests
SHORT_OUTAGE = 5  # requests
WORK_S, OUTAGE_S = 0.3, 3.0  # from taking a message to dying of it; from then to a new start
LOOK_S = 0.05  # how long a client has to go away before it is answered


def broken_by_cut_body() -> Behaviour:
    """Answers 500 to the five requests after one whose body was cut off."""
    return _outage(SHORT_OUTAGE, lambda request: request.body is None)


def broken_by_reset() -> Behaviour:
    """Answers 500 to five requests after a client left before two events or more were answered."""
    left = 0

    def fall() -> None:
        nonlocal left
        left = SHORT_OUTAGE

    def behave(token: str, request: Request) -> Answer:
        nonlocal left
        given = answer(token, request)
        if left:
            left -= 1
            return Answer(500)
        several = len(events_of(given.accepted)) > 1
        return replace(given, delay_s=LOOK_S, unread=fall) if several else given

    return behave


def dies_on_malformed() -> Behaviour:
    """Answers 500 to malformed JSON and to everything during the next 30 requests."""
    return _outage(OUTAGE, lambda request: request.body is not None and not is_json(request.body))


def dies_on_null_event() -> Behaviour:
    """Answers 500 to a batch with a null event and to everything during the next 30 requests."""
    return _outage(OUTAGE, lambda request: is_json(request.body) and _has_null(parse(request.body)))


def dies_later(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Answers 202 to a null event, and 500 to everything from 0.3 s afterwards on, for 3 s."""
    dies_at = -math.inf

    def behave(token: str, request: Request) -> Answer:
        nonlocal dies_at
        given, now = answer(token, request), clock()
        if dies_at <= now < dies_at + OUTAGE_S:
            return Answer(500)
        if given.status != HTTPStatus.BAD_REQUEST or not is_json(request.body):
            return given
        if not _has_null(parse(request.body)):
            return given
        dies_at = now + WORK_S
        return Answer(202)

    return behave


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
    return _failing_every(3)


def fails_once_in_20() -> Behaviour:
    """Answers 503 to every 20th request."""
    return _failing_every(20)


def _failing_every(number: int) -> Behaviour:
    numbers = count(1)

    def behave(token: str, request: Request) -> Answer:
        return answer(token, request) if next(numbers) % number else Answer(503)

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


def _has_null(document: object) -> bool:
    events = document.get("Events") if isinstance(document, dict) else None
    return isinstance(events, list) and None in events


STATEFUL = (
    broken_by_cut_body,
    broken_by_reset,
    dies_on_malformed,
    dies_on_null_event,
    dies_later,
    forgets_general,
    every_third_503,
    fails_once_in_20,
)
