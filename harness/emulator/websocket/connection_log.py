"""The record of handshakes and connections; any thread may read it and wait for a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_mews.emulator.websocket.websocket_handshakes import HandshakeResult
from pytest_mews.model import Connection, WebSocketHandshake
from pytest_mews.net.change_condition import ChangeCondition

MAX_HANDSHAKES = 20_000  # a client that reconnects without pauses makes thousands
POLL_INTERVAL_S = 0.01  # a waiting thread checks its predicate at most this often


class ConnectionLog:
    """All handshakes and connections of one server, in order."""

    def __init__(self) -> None:
        self._handshakes: list[WebSocketHandshake] = []
        self._dropped_handshakes = 0
        self._connections: dict[int, Connection] = {}
        self._changes = ChangeCondition(POLL_INTERVAL_S)

    def record_handshake(
        self, result: HandshakeResult, status: int, at_ms: float
    ) -> WebSocketHandshake:
        """Record a handshake and the status of its response."""
        with self._changes:
            handshake = WebSocketHandshake(
                self._dropped_handshakes + len(self._handshakes) + 1,
                at_ms,
                result.path,
                status,
                result.enterprise_id,
                result.problems,
                result.tokens_in_query,
            )
            self._handshakes.append(handshake)
            if len(self._handshakes) > MAX_HANDSHAKES + MAX_HANDSHAKES // 4:
                surplus = len(self._handshakes) - MAX_HANDSHAKES
                del self._handshakes[:surplus]
                self._dropped_handshakes += surplus
            self._changes.notify()
            return handshake

    def record_connection(self, enterprise_id: str, at_ms: float) -> int:
        """Record a connection and when its handshake arrived; return the connection's number."""
        with self._changes:
            number = len(self._connections) + 1
            self._connections[number] = Connection(number, enterprise_id, at_ms)
            self._changes.notify()
            return number

    def update_connection(self, number: int, **changes: Any) -> None:  # noqa: ANN401 - fields of a Connection
        """Change fields of a connection."""
        with self._changes:
            self._connections[number] = replace(self._connections[number], **changes)
            self._changes.notify()

    def count_received(self, number: int) -> None:
        """Count one message that the client of a connection sent."""
        with self._changes:
            connection = self._connections[number]
            self._connections[number] = replace(
                connection, received_count=connection.received_count + 1
            )

    def handshakes(self, since: int = 0) -> tuple[WebSocketHandshake, ...]:
        """Return the handshakes with a number above `since`; only the last 20,000 are stored."""
        with self._changes:
            return tuple(self._handshakes[max(0, since - self._dropped_handshakes) :])

    def connections(self) -> tuple[Connection, ...]:
        """Return all connections, without the messages and pings sent on them."""
        with self._changes:
            return tuple(self._connections.values())

    def wait_until(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until a predicate about this log holds; return whether it does."""
        return self._changes.wait_until(predicate, timeout_s)

    def close(self) -> None:
        """End all waits, current and future."""
        self._changes.close()
