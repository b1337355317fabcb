"""The twin in the partner's own process, for Python services that call Mews with requests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import responses
from requests import PreparedRequest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.emulator.connector_api.api_http import ApiRequest
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi
from pytest_mews.model import Tenants

_ADDRESSES = re.compile(r"https://api\.mews(-demo)?\.com(/|$)")
_METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class InProcessConnectorApi:
    """Answers what is sent to Mews's own addresses with requests, as long as it is open.

    While it is open, requests to any other host are refused with `ConnectionError`, as `responses`
    does by default: a test that reaches the network should be told so.

    Attributes:
        twin: what answers, and what it has seen.
        tenants: whom it plays: their tokens are right.

    Args:
        twin: what answers.
        tenants: whom it plays.
        sleep: waits; a slow answer takes its time, at most as long as the request's timeout.

    """

    def __init__(
        self,
        twin: ConnectorApi,
        tenants: Tenants = DEFAULT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.twin, self.tenants, self._sleep = twin, tenants, sleep
        self._mock = responses.RequestsMock(assert_all_requests_are_fired=False)

    def __enter__(self) -> Self:
        self._mock.start()
        for method in _METHODS:
            self._mock.add_callback(method, _ADDRESSES, callback=self._answer)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._mock.stop()
        self._mock.reset()

    def _answer(self, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        pending = self.twin.begin(
            ApiRequest(
                request.method or "",
                urlsplit(request.url or "").path,
                {name.lower(): _decoded(value) for name, value in request.headers.items()},
                _encoded(request.body),
            )
        )
        response = pending.response
        patience_s = _patience(getattr(request, "req_kwargs", {}))
        if patience_s is not None and response.delay_s > patience_s:
            self._sleep(patience_s)
            pending.lost()
            raise requests.exceptions.ReadTimeout(request=request)
        if response.delay_s:
            self._sleep(response.delay_s)
        pending.done()
        if response.status is None:
            raise requests.exceptions.ConnectionError("Connection reset by peer", request=request)
        return response.status, dict(response.headers), response.body


def _decoded(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _encoded(body: object) -> bytes:
    """Give a request's body as bytes; one that is a stream has been read by `responses`."""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b""


@contextmanager
def in_process(tenants: Tenants = DEFAULT) -> Iterator[InProcessConnectorApi]:
    """Answer in this process with a twin of its own, in which any id exists once asked for."""
    started = time.monotonic()
    twin = ConnectorApi(
        tenants,
        lambda: (time.monotonic() - started) * 1000,
        began=datetime.now(UTC),
        open_ids=True,
    )
    with InProcessConnectorApi(twin, tenants) as door:
        yield door


def _patience(arguments: dict[str, Any]) -> float | None:
    """Give the seconds that a request waits for its answer; None without a limit."""
    timeout = arguments.get("timeout")
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return timeout if isinstance(timeout, int | float) else None
