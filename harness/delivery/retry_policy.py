"""The delivery policy, without any I/O: attempts, deadlines, redirects, retries."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from pytest_mews.delivery.body_pacing import body_spread_s
from pytest_mews.delivery.delivery_rules import DeliveryRules
from pytest_mews.delivery.redirect_policy import RedirectRefusal, next_hop
from pytest_mews.delivery.secret_echo import shows_secret
from pytest_mews.delivery.transport import Request
from pytest_mews.model import Attempt, Delivery, Exchange, Fault, Message, Outcome, TransferMode
from pytest_mews.senders import RIGHT, AuthenticatedRequest, Authentication

_METHODS_WITHOUT_BODY = frozenset({"GET", "DELETE"})
# SLOW too: a service that closes the connection during a slow body must not look like one that
# closed an idle connection.
_MODES_ON_NEW_CONNECTION = frozenset({TransferMode.NEW_CONNECTION, TransferMode.SLOW})


@dataclass(frozen=True)
class DeliveryOrder:
    """One delivery to make.

    Attributes:
        message: what to deliver.
        url: where to, as the user gave it.
        label: the name of the message in the scenario, or the purpose of the delivery.
        faults: `faults[i]` is injected into attempt i + 1; later attempts have no fault.
        transfer_mode: how the body travels, in every attempt and hop.
        method: the HTTP method of every attempt and hop; GET and DELETE leave the body out.
        delay_ms: from the start of the concurrent deliveries to the first attempt of this one.
        variant: the variant of the credentials in every attempt.
        is_final: whether there is no further attempt after one; by default after a delivered one.

    """

    message: Message
    url: str
    label: str
    faults: Sequence[Fault] = ()
    transfer_mode: TransferMode = TransferMode.PLAIN
    method: str = "POST"
    delay_ms: float = 0.0
    variant: str = RIGHT
    is_final: Callable[[Attempt], bool] = lambda attempt: attempt.outcome is Outcome.DELIVERED


@dataclass(frozen=True)
class Pause:
    """The delivery sends nothing until this time of the run's clock."""

    until_ms: float


DeliverySteps = Generator[Request | Pause, Exchange | None, Delivery]


def deliver_steps(
    order: DeliveryOrder,
    rules: DeliveryRules,
    authentication: Authentication,
    now_ms: float,
    visible_from_ms: float | None = None,
) -> DeliverySteps:
    """Generate the requests and pauses of one delivery.

    Args:
        order: what to deliver, and where.
        rules: the rules of the delivery.
        authentication: called at every attempt.
        now_ms: the moment that the order's `delay_ms` is counted from.
        visible_from_ms: as in the delivery that it returns.

    Yields:
        A request, whose exchange the caller passes to `send`; or a pause, after which the caller
        passes None to `send`.

    Returns:
        The delivery, whether it succeeded or not.

    """
    attempts: list[Attempt] = []
    scheduled_ms = now_ms + order.delay_ms
    if order.delay_ms:
        yield Pause(scheduled_ms)
    while True:
        number = len(attempts) + 1
        fault = order.faults[number - 1] if number <= len(order.faults) else Fault.NONE
        request, authenticated = _first_request(order, rules, authentication, fault)
        exchanges = yield from _exchange_steps(request, order, rules, authentication.secrets)
        attempt = Attempt(
            number,
            fault,
            scheduled_ms,
            exchanges,
            exchanges[-1].outcome,
            exchanges[-1].detail,
            order.transfer_mode,
            authenticated.has_credentials,
            wrong_credentials=authenticated.is_wrong,
        )
        attempts.append(attempt)
        if order.is_final(attempt) or number >= rules.attempts:
            return Delivery(order.label, order.message, tuple(attempts), visible_from_ms)
        scheduled_ms = attempt.final_exchange.ended_ms + rules.retry_interval_s * 1000
        yield Pause(scheduled_ms)


def _exchange_steps(
    request: Request, order: DeliveryOrder, rules: DeliveryRules, secrets: Sequence[str]
) -> Generator[Request | Pause, Exchange | None, tuple[Exchange, ...]]:
    """Send the request of one attempt, hop by hop, within one deadline."""
    exchanges: list[Exchange] = []
    while True:
        exchange = yield request
        assert exchange is not None
        exchange, next_request = _evaluate_exchange(exchange, request, rules, exchanges)
        if shows_secret(exchange, secrets):
            exchange = replace(exchange, shows_secret=True)
        exchanges.append(exchange)
        if next_request is None:
            return tuple(exchanges)
        spent_s = (exchange.ended_ms - exchanges[0].started_ms) / 1000
        request = next_request._replace(
            deadline_s=rules.timeout_s - spent_s,
            spread_body_over_s=body_spread_s(order.transfer_mode, rules.timeout_s, spent_s),
        )


def _evaluate_exchange(
    exchange: Exchange, request: Request, rules: DeliveryRules, earlier: Sequence[Exchange]
) -> tuple[Exchange, Request | None]:
    """Return the exchange with its final outcome, and the attempt's next request, if any."""
    if _is_idle_close(exchange):
        return exchange, request._replace(fresh_connection=True)
    if exchange.outcome is not Outcome.ERROR_STATUS:
        return exchange, None
    followed = sum(previous.outcome is Outcome.REDIRECTED for previous in earlier)
    match next_hop(exchange, rules, followed):
        case str(url):
            return replace(exchange, outcome=Outcome.REDIRECTED), request._replace(url=url)
        case RedirectRefusal(outcome, detail):
            return replace(exchange, outcome=outcome, detail=detail), None
        case None:
            return exchange, None


def _is_idle_close(exchange: Exchange) -> bool:
    """Return whether the server closed a kept connection just as the request was sent.

    A server may close an idle connection at any moment, which says nothing about how it handles
    messages. What Mews's client does then is not documented; our choice is to send once more on a
    new connection, as an exchange of its own, so that the second copy is visible.
    """
    reset = exchange.outcome is Outcome.CONNECTION_RESET
    return reset and exchange.connection_reused and exchange.first_byte_ms is None


def _first_request(
    order: DeliveryOrder, rules: DeliveryRules, authentication: Authentication, fault: Fault
) -> tuple[Request, AuthenticatedRequest]:
    """Return the first request of an attempt, and how it is authenticated."""
    has_body = order.method not in _METHODS_WITHOUT_BODY
    body = order.message.body if has_body else b""
    content_type = order.message.content_type if has_body else None
    authenticated = authentication.authenticate(order.url, body, order.variant)
    headers = () if content_type is None else (("Content-Type", content_type),)
    request = Request(
        method=order.method,
        url=authenticated.url,
        headers=headers + authenticated.headers,
        body=body,
        deadline_s=rules.timeout_s,
        fault=fault,
        verify_tls=rules.verify_tls,
        fresh_connection=rules.new_connections or order.transfer_mode in _MODES_ON_NEW_CONNECTION,
        transfer_mode=order.transfer_mode,
        spread_body_over_s=body_spread_s(order.transfer_mode, rules.timeout_s),
    )
    return request, authenticated
