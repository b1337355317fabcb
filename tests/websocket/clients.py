"""A client of the server: what `websockets` does by itself, and nothing more."""

from __future__ import annotations

import queue
import ssl
import threading
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket

PATH = "/ws/connector"
HOTEL, OTHER = (each.id for each in DEFAULT.enterprises)
SOON_S = 20.0


def cookies(enterprise: int = 1, *, separator: str = "; ", equals: str = "=") -> str:
    """Write the two cookies."""
    token = DEFAULT.enterprises[enterprise - 1].access_token
    return f"ClientToken{equals}{DEFAULT.client_token}{separator}AccessToken{equals}{token}"


class Line:
    """One connection, read in a thread of its own for as long as it lasts."""

    def __init__(
        self,
        mews: MewsWebSocket,
        enterprise: int = 1,
        *,
        reads: bool = True,
        **options: Any,  # noqa: ANN401
    ) -> None:
        self._messages: queue.Queue[str | bytes] = queue.Queue()
        self.code: int | None = None
        self._reads = reads
        self._options = options
        self._url = f"{mews.address}{PATH}"
        self._cookies = cookies(enterprise)
        self._opened, self._closing = threading.Event(), threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._opened.wait(SOON_S)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._line.close()
        self._thread.join()

    def take(self, number: int) -> list[str | bytes]:
        """Wait for so many messages; a pong may come before the last of them is handed over."""
        return [self._messages.get(timeout=SOON_S) for _ in range(number)]

    def say(self, text: str) -> None:
        """Send something, which nothing asks for."""
        self._line.send(text)

    def _run(self) -> None:
        headers = {"Cookie": self._cookies}
        given = {"ping_interval": None, "close_timeout": 1, **self._options}
        try:
            with connect(self._url, additional_headers=headers, proxy=None, **given) as line:
                self._line: ClientConnection = line
                self._opened.set()
                while True:
                    if not self._reads:
                        self._closing.wait()
                    self._messages.put(line.recv())
        except ConnectionClosed as end:
            self.code = None if end.rcvd is None else end.rcvd.code
        finally:
            self.ended.set()


def status_of(
    mews: MewsWebSocket,
    cookie: str | None,
    path: str = PATH,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Try a handshake, and give its status."""
    headers = {} if cookie is None else {"Cookie": cookie}
    try:
        with connect(
            f"{mews.address}{path}", additional_headers=headers, proxy=None, ssl=tls
        ) as line:
            line.close()
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
