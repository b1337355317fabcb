"""What the service received and when, over all scenarios, to tell which message ended it.

A service may die a moment after its response, and other messages arrive meanwhile, also of other
scenarios. So the message that ended it is one of those that it received a moment before its last
response, or after it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from pytest_mews.model import (
    Connection,
    Exchange,
    Message,
    Outcome,
    Validity,
)
from pytest_mews.model.exchange import INJECTED_OUTCOMES, RESERVED_LABELS, TIMEOUTS

# A message may end the service this long after its response. A hostile case that fails is followed
# by a pause as long, so that one message stays suspected.
MAX_DELAY_S = 0.5
MAX_ENTRIES = 5_000
SERVER_ERROR = 500
NO_CONNECTION = frozenset({Outcome.CONNECTION_REFUSED, Outcome.CONNECTION_RESET})


@dataclass(frozen=True)
class LoggedMessage:
    """A message that was sent, and what became of it.

    Attributes:
        scenario_id: the scenario that sent it; empty for a look at the service.
        description: of the message.
        validity: what the message is against the documentation.
        is_own: whether it is a message of the scenario, and no health check.
        sent_ms: when it was sent, on the run's clock.
        ended_ms: when its exchange ended.
        outcome: how its exchange ended; `delivered` for one on a WebSocket connection.
        status: the status of the response; None without one.
        shows_state: whether the outcome shows if the service is there: not if the harness injected
            it, nor if the service may just have closed an idle connection.
        message: the message itself; None for one on a WebSocket connection.

    """

    scenario_id: str
    description: str
    validity: Validity
    is_own: bool
    sent_ms: float
    ended_ms: float
    outcome: Outcome
    status: int | None
    shows_state: bool
    message: Message | None = None

    @property
    def was_received(self) -> bool:
        """Whether a connection carried it."""
        return self.outcome not in {Outcome.CONNECTION_REFUSED, Outcome.TIMEOUT_CONNECT}

    @property
    def may_end_service(self) -> bool:
        """Whether the service received it, and it is no health check."""
        return self.was_received and self.is_own

    @property
    def shows_life(self) -> bool:
        """Whether the service answered it, and not with 5xx."""
        return self.shows_state and self.status is not None and self.status < SERVER_ERROR

    @property
    def shows_death(self) -> bool:
        """Whether there was no connection for it, or a 5xx."""
        is_error = self.status is not None and self.status >= SERVER_ERROR
        return self.shows_state and (is_error or self.outcome in NO_CONNECTION)

    @property
    def is_accepted(self) -> bool:
        """Whether it was answered 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004

    @property
    def is_acknowledged_wrongly(self) -> bool:
        """Whether it was answered 2xx although it is no documented message."""
        return self.is_accepted and self.validity is not Validity.DOCUMENTED


