"""The Connector API emulator in the process of a test, for Python code that uses requests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import responses
from requests import PreparedRequest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.connector_api.api_http import ApiRequest
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi
from pytest_mews.model import Tenants

_MEWS_URLS = re.compile(r"https://api\.mews(-demo)?\.com(/|$)")
_METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class MewsApi(ConnectorApi):
    """The Connector API emulator at Mews's own addresses: what the fixture `mews_api` returns.

    Inside its `with` block it answers requests to https://api.mews.com and
    https://api.mews-demo.com. Requests to any other host raise `ConnectionError`, as `responses`
    does by default, so that a test which would reach the network fails.

    Attributes:
        tenants: the client and the enterprises, with the tokens that the emulator accepts.

    Args:
        tenants: the client and the enterprises that exist.
        open_ids: whether every id exists as soon as a request asks for it.
        sleep: called with the seconds that a slow response takes, or with the request's timeout if
            that is shorter.

    """

    def __init__(
        self,
        tenants: Tenants = DEFAULT_TENANTS,
        *,
        open_ids: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        started = time.monotonic()
        super().__init__(
            tenants,
            lambda: (time.monotonic() - started) * 1000,
            started_utc=datetime.now(UTC),
            open_ids=open_ids,
        )
        self.tenants = tenants
        self._sleep = sleep
        self._mock = responses.RequestsMock(assert_all_requests_are_fired=False)

    def __enter__(self) -> Self:
        self._mock.start()
        for method in _METHODS:
            self._mock.add_callback(method, _MEWS_URLS, callback=self._respond)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._mock.stop()
        self._mock.reset()

    def _respond(self, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        pending = self.begin(
            ApiRequest(
                request.method or "",
                urlsplit(request.url or "").path,
                {name.lower(): _decode(value) for name, value in request.headers.items()},
                _encode(request.body),
            )
        )
        response = pending.response
        timeout_s = _read_timeout_s(getattr(request, "req_kwargs", {}))
        if timeout_s is not None and response.delay_s > timeout_s:
            self._sleep(timeout_s)
            pending.mark_lost()
            raise requests.exceptions.ReadTimeout(request=request)
        if response.delay_s:
            self._sleep(response.delay_s)
        pending.mark_sent()
        if response.status is None:
            raise requests.exceptions.ConnectionError("Connection reset by peer", request=request)
        return response.status, dict(response.headers), response.body


def _decode(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _encode(body: object) -> bytes:
    """Return a request's body as bytes; `responses` has already read a stream."""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b""


def _read_timeout_s(arguments: dict[str, Any]) -> float | None:
    """Return the read timeout in the arguments of a request; None if it has none."""
    timeout = arguments.get("timeout")
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return timeout if isinstance(timeout, int | float) else None
