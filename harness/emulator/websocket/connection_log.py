"""The record of handshakes and connections; any thread may read it and wait for a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_mews.emulator.attribution import AttributedLog, Origin
from pytest_mews.emulator.websocket.websocket_handshakes import HandshakeResult
from pytest_mews.model import Connection, WebSocketHandshake
from pytest_mews.net.change_condition import ChangeCondition

MAX_HANDSHAKES = 20_000  # a client that reconnects without pauses makes thousands
POLL_INTERVAL_S = 0.01  # a waiting thread checks its predicate at most this often


class ConnectionLog:
    """All handshakes and connections of one server, in order."""

    def __init__(self) -> None:
        self._handshakes: AttributedLog[WebSocketHandshake] = AttributedLog(MAX_HANDSHAKES)
        self._connections: dict[int, Connection] = {}
        self._changes = ChangeCondition(POLL_INTERVAL_S)

    def record_handshake(
        self,
        result: HandshakeResult,
        status: int,
        at_ms: float,
        origin: Origin = Origin.PARTNER,
        address: str = "",
    ) -> WebSocketHandshake:
        """Record a handshake and the status of its response.

        Args:
            result: the result of checking it.
            status: the status of the response.
            at_ms: when it arrived, on the run's clock.
            origin: who made it.
            address: the client's.

        """
        with self._changes:
            handshake = WebSocketHandshake(
                self._handshakes.next_number(),
                at_ms,
                result.path,
                status,
                result.enterprise_id,
                result.problems,
                result.tokens_in_query,
            )
            self._handshakes.add(handshake, origin, f"{handshake.path} from {address}")
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
        """Return the handshakes with a number above `since`, without those of strangers.

        See `attribution`. Only the last 20,000 are stored.
        """
        with self._changes:
            return self._handshakes.since(since)

    @property
    def is_partner_known(self) -> bool:
        """Whether a handshake with a token of this run has arrived."""
        with self._changes:
            return self._handshakes.is_partner_known

    @property
    def notes(self) -> tuple[str, ...]:
        """The note about the handshakes of strangers, or none."""
        with self._changes:
            return self._handshakes.notes("Requests to the WebSocket emulator")

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
