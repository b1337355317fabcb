"""Lets HTTP libraries send what is for the Connector API to the emulator instead.

Each library is patched where it passes a complete request to the network, so that everything above,
such as sessions, retries, authentication and event hooks, works as it does in production:

- requests: `responses` replaces `HTTPAdapter.send`. What replaces it later, such as the mock of a
  test, gets no requests to the Connector API: `Session.get_adapter` returns an adapter for them.
- httpx and httpx2: `HTTPTransport.handle_request` and `AsyncHTTPTransport.handle_async_request`,
  the documented interface of transports, which pytest-httpx patches too. Transports that reach no
  network (ASGI, WSGI, mock) are left alone.
- aiohttp: code that builds its responses, as aioresponses does, fails with releases that change
  them. So `BaseConnector.connect` connects to the emulator on a socket of 127.0.0.1.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from inspect import isawaitable
from typing import Any, Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
import responses
from requests import PreparedRequest
from requests.adapters import BaseAdapter, HTTPAdapter

from pytest_mews.emulator.connector_api import ApiRequest, ApiResponse, PendingResponse
from pytest_mews.kit.mews_hosts import is_api_host
from pytest_mews.kit.skipping_clock import Sleep

_HTTPX = ("httpx", "httpx2")
_API_URL = r"https://api\.mews(-demo)?\.com(:443)?(/|$)"
_METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_RESET = "Connection reset by peer"


class InProcessApi(Protocol):
    """The emulator, as the patched libraries use it."""

    sleep: Sleep

    @property
    def url(self) -> str:
        """The address of the emulator on a socket."""

    def begin(self, request: ApiRequest) -> PendingResponse:
        """Handle a request."""


@contextmanager
def answer_clients(api: InProcessApi) -> Iterator[None]:
    """Answer requests of every installed library to the Connector API until the context ends.

    Requests to other hosts take their usual way, also through what other tools have patched.
    """
    with ExitStack() as patches:
        patches.enter_context(_answer_requests(api))
        for name in _HTTPX:
            if find_spec(name) is not None:
                patches.enter_context(_answer_httpx(api, import_module(name)))
        if find_spec("aiohttp") is not None:
            patches.enter_context(_answer_aiohttp(api, import_module("aiohttp")))
        yield


@dataclass(frozen=True)
class _Answer:
    """The answer to one request, before its delay.

    Attributes:
        wait_s: the seconds to wait before `finish`.
        is_late: whether the client's timeout is over by then.

    """

    pending: PendingResponse
    wait_s: float
    is_late: bool

    def finish(self) -> ApiResponse | None:
        """Record what became of the response; return None if the client didn't wait for it."""
        if self.is_late:
            self.pending.mark_lost()
            return None
        self.pending.mark_sent()
        return self.pending.response


def _begin(
    api: InProcessApi,
    request: tuple[str, str, dict[str, str], bytes],
    timeout_s: float | None,
) -> _Answer:
    method, url, headers, body = request
    parts = urlsplit(url)
    pending = api.begin(ApiRequest(method, parts.path, headers, body, parts.query))
    delay_s = pending.response.delay_s
    if timeout_s is not None and delay_s > timeout_s:
        return _Answer(pending, timeout_s, is_late=True)
    return _Answer(pending, delay_s, is_late=False)


