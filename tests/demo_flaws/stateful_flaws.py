"""Flaws whose response depends on earlier requests: outages, periodic errors, wrong state.

Each function creates the behaviour of a new partner. A behaviour receives one request at a time.
"""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.demo.response_flaws import OUTAGE, fails_after_body
from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.webhook_bodies import events_of, is_json

SHORT_OUTAGE = 5  # requests
COLD_START_S = 6.0  # more than the documented limit of 5 s
DISCONNECT_TIMEOUT_S = 0.05  # how long the partner watches whether the client disconnects


def fails_after_truncated_body() -> Behaviour:
    """Answers 500 to the five requests after one whose body was truncated."""
    return fails_after_body(SHORT_OUTAGE, lambda request: request.body is None)


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
    return fails_after_body(
        OUTAGE, lambda request: request.body is not None and not is_json(request.body)
    )


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


def cold_start() -> Behaviour:
    """Answers the very first request after 6 s, and every other one at once."""
    waits_s = iter([COLD_START_S])

    def behave(token: str, request: Request) -> Response:
        return replace(respond(token, request), delay_s=next(waits_s, 0.0))

    return behave


STATEFUL_FLAWS = (
    fails_after_truncated_body,
    fails_after_reset,
    dies_on_malformed,
    rejects_general_after_integration,
    cold_start,
)
