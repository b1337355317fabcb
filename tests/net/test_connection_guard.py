"""Which connections of a server are closed, with a clock that the test sets."""

from __future__ import annotations

import pytest

from pytest_mews.net.connection_guard import ConnectionGuard, ConnectionLimits
from tests.seconds_clock import SecondsClock

LIMITS = ConnectionLimits(connections=3, head_s=10.0, body_s=60.0, young_s=0.5)


@pytest.fixture
def clock() -> SecondsClock:
    """A clock."""
    return SecondsClock()


@pytest.fixture
def guard(clock: SecondsClock) -> ConnectionGuard[str]:
    """A guard of at most three connections."""
    return ConnectionGuard(LIMITS, clock)


def test_heads_and_bodies_have_a_time_limit(
    guard: ConnectionGuard[str], clock: SecondsClock
) -> None:
    """An idle connection and one that is answered have none."""
    guard.open("idle")
    for name in ("head", "body", "answer"):
        guard.open(name)
        guard.wait(name)
        guard.receive_head(name)
    guard.receive_body("body")
    guard.answer("answer")
    clock.now = 10.1
    assert guard.overdue() == ["head"]
    clock.now = 1000.0
    assert guard.overdue() == ["head", "body"]
    guard.close("head")
    guard.wait("body")
    assert guard.overdue() == []


def test_unproven_connections_are_given_up_first(
    guard: ConnectionGuard[str], clock: SecondsClock
) -> None:
    """Then the one unused for the longest time; never a young one, or one that is answered."""
    for name in ("proven", "stranger", "answered"):
        assert not guard.is_full
        guard.open(name)
    assert guard.is_full
    guard.answer("proven")
    guard.wait("proven")
    guard.answer("answered")
    assert guard.dispensable() is None
    clock.now = 0.5
    assert guard.dispensable() == "stranger"
    guard.close("stranger")
    assert not guard.is_full
    assert guard.dispensable() == "proven"
    guard.close("proven")
    assert guard.dispensable() is None
