"""Delivers messages through a transport, timed by a clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue

from pytest_mews.delivery.clock import Clock
from pytest_mews.delivery.delivery_rules import DeliveryRules
from pytest_mews.delivery.retry_policy import DeliveryOrder, DeliverySteps, Pause, deliver_steps
from pytest_mews.delivery.transport import ExchangeCallback, Request, Transport
from pytest_mews.model import Attempt, Delivery, Exchange, Fault, Message, TransferMode
from pytest_mews.senders import RIGHT, Authentication, NoAuthentication

ExchangeObserver = Callable[[DeliveryOrder, Exchange], None]
"""A callback: an exchange of a delivery ended."""


class Deliverer:
    """Delivers messages as Mews does: attempts, intervals and redirects follow the rules.

    Several threads may use a deliverer at once.

    Args:
        transport: sends the requests.
        clock: the run's clock.
        rules: the rules of every delivery.
        before_send: called with each message before it is sent; returns the time, in ms of the
            run's clock, from which the Connector API emulator shows the message's entities;
            None if it does not show them before the message is sent.
        authentication: adds the sender's credentials to every attempt; none by default.

    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        rules: DeliveryRules,
        before_send: Callable[[Message], float | None] = lambda _: None,
        authentication: Authentication | None = None,
    ) -> None:
        self._transport, self._clock, self._rules = transport, clock, rules
        self._before_send = before_send
        self._authentication = authentication or NoAuthentication()
        self._after_exchange: ExchangeObserver = lambda *_: None

    def observed_by(self, after_exchange: ExchangeObserver) -> Deliverer:
        """Return a deliverer with the same parts that calls a function after each exchange."""
        observed = copy(self)
        observed._after_exchange = after_exchange  # noqa: SLF001 - of the same class
        return observed

    def on_new_connections(self) -> Deliverer:
        """Return a deliverer with the same parts that sends each request on a new connection."""
        changed = copy(self)
        changed._rules = replace(self._rules, new_connections=True)  # noqa: SLF001 - as above
        return changed

    def deliver(  # noqa: PLR0913 - single deliveries override the rules
        self,
        message: Message,
        url: str,
        *,
        label: str,
        faults: Sequence[Fault] = (),
        attempts: int | None = None,
        timeout_s: float | None = None,
        transfer_mode: TransferMode = TransferMode.PLAIN,
        method: str = "POST",
        variant: str = RIGHT,
        is_final: Callable[[Attempt], bool] | None = None,
    ) -> Delivery:
        """Deliver one message; return when it is delivered or abandoned.

        Args:
            message: what to deliver; every attempt has the same body.
            url: where to, as the user gave it.
            label: the name of the message in the scenario, or the purpose of the delivery.
            faults: `faults[i]` is injected into attempt i + 1.
            attempts: overrides the number of attempts in the rules.
            timeout_s: overrides the timeout of an attempt in the rules; seconds.
            transfer_mode: how the body travels.
            method: POST, PUT, GET or DELETE; the last two are sent without the body.
            variant: the variant of the credentials.
            is_final: overrides after which attempt there is no further one.

        Raises:
            HarnessError: the transport failed or was closed.

        """
        order = DeliveryOrder(message, url, label, faults, transfer_mode, method, variant=variant)
        if is_final is not None:
            order = replace(order, is_final=is_final)
        return self._deliver_all([order], self._rules_with(attempts, timeout_s))[0]

    def deliver_concurrently(
        self,
        orders: Sequence[DeliveryOrder],
        *,
        attempts: int | None = None,
        timeout_s: float | None = None,
    ) -> tuple[Delivery, ...]:
        """Deliver several messages at once; return when each is delivered or abandoned.

        All first attempts start at the same moment, or `delay_ms` of their order later. Each
        message is retried on its own. `before_send` is called for all messages before the first
        is sent, also for delayed ones.

        Args:
            orders: what to deliver.
            attempts: overrides the number of attempts in the rules.
            timeout_s: overrides the timeout of an attempt in the rules; seconds.

        Raises:
            HarnessError: the transport failed or was closed.

        """
        return self._deliver_all(orders, self._rules_with(attempts, timeout_s))

    def _rules_with(self, attempts: int | None, timeout_s: float | None) -> DeliveryRules:
        return replace(
            self._rules,
            attempts=self._rules.attempts if attempts is None else attempts,
            timeout_s=self._rules.timeout_s if timeout_s is None else timeout_s,
        )

    def _deliver_all(
        self, orders: Sequence[DeliveryOrder], rules: DeliveryRules
    ) -> tuple[Delivery, ...]:
        visible_from_ms = [self._before_send(order.message) for order in orders]
        return ConcurrentDeliveries(
            self._transport, self._clock, rules, self._authentication, self._after_exchange
        ).run(orders, visible_from_ms)


