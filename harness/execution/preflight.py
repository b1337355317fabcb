"""The preflight: one valid message, to tell within seconds whether there is anyone to certify."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Sender
from pytest_mews.model import Delivery, MessageSpec, Outcome
from pytest_mews.model.exchange import TIMEOUTS
from pytest_mews.model.scenario import Requirement
from pytest_mews.senders.connector import IdSource, Target, discriminators, plans

PATIENCE_S = 10.0  # longer than the 5 s limit, so that slow is told from dead
UNREACHABLE = TIMEOUTS | {
    Outcome.NAME_NOT_RESOLVED,
    Outcome.CONNECTION_REFUSED,
    Outcome.CONNECTION_RESET,
    Outcome.TLS_ERROR,
    Outcome.PROTOCOL_ERROR,
}
UNCONNECTED = frozenset(
    {Outcome.NAME_NOT_RESOLVED, Outcome.CONNECTION_REFUSED, Outcome.TIMEOUT_CONNECT}
)


@dataclass(frozen=True)
class Preflight:
    """What the preflight found: `reached` an answering server that `accepts` a valid message.

    `sluggish`: it answered, but not within the time limit.
    """

    delivery: Delivery
    reached: bool
    accepts: bool
    is_slow: bool

    def satisfies(self, requirement: Requirement) -> bool:
        """Whether the preflight observed what a scenario requires of the endpoint."""
        match requirement:
            case Requirement.TCP:
                return self.delivery.attempts[-1].outcome not in UNCONNECTED
            case Requirement.HTTP:
                return self.reached
            case _:
                return self.accepts


def simplest_message(subject: Target) -> MessageSpec:
    """Choose the plainest valid message that the integration is subscribed to."""
    general = set(discriminators(subject.profile))
    if general.intersection(subject.events) or not subject.integration:
        return MessageSpec("message", "single-event")
    return MessageSpec("message", "integration-action", {"action": subject.integration[0]})


def send_preflight(
    courier: Sender, endpoint: Endpoint, subject: Target, *, seed: int, timeout_s: float
) -> Preflight:
    """Deliver the canonical message once, waiting up to `PATIENCE_S` for its answer.

    An answer later than `timeout_s`, the profile's limit, counts as a timeout all the same.
    """
    plan = plans(simplest_message(subject), subject).fixed[0]
    (message,) = plan.build(IdSource(seed, "preflight", 0, subject.tenants))
    delivery = courier.deliver(
        message, endpoint.url(message.kind), label="preflight", attempts=1, timeout_s=PATIENCE_S
    )
    attempt = delivery.attempts[-1]
    waited_ms = attempt.last.ended_ms - attempt.exchanges[0].started_ms
    sluggish = attempt.outcome not in UNREACHABLE and waited_ms > timeout_s * 1000
    return Preflight(
        _too_late(delivery, waited_ms) if sluggish else delivery,
        reached=attempt.outcome not in UNREACHABLE,
        accepts=attempt.outcome is Outcome.DELIVERED,
        is_slow=sluggish,
    )


def _too_late(delivery: Delivery, waited_ms: float) -> Delivery:
    """Count an answer that only our patience saw as what it is to Mews: a timeout."""
    attempt = delivery.attempts[-1]
    detail = f"{attempt.last.status} came after {waited_ms:,.0f} ms"
    late = replace(attempt, outcome=Outcome.TIMEOUT_ANSWER, detail=detail)
    return replace(delivery, attempts=(late,))
