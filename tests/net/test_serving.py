"""The server that the embedded partner and the twin share, and what clients do to it."""

from __future__ import annotations

import gc
import socket
import struct
import threading

import pytest
from werkzeug import Request, Response

from pytest_mews.net.http_server import HttpServer

GENEROUS_S = 20
REQUEST = b"POST / HTTP/1.1\r\nHost: partner\r\nContent-Length: 2\r\n\r\n{}"


class Late(HttpServer):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", keeps=True)
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def application(self, request: Request) -> Response:
        """Read the request, and wait."""
        request.get_data()
        self.asked.set()
        self.may_answer.wait(GENEROUS_S)
        return Response("x" * 100)


def test_a_client_that_went_away_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    """An answer that nobody takes is dropped: no traceback, and no socket is left open."""
    server = Late()
    server.start()
    client = socket.create_connection((server.host, server.port), GENEROUS_S)
    client.sendall(REQUEST)
    assert server.asked.wait(GENEROUS_S)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.may_answer.set()
    server.stop()
    gc.collect()  # an open socket would be told of here
    assert capfd.readouterr().err == ""
