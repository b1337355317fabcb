"""The preflight tells dead, deaf, slow and well apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.execution import send_preflight
from pytest_mews.model import Outcome
from pytest_mews.model.scenario import Requirement

from .conftest import Table


@pytest.mark.parametrize(
    ("answer", "took_ms", "expected"),
    [
        (202, 5.0, (True, True, False)),
        (401, 5.0, (True, False, False)),
        (Outcome.NAME_NOT_RESOLVED, 5.0, (False, False, False)),
        (Outcome.CONNECTION_REFUSED, 5.0, (False, False, False)),
        (Outcome.TLS_ERROR, 5.0, (False, False, False)),
        (Outcome.TIMEOUT_ANSWER, 10_000.0, (False, False, False)),
        (202, 6_000.0, (True, True, True)),
    ],
)
def test_what_it_finds(
    table: Callable[..., Table],
    answer: int | Outcome,
    took_ms: float,
    expected: tuple[bool, bool, bool],
) -> None:
    """One message tells whether anyone answers, accepts, and in time."""
    laid = table(lambda _: answer, took_ms=took_ms)
    found = send_preflight(laid.courier, laid.endpoint, laid.subject, seed=1, timeout_s=5.0)
    assert len(laid.transport.requests) == 1
    assert (found.reached, found.accepts, found.is_slow) == expected
    provided = [found.satisfies(need) for need in (Requirement.HTTP, Requirement.WEBHOOK)]
    assert provided == [*expected[:2]]


def test_late_answer_is_a_timeout(table: Callable[..., Table]) -> None:
    """An answer that only the preflight's patience saw is what it is to Mews: too late."""
    laid = table(lambda _: 202, took_ms=6_000.0)
    found = send_preflight(laid.courier, laid.endpoint, laid.subject, seed=1, timeout_s=5.0)
    attempt = found.delivery.attempts[-1]
    assert attempt.outcome is Outcome.TIMEOUT_ANSWER
    assert "202 came after 6,000 ms" in attempt.detail


def test_integration_only_subscription(table: Callable[..., Table]) -> None:
    """Without any general event the plainest message is an integration event."""
    laid = table(lambda _: 202, events=("IntegrationEnabled",))
    found = send_preflight(laid.courier, laid.endpoint, laid.subject, seed=1, timeout_s=5.0)
    assert found.delivery.message.events[0].discriminator == "IntegrationEnabled"
