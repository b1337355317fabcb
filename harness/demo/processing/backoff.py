"""What to do when a request fails: try again or not, and how long to wait before.

Mews documents (guidelines/requests): on 429 wait as `Retry-After` says, without it back off
exponentially; a fixed pause is never right.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from pytest_mews.demo.processing.api_client import Reply

FIRST_S = 0.25
LONGEST_S = 60.0
SPREAD = 0.2  # so that many clients do not come back together; pauses still grow each time
OK = 200
UNAUTHORISED = 401  # the webhook that gives a new key, or switches us off, may be on its way
REQUEST_TIMEOUT = 408
TOO_MANY = 429
SERVER_ERROR = 500
_CHANCE = random.SystemRandom()  # the shared generator may be seeded alike in many services


def passes(reply: Reply) -> bool:
    """Tell whether a failure passes by itself: all but those that are our own mistake."""
    if reply.status is None or reply.status == OK:  # reset, too late, or cut short: no JSON in it
        return True
    return reply.status in {UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY} or reply.status >= SERVER_ERROR


def pause_s(
    reply: Reply, failures: int, draw: Callable[[float, float], float] = _CHANCE.uniform
) -> float:
    """Say how long to wait after a failure.

    Args:
        reply: what came back.
        failures: how many there were before it in a row.
        draw: gives a number between two.

    """
    if reply.retry_after_s is not None:
        return reply.retry_after_s + draw(0, SPREAD)
    # The exponent is bounded only because a float is.
    return float(min(LONGEST_S, FIRST_S * 2 ** min(failures, 32)) * draw(1 - SPREAD, 1 + SPREAD))
