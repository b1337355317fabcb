"""One connection to the WebSocket, for one enterprise: opened again whenever it is lost."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from secrets import token_bytes
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pytest_mews.demo.websocket.client_options import ClientOptions, GivenUp
from pytest_mews.demo.websocket.event_reader import Event

OPEN_S = 10.0  # for a handshake
SILENT_S = 3.0  # without an answer to a ping: the connection is dead, though nobody has closed it
CLOSE_S = 1.0
_LOGGER = logging.Logger("mews-demo-websocket")  # noqa: LOG001 - its lines would show the tokens
_LOGGER.addHandler(logging.NullHandler())


class _Line(ClientConnection):
    """A connection whose pings leave the shared random generator alone, as drawing needs it."""

    def ping(self, data: Any = None, **options: Any) -> Any:  # noqa: ANN401 - as its base
        return super().ping(token_bytes(4) if data is None else data, **options)


class Client:
    """Stays connected until it is closed, in a thread of its own.

    Args:
        address: such as `wss://websocket.example`.
        tokens: the ClientToken and the AccessToken.
        joined: called when a connection is open: whatever came before it was missed.
        take: called with the events of each message; returns at once.
        habits: of the client.

    """

    def __init__(
        self,
        address: str,
        tokens: tuple[str, str],
        joined: Callable[[], None],
        take: Callable[[Sequence[Event]], None],
        habits: ClientOptions,
    ) -> None:
        self._url = f"{address.rstrip('/')}{habits.path}{habits.query(*tokens)}"
        self._cookies = habits.cookies(*tokens)
        self._joined, self._take, self._habits = joined, take, habits
        self._closing = threading.Event()
        self._connection: ClientConnection | None = None
        self._thread = threading.Thread(target=self._stay, name="mews-demo-client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Say good-bye, and do not come back."""
        self._closing.set()
        if self._connection is not None:
            self._connection.close()
        self._thread.join()

    def _stay(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                with self._open() as connection:
                    failures = 0
                    self._connection = connection
                    self._joined()
                    end = self._listen(connection)
            except InvalidStatus as refused:
                end = refused.response.status_code
            except GivenUp:
                return
            except (OSError, InvalidHandshake):  # refused, reset, timed out, or no WebSocket
                end = 0
            finally:
                self._connection = None
            if not self._habits.returns(end) or self._closing.wait(self._habits.pause_s(failures)):
                return
            failures += 1

    def _open(self) -> ClientConnection:
        return connect(
            self._url,
            additional_headers={"Cookie": self._cookies},
            proxy=None,  # none of the environment's: the address is meant
            open_timeout=OPEN_S,
            ping_interval=self._habits.ping_s,
            ping_timeout=SILENT_S,
            close_timeout=CLOSE_S,
            logger=_LOGGER,
            create_connection=_Line,
        )

    def _listen(self, connection: ClientConnection) -> int | None:
        """Hand over every message; gives the code of the close frame, None where there was none."""
        self._habits.prepare(connection)
        with contextlib.suppress(ConnectionClosed):
            while not self._closing.is_set():
                events = self._habits.read(connection.recv())
                self._closing.wait(self._habits.slow_s * len(events))
                self._take(events)
        received = connection.protocol.close_rcvd
        return None if received is None else received.code
