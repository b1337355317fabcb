"""Fixtures: scripted raw servers, a running transport, and a factory of requests."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
from raw_server import RawServer, RequestFactory, ServerFactory, ServerScript

from pytest_mews.delivery import CurlTransport, Request, SystemClock


@pytest.fixture
def raw_server() -> Iterator[ServerFactory]:
    """Return a function that starts a raw server with a script; all end with the test."""
    servers: list[RawServer] = []

    def make(script: ServerScript, tls: ssl.SSLContext | None = None) -> RawServer:
        server = RawServer(script, tls)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def transport() -> Iterator[CurlTransport]:
    """Run a transport during the test."""
    with CurlTransport(SystemClock()) as curl_transport:
        yield curl_transport


@pytest.fixture
def make_request() -> RequestFactory:
    """Return a function that creates a POST of ten bytes; keywords override its fields."""

    def make(url: str, **fields: object) -> Request:
        defaults: dict[str, object] = {
            "method": "POST",
            "headers": (("Content-Type", "application/json"),),
            "body": b"0123456789",
            "deadline_s": 20.0,
        }
        return Request(url=url, **(defaults | fields))  # type: ignore[arg-type]

    return make
