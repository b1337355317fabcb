"""Which failures pass by themselves, and how long to wait for it."""

from __future__ import annotations

import pytest

from pytest_mews.demo.processing.api_client import Reply
from pytest_mews.demo.processing.backoff import LONGEST_S, passes, pause_s


def lowest(low: float, _: float) -> float:
    """Draw the least."""
    return low


def highest(_: float, high: float) -> float:
    """Draw the most."""
    return high


@pytest.mark.parametrize("status", [None, 200, 401, 408, 429, 500, 502, 503])
def test_some_failures_pass(status: int | None) -> None:
    """No answer, an unreadable one, too much at once, trouble at Mews, a key on its way."""
    assert passes(Reply(status))


@pytest.mark.parametrize("status", [301, 400, 403, 404, 405])
def test_our_own_mistakes_do_not(status: int) -> None:
    """The same request would fail the same way."""
    assert not passes(Reply(status))


def test_retry_after_is_waited_for() -> None:
    """At least as long as told, however often it failed."""
    for failures in (0, 1, 20):
        assert pause_s(Reply(429, retry_after_s=7.0), failures, lowest) == 7.0
        assert 7.0 < pause_s(Reply(429, retry_after_s=7.0), failures, highest) < 7.5


def test_pauses_grow_each_time() -> None:
    """Without a Retry-After even the longest pause is shorter than the shortest one after it."""
    for failures in range(7):
        assert pause_s(Reply(429), failures, highest) < pause_s(Reply(429), failures + 1, lowest)


def test_pauses_end_growing() -> None:
    """After very many failures it is still tried now and then."""
    assert pause_s(Reply(500), 5000, highest) <= 1.2 * LONGEST_S
