"""A plain client of the `websockets` library, and helpers to make handshakes."""

from __future__ import annotations

import queue
import ssl
import threading
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.kit.mews_websocket import MewsWebSocket

PATH = "/ws/connector"
FIRST_ENTERPRISE, SECOND_ENTERPRISE = (tenant.id for tenant in DEFAULT_TENANTS.enterprises)
TIMEOUT_S = 20.0


def cookie_header(enterprise: int = 1, *, separator: str = "; ", equals: str = "=") -> str:
    """Return a Cookie header with the two tokens of an enterprise."""
    token = DEFAULT_TENANTS.enterprises[enterprise - 1].access_token
    return f"ClientToken{equals}{DEFAULT_TENANTS.client_token}{separator}AccessToken{equals}{token}"


class RecordingClient:
    """A client with one connection, which a thread reads until it ends."""

    def __init__(
        self,
        websocket: MewsWebSocket,
        enterprise: int = 1,
        *,
        reads: bool = True,
        **options: Any,  # noqa: ANN401
    ) -> None:
        self._messages: queue.Queue[str | bytes] = queue.Queue()
        self.close_code: int | None = None
        self._reads = reads
        self._options = options
        self._url = f"{websocket.address}{PATH}"
        self._cookies = cookie_header(enterprise)
        self._opened, self._closing = threading.Event(), threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._opened.wait(TIMEOUT_S)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._connection.close()
        self._thread.join()

    def receive(self, number: int) -> list[str | bytes]:
        """Wait for and return `number` messages; a pong may come before the last one is queued."""
        return [self._messages.get(timeout=TIMEOUT_S) for _ in range(number)]

    def send(self, text: str) -> None:
        """Send a message, which the protocol doesn't ask for."""
        self._connection.send(text)

    def _run(self) -> None:
        headers = {"Cookie": self._cookies}
        options = {"ping_interval": None, "close_timeout": 1, **self._options}
        try:
            with connect(
                self._url, additional_headers=headers, proxy=None, **options
            ) as connection:
                self._connection: ClientConnection = connection
                self._opened.set()
                while True:
                    if not self._reads:
                        self._closing.wait()
                    self._messages.put(connection.recv())
        except ConnectionClosed as closed:
            self.close_code = None if closed.rcvd is None else closed.rcvd.code
        finally:
            self.ended.set()


def handshake_status(
    websocket: MewsWebSocket,
    cookie: str | None,
    path: str = PATH,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Make a handshake; return the status of the response."""
    headers = {} if cookie is None else {"Cookie": cookie}
    try:
        with connect(
            f"{websocket.address}{path}", additional_headers=headers, proxy=None, ssl=tls
        ) as connection:
            connection.close()
            return 101
    except InvalidStatus as rejection:
        return rejection.response.status_code
