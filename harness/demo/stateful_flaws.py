"""Flaws whose response depends on earlier requests: outages, periodic errors, wrong state.

Each function creates the behaviour of a new partner. A behaviour receives one request at a time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import count

from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.webhook_bodies import events_of, is_json, parse_json

OUTAGE = 30  # requests
SHORT_OUTAGE = 5  # requests
TIME_TO_CRASH_S, TIME_TO_RESTART_S = 0.3, 3.0
DISCONNECT_TIMEOUT_S = 0.05  # how long the partner watches whether the client disconnects


def fails_after_truncated_body() -> Behaviour:
    """Answers 500 to the five requests after one whose body was truncated."""
    return _fails_after_body(SHORT_OUTAGE, lambda request: request.body is None)


def fails_after_reset() -> Behaviour:
    """Answers 500 to the five requests after a client that disconnected during a batch."""
    failures_left = 0

    def start_outage() -> None:
        nonlocal failures_left
        failures_left = SHORT_OUTAGE

    def behave(token: str, request: Request) -> Response:
        nonlocal failures_left
        response = respond(token, request)
        if failures_left:
            failures_left -= 1
            return Response(500)
        if len(events_of(response.accepted)) <= 1:
            return response
        return replace(response, delay_s=DISCONNECT_TIMEOUT_S, on_disconnect=start_outage)

    return behave


def dies_on_malformed() -> Behaviour:
    """Answers 500 to malformed JSON and to the next 30 requests."""
    return _fails_after_body(
        OUTAGE, lambda request: request.body is not None and not is_json(request.body)
    )


def dies_on_null_event() -> Behaviour:
    """Answers 500 to a batch with a null event and to the next 30 requests."""
    return _fails_after_body(OUTAGE, _has_null_event)


def dies_later(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Answers 202 to a null event; 0.3 s later it answers 500 to everything, for 3 s."""
    dies_at = -math.inf

    def behave(token: str, request: Request) -> Response:
        nonlocal dies_at
        response, now = respond(token, request), clock()
        if dies_at <= now < dies_at + TIME_TO_RESTART_S:
            return Response(500)
        if response.status != HTTPStatus.BAD_REQUEST or not _has_null_event(request):
            return response
        dies_at = now + TIME_TO_CRASH_S
        return Response(202)

    return behave


def rejects_general_after_integration() -> Behaviour:
    """Answers 400 to the General Webhook that follows an Integration Webhook."""
    after_integration = False

    def behave(token: str, request: Request) -> Response:
        nonlocal after_integration
        response = respond(token, request)
        if response.accepted is None:
            return response
        is_general = "Events" in response.accepted
        rejected = after_integration and is_general
        after_integration = not is_general
        return Response(400) if rejected else response

    return behave


def first_enterprise_only() -> Behaviour:
    """Answers 403 to messages of any enterprise except the first one."""
    first: str | None = None

    def behave(token: str, request: Request) -> Response:
        nonlocal first
        response = respond(token, request)
        if response.accepted is None or "EnterpriseId" not in response.accepted:
            return response
        first = first or response.accepted["EnterpriseId"]
        return response if response.accepted["EnterpriseId"] == first else Response(403)

    return behave


def every_third_503() -> Behaviour:
    """Answers 503 to every third request."""
    return _fails_every(3)


def fails_once_in_20() -> Behaviour:
    """Answers 503 to every 20th request."""
    return _fails_every(20)


def _fails_every(period: int) -> Behaviour:
    numbers = count(1)

    def behave(token: str, request: Request) -> Response:
        return respond(token, request) if next(numbers) % period else Response(503)

    return behave


def _fails_after_body(length: int, crashes_on: Callable[[Request], bool]) -> Behaviour:
    """Return a behaviour that answers 500 to some invalid bodies, and to the requests after each.

    Args:
        length: the number of requests that fail afterwards.
        crashes_on: whether the partner crashes on a request with an invalid body.

    """
    failures_left = 0

    def behave(token: str, request: Request) -> Response:
        nonlocal failures_left
        response = respond(token, request)
        if response.status == HTTPStatus.BAD_REQUEST and crashes_on(request):
            failures_left = length
            return Response(500)
        if failures_left:
            failures_left -= 1
            return Response(500)
        return response

    return behave


def _has_null_event(request: Request) -> bool:
    document = parse_json(request.body) if is_json(request.body) else None
    events = document.get("Events") if isinstance(document, dict) else None
    return isinstance(events, list) and None in events


STATEFUL_FLAWS = (
    fails_after_truncated_body,
    fails_after_reset,
    dies_on_malformed,
    dies_on_null_event,
    dies_later,
    rejects_general_after_integration,
    first_enterprise_only,
    every_third_503,
    fails_once_in_20,
)
