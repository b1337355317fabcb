"""Everything that a test can deliver a message to, behind one protocol."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Protocol

from werkzeug.test import Client as WsgiClient

from pytest_mews.delivery import Clock, CurlTransport, Request, Transport
from pytest_mews.kit.asgi_endpoint import AsgiEndpoint
from pytest_mews.kit.client_endpoints import DjangoClient, HttpxClient, WerkzeugClient
from pytest_mews.kit.loop_thread import LoopThread
from pytest_mews.kit.skipping_clock import skipped_ms
from pytest_mews.kit.wsgi_endpoint import WsgiEndpoint
from pytest_mews.model import Exchange

_MOMENTS = ("started_ms", "ended_ms", "connected_ms", "sent_ms", "first_byte_ms")
_KNOWN = (
    "Give an ASGI or WSGI application, a test client of Django, Flask, Starlette, FastAPI or "
    "httpx, or the URL of a running service."
)


class Endpoint(Transport, Protocol):
    """Sends the requests of a delivery."""

    @property
    def base_url(self) -> str:
        """The scheme and host of its URLs; empty if the test gives a complete URL."""

    async def send(self, request: Request) -> Exchange:
        """Send a request in the running event loop."""

    def concurrent(self) -> Transport:
        """Return a transport whose requests run at the same time, where that is possible."""


class UrlEndpoint(Transport):
    """A service that listens on a URL."""

    base_url = ""

    def __init__(self, clock: Clock) -> None:
        self._transport = CurlTransport(clock)

    def submit(self, request: Request) -> Future[Exchange]:
        """Start a request; see `Transport`."""
        future: Future[Exchange] = Future()
        jumped_ms = skipped_ms()  # not by the thread of the transport

        def finish(done: Future[Exchange]) -> None:
            try:
                future.set_result(_delayed(done.result(), jumped_ms))
            except BaseException as error:  # noqa: BLE001 - the caller raises it
                future.set_exception(error)

        self._transport.submit(request).add_done_callback(finish)
        return future

    async def send(self, request: Request) -> Exchange:
        """Send one request without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(request))

    def concurrent(self) -> Transport:
        """Return this endpoint."""
        return self

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


def _delayed(exchange: Exchange, by_ms: float) -> Exchange:
    """Return an exchange whose moments are later."""
    moments = {name: getattr(exchange, name) for name in _MOMENTS}
    return replace(exchange, **{name: ms + by_ms for name, ms in moments.items() if ms is not None})


def open_endpoint(endpoint: Any, clock: Clock, loop_thread: LoopThread) -> Endpoint:  # noqa: ANN401 - see above
    """Return what delivers to an endpoint.

    Args:
        endpoint: an application, a test client or a URL.
        clock: the time of the exchanges.
        loop_thread: where an ASGI application runs in synchronous tests.

    Raises:
        TypeError: it is none of these.

    """
    if isinstance(endpoint, str):
        return UrlEndpoint(clock)
    if hasattr(endpoint, "generic") and hasattr(endpoint, "handler"):
        return DjangoClient(endpoint, clock)
    if isinstance(endpoint, WsgiClient):
        return WerkzeugClient(endpoint, clock)
    if hasattr(endpoint, "build_request") and hasattr(endpoint, "base_url"):
        return HttpxClient(endpoint, clock)
    match _required_parameters(endpoint):
        case [_, _]:
            return WsgiEndpoint(endpoint, clock)
        case [_, _, _]:
            return AsgiEndpoint(endpoint, clock, loop_thread)
    raise TypeError(f"nothing can be delivered to {endpoint!r}. {_KNOWN}")


def _required_parameters(endpoint: Any) -> Sequence[str]:  # noqa: ANN401 - see above
    """Return the names of the positional parameters that a call needs; none if it can't be called.

    WSGI applications take an environment and a function, ASGI applications a scope and two
    functions.
    """
    try:
        parameters = inspect.signature(endpoint).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return [
        parameter.name
        for parameter in parameters
        if parameter.kind in kinds and parameter.default is inspect.Parameter.empty
    ]
