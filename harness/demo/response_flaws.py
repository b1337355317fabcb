"""Flaws in how the endpoint responds, each as a user may meet it.

Each responds as the sound service does, except for its one flaw. Those that remember earlier
requests are functions that create the behaviour of a new partner; a behaviour receives one request
at a time.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import count
from urllib.parse import urlencode

from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.sound_variants import redirect
from pytest_mews.demo.webhook_bodies import (
    ENTITY_KINDS,
    Document,
    events_of,
    is_json,
    parse_json,
)

BODY_LIMIT = 32_000  # bytes; about 350 events
FETCH_S = 0.015  # per event: 7.5 s for 500 events, beyond the documented limit of 5 s
OUTAGE = 30  # requests
TIME_TO_CRASH_S, TIME_TO_RESTART_S = 0.3, 3.0


def demands_signature(token: str, request: Request) -> Response:
    """Answers 401 without an X-Mews-Signature header, which Mews never sends."""
    return respond(token, request) if "x-mews-signature" in request.headers else Response(401)


def ignores_token(token: str, request: Request) -> Response:
    """Accepts any token, and a missing one."""
    return respond(token, authorised(token, request))


def body_limit(token: str, request: Request) -> Response:
    """Answers 413 to a body of more than 32 kB."""
    return reject(413, token, request, when=len(request.body or b"") > BODY_LIMIT)


def answers_before_body(token: str, request: Request) -> Response:
    """Answers 202 to every POST before it has read the body; processes it as usual."""
    return respond(token, request)


def forgets_kept_connections(token: str, request: Request) -> Response:
    """Keeps connections alive, but answers 400 to every request on them except the first."""
    return reject(400, token, request, when=request.request_number > 1)


def always_200(token: str, request: Request) -> Response:
    """Answers 200 to anything that has the token, even to malformed JSON."""
    response = respond(token, request)
    return replace(response, status=200, body=b"") if response.status in {202, 400} else response


def redirects_302(token: str, request: Request) -> Response:
    """Redirects every message with 302, which makes HTTP clients send a GET without the body."""
    return redirect(token, request, 302)


def fetches_first(token: str, request: Request) -> Response:
    """Takes 15 ms per event before it answers, as if it fetched each entity first."""
    response = respond(token, request)
    return replace(response, delay_s=FETCH_S * len(events_of(response.accepted)))


def fails_on_mixed_batch(document: Document) -> Response | None:
    """Answers 500 to a batch with more than one discriminator."""
    return Response(500) if len(set(discriminators(document))) > 1 else None


def strict_events(document: Document) -> Response | None:
    """Answers 400 to an unknown discriminator."""
    return Response(400) if set(discriminators(document)) - ENTITY_KINDS.keys() else None


def dies_on_null_event() -> Behaviour:
    """Answers 500 to a batch with a null event and to the next 30 requests."""
    return fails_after_body(OUTAGE, _has_null_event)


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


def refuses_duplicates() -> Behaviour:
    """Answers 409 to a body that it has accepted before."""
    accepted: set[bytes] = set()

    def rejection_status(body: bytes, _: Document) -> int | None:
        if body in accepted:
            return 409
        accepted.add(body)
        return None

    return rejecting(rejection_status)


def authorised(token: str, request: Request) -> Request:
    """Return the request with the right token."""
    return replace(request, query=urlencode({"Token": token}))


def reject(status: int, token: str, request: Request, *, when: bool) -> Response:
    """Respond with a status instead of accepting the message, if a condition holds."""
    response = respond(token, request)
    return Response(status) if when and response.accepted is not None else response


def discriminators(document: Document) -> list[str]:
    """Return the discriminator of each event."""
    return [event["Discriminator"] for event in events_of(document)]


def _fails_every(period: int) -> Behaviour:
    numbers = count(1)

    def behave(token: str, request: Request) -> Response:
        return respond(token, request) if next(numbers) % period else Response(503)

    return behave


def fails_after_body(length: int, crashes_on: Callable[[Request], bool]) -> Behaviour:
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


def rejecting(rejection_status: Callable[[bytes, Document], int | None]) -> Behaviour:
    """Return a behaviour that rejects some valid messages with a status.

    Args:
        rejection_status: returns the status, or None to accept. It takes the fingerprint of the
            body and the message.

    """

    def behave(token: str, request: Request) -> Response:
        response = respond(token, request)
        if response.accepted is None:
            return response
        status = rejection_status(fingerprint(request), response.accepted)
        return response if status is None else Response(status)

    return behave


def fingerprint(request: Request) -> bytes:
    """Return a hash of the body."""
    return hashlib.sha256(request.body or b"").digest()


STATELESS_FLAWS: tuple[Behaviour, ...] = (
    demands_signature,
    ignores_token,
    body_limit,
    always_200,
    redirects_302,
    fetches_first,
)
REJECTION_FLAWS = (fails_on_mixed_batch, strict_events)
STATEFUL_FLAWS: tuple[Callable[[], Behaviour], ...] = (
    refuses_duplicates,
    dies_on_null_event,
    dies_later,
    first_enterprise_only,
    every_third_503,
    fails_once_in_20,
)
