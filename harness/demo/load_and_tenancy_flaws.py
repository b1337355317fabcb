"""Flaws in how a partner treats many: enterprises, integrations, callers at the same time.

Each function gives a new partner that has seen nothing yet. The partners are called one request
at a time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from pytest_mews.demo.service import Answer, Behaviour, Request, answer

TURN_S = 0.15  # how long the one who works on everything takes for a message
LONG_TURN_S = 0.35
CROWD, CROWD_WITHIN_S = 20, 1.0  # messages, seconds
SAG_S = 3.0  # within the documented limit of 5 s, but more than half of it


def first_enterprise_only() -> Behaviour:
    """Answers 403 to messages of another enterprise than the first that came."""
    first: str | None = None

    def behave(token: str, request: Request) -> Answer:
        nonlocal first
        given = answer(token, request)
        if given.accepted is None or "EnterpriseId" not in given.accepted:
            return given
        first = first or given.accepted["EnterpriseId"]
        return given if given.accepted["EnterpriseId"] == first else Answer(403)

    return behave


def rejects_unknown_integrations() -> Behaviour:
    """Answers 404 to an action for an integration whose IntegrationCreated did not come."""
    known: set[str] = set()

    def behave(token: str, request: Request) -> Answer:
        given = answer(token, request)
        if given.accepted is None or "Action" not in given.accepted:
            return given
        integration = given.accepted["Data"].get("Integration", {}).get("Id")
        if given.accepted["Action"] == "IntegrationCreated":
            known.add(integration)
        return given if integration in known else Answer(404)

    return behave


def one_at_a_time(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Works on one message at a time, 150 ms each, before it answers; the others wait."""
    return _in_turn(TURN_S, clock)


def falls_behind(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Works on one message at a time, 350 ms each, before it answers: less than 3 per second."""
    return _in_turn(LONG_TURN_S, clock)


def sags_under_load(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Takes 3 s to answer while 20 other messages came within the last second."""
    came: deque[float] = deque(maxlen=CROWD)

    def behave(token: str, request: Request) -> Answer:
        given, now = answer(token, request), clock()
        if given.accepted is None:
            return given
        crowded = len(came) == CROWD and now - came[0] < CROWD_WITHIN_S
        came.append(now)
        return replace(given, delay_s=SAG_S) if crowded else given

    return behave


def _in_turn(turn_s: float, clock: Callable[[], float]) -> Behaviour:
    free_at = 0.0

    def behave(token: str, request: Request) -> Answer:
        nonlocal free_at
        given, now = answer(token, request), clock()
        if given.accepted is None:
            return given
        free_at = max(free_at, now) + turn_s
        return replace(given, delay_s=free_at - now)

    return behave


CROWD_FLAWS = (
    first_enterprise_only,
    rejects_unknown_integrations,
    one_at_a_time,
    falls_behind,
    sags_under_load,
)