class ConcurrentDeliveries:
    """Deliveries that run concurrently in the calling thread."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        rules: DeliveryRules,
        authentication: Authentication,
        after_exchange: ExchangeObserver,
    ) -> None:
        self._transport, self._clock, self._rules = transport, clock, rules
        self._authentication, self._after_exchange = authentication, after_exchange
        self._requests: list[tuple[Request, ExchangeCallback]] = []  # to submit together
        self._in_flight = 0
        self._completed: SimpleQueue[tuple[int, Exchange | BaseException]] = SimpleQueue()
        self._pauses: list[tuple[float, int]] = []
        self._deliveries: dict[int, Delivery] = {}

    def run(
        self, orders: Sequence[DeliveryOrder], visible_from_ms: Sequence[float | None]
    ) -> tuple[Delivery, ...]:
        """Complete all orders; return the deliveries in the order of their orders."""
        now_ms = self._clock.now_ms()
        all_steps = [
            deliver_steps(order, self._rules, self._authentication, now_ms, visible_ms)
            for order, visible_ms in zip(orders, visible_from_ms, strict=True)
        ]
        for index, steps in enumerate(all_steps):
            self._advance(index, steps, None)
        self._submit()
        while len(self._deliveries) < len(all_steps):
            for index, exchange in self._wait_for_next():
                if exchange is not None:
                    self._after_exchange(orders[index], exchange)
                self._advance(index, all_steps[index], exchange)
            self._submit()
        return tuple(self._deliveries[index] for index in range(len(all_steps)))

    def _advance(self, index: int, steps: DeliverySteps, exchange: Exchange | None) -> None:
        """Pass one delivery the result of its last step, and start its next step."""
        try:
            step = steps.send(exchange)
        except StopIteration as end:
            self._deliveries[index] = end.value
            return
        if isinstance(step, Pause):
            heapq.heappush(self._pauses, (step.until_ms, index))
            return
        self._requests.append((step, partial(self._complete, index)))

    def _submit(self) -> None:
        """Start the requests of the steps that were begun, all at once."""
        requests, self._requests = self._requests, []
        self._in_flight += len(requests)
        if requests:
            self._transport.submit_all(requests)

    def _complete(self, index: int, result: Exchange | BaseException) -> None:
        self._completed.put((index, result))

    def _wait_for_next(self) -> Iterator[tuple[int, Exchange | None]]:
        """Wait until exchanges or a pause end; yield index and exchange of their deliveries."""
        pause_left_s = None
        if self._pauses:
            pause_left_s = max(0.0, (self._pauses[0][0] - self._clock.now_ms()) / 1000)
        if self._in_flight:
            with suppress(Empty):
                yield self._next_completed(pause_left_s)
                while not self._completed.empty():
                    yield self._next_completed()
                return
        elif pause_left_s:
            self._clock.sleep(pause_left_s)
        yield heapq.heappop(self._pauses)[1], None

    def _next_completed(self, timeout_s: float | None = None) -> tuple[int, Exchange]:
        index, result = self._completed.get(timeout=timeout_s)
        self._in_flight -= 1
        if isinstance(result, BaseException):
            raise result
        return index, result
