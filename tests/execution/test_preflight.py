"""The preflight: whether the endpoint is reached, accepts, and is slow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.checks import describe_cold_start, evaluate
from pytest_mews.delivery import Request
from pytest_mews.execution import send_preflight
from pytest_mews.model import Level, Outcome, Transcript
from pytest_mews.model.scenario import Requirement
from pytest_mews.senders.connector import CONNECTOR

from .conftest import SCENARIOS, Setup


@pytest.mark.parametrize(
    ("response", "took_ms", "attempts", "expected"),
    [
        (202, 5.0, 1, (True, True, False)),
        (401, 5.0, 1, (True, False, False)),
        (500, 5.0, 1, (True, False, False)),
        (503, 5.0, 3, (True, False, False)),
        (Outcome.NAME_NOT_RESOLVED, 5.0, 1, (False, False, False)),
        (Outcome.CONNECTION_REFUSED, 5.0, 1, (False, False, False)),
        (Outcome.TLS_ERROR, 5.0, 1, (False, False, False)),
        (Outcome.TIMEOUT_ANSWER, 10_000.0, 3, (False, False, False)),
        (202, 6_000.0, 2, (True, True, True)),
        (401, 6_000.0, 2, (True, False, True)),
    ],
)
def test_send_preflight(
    setup: Callable[..., Setup],
    response: int | Outcome,
    took_ms: float,
    attempts: int,
    expected: tuple[bool, bool, bool],
) -> None:
    """One message shows whether a server responds, accepts, and does so in time.

    It is sent again where the next response may be another one.
    """
    partner = setup(lambda _: response, took_ms=took_ms)
    preflight = send_preflight(
        partner.deliverer, partner.endpoint, CONNECTOR, partner.target, seed=1, timeout_s=5.0
    )
    assert len(partner.transport.requests) == attempts
    assert (preflight.reached, preflight.accepts, preflight.is_slow) == expected
    satisfied = [
        preflight.satisfies(requirement) for requirement in (Requirement.HTTP, Requirement.WEBHOOK)
    ]
    assert satisfied == [*expected[:2]]


def test_a_late_response_is_a_timeout(setup: Callable[..., Setup]) -> None:
    """A response after the profile's limit counts as a timeout, as it does for Mews."""
    partner = setup(lambda _: 202, took_ms=6_000.0)
    preflight = send_preflight(
        partner.deliverer, partner.endpoint, CONNECTOR, partner.target, seed=1, timeout_s=5.0
    )
    attempt = preflight.delivery.attempts[-1]
    assert attempt.outcome is Outcome.TIMEOUT_ANSWER
    assert "202 came after 6,000 ms" in attempt.detail


def test_subscription_to_integration_webhooks_only(setup: Callable[..., Setup]) -> None:
    """Without any general event, the simplest message is an Integration Webhook."""
    partner = setup(lambda _: 202, events=("IntegrationEnabled",))
    preflight = send_preflight(
        partner.deliverer, partner.endpoint, CONNECTOR, partner.target, seed=1, timeout_s=5.0
    )
    assert preflight.delivery.message.events[0].discriminator == "IntegrationEnabled"


@pytest.mark.parametrize(
    ("first", "took_ms", "observed"),
    [
        (202, 7_000.0, "the first response took 7.0 s, the next 3 ms: the service was asleep"),
        (
            Outcome.TIMEOUT_ANSWER,
            10_000.0,
            "the first response took more than 10.0 s, the next 3 ms: the service was asleep",
        ),
        (503, 20.0, "the first response was 503, the next 202 after 3 ms: the service was not"),
    ],
)
def test_an_endpoint_that_was_asleep_is_neither_slow_nor_dead(
    setup: Callable[..., Setup], first: int | Outcome, took_ms: float, observed: str
) -> None:
    """The preflight is delivered by a retry: PRE-01 warns, and the endpoint counts as fast."""

    def respond(_: Request) -> int | Outcome:
        is_first = len(partner.transport.requests) == 1
        partner.transport.took_ms = took_ms if is_first else 3.0
        return first if is_first else 202

    partner = setup(respond)
    preflight = send_preflight(
        partner.deliverer, partner.endpoint, CONNECTOR, partner.target, seed=1, timeout_s=5.0
    )
    assert (preflight.reached, preflight.accepts, preflight.is_slow) == (True, True, False)
    first_attempt, second = preflight.delivery.attempts
    assert second.scheduled_ms - first_attempt.final_exchange.ended_ms == 1_800  # 3 min x 0.01
    delivered, no_cold_start = (
        evaluate(expectation, Transcript((preflight.delivery,)))
        for expectation in SCENARIOS["PRE-01"].expectations
    )
    assert delivered.met
    assert (no_cold_start.met, no_cold_start.level) == (False, Level.SHOULD)
    assert no_cold_start.observed.startswith(observed)
    assert "awake" in no_cold_start.remedy


def test_the_third_attempt_may_find_the_service_awake(setup: Callable[..., Setup]) -> None:
    """The figures are those of the first and of the last attempt."""

    def respond(_: Request) -> int | Outcome:
        is_asleep = len(partner.transport.requests) < 3
        partner.transport.took_ms = 10_000.0 if is_asleep else 3.0
        return Outcome.TIMEOUT_ANSWER if is_asleep else 202

    partner = setup(respond)
    preflight = send_preflight(
        partner.deliverer, partner.endpoint, CONNECTOR, partner.target, seed=1, timeout_s=5.0
    )
    assert "10.0 s, that to attempt 3 only 3 ms:" in describe_cold_start(preflight.delivery)
