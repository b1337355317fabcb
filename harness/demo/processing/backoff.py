"""When to retry a failed request, and how long to wait before.

Mews documents (guidelines/requests): after a 429 wait as `Retry-After` says; without it, back off
exponentially; a fixed pause is never right. After a 408 or a 413 (guidelines/responses) request
less at a time.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from pytest_mews.demo.processing.api_client import ApiResponse

FIRST_PAUSE_S = 0.25
MAX_PAUSE_S = 60.0
JITTER = 0.2  # so that clients don't retry in step; small enough that pauses grow every time
OK = 200
UNAUTHORISED = 401
REQUEST_TIMEOUT = 408
CONFLICT = 409
CONTENT_TOO_LARGE = 413
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
_RANDOM = random.SystemRandom()  # the shared generator could have the same seed in many services


def is_retryable(response: ApiResponse) -> bool:
    """Return whether the same request can succeed later: every failure except our own errors.

    After a 413 it can't: it is too large again. 401 is retryable, because the webhook with a new
    key, or the one that disables the integration, may be on its way.
    """
    if response.status is None or response.status == OK:  # no response, or no JSON in it
        return True
    if response.status in {UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY_REQUESTS}:
        return True
    return response.status >= SERVER_ERROR


def asks_for_less(response: ApiResponse) -> bool:
    """Return whether Mews asks for smaller requests: one took too long, or was too large."""
    return response.status in {REQUEST_TIMEOUT, CONTENT_TOO_LARGE}


def retry_pause_s(
    response: ApiResponse,
    failures: int,
    uniform: Callable[[float, float], float] = _RANDOM.uniform,
) -> float:
    """Return the seconds to wait before a retry.

    Args:
        response: of the failed request.
        failures: the number of consecutive failures before it.
        uniform: returns a random number between two bounds.

    """
    if response.retry_after_s is not None:
        return response.retry_after_s + uniform(0, JITTER)
    pause_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 32))  # no float overflow
    return float(pause_s * uniform(1 - JITTER, 1 + JITTER))