class MessageLog:
    """The last messages of all scenarios; several threads may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: deque[LoggedMessage] = deque(maxlen=MAX_ENTRIES)
        self._returned_ms = -math.inf  # when the service came back last

    def note_exchange(
        self, scenario_id: str, label: str, message: Message, exchange: Exchange
    ) -> None:
        """Note that an exchange with a webhook ended.

        Args:
            scenario_id: the scenario that sent it.
            label: of the delivery.
            message: the message.
            exchange: the exchange, with the outcome that the transport observed.

        """
        closed_idle = (
            exchange.connection_reused
            and exchange.outcome is Outcome.CONNECTION_RESET
            and exchange.first_byte_ms is None
        )
        not_observed = exchange.outcome in INJECTED_OUTCOMES | TIMEOUTS
        self._add(
            LoggedMessage(
                scenario_id,
                message.description,
                message.validity,
                label not in RESERVED_LABELS,
                exchange.started_ms,
                exchange.ended_ms,
                exchange.outcome,
                exchange.status,
                shows_state=not closed_idle and not not_observed,
                message=message,
            )
        )

    def note_connections(self, scenario_id: str, connections: Sequence[Connection]) -> None:
        """Note what an execution sent on WebSocket connections."""
        for connection in connections:
            for sent in connection.sent:
                validity = Validity.DOCUMENTED if sent.events else Validity.INVALID
                self._add(
                    LoggedMessage(
                        scenario_id,
                        sent.description,
                        validity,
                        is_own=True,
                        sent_ms=sent.at_ms,
                        ended_ms=sent.at_ms,
                        outcome=Outcome.DELIVERED,
                        status=None,
                        shows_state=False,
                    )
                )

    def _add(self, entry: LoggedMessage) -> None:
        with self._lock:
            self._entries.append(entry)

    def note_return(self, now_ms: float) -> None:
        """Note that the service is back: what it received before did not end it after that."""
        with self._lock:
            self._returned_ms = now_ms

    def _since_return(self) -> list[LoggedMessage]:
        with self._lock:
            entries = [entry for entry in self._entries if entry.sent_ms >= self._returned_ms]
        return sorted(entries, key=lambda entry: entry.sent_ms)

    def gone_s(self, now_ms: float) -> float:
        """Return for how many seconds the service was gone: until its next response, or until now.

        0 if no message found it gone.
        """
        entries = self._since_return()
        first_dead = _first_of_last_death(entries)
        if first_dead is None:
            return 0.0
        later = entries[first_dead:]
        until_ms = next((entry.ended_ms for entry in later if entry.shows_life), now_ms)
        return (until_ms - entries[first_dead].sent_ms) / 1000

    def accepts_new_since(self, since_ms: float) -> bool:
        """Return whether a message was answered 2xx that was first sent after a time.

        What was sent before may have been accepted before the service failed, and a service may
        answer 2xx to what it knows, whatever its state.

        Args:
            since_ms: on the run's clock.

        """
        with self._lock:
            entries = [(entry, entry.message.body) for entry in self._entries if entry.message]
        known = {body for entry, body in entries if entry.sent_ms < since_ms}
        return any(entry.is_accepted and body not in known for entry, body in entries)

    def suspects(self) -> tuple[LoggedMessage, ...]:
        """Return the messages that may have ended the service, the most likely first.

        A message that was accepted although it is no documented one is suspected before all others;
        then the one during which the service died; then the last ones. A message of the same
        description that the service survived earlier makes one less likely.
        """
        entries = self._since_return()
        first_dead = _first_of_last_death(entries)
        end = len(entries) if first_dead is None else first_dead
        alive_ms = max((e.ended_ms for e in entries[:end] if e.shows_life), default=None)
        since_ms = -1.0 if alive_ms is None else alive_ms - MAX_DELAY_S * 1000
        before = [entry for entry in entries[:end] if entry.may_end_service]
        window = [entry for entry in before if entry.ended_ms >= since_ms]
        if first_dead is not None and entries[first_dead].may_end_service:
            window.append(entries[first_dead])
        with self._lock:
            survived = {e.description for e in self._entries if e.ended_ms < since_ms}
        wrongly = [entry for entry in window if entry.is_acknowledged_wrongly]
        return tuple(
            sorted(
                wrongly or window,
                key=lambda entry: (
                    not entry.shows_death,
                    entry.description in survived,
                    -entry.sent_ms,
                ),
            )
        )


def _first_of_last_death(entries: Sequence[LoggedMessage]) -> int | None:
    """Return the index of the first message that found the service gone; None if none did.

    After several deaths it is the one of the last. A 5xx, or a connection that was closed, before a
    message that the service answered was no death: it may refuse a method with 501, for example.
    """
    alive_ms = max((entry.ended_ms for entry in entries if entry.shows_life), default=-math.inf)
    last = next(
        (
            index
            for index in reversed(range(len(entries)))
            if entries[index].shows_death
            and (
                entries[index].outcome is Outcome.CONNECTION_REFUSED
                or entries[index].ended_ms > alive_ms
            )
        ),
        None,
    )
    first = last
    for index in reversed(range(last or 0)):
        if entries[index].shows_life:
            break
        if entries[index].shows_death:
            first = index
    return first
