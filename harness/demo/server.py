"""The socket: pytest-httpserver, quiet, prompt to stop, and deaf to what clients do to it."""

from __future__ import annotations

import contextlib
import math
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

from pytest_httpserver import HTTPServer
from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from mews_harness.demo.service import Answer, Request

HOST = "127.0.0.1"
BACKLOG = 1024  # connections; werkzeug's 128 delays a burst of 500 by a second
POLL_S = 0.02  # how often the accepting thread looks whether it should stop


class PartnerServer(HTTPServer):
    """Serves a function from request to answer, each connection in a thread of its own.

    Args:
        respond: gives the answer.
        port: the port; 0 for a free one.
        keeps: whether a connection may be used for several requests.
        tls: what to show and to speak; None for plain http.

    """

    def __init__(
        self,
        respond: Callable[[Request], Answer],
        port: int = 0,
        *,
        keeps: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(HOST, port, tls, threaded=True)
        self._respond = respond
        self._handler = _KeepingHandler if keeps else _QuietHandler
        self._closing = threading.Event()
        self._connections: dict[socket.socket, int] = {}  # how many requests came on each

    def start(self) -> None:
        """Listen; returns when connections are accepted."""
        super().start()
        assert isinstance(self.server, ThreadedWSGIServer)
        self.server.RequestHandlerClass = self._serve
        self.server.daemon_threads = False  # so that stopping waits for them
        self.server.socket.listen(BACKLOG)
        if isinstance(self.server.socket, ssl.SSLSocket):
            # Each handshake in its connection's thread: one that stalls holds nobody else up.
            self.server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Release whoever waits, break the connections that are left, end every thread."""
        self._closing.set()
        for connection in tuple(self._connections):
            _break(connection)
        super().stop()

    def thread_target(self) -> None:
        """Accept connections until the server is stopped."""
        assert self.server is not None
        self.server.serve_forever(POLL_S)

    def application(self, request: HttpRequest) -> Response:
        """Answer one request, without keeping it as pytest-httpserver would."""
        connection: socket.socket = request.environ["werkzeug.socket"]
        turn = self._connections[connection] = self._connections[connection] + 1
        answer = self._respond(_plain(request, turn))
        if answer.unread is not None:
            if _leaves(connection, answer.delay_s):
                answer.unread()
        elif answer.delay_s:
            self._closing.wait(None if math.isinf(answer.delay_s) else answer.delay_s)
        return Response(answer.body, answer.status, answer.headers)

    def _serve(
        self,
        connection: socket.socket,
        address: tuple[str, int],
        server: BaseWSGIServer,
    ) -> WSGIRequestHandler:
        self._connections[connection] = 0
        # Whoever comes after `stop` has looked finds the event set, so that nobody is missed.
        if self._closing.is_set():
            _break(connection)
        try:
            return self._handler(connection, address, server)
        finally:
            del self._connections[connection]


class _QuietHandler(WSGIRequestHandler):
    """Logs nothing: werkzeug's request lines would show the token."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        pass


class _KeepingHandler(_QuietHandler):
    """Keeps connections, as werkzeug's own answers never do."""

    def run_wsgi(self) -> None:
        """Answer one request, whose body the application always reads to its end."""
        body, status, headers = run_wsgi_app(self.server.app, self.make_environ())
        self.send_response(*_parted(status))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"".join(body))


def _parted(status: str) -> tuple[int, str]:
    code, _, words = status.partition(" ")
    return int(code), words


def _plain(request: HttpRequest, turn: int) -> Request:
    started = time.monotonic()
    try:
        body = request.get_data()
    except (ClientDisconnected, OSError):
        body = None
    return Request(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        body_s=time.monotonic() - started,
        turn=turn,
    )


def _leaves(connection: socket.socket, within_s: float) -> bool:
    """Tell whether a client that has sent its request goes away instead of waiting."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if not selector.select(within_s):
            return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        # Not SSLSocket.shutdown, which takes the TLS away from under a thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
