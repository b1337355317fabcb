"""Flaws under load: responses that become slow when many messages arrive.

Each function creates the behaviour of a new partner. A behaviour receives one request at a time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from pytest_mews.demo.service import Behaviour, Request, Response, respond

WORK_S = 0.15  # per message
LONG_WORK_S = 0.35  # per message
BUSY_MESSAGES, BUSY_PERIOD_S = 20, 1.0
SLOW_S = 3.0  # within the documented limit of 5 s, but more than half of it


def one_at_a_time(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Works 150 ms on each message before it answers, one message at a time; the others wait."""
    return _sequential(WORK_S, clock)


def falls_behind(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Works 350 ms on each message, one at a time: fewer than 3 messages per second."""
    return _sequential(LONG_WORK_S, clock)


def slows_under_load(clock: Callable[[], float] = time.monotonic) -> Behaviour:
    """Takes 3 s to answer if 20 other messages arrived within the last second."""
    arrivals: deque[float] = deque(maxlen=BUSY_MESSAGES)

    def behave(token: str, request: Request) -> Response:
        response, now = respond(token, request), clock()
        if response.accepted is None:
            return response
        busy = len(arrivals) == BUSY_MESSAGES and now - arrivals[0] < BUSY_PERIOD_S
        arrivals.append(now)
        return replace(response, delay_s=SLOW_S) if busy else response

    return behave


def _sequential(work_s: float, clock: Callable[[], float]) -> Behaviour:
    """Return a behaviour that answers a message only after the work on all earlier ones."""
    free_at = 0.0

    def behave(token: str, request: Request) -> Response:
        nonlocal free_at
        response, now = respond(token, request), clock()
        if response.accepted is None:
            return response
        free_at = max(free_at, now) + work_s
        return replace(response, delay_s=free_at - now)

    return behave


LOAD_FLAWS = (one_at_a_time, falls_behind, slows_under_load)
