"""The delivery policy without any waiting or sending: attempts, deadlines, redirects, retries."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from mews_harness.delivery.redirects import Refusal, next_hop
from mews_harness.delivery.rules import Rules
from mews_harness.delivery.transport import Request
from mews_harness.model import Attempt, Delivery, Exchange, Fault, Message, Outcome


@dataclass(frozen=True)
class Order:
    """One delivery that is asked for; `faults[i]` is done to attempt i + 1."""

    message: Message
    url: str
    label: str
    faults: Sequence[Fault] = ()


@dataclass(frozen=True)
class Pause:
    """Nothing is to be sent until this moment of the run's clock."""

    until_ms: float


Steps = Generator[Request | Pause, Exchange | None, Delivery]


def steps(order: Order, rules: Rules, now_ms: float) -> Steps:
    """Play one delivery.

    Args:
        order: what to deliver, and where.
        rules: how.
        now_ms: when the first attempt is to start.

    Yields:
        A request, to be answered with its exchange; or a pause, to be answered with None.

    Returns:
        The delivery, whatever became of it.

    """
    attempts: list[Attempt] = []
    scheduled = now_ms
    while True:
        number = len(attempts) + 1
        fault = order.faults[number - 1] if number <= len(order.faults) else Fault.NONE
        attempt = yield from _attempt(order, rules, number, fault, scheduled)
        attempts.append(attempt)
        if attempt.outcome is Outcome.DELIVERED or number >= rules.attempts:
            return Delivery(order.label, order.message, tuple(attempts))
        scheduled = attempt.last.ended_ms + rules.retry_interval_s * 1000
        yield Pause(scheduled)


def _attempt(
    order: Order, rules: Rules, number: int, fault: Fault, scheduled_ms: float
) -> Generator[Request | Pause, Exchange | None, Attempt]:
    """Send the message once, hop by hop, within one deadline."""
    exchanges: list[Exchange] = []
    url, left_s = order.url, rules.timeout_s
    while True:
        exchange = yield _request(order.message, url, left_s, fault, rules)
        assert exchange is not None
        hop = None
        if exchange.outcome is Outcome.ERROR_STATUS:
            hop = next_hop(exchange, rules, followed=len(exchanges))
        if isinstance(hop, str):
            exchanges.append(replace(exchange, outcome=Outcome.REDIRECTED))
            spent_ms = exchange.ended_ms - exchanges[0].started_ms
            url, left_s = hop, rules.timeout_s - spent_ms / 1000
            continue
        if isinstance(hop, Refusal):
            exchange = replace(exchange, outcome=hop.outcome, detail=hop.detail)
        exchanges.append(exchange)
        return Attempt(
            number, fault, scheduled_ms, tuple(exchanges), exchange.outcome, exchange.detail
        )


def _request(message: Message, url: str, left_s: float, fault: Fault, rules: Rules) -> Request:
    typed = message.content_type
    return Request(
        method="POST",
        url=url,
        headers=() if typed is None else (("Content-Type", typed),),
        body=message.body,
        deadline_s=left_s,
        fault=fault,
        verify_tls=rules.verify_tls,
    )
