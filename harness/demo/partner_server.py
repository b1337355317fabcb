"""The embedded partner's socket: one function from request to answer, served."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus

from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.exceptions import ClientDisconnected

from pytest_mews.demo.service import Answer, Request
from pytest_mews.net.http_server import HttpServer, connection_of, disconnects_within

HOST = "127.0.0.1"


class PartnerServer(HttpServer):
    """Serves a function from request to answer, each connection in a thread of its own.

    Args:
        respond: gives the answer.
        port: the port; 0 for a free one.
        keeps: whether a connection may be used for several requests.
        hasty: whether a POST is answered with 202 before its body is read.
        tls: what to show and to speak; None for plain http.

    """

    def __init__(
        self,
        respond: Callable[[Request], Answer],
        port: int = 0,
        *,
        keeps: bool = False,
        hasty: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(HOST, port, keeps=keeps, tls=tls)
        self._respond, self._hasty = respond, hasty

    def application(self, request: HttpRequest) -> Response:
        """Answer one request, without keeping it as pytest-httpserver would."""
        turn = self.turn(request)
        if self._hasty and request.method == "POST":
            return Response(self._late(request, turn), HTTPStatus.ACCEPTED)
        answer = self._respond(_plain(request, turn))
        if answer.unread is not None:
            if disconnects_within(connection_of(request), answer.delay_s):
                answer.unread()
        elif answer.delay_s:
            self.closing.wait(None if math.isinf(answer.delay_s) else answer.delay_s)
        return Response(answer.body, answer.status, answer.headers)

    def _late(self, request: HttpRequest, turn: int) -> Iterator[bytes]:
        """Let the head of an answer go out, then read what it answers."""
        yield b""
        self._respond(_plain(request, turn))


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
