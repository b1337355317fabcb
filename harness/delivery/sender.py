"""Plays deliveries against a transport and a clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from queue import Empty, SimpleQueue

from pytest_mews.delivery.clock import Clock
from pytest_mews.delivery.delivery_rules import Rules
from pytest_mews.delivery.retry_policy import DeliveryOrder, Pause, Steps, deliver_steps
from pytest_mews.delivery.transport import Transport
from pytest_mews.model import Delivery, Exchange, Fault, Message, TransferMode


class Sender:
    """Delivers messages as Mews does: attempts, intervals and redirects by the rules.

    May be used from several threads at once. `announce` hears of each message before it is sent,
    and says from when on what it tells is known, in ms of the run's clock; None for not before.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        rules: Rules,
        announce: Callable[[Message], float | None] = lambda _: None,
    ) -> None:
        self._transport, self._clock, self._rules = transport, clock, rules
        self._announce = announce

    def deliver(  # noqa: PLR0913 - the overrides are for single deliveries alone
        self,
        message: Message,
        url: str,
        *,
        label: str,
        faults: Sequence[Fault] = (),
        attempts: int | None = None,
        timeout_s: float | None = None,
        manner: TransferMode = TransferMode.PLAIN,
        method: str = "POST",
    ) -> Delivery:
        """Deliver one message, and wait until it is delivered or abandoned.

        Args:
            message: its body is the same at every attempt.
            url: with its token.
            label: the step that asked for it.
            faults: `faults[i]` is done to attempt i + 1.
            attempts: instead of the rules' number.
            timeout_s: seconds, instead of the rules' deadline of an attempt.
            manner: how each request is put on the wire.
            method: POST, PUT, or GET or DELETE, which are sent without the body.

        Raises:
            HarnessFault: the transport failed or was closed.

        """
        rules = replace(
            self._rules,
            attempts=self._rules.attempts if attempts is None else attempts,
            timeout_s=self._rules.timeout_s if timeout_s is None else timeout_s,
        )
        return self._play([DeliveryOrder(message, url, label, faults, manner, method)], rules)[0]

    def deliver_concurrently(
        self, orders: Sequence[DeliveryOrder], *, attempts: int | None = None
    ) -> tuple[Delivery, ...]:
        """Start all first attempts at the same moment, or each `after_ms` later.

        Each is then re-sent on its own. All are announced before the first is sent, also those
        that wait.

        Args:
            orders: what to deliver.
            attempts: instead of the rules' number.

        Raises:
            HarnessFault: the transport failed or was closed.

        """
        rules = self._rules if attempts is None else replace(self._rules, attempts=attempts)
        return self._play(orders, rules)

    def _play(self, orders: Sequence[DeliveryOrder], rules: Rules) -> tuple[Delivery, ...]:
        """Announce every message, then send them all."""
        known_ms = [self._announce(order.message) for order in orders]
        deliveries = ConcurrentDeliveries(self._transport, self._clock, rules).play(orders)
        return tuple(
            replace(delivery, visible_from_ms=since)
            for delivery, since in zip(deliveries, known_ms, strict=True)
        )


class ConcurrentDeliveries:
    """Deliveries that run side by side in the calling thread."""

    def __init__(self, transport: Transport, clock: Clock, rules: Rules) -> None:
        self._transport, self._clock, self._rules = transport, clock, rules
        self._in_flight = 0
        self._landed: SimpleQueue[tuple[int, Future[Exchange]]] = SimpleQueue()
        self._waiting: list[tuple[float, int]] = []
        self._deliveries: dict[int, Delivery] = {}

    def play(self, orders: Sequence[DeliveryOrder]) -> tuple[Delivery, ...]:
        """Play all orders to their end; deliveries come in the order of their orders."""
        now = self._clock.now_ms()
        plays = [deliver_steps(order, self._rules, now) for order in orders]
        for index, play in enumerate(plays):
            self._advance(index, play, None)
        while len(self._deliveries) < len(plays):
            index, exchange = self._next()
            self._advance(index, plays[index], exchange)
        return tuple(self._deliveries[index] for index in range(len(plays)))

    def _advance(self, index: int, play: Steps, exchange: Exchange | None) -> None:
        """Tell one delivery what happened, and do what it asks for next."""
        try:
            wish = play.send(exchange)
        except StopIteration as end:
            self._deliveries[index] = end.value
            return
        if isinstance(wish, Pause):
            heapq.heappush(self._waiting, (wish.until_ms, index))
            return
        self._in_flight += 1
        future = self._transport.submit(wish)
        future.add_done_callback(lambda done: self._landed.put((index, done)))

    def _next(self) -> tuple[int, Exchange | None]:
        """Wait for the next exchange to end or the next pause to be over."""
        left_s = None
        if self._waiting:
            left_s = max(0.0, (self._waiting[0][0] - self._clock.now_ms()) / 1000)
        if self._in_flight:
            try:
                index, future = self._landed.get(timeout=left_s)
            except Empty:
                pass
            else:
                self._in_flight -= 1
                return index, future.result()
        elif left_s:
            self._clock.sleep(left_s)
        return heapq.heappop(self._waiting)[1], None
