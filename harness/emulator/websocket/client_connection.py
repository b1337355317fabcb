"""One connection on the wire: what `websockets` does, and what a scenario spoils of it."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.server import ServerConnection

from pytest_mews.emulator.websocket.admission import Admission


class ClientConnection(ServerConnection):
    """A connection that can fall silent, so that its client hears nothing and is not heard.

    Attributes:
        admission: what its handshake was judged to be; set before it is answered.
        number: in the journal; 0 until it is open.
        began_ms: when its handshake came, on the run's clock.
        silent: whether whatever comes is thrown away.

    """

    admission: Admission
    number: int
    began_ms: float
    silent: bool

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as its base
        super().__init__(*args, **options)
        self.number, self.began_ms, self.silent = 0, 0.0, False

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is to be silent."""
        if not self.silent:
            super().data_received(data)

    def cut_off(self) -> None:
        """Break the TCP connection without a close frame."""
        if hasattr(self, "transport"):  # it comes when the connection does
            self.transport.abort()
