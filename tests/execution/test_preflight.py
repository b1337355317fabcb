"""The preflight: whether the endpoint is reached, accepts, and is slow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.execution import send_preflight
from pytest_mews.model import Outcome
from pytest_mews.model.scenario import Requirement

from .conftest import Setup


@pytest.mark.parametrize(
    ("response", "took_ms", "expected"),
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
def test_send_preflight(
    setup: Callable[..., Setup],
    response: int | Outcome,
    took_ms: float,
    expected: tuple[bool, bool, bool],
) -> None:
    """One message shows whether a server responds, accepts, and does so in time."""
    partner = setup(lambda _: response, took_ms=took_ms)
    preflight = send_preflight(
        partner.sender, partner.endpoint, partner.target, seed=1, timeout_s=5.0
    )
    assert len(partner.transport.requests) == 1
    assert (preflight.reached, preflight.accepts, preflight.is_slow) == expected
    satisfied = [
        preflight.satisfies(requirement) for requirement in (Requirement.HTTP, Requirement.WEBHOOK)
    ]
    assert satisfied == [*expected[:2]]


def test_a_late_response_is_a_timeout(setup: Callable[..., Setup]) -> None:
    """A response after the profile's limit counts as a timeout, as it does for Mews."""
    partner = setup(lambda _: 202, took_ms=6_000.0)
    preflight = send_preflight(
        partner.sender, partner.endpoint, partner.target, seed=1, timeout_s=5.0
    )
    attempt = preflight.delivery.attempts[-1]
    assert attempt.outcome is Outcome.TIMEOUT_ANSWER
    assert "202 came after 6,000 ms" in attempt.detail


def test_subscription_to_integration_webhooks_only(setup: Callable[..., Setup]) -> None:
    """Without any general event, the simplest message is an Integration Webhook."""
    partner = setup(lambda _: 202, events=("IntegrationEnabled",))
    preflight = send_preflight(
        partner.sender, partner.endpoint, partner.target, seed=1, timeout_s=5.0
    )
    assert preflight.delivery.message.events[0].discriminator == "IntegrationEnabled"
