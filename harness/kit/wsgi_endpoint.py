"""Delivers to a WSGI application in the process of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextvars import copy_context
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from werkzeug.test import EnvironBuilder, run_wsgi_app

from pytest_mews.delivery import Clock, Request, Transport
from pytest_mews.delivery.curl_options import request_headers
from pytest_mews.kit.app_exchange import (
    BASE_URL,
    SERVER_ERROR,
    AppResponse,
    build_exchange,
    is_elsewhere,
    sent_body,
    unreachable,
)
from pytest_mews.model import Exchange, TransferMode

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiEndpoint(Transport):
    """A WSGI application.

    It runs in the caller's thread, where it sees the same database connection as the test. Nothing
    can interrupt it: a response that is too late is lost, but not before the application has
    returned, or passed the next part of its body.

    Args:
        app: the application.
        clock: the time of its exchanges.

    """

    base_url = BASE_URL

    def __init__(self, app: WsgiApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    def submit(self, request: Request) -> Future[Exchange]:
        """Send a request; see `Transport`."""
        future: Future[Exchange] = Future()
        future.set_result(self.exchange(request))
        return future

    async def send(self, request: Request) -> Exchange:
        """Send one request; the event loop waits meanwhile."""
        return self.exchange(request)

    def concurrent(self) -> Transport:
        """Return a transport that has a thread for each request."""
        return ThreadTransport(self)

    def close(self) -> None:
        """End nothing: no request is unfinished."""

    def exchange(self, request: Request) -> Exchange:
        """Call the application for one request."""
        if is_elsewhere(request, self.base_url):
            return unreachable(request, self._clock)
        started_ms = self._clock.now_ms()
        deadline_ms = started_ms + request.deadline_s * 1000
        response = self._call(request, deadline_ms)
        return build_exchange(request, started_ms, self._clock.now_ms(), response)

    def _call(self, request: Request, deadline_ms: float) -> AppResponse | None:
        """Call the application; its exception is part of the response.

        None if the body does not end in time.
        """
        parts = urlsplit(request.url)
        is_chunked = request.transfer_mode is TransferMode.CHUNKED
        builder = EnvironBuilder(
            path=unquote(parts.path) or "/",
            base_url=self.base_url,
            query_string=parts.query,
            method=request.method,
            headers=list(request_headers(request)),
            input_stream=BytesIO(sent_body(request)),
            content_length=None if is_chunked else len(request.body),
        )
        environ = builder.get_environ()
        environ["wsgi.input_terminated"] = True
        try:
            body, status, headers = run_wsgi_app(self._app, environ)
            content = self._read(body, deadline_ms)
            if content is None:
                return None
            return AppResponse(int(status.split()[0]), tuple(headers.items()), content)
        except Exception as error:  # noqa: BLE001 - whatever it is, a server answers it with 500
            return AppResponse(SERVER_ERROR, error=error)
        finally:
            builder.close()

    def _read(self, body: Iterable[bytes], deadline_ms: float) -> bytes | None:
        """Read the parts of a body; return None if it doesn't end in time."""
        content = bytearray()
        try:
            for part in body:
                content += part
                if self._clock.now_ms() > deadline_ms:
                    return None
        finally:
            getattr(body, "close", lambda: None)()
        return bytes(content)


class ThreadTransport(Transport):
    """Calls a WSGI application for each request in a thread of its own."""

    def __init__(self, endpoint: WsgiEndpoint) -> None:
        self._endpoint = endpoint

    def submit(self, request: Request) -> Future[Exchange]:
        """Start a request; see `Transport`."""
        future: Future[Exchange] = Future()
        run = copy_context().run  # the clock's jumps so far
        Thread(target=run, args=(self._run, request, future), daemon=True).start()
        return future

    def close(self) -> None:
        """End nothing: a thread ends with its request."""

    def _run(self, request: Request, future: Future[Exchange]) -> None:
        try:
            future.set_result(self._endpoint.exchange(request))
        except BaseException as error:  # noqa: BLE001 - the caller raises it
            future.set_exception(error)
