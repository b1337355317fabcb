"""The HTTP server of the emulators and the demo partner, with a client that disconnects."""

from __future__ import annotations

import gc
import socket
import struct
import sys
import threading

import pytest
from werkzeug import Request, Response

from pytest_mews.net import http_server
from pytest_mews.net.http_server import HttpServer

TIMEOUT_S = 20
REQUEST = b"POST / HTTP/1.1\r\nHost: partner\r\nContent-Length: 2\r\n\r\n{}"


class DelayedServer(HttpServer):
    """Responds when `may_respond` is set."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", keep_alive=True)
        self.received, self.may_respond = threading.Event(), threading.Event()

    def application(self, request: Request) -> Response:
        """Read the request, and wait."""
        request.get_data()
        self.received.set()
        self.may_respond.wait(TIMEOUT_S)
        return Response("x" * 100)


def test_a_client_that_disconnects_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    """The response is dropped: no traceback, and no open socket."""
    server = DelayedServer()
    server.start()
    client = socket.create_connection((server.host, server.port), TIMEOUT_S)
    client.sendall(REQUEST)
    assert server.received.wait(TIMEOUT_S)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.may_respond.set()
    server.stop()
    gc.collect()  # an open socket would warn here
    assert capfd.readouterr().err == ""


class EarlyClientServer(HttpServer):
    """Has a client before it is set up; counts the requests on its connection."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", keep_alive=True)
        self.clients: list[socket.socket] = []

    def prepare(self) -> None:
        """Connect, as somebody may who tries again and again."""
        client = socket.create_connection((self.host, self.port), TIMEOUT_S)
        client.sendall(REQUEST)
        self.clients.append(client)
        super().prepare()

    def application(self, request: Request) -> Response:
        """Respond with the number of the request."""
        return Response(f"request {self.request_number(request)}")


def test_a_client_that_comes_early_is_served_like_others() -> None:
    """Nobody is served before the server is set up."""
    server = EarlyClientServer()
    server.start()
    try:
        while not server.clients:
            pass
        with server.clients[0] as client:
            assert client.recv(1_000).startswith(b"HTTP/1.1 200")
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the server looks up after POLL_S")
def test_stopping_does_not_wait_for_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's thread ends at once, however rarely it looks up by itself."""
    monkeypatch.setattr(http_server, "POLL_S", 10 * TIMEOUT_S)
    server = DelayedServer()
    server.start()
    socket.create_connection((server.host, server.port), TIMEOUT_S).close()
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    stopping.join(TIMEOUT_S)
    assert not stopping.is_alive()
