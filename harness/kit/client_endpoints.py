"""Delivers through a test client: of Django, of Flask, of Starlette, or any client of httpx."""

from __future__ import annotations

from abc import abstractmethod
from concurrent.futures import Future
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlsplit

from pytest_mews.delivery import Clock, Request, Transport
from pytest_mews.delivery.curl_options import request_headers
from pytest_mews.kit.app_exchange import (
    BASE_URL,
    SERVER_ERROR,
    AppResponse,
    build_exchange,
    is_elsewhere,
    unreachable,
)
from pytest_mews.model import Exchange, Fault

_NETWORK_TRANSPORTS = frozenset({"HTTPTransport", "AsyncHTTPTransport"})  # httpx's and httpx2's


class ClientEndpoint(Transport):
    """A test client. It sends complete requests, so only the response of one can be lost.

    Args:
        client: the client.
        clock: the time of its exchanges.

    Attributes:
        base_url: the scheme and host that the client uses.
        is_async: whether its responses have to be awaited.

    """

    base_url = BASE_URL
    is_async = False

    def __init__(self, client: Any, clock: Clock) -> None:  # noqa: ANN401 - of an optional package
        self._client, self._clock = client, clock

    @abstractmethod
    def _call(self, request: Request, url: str) -> Any:  # noqa: ANN401 - of an optional package
        """Pass a request to the client; return its response, or what has to be awaited."""

    @abstractmethod
    def _read(self, response: Any) -> AppResponse:  # noqa: ANN401 - of an optional package
        """Read a response of the client."""

    def submit(self, request: Request) -> Future[Exchange]:
        """Send a request; see `Transport`.

        Raises:
            TypeError: the client is asynchronous.
            ValueError: a test client can't inject the fault.

        """
        if self.is_async:
            raise TypeError("the client is asynchronous: use deliver_async")
        future: Future[Exchange] = Future()
        if (refused := self._refuse(request)) is not None:
            future.set_result(refused)
            return future
        started_ms = self._clock.now_ms()
        try:
            response = self._read(self._call(request, self._url(request)))
        except Exception as error:  # noqa: BLE001 - see `_error_response`
            response = self._error_response(error)
        future.set_result(build_exchange(request, started_ms, self._clock.now_ms(), response))
        return future

    async def send(self, request: Request) -> Exchange:
        """Send one request; the event loop waits for a synchronous client.

        Raises:
            ValueError: a test client can't inject the fault.

        """
        if not self.is_async:
            return self.submit(request).result()
        if (refused := self._refuse(request)) is not None:
            return refused
        started_ms = self._clock.now_ms()
        try:
            response = self._read(await self._call(request, self._url(request)))
        except Exception as error:  # noqa: BLE001 - see `_error_response`
            response = self._error_response(error)
        return build_exchange(request, started_ms, self._clock.now_ms(), response)

    def concurrent(self) -> Transport:
        """Return this endpoint: it sends one request after the other."""
        return self

    def close(self) -> None:
        """Leave the client open: it is the test's."""

    def _error_response(self, error: Exception) -> AppResponse:
        """Return the response of a server whose application raised an exception."""
        return AppResponse(SERVER_ERROR, error=error)

    def _refuse(self, request: Request) -> Exchange | None:
        if request.fault not in {Fault.NONE, Fault.DROP_RESPONSE}:
            problem = f"faults: a test client can't inject {request.fault.value!r}"
            raise ValueError(f"{problem}; give the application itself, or a URL")
        return unreachable(request, self._clock) if is_elsewhere(request, self.base_url) else None

    def _url(self, request: Request) -> str:
        """Return the URL as the client takes it, by default without scheme and host."""
        parts = urlsplit(request.url)
        return parts._replace(scheme="", netloc="").geturl()


class DjangoClient(ClientEndpoint):
    """`django.test.Client`, or `AsyncClient`, or a subclass of one of them."""

    def __init__(self, client: Any, clock: Clock) -> None:  # noqa: ANN401 - of an optional package
        super().__init__(client, clock)
        self.is_async = iscoroutinefunction(client.request)

    def _call(self, request: Request, url: str) -> Any:  # noqa: ANN401 - of an optional package
        headers = dict(request_headers(request))
        content_type = headers.pop("Content-Type", "")
        return self._client.generic(
            request.method, url, request.body, content_type, secure=True, headers=headers
        )

    def _read(self, response: Any) -> AppResponse:  # noqa: ANN401 - of an optional package
        content = b"".join(response) if response.streaming else response.content
        headers = tuple((name, str(value)) for name, value in response.items())
        return AppResponse(response.status_code, headers, content)


class WerkzeugClient(ClientEndpoint):
    """`werkzeug.test.Client`: the test client of Flask."""

    def _call(self, request: Request, url: str) -> Any:  # noqa: ANN401 - of an optional package
        return self._client.open(
            url,
            base_url=self.base_url,
            method=request.method,
            data=request.body,
            headers=list(request_headers(request)),
        )

    def _read(self, response: Any) -> AppResponse:  # noqa: ANN401 - of an optional package
        return AppResponse(response.status_code, tuple(response.headers.items()), response.data)


class HttpxClient(ClientEndpoint):
    """A client of httpx, such as Starlette's and FastAPI's `TestClient`."""

    def __init__(self, client: Any, clock: Clock) -> None:  # noqa: ANN401 - of an optional package
        super().__init__(client, clock)
        self.base_url = str(client.base_url).rstrip("/") or BASE_URL
        self.is_async = iscoroutinefunction(client.request)

    def _call(self, request: Request, url: str) -> Any:  # noqa: ANN401 - of an optional package
        return self._client.request(
            request.method,
            url,
            content=request.body,
            headers=list(request_headers(request)),
            follow_redirects=False,
        )

    def _error_response(self, error: Exception) -> AppResponse:
        """Raise the error of a client that reaches a network: it is not the application's."""
        if _is_network_transport(self._client._transport):  # noqa: SLF001 - httpx has no other name
            raise error
        return super()._error_response(error)

    def _url(self, request: Request) -> str:
        return request.url  # the client would put the path of its base URL before a relative one

    def _read(self, response: Any) -> AppResponse:  # noqa: ANN401 - of an optional package
        headers = tuple(response.headers.multi_items())
        return AppResponse(response.status_code, headers, response.content)


def _is_network_transport(transport: object) -> bool:
    return any(base.__name__ in _NETWORK_TRANSPORTS for base in type(transport).__mro__)
