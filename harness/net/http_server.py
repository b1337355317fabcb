"""An HTTP server based on pytest-httpserver that logs and records nothing, and stops at once."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Iterable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

BACKLOG = 1024  # connections; werkzeug's 128 delays a burst of 500 by a second
# How often the accepting thread looks up without a connection. `stop` wakes it, where the system
# lets a listening socket be shut down: Linux does.
POLL_S = 0.25
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class HttpServer(HTTPServer):
    """Serves `application`, with one thread for each connection.

    Args:
        host: the address to listen on.
        port: the port; 0 for a free one.
        keep_alive: whether a connection can have several requests.
        tls: the TLS context; None for plain http.

    """

    def __init__(
        self,
        host: str,
        port: int = 0,
        *,
        keep_alive: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(host, port, tls, threaded=True)
        self._handler = KeepAliveHandler if keep_alive else _QuietHandler
        self.closing = threading.Event()
        self._connections: dict[socket.socket, int] = {}  # requests on each connection

    def prepare(self) -> None:
        """Set up the server; called in its thread, before it accepts a connection."""
        assert isinstance(self.server, ThreadedWSGIServer)
        self.server.RequestHandlerClass = self._serve
        self.server.daemon_threads = False  # stop() waits for them
        self._print_error = self.server.handle_error
        self.server.handle_error = self._handle_error  # type: ignore[method-assign]
        self.server.log = _log_nothing  # type: ignore[method-assign]
        if isinstance(self.server.socket, ssl.SSLSocket):
            # The TLS handshake runs in the connection's thread, so a slow one delays no other.
            self.server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]
        self.server.socket.listen(BACKLOG)

    def stop(self) -> None:
        """Set `closing`, shut down the remaining connections, and end every thread."""
        self.closing.set()
        for connection in tuple(self._connections):
            shut_down(connection)
        assert self.server is not None
        shut_down(self.server.socket)
        super().stop()

    def thread_target(self) -> None:
        """Accept connections until `stop`."""
        self.prepare()
        assert self.server is not None
        self.server.serve_forever(POLL_S)

    def application(self, request: HttpRequest) -> Response:
        """Respond to one request; unlike pytest-httpserver, the server records nothing."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest) -> Response:
        """Not used: `application` does not dispatch."""
        raise NotImplementedError

    def record_error(self, error: BaseException) -> bool:  # noqa: ARG002 - for subclasses
        """Record an exception that nothing expected; return False to have its traceback printed."""
        return False

    def _handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        error = sys.exception()
        if error is None or not self.record_error(error):
            self._print_error(request, client_address)

    def request_number(self, request: HttpRequest) -> int:
        """Count the request and return its number on its connection, from 1."""
        connection = socket_of(request)
        self._connections[connection] += 1
        return self._connections[connection]

    def _serve(
        self,
        connection: socket.socket,
        address: tuple[str, int],
        server: BaseWSGIServer,
    ) -> WSGIRequestHandler:
        self._connections[connection] = 0
        # `stop` sets the event first, so it misses no connection that is added afterwards.
        if self.closing.is_set():
            shut_down(connection)
        try:
            return self.handle_connection(connection, address, server)
        finally:
            del self._connections[connection]

    def handle_connection(
        self, connection: socket.socket, address: tuple[str, int], server: BaseWSGIServer
    ) -> WSGIRequestHandler:
        """Serve a connection until it ends, in a thread of its own."""
        return self._handler(connection, address, server)


def _log_nothing(type: str, message: str, *args: object) -> None:  # noqa: A002
    """Keep werkzeug from logging a connection that ended during the response."""


def socket_of(request: HttpRequest) -> socket.socket:
    """Return the socket of a request."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    return connection


def disconnects_within(connection: socket.socket, timeout_s: float) -> bool:
    """Return whether a client that has sent its request disconnects within the timeout."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if not selector.select(timeout_s):
            return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def listen_problem(host: str, port: int) -> str:
    """Return why an address can't be listened on, in lower case; empty if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            return (error.strerror or str(error)).lower()
        except OverflowError as error:
            return str(error).lower()
    return ""


def disconnected(connection: socket.socket) -> bool:
    """Return whether a client that has sent its request has disconnected."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def reset_connection(connection: socket.socket) -> None:
    """Reset a connection; later writes to it fail."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        socket.close(connection.detach())


class _QuietHandler(WSGIRequestHandler):
    """Logs nothing: werkzeug's request log would show the token."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        pass


class KeepAliveHandler(_QuietHandler):
    """Keeps connections open, which werkzeug's handler never does."""

    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one write

    def handle_expect_100(self) -> bool:
        """Send 100 Continue without buffering."""
        continues = super().handle_expect_100()
        self.wfile.flush()
        return continues

    def finish(self) -> None:
        """Close the connection; drop buffered bytes that the client does not read."""
        with contextlib.suppress(OSError):  # the client has disconnected
            super().finish()
        self.rfile.close()

    def run_wsgi(self) -> None:
        """Respond to one request, whose body the application always reads completely."""
        body: Iterable[bytes]
        body, status, headers = run_wsgi_app(self.server.app, self.make_environ())
        try:
            self.send_response(*_parse_status(status))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"".join(body))
            self.wfile.flush()
        finally:
            close: Any = getattr(body, "close", None)
            if close is not None:
                close()


def _parse_status(status: str) -> tuple[int, str]:
    code, _, phrase = status.partition(" ")
    return int(code), phrase


def shut_down(connection: socket.socket) -> None:
    """End a connection, or a listening socket, from another thread than the one that serves it."""
    with contextlib.suppress(OSError):  # it can be closed already
        # SSLSocket.shutdown would remove the TLS state while another thread reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
