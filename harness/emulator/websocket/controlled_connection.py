"""The emulator's end of a client's connection, which scenarios can abort or leave hanging."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection

from pytest_mews.emulator.attribution import Origin
from pytest_mews.emulator.websocket.websocket_handshakes import HandshakeResult

MAX_UNREAD = 16 * 1024 * 1024  # bytes, more than the largest message of a scenario


class ControlledConnection(ServerConnection):
    """A connection that can become unresponsive or be aborted.

    Attributes:
        handshake_result: the result of the check of the handshake; set before the response is sent.
        number: in the connection log; 0 until the connection is open.
        handshake_at_ms: when the handshake arrived, on the run's clock.
        unresponsive: whether all received data is discarded.
        origin: who made the handshake.

    """

    handshake_result: HandshakeResult
    origin: Origin
    number: int
    handshake_at_ms: float
    unresponsive: bool

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as its base
        super().__init__(*args, **options)
        self.number, self.handshake_at_ms, self.unresponsive = 0, 0.0, False

    def data_received(self, data: bytes) -> None:
        """Process received data; discard it while the connection is unresponsive.

        The library answers each ping at once. A client that sends pings and reads no pongs loses
        its connection once `MAX_UNREAD` bytes wait for it.
        """
        if self.unresponsive:
            return
        super().data_received(data)
        if self.transport.get_write_buffer_size() > MAX_UNREAD:
            self.transport.abort()

    def abort_tcp(self) -> None:
        """Close the TCP connection without a close frame."""
        if hasattr(self, "transport"):  # set once the TCP connection is made
            self.transport.abort()