@contextmanager
def _answer_requests(api: InProcessApi) -> Iterator[None]:
    def respond(request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        headers = {name.lower(): _decode(value) for name, value in request.headers.items()}
        sent = (request.method or "", request.url or "", headers, _encode(request.body))
        answer = _begin(api, sent, _read_timeout_s(getattr(request, "req_kwargs", {})))
        if answer.wait_s:
            api.sleep(answer.wait_s)
        response = answer.finish()
        if response is None:
            raise requests.exceptions.ReadTimeout(request=request)
        if response.status is None:
            raise requests.exceptions.ConnectionError(_RESET, request=request)
        return response.status, dict(response.headers), response.body

    send: Any = HTTPAdapter.send  # its stubs have other types for the proxies
    mock = responses.RequestsMock(assert_all_requests_are_fired=False, real_adapter_send=send)
    mock.add_passthru(re.compile(f"(?!{_API_URL})"))
    mock.start()
    for method in _METHODS:
        mock.add_callback(method, re.compile(_API_URL), callback=respond)
    choose = requests.Session.get_adapter

    def get_adapter(session: requests.Session, url: str | bytes) -> BaseAdapter:
        adapter = choose(session, url)  # type: ignore[arg-type]  # its stubs know no bytes
        if isinstance(adapter, _MockedAdapter):
            adapter = adapter.replaced  # by another emulator, which has started before
        # One with a `send` of its own calls that of HTTPAdapter.
        is_plain = type(adapter).send is HTTPAdapter.send
        if (
            isinstance(adapter, HTTPAdapter)
            and is_plain
            and re.match(_API_URL, _decode(url), re.IGNORECASE)
        ):
            return _MockedAdapter(mock, adapter)
        return adapter

    try:
        with patch.object(requests.Session, "get_adapter", get_adapter):
            yield
    finally:
        mock.stop()
        mock.reset()


class _MockedAdapter(BaseAdapter):
    """Passes requests to a mock, even if another one is active; retries are the adapter's."""

    def __init__(self, mock: responses.RequestsMock, replaced: HTTPAdapter) -> None:
        super().__init__()
        self._send, self.replaced = mock.unbound_on_send(), replaced

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - as the adapter's
        return self._send(self.replaced, request, *args, **options)

    def close(self) -> None:
        self.replaced.close()


@contextmanager
def _answer_httpx(api: InProcessApi, httpx: Any) -> Iterator[None]:  # noqa: ANN401 - an optional package
    send = httpx.HTTPTransport.handle_request
    send_async = httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(transport: Any, request: Any) -> Any:  # noqa: ANN401 - as the transport's
        if not _is_for_api(request):
            return send(transport, request)
        answer = _begin_httpx(api, request, request.read())
        if answer.wait_s:
            api.sleep(answer.wait_s)
        return _finish_httpx(httpx, request, answer)

    async def handle_async_request(transport: Any, request: Any) -> Any:  # noqa: ANN401 - as the transport's
        if not _is_for_api(request):
            return await send_async(transport, request)
        answer = _begin_httpx(api, request, await request.aread())
        if answer.wait_s:
            await _sleep_async(api.sleep, answer.wait_s)
        return _finish_httpx(httpx, request, answer)

    with (
        patch.object(httpx.HTTPTransport, "handle_request", handle_request),
        patch.object(httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request),
    ):
        yield


def _begin_httpx(api: InProcessApi, request: Any, body: bytes) -> _Answer:  # noqa: ANN401 - see above
    timeout_s = request.extensions.get("timeout", {}).get("read")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return _begin(api, (request.method, str(request.url), headers, body), timeout_s)


def _finish_httpx(httpx: Any, request: Any, answer: _Answer) -> Any:  # noqa: ANN401 - see above
    response = answer.finish()
    if response is None:
        raise httpx.ReadTimeout("The read operation timed out", request=request)
    if response.status is None:
        raise httpx.ReadError(_RESET, request=request)
    # A stream, since httpx measures `elapsed` when it is read.
    stream = httpx.ByteStream(response.body)
    return httpx.Response(response.status, headers=response.headers, stream=stream)


@contextmanager
def _answer_aiohttp(api: InProcessApi, aiohttp: Any) -> Iterator[None]:  # noqa: ANN401 - an optional package
    connect: Callable[..., Any] = aiohttp.BaseConnector.connect

    async def connect_to_emulator(connector: Any, request: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the connector's
        if request.url.scheme == "https" and is_api_host(request.url.host):
            address = type(request.url)(api.url)
            request.url, request.proxy = address.join(request.url.relative()), None
        return await connect(connector, request, *args, **options)

    with patch.object(aiohttp.BaseConnector, "connect", connect_to_emulator):
        yield


def _is_for_api(request: Any) -> bool:  # noqa: ANN401 - of an optional package
    return bool(request.url.scheme == "https" and is_api_host(request.url.host))


async def _sleep_async(sleep: Sleep, seconds: float) -> None:
    """Sleep in an event loop: of asyncio or, like httpx, of trio."""
    if sleep is time.sleep:
        await import_module("anyio").sleep(seconds)
    elif isawaitable(pending := sleep(seconds)):
        await pending


def _decode(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _encode(body: object) -> bytes:
    """Return a request's body as bytes; `responses` has already read a file."""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, Iterable) and not isinstance(body, bytes | bytearray):
        return b"".join(map(_encode, body))  # requests sends it in chunks
    return bytes(body) if isinstance(body, bytes | bytearray) else b""


def _read_timeout_s(arguments: dict[str, Any]) -> float | None:
    """Return the read timeout in the arguments of a request; None if it has none."""
    timeout = arguments.get("timeout")
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return timeout if isinstance(timeout, int | float) else None
