"""When the sound partner retries a failed request, and how long it waits before."""

from __future__ import annotations

import pytest

from pytest_mews.demo.processing.api_client import ApiResponse
from pytest_mews.demo.processing.backoff import MAX_PAUSE_S, is_retryable, retry_pause_s


def lowest(low: float, _: float) -> float:
    """Return the lower bound instead of a random number."""
    return low


def highest(_: float, high: float) -> float:
    """Return the upper bound instead of a random number."""
    return high


@pytest.mark.parametrize("status", [None, 200, 401, 408, 429, 500, 502, 503])
def test_failures_that_can_pass_are_retryable(status: int | None) -> None:
    """No response, an unreadable one, rate limits, server errors, and a replaced key."""
    assert is_retryable(ApiResponse(status))


@pytest.mark.parametrize("status", [301, 400, 403, 404, 405])
def test_our_own_errors_are_not_retryable(status: int) -> None:
    """The same request would fail in the same way."""
    assert not is_retryable(ApiResponse(status))


def test_retry_after_is_honoured() -> None:
    """The pause is never shorter than Retry-After, and hardly longer, however many failures."""
    response = ApiResponse(429, retry_after_s=7.0)
    for failures in (0, 1, 20):
        assert retry_pause_s(response, failures, lowest) == 7.0
        assert 7.0 < retry_pause_s(response, failures, highest) < 7.5


def test_pauses_grow_each_time() -> None:
    """Without a Retry-After even the longest pause is shorter than the shortest next one."""
    response = ApiResponse(429)
    for failures in range(7):
        longest = retry_pause_s(response, failures, highest)
        assert longest < retry_pause_s(response, failures + 1, lowest)


def test_pauses_have_a_maximum() -> None:
    """After very many failures the partner still retries now and then."""
    assert retry_pause_s(ApiResponse(500), 5000, highest) <= 1.2 * MAX_PAUSE_S
