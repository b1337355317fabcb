"""A TCP server that runs a script on each connection, for what real frameworks refuse to do."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import closing, suppress

from pytest_mews.delivery import CurlTransport, Request
from pytest_mews.model import Exchange

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SHORT_S = 0.3

RequestFactory = Callable[..., Request]
ServerFactory = Callable[..., "RawServer"]
ServerScript = Callable[["RawServer", socket.socket], None]


class RawServer:
    """Runs a script on every connection.

    A script is called with the server and a connection; when it returns, the connection is closed.

    Attributes:
        port: the port on 127.0.0.1.
        url: an http or https URL of the server, with a token.
        received: all bytes that clients sent.
        finished: released each time a script has returned.
        stop: set when the server closes; scripts that stall wait for it.

    """

    def __init__(self, script: ServerScript, tls: ssl.SSLContext | None = None) -> None:
        self._script, self._tls = script, tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=300)
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://localhost:{self.port}/webhooks?Token=secret"
        self.received = bytearray()
        self.finished = threading.Semaphore(0)
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._accept_loop, daemon=True)
        self._thread.start()

    def _accept_loop(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run_script, args=(connection,), daemon=True).start()

    def _run_script(self, connection: socket.socket) -> None:
        with suppress(OSError), closing(connection):
            if self._tls is None:
                self._script(self, connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    self._script(self, wrapped)
        self.finished.release()

    def read(self, connection: socket.socket) -> bytes:
        """Read one complete request, or as much of it as came before the connection ended."""
        request = bytearray()
        while True:
            chunk = connection.recv(65536)
            self.received += chunk
            request += chunk
            head, mark, body = request.partition(b"\r\n\r\n")
            if not chunk or (mark and len(body) >= content_length(bytes(head))):
                return bytes(request)

    def close(self) -> None:
        """End stalled scripts and stop listening."""
        self.stop.set()
        # On Linux a blocked accept does not notice that its socket was closed.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def content_length(head: bytes) -> int:
    """Return the Content-Length of a head; 0 without one."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def send(transport: CurlTransport, request: Request) -> Exchange:
    """Send a request and wait for its exchange, a minute at most."""
    return transport.submit(request).result(timeout=60)


def respond_with(response: bytes, *, stall: bool = False) -> ServerScript:
    """Return a script that reads a request, responds, and closes or stalls."""

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(response)
        if stall:
            server.stop.wait(60)

    return script


def reset_after_request(server: RawServer, connection: socket.socket) -> None:
    """Read a request and reset the connection: closing with this option sends an RST."""
    server.read(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
