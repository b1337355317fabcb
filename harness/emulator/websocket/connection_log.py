"""The record of handshakes and connections: read and waited on from any thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_mews.emulator.websocket.admission import Admission
from pytest_mews.model import Connection, WebSocketHandshake
from pytest_mews.net.change_condition import ChangeCondition

KEPT = 20_000  # handshakes; a client that storms makes thousands
LOOK_S = 0.01  # between two looks of one who waits, however much happens


class ConnectionLog:
    """What came to one server, in order."""

    def __init__(self) -> None:
        self._openings: list[WebSocketHandshake] = []
        self._dropped = 0
        self._connections: dict[int, Connection] = {}
        self._changes = ChangeCondition(LOOK_S)

    def open(self, admission: Admission, status: int, at_ms: float) -> WebSocketHandshake:
        """Note a handshake and what it was answered with."""
        with self._changes:
            opening = WebSocketHandshake(
                self._dropped + len(self._openings) + 1,
                at_ms,
                admission.path,
                status,
                admission.enterprise_id,
                admission.refusals,
                admission.tokens_in_query,
            )
            self._openings.append(opening)
            if len(self._openings) > KEPT + KEPT // 4:
                surplus = len(self._openings) - KEPT
                del self._openings[:surplus]
                self._dropped += surplus
            self._changes.notify()
            return opening

    def connect(self, enterprise_id: str, at_ms: float) -> int:
        """Note a connection, and when its handshake came; gives its number."""
        with self._changes:
            number = len(self._connections) + 1
            self._connections[number] = Connection(number, enterprise_id, at_ms)
            self._changes.notify()
            return number

    def change(self, number: int, **changes: Any) -> None:  # noqa: ANN401 - fields of a connection
        """Note what became of a connection."""
        with self._changes:
            self._connections[number] = replace(self._connections[number], **changes)
            self._changes.notify()

    def hear(self, number: int) -> None:
        """Count a message of the client's."""
        with self._changes:
            known = self._connections[number]
            self._connections[number] = replace(known, received=known.received + 1)

    def handshakes(self, since: int = 0) -> tuple[WebSocketHandshake, ...]:
        """Give the handshakes numbered above `since`; of very many only the last are kept."""
        with self._changes:
            return tuple(self._openings[max(0, since - self._dropped) :])

    def connections(self) -> tuple[Connection, ...]:
        """Give all connections, without what was sent on them."""
        with self._changes:
            return tuple(self._connections.values())

    def wait_until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds that only what is noted here can change; tell whether."""
        return self._changes.wait_until(holds, timeout_s)

    def end(self) -> None:
        """Let nobody wait any longer, now or later."""
        self._changes.close()
