"""A WebSocket client for one enterprise that reconnects whenever the connection is lost."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from secrets import token_bytes
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pytest_mews.demo.demo_thread import DemoThread, OnError, print_error
from pytest_mews.demo.websocket.client_options import ClientOptions, Event, UnhandledError

HANDSHAKE_TIMEOUT_S = 10.0
PONG_TIMEOUT_S = 3.0  # the connection is dead if no pong arrives, even if nobody has closed it
CLOSE_TIMEOUT_S = 1.0
# Silent: its lines would show the tokens; with a lower level websockets would describe every frame.
_LOGGER = logging.Logger("mews-demo-websocket", logging.CRITICAL)  # noqa: LOG001
_LOGGER.addHandler(logging.NullHandler())


class _Connection(ClientConnection):
    """A connection whose pings don't use the shared random generator: Hypothesis controls it."""

    def ping(self, data: Any = None, **options: Any) -> Any:  # noqa: ANN401 - as in the base class
        return super().ping(token_bytes(4) if data is None else data, **options)


class WebSocketClient:
    """Stays connected until it is closed, in its own thread.

    Args:
        address: for example `wss://websocket.example`.
        tokens: the ClientToken and the AccessToken.
        on_connected: called when a connection is open; the client has missed everything before.
        on_events: called with the events of each message; must return at once.
        options: the behaviour of the client.
        on_error: called with the exception that ends the thread.

    """

    def __init__(  # noqa: PLR0913 - five required, one optional
        self,
        address: str,
        tokens: tuple[str, str],
        on_connected: Callable[[], None],
        on_events: Callable[[Sequence[Event]], None],
        options: ClientOptions,
        *,
        on_error: OnError = print_error,
    ) -> None:
        self._url = f"{address.rstrip('/')}{options.path}{options.query(*tokens)}"
        self._cookie_header = options.cookie_header(*tokens)
        self._on_connected, self._on_events, self._options = on_connected, on_events, options
        self._closing = threading.Event()
        self._connection: ClientConnection | None = None
        self._thread = DemoThread(self._stay_connected, "mews-demo-client", on_error)
        self._thread.start()

    def close(self) -> None:
        """Close the connection and don't reconnect."""
        self._closing.set()
        if self._connection is not None:
            self._connection.close()
        self._thread.join()

    def _stay_connected(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                with self._connect() as connection:
                    failures = 0
                    self._connection = connection
                    self._on_connected()
                    end = self._read_messages(connection)
            except InvalidStatus as error:
                end = error.response.status_code
            except UnhandledError:
                return
            except (OSError, InvalidHandshake):  # refused, reset, timed out, or not a WebSocket
                end = 0
            finally:
                self._connection = None
            if not self._options.reconnects_after(end):
                return
            if self._closing.wait(self._options.reconnect_pause_s(failures)):
                return
            failures += 1

    def _connect(self) -> ClientConnection:
        return connect(
            self._url,
            additional_headers={"Cookie": self._cookie_header},
            proxy=None,  # ignore the proxy of the environment: the address is on this machine
            open_timeout=HANDSHAKE_TIMEOUT_S,
            ping_interval=self._options.ping_interval_s,
            ping_timeout=PONG_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            logger=_LOGGER,
            create_connection=_Connection,
        )

    def _read_messages(self, connection: ClientConnection) -> int | None:
        """Read until the connection ends; return the code of the close frame, None without one."""
        self._options.prepare(connection)
        with contextlib.suppress(ConnectionClosed):
            while not self._closing.is_set():
                events = self._options.read_events(connection.recv())
                self._closing.wait(self._options.seconds_per_event * len(events))
                self._on_events(events)
        close_frame = connection.protocol.close_rcvd
        return None if close_frame is None else close_frame.code
