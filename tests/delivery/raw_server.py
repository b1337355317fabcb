"""A server that does what real frameworks refuse to do."""

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

Post = Callable[..., Request]
Serve = Callable[..., "RawServer"]
Play = Callable[["RawServer", socket.socket], None]


class RawServer:
    """Plays a script against every connection; `seen` is all that clients sent.

    A script is called with the server and a connection; when it returns, the connection is closed.
    """

    def __init__(self, script: Play, tls: ssl.SSLContext | None = None) -> None:
        self._script, self._tls = script, tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=300)
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://localhost:{self.port}/webhooks?Token=secret"
        self.seen = bytearray()
        self.over = threading.Semaphore(0)
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        with suppress(OSError), closing(connection):
            if self._tls is None:
                self._script(self, connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    self._script(self, wrapped)
        self.over.release()

    def read(self, connection: socket.socket) -> bytes:
        """Read one request whole, or up to the end of what came."""
        request = bytearray()
        while True:
            chunk = connection.recv(65536)
            self.seen += chunk
            request += chunk
            head, mark, body = request.partition(b"\r\n\r\n")
            if not chunk or (mark and len(body) >= announced(bytes(head))):
                return bytes(request)

    def close(self) -> None:
        """Let stalled scripts go, and stop listening."""
        self.stop.set()
        # On Linux a blocked accept does not notice that its socket was closed.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def announced(head: bytes) -> int:
    """Give a head's Content-Length."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def send(transport: CurlTransport, request: Request) -> Exchange:
    """Send a request and wait, but not for ever."""
    return transport.submit(request).result(timeout=60)


def answering(answer: bytes, *, stall: bool = False) -> Play:
    """Read a request, answer, and close, or keep the connection open."""

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(answer)
        if stall:
            server.stop.wait(60)

    return script


def resetting(server: RawServer, connection: socket.socket) -> None:
    """Read a request and reset the connection: a close with this option sends an RST."""
    server.read(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed_port() -> int:
    """Give a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
