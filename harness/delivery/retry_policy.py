"""The delivery policy without any waiting or sending: attempts, deadlines, redirects, retries."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from pytest_mews.delivery.body_pacing import spread_body_over_s
from pytest_mews.delivery.delivery_rules import Rules
from pytest_mews.delivery.redirect_policy import Refusal, next_hop
from pytest_mews.delivery.transport import Request
from pytest_mews.model import Attempt, Delivery, Exchange, Fault, Message, Outcome, TransferMode

_WITHOUT_BODY = frozenset({"GET", "DELETE"})
# A slow body too, so that whoever hangs up on it is not taken to have closed an idle connection.
_ON_A_NEW_CONNECTION = frozenset({TransferMode.NEW_CONNECTION, TransferMode.SLOW})


@dataclass(frozen=True)
class DeliveryOrder:
    """One delivery that is asked for; `faults[i]` is done to attempt i + 1.

    The first attempt starts `after_ms` after whatever is ordered together. Every attempt and every
    hop bear the same manner and method; GET and DELETE leave the body out.
    """

    message: Message
    url: str
    label: str
    faults: Sequence[Fault] = ()
    manner: TransferMode = TransferMode.PLAIN
    method: str = "POST"
    after_ms: float = 0.0


@dataclass(frozen=True)
class Pause:
    """Nothing is to be sent until this moment of the run's clock."""

    until_ms: float


Steps = Generator[Request | Pause, Exchange | None, Delivery]


def deliver_steps(order: DeliveryOrder, rules: Rules, now_ms: float) -> Steps:
    """Play one delivery.

    Args:
        order: what to deliver, and where.
        rules: how.
        now_ms: what the order's `after_ms` is counted from.

    Yields:
        A request, to be answered with its exchange; or a pause, to be answered with None.

    Returns:
        The delivery, whatever became of it.

    """
    attempts: list[Attempt] = []
    scheduled = now_ms + order.after_ms
    if order.after_ms:
        yield Pause(scheduled)
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
    order: DeliveryOrder, rules: Rules, number: int, fault: Fault, scheduled_ms: float
) -> Generator[Request | Pause, Exchange | None, Attempt]:
    """Send the message once, hop by hop, within one deadline."""
    exchanges: list[Exchange] = []
    request = _request(order, rules, fault)
    while True:
        exchange = yield request
        assert exchange is not None
        exchange, following = _judge(exchange, request, rules, exchanges)
        exchanges.append(exchange)
        if following is None:
            last = exchange.outcome, exchange.detail
            return Attempt(number, fault, scheduled_ms, tuple(exchanges), *last, order.manner)
        spent_s = (exchange.ended_ms - exchanges[0].started_ms) / 1000
        request = replace(
            following,
            deadline_s=rules.timeout_s - spent_s,
            drip_s=spread_body_over_s(order.manner, rules.timeout_s, spent_s),
        )


def _judge(
    exchange: Exchange, request: Request, rules: Rules, before: Sequence[Exchange]
) -> tuple[Exchange, Request | None]:
    """Say what an exchange was, and what is to be sent next in the same attempt."""
    if _closed_while_kept(exchange):
        return exchange, replace(request, fresh_connection=True)
    if exchange.outcome is not Outcome.ERROR_STATUS:
        return exchange, None
    followed = sum(earlier.outcome is Outcome.REDIRECTED for earlier in before)
    match next_hop(exchange, rules, followed):
        case str(url):
            return replace(exchange, outcome=Outcome.REDIRECTED), replace(request, url=url)
        case Refusal(outcome, detail):
            return replace(exchange, outcome=outcome, detail=detail), None
        case None:
            return exchange, None


def _closed_while_kept(exchange: Exchange) -> bool:
    """Tell whether a kept connection was closed just when the request was sent.

    A server may close an idle connection at any moment, which says nothing of how it takes
    messages. What Mews's client does then is not documented; our choice is to send once more on a
    new connection, as an exchange of its own, so that a second copy is in plain sight.
    """
    reset = exchange.outcome is Outcome.CONNECTION_RESET
    return exchange.kept and reset and exchange.first_byte_ms is None


def _request(order: DeliveryOrder, rules: Rules, fault: Fault) -> Request:
    bare = order.method in _WITHOUT_BODY
    typed = None if bare else order.message.content_type
    return Request(
        method=order.method,
        url=order.url,
        headers=() if typed is None else (("Content-Type", typed),),
        body=b"" if bare else order.message.body,
        deadline_s=rules.timeout_s,
        fault=fault,
        verify_tls=rules.verify_tls,
        fresh_connection=order.manner in _ON_A_NEW_CONNECTION,
        manner=order.manner,
        drip_s=spread_body_over_s(order.manner, rules.timeout_s),
    )
