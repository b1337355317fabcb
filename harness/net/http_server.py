"""Sockets: pytest-httpserver, quiet, prompt to stop, and deaf to what clients do to it."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

BACKLOG = 1024  # connections; werkzeug's 128 delays a burst of 500 by a second
POLL_S = 0.02  # how often the accepting thread looks whether it should stop
_NO_LINGERING = struct.pack("ii", 1, 0)


class HttpServer(HTTPServer):
    """Serves `application`, each connection in a thread of its own.

    Args:
        host: the address to listen on.
        port: the port; 0 for a free one.
        keeps: whether a connection may be used for several requests.
        tls: what to show and to speak; None for plain http.

    """

    def __init__(
        self,
        host: str,
        port: int = 0,
        *,
        keeps: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(host, port, tls, threaded=True)
        self._handler = _KeepingHandler if keeps else _QuietHandler
        self.closing = threading.Event()
        self._connections: dict[socket.socket, int] = {}  # how many requests came on each

    def start(self) -> None:
        """Listen; returns when connections are accepted."""
        super().start()
        assert isinstance(self.server, ThreadedWSGIServer)
        self.server.RequestHandlerClass = self._serve
        self.server.daemon_threads = False  # so that stopping waits for them
        if isinstance(self.server.socket, ssl.SSLSocket):
            # Each handshake in its connection's thread: one that stalls holds nobody else up.
            self.server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
        self.server.socket.listen(BACKLOG)

    def stop(self) -> None:
        """Release whoever waits, break the connections that are left, end every thread."""
        self.closing.set()
        for connection in tuple(self._connections):
            _break(connection)
        super().stop()

    def thread_target(self) -> None:
        """Accept connections until the server is stopped."""
        assert self.server is not None
        self.server.serve_forever(POLL_S)

    def application(self, request: HttpRequest) -> Response:
        """Answer one request; unlike pytest-httpserver's own, nothing is kept of it."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest) -> Response:
        """Not used: `application` answers by itself."""
        raise NotImplementedError

    def turn(self, request: HttpRequest) -> int:
        """Count a request on its connection: 1 for the first."""
        connection = connection_of(request)
        self._connections[connection] += 1
        return self._connections[connection]

    def _serve(
        self,
        connection: socket.socket,
        address: tuple[str, int],
        server: BaseWSGIServer,
    ) -> WSGIRequestHandler:
        self._connections[connection] = 0
        # Whoever comes after `stop` has looked finds the event set, so that nobody is missed.
        if self.closing.is_set():
            _break(connection)
        try:
            return self._handler(connection, address, server)
        finally:
            del self._connections[connection]


def connection_of(request: HttpRequest) -> socket.socket:
    """Give the socket that a request came on."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    return connection


def disconnects_within(connection: socket.socket, within_s: float) -> bool:
    """Tell whether a client that has sent its request goes away instead of waiting."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if not selector.select(within_s):
            return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def disconnected(connection: socket.socket) -> bool:
    """Tell whether a client that has sent its request has gone away by now."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def reset(connection: socket.socket) -> None:
    """Reset a connection; whatever is written to it afterwards fails."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        socket.close(connection.detach())


class _QuietHandler(WSGIRequestHandler):
    """Logs nothing: werkzeug's request lines would show the token."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        pass


class _KeepingHandler(_QuietHandler):
    """Keeps connections, as werkzeug's own answers never do."""

    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one piece

    def handle_expect_100(self) -> bool:
        """Tell the client at once that it may send its body."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def finish(self) -> None:
        """Let the connection go; what its client no longer takes is dropped."""
        with contextlib.suppress(OSError):  # what is left in the buffer finds nobody
            super().finish()
        self.rfile.close()

    def run_wsgi(self) -> None:
        """Answer one request, whose body the application always reads to its end."""
        body: Iterable[bytes]
        body, status, headers = run_wsgi_app(self.server.app, self.make_environ())
        try:
            self.send_response(*_parted(status))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"".join(body))
            self.wfile.flush()
        finally:
            close: Any = getattr(body, "close", None)
            if close is not None:
                close()


def _parted(status: str) -> tuple[int, str]:
    code, _, words = status.partition(" ")
    return int(code), words


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        # Not SSLSocket.shutdown, which takes the TLS away from under a thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
