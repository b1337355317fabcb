"""The HTTP server of the demo partner."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus

from werkzeug import Request as HttpRequest
from werkzeug import Response as HttpResponse
from werkzeug.exceptions import ClientDisconnected

from pytest_mews.demo.demo_thread import OnError, print_error
from pytest_mews.demo.service import Request, Response
from pytest_mews.net.http_server import HttpServer, disconnects_within, socket_of

HOST = "127.0.0.1"


class PartnerServer(HttpServer):
    """Serves a function from request to response; each connection has its own thread.

    Args:
        respond: returns the response to a request.
        port: the port; 0 for a free one.
        keep_alive: whether a connection serves several requests.
        answers_early: whether a POST is answered with 202 before its body is read.
        tls: the server's TLS context; None for plain http.
        on_error: called with an exception that nothing expected; the response is then a 500.

    """

    def __init__(  # noqa: PLR0913 - one required, five optional
        self,
        respond: Callable[[Request], Response],
        port: int = 0,
        *,
        keep_alive: bool = False,
        answers_early: bool = False,
        tls: ssl.SSLContext | None = None,
        on_error: OnError = print_error,
    ) -> None:
        super().__init__(HOST, port, keep_alive=keep_alive, tls=tls)
        self._respond, self._answers_early = respond, answers_early
        self._on_error = on_error

    def record_error(self, error: BaseException) -> bool:
        """Pass on an exception, except of a connection that the client ended."""
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self._on_error(error)
        return True

    def application(self, request: HttpRequest) -> HttpResponse:
        """Respond to a request, without logging it as pytest-httpserver does."""
        try:
            return self._answer(request)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - as a framework does
            self._on_error(error)
            return HttpResponse(status=HTTPStatus.INTERNAL_SERVER_ERROR)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        number = self.request_number(request)
        if self._answers_early and request.method == "POST":
            return HttpResponse(self._read_afterwards(request, number), HTTPStatus.ACCEPTED)
        response = self._respond(_read_request(request, number))
        if response.on_disconnect is not None:
            if disconnects_within(socket_of(request), response.delay_s):
                response.on_disconnect()
        elif response.delay_s:
            self.closing.wait(None if math.isinf(response.delay_s) else response.delay_s)
        return HttpResponse(response.body, response.status, response.headers)

    def _read_afterwards(self, request: HttpRequest, number: int) -> Iterator[bytes]:
        """Send the headers of the response, then read the request."""
        yield b""
        self._respond(_read_request(request, number))


def _read_request(request: HttpRequest, number: int) -> Request:
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
        request_number=number,
    )
