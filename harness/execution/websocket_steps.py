"""The steps on the WebSocket: send, ping, close, reject, and wait for the clients.

A step function is named like its step in a scenario file. It takes the session of the execution and
the step with its arguments. Without a WebSocket emulator, every step does nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Self

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.waits import wait_while_busy
from pytest_mews.model import (
    ApiCall,
    Connection,
    Disconnect,
    EventTrace,
    Message,
    Ping,
    SentMessage,
    Step,
    WebhookKind,
    WebSocketHandshake,
    event_traces,
)
from pytest_mews.model.command_trace import ACTIVE
from pytest_mews.model.websocket import CLOSE_CODES

CLOSE_TIMEOUT_S = 6.0  # longer than the emulator waits for the answer to a close frame
# How long to wait for a first call about a type of event that no client has to call about.
FIRST_REQUEST_TIMEOUT_S = 1.0


class WebSocketSession:
    """What one execution sends on the WebSocket, and what the clients do meanwhile.

    When it ends, it stops rejecting handshakes and aborts unresponsive connections.

    Args:
        context: the context of the case.
        messages: the messages of the case, by the name of their spec.

    """

    def __init__(self, context: CaseContext, messages: Mapping[str, Sequence[Message]]) -> None:
        self._context, self._messages = context, messages
        self._websocket = context.websocket
        self._sent: defaultdict[int, list[SentMessage]] = defaultdict(list)
        self._pings: defaultdict[int, list[Ping]] = defaultdict(list)
        self._not_sent: list[SentMessage] = []
        self._undeliverable: list[SentMessage] = []
        self._closed_before: frozenset[int] = frozenset()  # connections
        self._clients: frozenset[str] = frozenset()  # the enterprises connected at the start
        self._last_handshake = 0  # before the execution
        self._last_call = 0  # before the execution
        self._started_ms = context.now_ms()
        if self._websocket is not None:
            handshakes = self._websocket.log.handshakes()
            self._last_handshake = handshakes[-1].number if handshakes else 0
            self._closed_before = frozenset(
                connection.number
                for connection in self._websocket.log.connections()
                if connection.closed_ms is not None
            )
            self._clients = self._websocket.connected_enterprises()
        if context.connector_api is not None:
            calls = context.connector_api.calls()
            self._last_call = calls[-1].number if calls else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._websocket is not None and self._clients:
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

    def send(self, name: str, *, duplicate: bool) -> None:
        """Send the messages of a message spec, then a ping, which arrives after them.

        Duplicates repeat earlier messages and change nothing in the Connector API emulator.
        """
        if self._websocket is None:
            return
        messages = [
            message for message in self._messages[name] if message.kind is WebhookKind.WEBSOCKET
        ]
        owners = {message.enterprise_id for message in messages if message.enterprise_id}
        self._wait_until_connected(owners, self._context.fetch_timeout_s)
        visible_from_ms = None if duplicate else self._context.now_ms()
        for message in messages:
            if self._context.connector_api is not None and not duplicate:
                self._context.connector_api.apply_message(message)
        connected = self._websocket.connected_enterprises()
        self._undeliverable += [
            self._as_sent_message(name, message)
            for message in messages
            if message.enterprise_id not in connected
        ]
        sent = self._websocket.send(messages, name, self._context.fetch_timeout_s)
        for number, sent_messages in sent.items():
            self._sent[number] += (
                replace(message, visible_from_ms=visible_from_ms) for message in sent_messages
            )
        self._ping(
            {
                number: sum(len(message.events) for message in sent_messages)
                for number, sent_messages in sent.items()
            }
        )

    def ping(self) -> None:
        """Ping every open connection."""
        if self._websocket is not None:
            connections = self._websocket.log.connections()
            self._ping(
                {connection.number: 0 for connection in connections if connection.ended_ms is None}
            )

    def skip_send(self, name: str) -> None:
        """Apply the messages of a spec to the Connector API emulator without sending them."""
        for message in self._messages[name]:
            if self._context.connector_api is None or message.enterprise_id is None:
                continue
            self._not_sent.append(self._as_sent_message(name, message))
            self._context.connector_api.apply_message(message)

    def close_connections(self, how: Disconnect) -> None:
        """End the connections of all clients."""
        if self._websocket is not None:
            self._websocket.disconnect(how, self._clients)

    def pause_server(self, seconds: float) -> None:
        """Abort every connection, and stop listening for a while."""
        if self._websocket is not None:
            self._websocket.pause_listening(seconds)

    def reject_handshakes(self, status: int, times: int, seconds: float) -> None:
        """Answer the next handshakes of all clients with a status."""
        if self._websocket is not None:
            self._websocket.reject_handshakes(status, times, seconds, self._clients)

    def wait_for_reconnect(self, timeout_factor: float) -> None:
        """Wait until all clients are connected again, and all closed connections are over."""
        timeout_s = self._context.fetch_timeout_s * timeout_factor
        self._wait_until_connected(self._clients, timeout_s)
        if self._websocket is not None:
            log = self._websocket.log

            def none_half_closed() -> bool:
                return not any(
                    connection.disconnect in CLOSE_CODES and connection.closed_ms is None
                    for connection in log.connections()
                )

            log.wait_until(none_half_closed, CLOSE_TIMEOUT_S)

    def wait_for_active_commands(self) -> None:
        """Wait until every client has requested the active commands since it connected."""
        connector_api = self._context.connector_api
        if connector_api is None or self._websocket is None:
            return
        connected_ms = {
            connection.enterprise_id: connection.opened_ms
            for connection in self._websocket.log.connections()
            if connection.ended_ms is None
        }

        def all_requested(calls: Sequence[ApiCall]) -> bool:
            requested = {
                call.enterprise_id
                for call in calls
                if call.operation == ACTIVE
                and call.received_ms >= connected_ms.get(call.enterprise_id or "", 0.0)
            }
            return connected_ms.keys() <= requested

        self._wait(connector_api, all_requested, self._context.fetch_timeout_s)

    def wait_until_handled(self, timeout_factor: float) -> None:
        """Wait until everything is handled that the client handles, as far as calls show it.

        If there is no call about the first event of a type within `FIRST_REQUEST_TIMEOUT_S`, and no
        client has to call about that type, the wait leaves that type out.
        """
        connector_api = self._context.connector_api
        if connector_api is None:
            return
        timeout_s = self._context.fetch_timeout_s * timeout_factor

        def all_handled(calls: Sequence[ApiCall]) -> bool:
            return all(trace.handled for trace in self._traces(calls))

        def started_handled(calls: Sequence[ApiCall]) -> bool:
            traces = self._traces(calls)
            started_types = {
                trace.event_type
                for trace in traces
                if trace.handled or trace.requested_ms is not None
            }
            return all(
                trace.handled
                for trace in traces
                if trace.is_pending_command or trace.event_type in started_types
            )

        first_timeout_s = min(FIRST_REQUEST_TIMEOUT_S, timeout_s)
        if not connector_api.wait_until(all_handled, self._last_call, first_timeout_s):
            self._wait(connector_api, started_handled, timeout_s)

    def _traces(self, calls: Sequence[ApiCall]) -> list[EventTrace]:
        sent = (message for messages in self._sent.values() for message in messages)
        messages = (*self._not_sent, *self._undeliverable, *sent)
        return [trace for trace in event_traces(messages, calls) if trace.needs_handling]

    def _wait(
        self,
        connector_api: ConnectorApi,
        predicate: Callable[[Sequence[ApiCall]], bool],
        timeout_s: float,
    ) -> None:
        """Wait for a predicate; longer while a client works through earlier messages."""
        if not connector_api.wait_until(predicate, self._last_call, timeout_s):
            wait_while_busy(
                connector_api,
                predicate,
                self._last_call,
                timeout_s,
                started_ms=self._started_ms,
            )

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

    def _ping(self, events_before: Mapping[int, int]) -> None:
        """Ping connections by number; the values count the events that were sent just before."""
        assert self._websocket is not None
        for count in set(events_before.values()):
            numbers = [number for number, events in events_before.items() if events == count]
            pings = self._websocket.ping(numbers, count, self._context.fetch_timeout_s)
            for number, ping in pings.items():
                self._pings[number].append(ping)

    def _wait_until_connected(
        self, enterprises: set[str] | frozenset[str], timeout_s: float
    ) -> None:
        if self._websocket is not None:
            websocket = self._websocket
            websocket.log.wait_until(
                lambda: enterprises <= websocket.connected_enterprises(), timeout_s
            )


def show_handshakes(session: WebSocketSession, _step: Step) -> None:
    """Show every WebSocket handshake of the run so far; nothing is sent."""
    session.show_all()


def websocket_send(session: WebSocketSession, step: Step) -> None:
    """Send messages on the WebSocket, and a ping after them.

    Arguments: `message`, the name of the message spec; `duplicate`, whether it repeats messages
    that were sent before.
    """
    session.send(step.arguments["message"], duplicate=step.arguments.get("duplicate", False))


def websocket_ping(session: WebSocketSession, _step: Step) -> None:
    """Ping every connection, and wait for the pongs, at most the fetch timeout."""
    session.ping()


def close_connection(session: WebSocketSession, step: Step) -> None:
    """End every connection. Argument: `how`, a value of `Disconnect`."""
    session.close_connections(Disconnect(step.arguments["how"]))


def server_down(session: WebSocketSession, step: Step) -> None:
    """Abort every connection, and stop listening for a while. Argument: `seconds`."""
    session.pause_server(step.arguments["seconds"])


def reject_handshakes(session: WebSocketSession, step: Step) -> None:
    """Answer the next handshakes of each client with a status.

    Arguments: `status`; `times`, once by default; `seconds`, 0 by default. The rejection ends when
    both are reached.
    """
    arguments = step.arguments
    session.reject_handshakes(
        arguments["status"], arguments.get("times", 1), arguments.get("seconds", 0.0)
    )


def wait_for_reconnect(session: WebSocketSession, step: Step) -> None:
    """Wait until every client is connected again, at most the fetch timeout.

    Argument: `timeout_factor`, a multiple of that timeout.
    """
    session.wait_for_reconnect(step.arguments.get("timeout_factor", 1))


def wait_for_active_commands(session: WebSocketSession, _step: Step) -> None:
    """Wait until every client has requested the active commands, at most the fetch timeout."""
    session.wait_for_active_commands()


def skip_send(session: WebSocketSession, step: Step) -> None:
    """Change the state of the Connector API emulator as messages say, without sending them.

    Argument: `message`, the name of the message spec.
    """
    session.skip_send(step.arguments["message"])


def wait_until_handled(session: WebSocketSession, step: Step) -> None:
    """Wait until commands are reported as Processed and other requested entities are fetched.

    Argument: `timeout_factor`, a multiple of the fetch timeout.
    """
    session.wait_until_handled(step.arguments.get("timeout_factor", 1))


WEBSOCKET_STEPS: Mapping[str, Callable[[WebSocketSession, Step], None]] = {
    "show-handshakes": show_handshakes,
    "websocket-send": websocket_send,
    "websocket-ping": websocket_ping,
    "close-connection": close_connection,
    "server-down": server_down,
    "reject-handshakes": reject_handshakes,
    "wait-for-reconnect": wait_for_reconnect,
    "wait-for-active-commands": wait_for_active_commands,
    "skip-send": skip_send,
    "wait-until-handled": wait_until_handled,
}
