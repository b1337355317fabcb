"""The preflight: one valid message, to see within seconds whether the endpoint answers.

A service may be asleep, such as a function without a minimum of instances: then its first response
says nothing about the others. So the message is sent again, as Mews does, before the endpoint is
taken for slow or dead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Deliverer
from pytest_mews.mews.limits import RESPONSE_TIMEOUT_S
from pytest_mews.model import Attempt, Delivery, Message, Outcome
from pytest_mews.model.exchange import PREFLIGHT, TIMEOUTS
from pytest_mews.model.scenario import Requirement
from pytest_mews.senders import IdSource, Sender, Target

TIMEOUT_S = 2.0 * RESPONSE_TIMEOUT_S  # to tell a slow endpoint from a dead one
MAX_LATE = 2  # responses: a service that is too late again was not asleep
UNREACHABLE = TIMEOUTS | {
    Outcome.NAME_NOT_RESOLVED,
    Outcome.CONNECTION_REFUSED,
    Outcome.CONNECTION_RESET,
    Outcome.TLS_ERROR,
    Outcome.PROTOCOL_ERROR,
}
# What a gateway responds while the service behind it starts.
_STARTING = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
NOT_CONNECTED = frozenset(
    {Outcome.NAME_NOT_RESOLVED, Outcome.CONNECTION_REFUSED, Outcome.TIMEOUT_CONNECT}
)


@dataclass(frozen=True)
class Preflight:
    """The result of the preflight.

    Attributes:
        delivery: the message and its attempts; the last one decides.
        reached: whether a server answered with HTTP.
        accepts: whether the response is a 2xx, even if it was late.
        is_slow: whether the response came after the time limit.

    """

    delivery: Delivery
    reached: bool
    accepts: bool
    is_slow: bool

    @property
    def response_ms(self) -> float:
        """How long the last attempt took, redirects included."""
        return response_ms(self.delivery.attempts[-1])

    def satisfies(self, requirement: Requirement) -> bool:
        """Return whether the preflight observed what a scenario requires of the endpoint."""
        match requirement:
            case Requirement.TCP:
                return self.delivery.attempts[-1].outcome not in NOT_CONNECTED
            case Requirement.HTTP:
                return self.reached
            case _:
                return self.accepts


def send_preflight(  # noqa: PLR0913 - what is sent, where to, and how long to wait
    deliverer: Deliverer,
    endpoint: Endpoint,
    sender: Sender,
    target: Target,
    *,
    seed: int,
    timeout_s: float,
) -> Preflight:
    """Deliver the simplest message; see `deliver_preflight`."""
    plan = sender.simplest_message(target)
    assert plan is not None
    (message,) = plan.build(IdSource(seed, PREFLIGHT, 0, target.tenants))
    delivery = deliver_preflight(
        deliverer, message, endpoint.url(message.kind), timeout_s=timeout_s
    )
    attempt = delivery.attempts[-1]
    response = attempt.final_exchange.outcome
    return Preflight(
        delivery,
        reached=response not in UNREACHABLE,
        accepts=response is Outcome.DELIVERED,
        is_slow=attempt.outcome in TIMEOUTS and response not in UNREACHABLE,
    )


def deliver_preflight(
    deliverer: Deliverer, message: Message, url: str, *, timeout_s: float
) -> Delivery:
    """Deliver a message, and wait up to `TIMEOUT_S` for each response.

    The retries are the documented ones, but only after a timeout, a late response, or a status that
    a gateway responds with while the service starts: all else would be the same again. So is a
    second late response: the first one had woken up the service.

    Args:
        deliverer: delivers the message.
        message: the message.
        url: where to.
        timeout_s: the profile's limit. A response that came later counts as a timeout.

    """

    def is_final(attempt: Attempt) -> bool:
        attempt = _as_timeout_if_late(attempt, timeout_s)
        if attempt.outcome in TIMEOUTS:
            is_late = attempt.final_exchange.outcome not in TIMEOUTS
            return attempt.outcome in NOT_CONNECTED or (is_late and attempt.number >= MAX_LATE)
        return attempt.final_exchange.status not in _STARTING

    delivery = deliverer.deliver(
        message, url, label=PREFLIGHT, timeout_s=TIMEOUT_S, is_final=is_final
    )
    attempts = tuple(_as_timeout_if_late(attempt, timeout_s) for attempt in delivery.attempts)
    return replace(delivery, attempts=attempts)


def _as_timeout_if_late(attempt: Attempt, timeout_s: float) -> Attempt:
    """Return an attempt with the outcome that Mews would have: a late response is a timeout."""
    waited_ms = response_ms(attempt)
    if attempt.outcome in UNREACHABLE or waited_ms <= timeout_s * 1000:
        return attempt
    detail = f"{attempt.final_exchange.status} came after {waited_ms:,.0f} ms"
    return replace(attempt, outcome=Outcome.TIMEOUT_ANSWER, detail=detail)


def response_ms(attempt: Attempt) -> float:
    """Return how long an attempt took, redirects included."""
    return attempt.final_exchange.ended_ms - attempt.exchanges[0].started_ms
