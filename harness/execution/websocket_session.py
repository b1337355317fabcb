"""What one execution does on the WebSocket, and what the clients do meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.patience import Awaited, wait_until_done
from pytest_mews.model import (
    ApiCall,
    Connection,
    EventTrace,
    Message,
    Ping,
    SentMessage,
    WebSocketHandshake,
    event_traces,
)


class WebSocketSession:
    """What one execution sends on the WebSocket, and what the clients do meanwhile.

    Without a WebSocket emulator nothing is sent, and no client is waited for.

    Args:
        context: the context of the case.

    Attributes:
        clients: the enterprises whose client was connected at the start.
        last_call: the number of the last call before the execution.
        commands_requested: whether it waited for commands, since a client is known to request
            something about them.

    """

    def __init__(self, context: CaseContext) -> None:
        self._context, self._websocket = context, context.websocket
        self._sent: defaultdict[int, list[SentMessage]] = defaultdict(list)
        self._pings: defaultdict[int, list[Ping]] = defaultdict(list)
        self._not_sent: list[SentMessage] = []
        self._undeliverable: list[SentMessage] = []
        self._closed_before: frozenset[int] = frozenset()  # connections
        self.clients: frozenset[str] = frozenset()
        self._last_handshake = 0  # before the execution
        self.last_call = 0
        self.commands_requested = False
        self._started_ms = context.now_ms()
        if self._websocket is not None:
            handshakes = self._websocket.log.handshakes()
            self._last_handshake = handshakes[-1].number if handshakes else 0
            self._closed_before = frozenset(
                connection.number
                for connection in self._websocket.log.connections()
                if connection.closed_ms is not None
            )
            self.clients = self._websocket.connected_enterprises()
        if context.connector_api is not None:
            calls = context.connector_api.calls()
            self.last_call = calls[-1].number if calls else 0

    def close(self) -> None:
        """Stop rejecting handshakes, and abort unresponsive connections."""
        if self._websocket is not None and self.clients:
            self._websocket.accept_all()

    @property
    def handshakes(self) -> tuple[WebSocketHandshake, ...]:
        """The handshakes during the execution."""
        if self._websocket is None:
            return ()
        return self._websocket.log.handshakes(self._last_handshake)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections that were open during the execution, with what it sent on them."""
        if self._websocket is None:
            return ()
        return tuple(
            replace(
                connection,
                sent=tuple(self._sent.get(connection.number, ())),
                pings=tuple(self._pings.get(connection.number, ())),
            )
            for connection in self._websocket.log.connections()
            if connection.number not in self._closed_before
        )

    @property
    def not_sent(self) -> tuple[SentMessage, ...]:
        """The messages that the harness deliberately did not send (step `skip-send`)."""
        return tuple(self._not_sent)

    @property
    def undeliverable(self) -> tuple[SentMessage, ...]:
        """The messages that could not be sent because no client was connected."""
        return tuple(self._undeliverable)

    def show_all(self) -> None:
        """Show the handshakes and connections since the start of the run, not of the execution."""
        self._last_handshake, self._closed_before = 0, frozenset()

    def send(
        self,
        server: WebSocketServer,
        label: str,
        messages: Sequence[Message],
        visible_from_ms: float | None,
    ) -> None:
        """Send messages to the connected clients, then a ping, which arrives after them.

        Args:
            server: the WebSocket emulator.
            label: the name of the message spec.
            messages: the messages, for any enterprises.
            visible_from_ms: when the Connector API emulator began to show their changes; None if
                they announce no change.

        """
        connected = server.connected_enterprises()
        self._undeliverable += [
            self._as_sent_message(label, message)
            for message in messages
            if message.enterprise_id not in connected
        ]
        sent = server.send(messages, label, self._context.fetch_timeout_s)
        for number, sent_messages in sent.items():
            self._sent[number] += (
                replace(message, visible_from_ms=visible_from_ms) for message in sent_messages
            )
        self.ping(
            server,
            {
                number: sum(len(message.events) for message in sent_messages)
                for number, sent_messages in sent.items()
            },
        )

    def ping(self, server: WebSocketServer, events_before: Mapping[int, int]) -> None:
        """Ping connections by number; the values count the events that were sent just before."""
        for count in set(events_before.values()):
            numbers = [number for number, events in events_before.items() if events == count]
            pings = server.ping(numbers, count, self._context.fetch_timeout_s)
            for number, ping in pings.items():
                self._pings[number].append(ping)

    def traces(self, calls: Sequence[ApiCall]) -> list[EventTrace]:
        """Return what the calls show about each event that needs handling."""
        sent = (message for messages in self._sent.values() for message in messages)
        messages = (*self._not_sent, *self._undeliverable, *sent)
        return [trace for trace in event_traces(messages, calls) if trace.needs_handling]

    def wait_until_done(
        self,
        connector_api: ConnectorApi,
        awaited: Callable[[Sequence[ApiCall]], Sequence[Awaited]],
        timeout_s: float,
    ) -> None:
        """Wait until the clients have done what is awaited of them.

        The wait is longer while a client works through earlier messages.
        """
        wait_until_done(
            connector_api,
            awaited,
            self.last_call,
            timeout_s,
            patience=self._context.websocket_patience,
            started_ms=self._started_ms,
            now_ms=self._context.now_ms,
        )

    def skip(self, label: str, message: Message) -> None:
        """Record a message that is deliberately not sent."""
        self._not_sent.append(self._as_sent_message(label, message))

    def _as_sent_message(self, name: str, message: Message) -> SentMessage:
        """Return a message that no client received as if it had been sent now."""
        return SentMessage(
            name,
            message.enterprise_id or "",
            message.description,
            len(message.body),
            message.events,
            self._context.now_ms(),
        )
