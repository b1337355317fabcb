"""The preflight: one valid message, to see within seconds whether the endpoint answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytest_mews.checks import PREFLIGHT
from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Sender
from pytest_mews.model import Delivery, MessageSpec, Outcome
from pytest_mews.model.exchange import TIMEOUTS
from pytest_mews.model.scenario import Requirement
from pytest_mews.senders.connector import IdSource, Target, discriminators, plans_for

TIMEOUT_S = 10.0  # longer than the 5 s limit, to tell a slow endpoint from a dead one
UNREACHABLE = TIMEOUTS | {
    Outcome.NAME_NOT_RESOLVED,
    Outcome.CONNECTION_REFUSED,
    Outcome.CONNECTION_RESET,
    Outcome.TLS_ERROR,
    Outcome.PROTOCOL_ERROR,
}
NOT_CONNECTED = frozenset(
    {Outcome.NAME_NOT_RESOLVED, Outcome.CONNECTION_REFUSED, Outcome.TIMEOUT_CONNECT}
)


@dataclass(frozen=True)
class Preflight:
    """The result of the preflight.

    Attributes:
        delivery: the message and its attempt.
        reached: whether a server answered with HTTP.
        accepts: whether the response is a 2xx, even if it was late.
        is_slow: whether the response came after the time limit.

    """

    delivery: Delivery
    reached: bool
    accepts: bool
    is_slow: bool

    def satisfies(self, requirement: Requirement) -> bool:
        """Return whether the preflight observed what a scenario requires of the endpoint."""
        match requirement:
            case Requirement.TCP:
                return self.delivery.attempts[-1].outcome not in NOT_CONNECTED
            case Requirement.HTTP:
                return self.reached
            case _:
                return self.accepts


def simplest_message(target: Target) -> MessageSpec:
    """Return the simplest valid message that the integration is subscribed to."""
    general = set(discriminators(target.profile))
    if general.intersection(target.events) or not target.integration_actions:
        return MessageSpec("message", "single-event")
    return MessageSpec("message", "integration-action", {"action": target.integration_actions[0]})


def send_preflight(
    sender: Sender, endpoint: Endpoint, target: Target, *, seed: int, timeout_s: float
) -> Preflight:
    """Deliver the simplest message once, and wait up to `TIMEOUT_S` for the response.

    A response later than `timeout_s`, the profile's limit, still counts as a timeout.
    """
    plan = plans_for(simplest_message(target), target).fixed[0]
    (message,) = plan.build(IdSource(seed, PREFLIGHT, 0, target.tenants))
    delivery = sender.deliver(
        message, endpoint.url(message.kind), label=PREFLIGHT, attempts=1, timeout_s=TIMEOUT_S
    )
    attempt = delivery.attempts[-1]
    waited_ms = attempt.final_exchange.ended_ms - attempt.exchanges[0].started_ms
    is_slow = attempt.outcome not in UNREACHABLE and waited_ms > timeout_s * 1000
    return Preflight(
        _as_timeout(delivery, waited_ms) if is_slow else delivery,
        reached=attempt.outcome not in UNREACHABLE,
        accepts=attempt.outcome is Outcome.DELIVERED,
        is_slow=is_slow,
    )


def _as_timeout(delivery: Delivery, waited_ms: float) -> Delivery:
    """Return the delivery with the outcome that Mews would have: a timeout."""
    attempt = delivery.attempts[-1]
    detail = f"{attempt.final_exchange.status} came after {waited_ms:,.0f} ms"
    late = replace(attempt, outcome=Outcome.TIMEOUT_ANSWER, detail=detail)
    return replace(delivery, attempts=(late,))
