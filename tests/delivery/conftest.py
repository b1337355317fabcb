"""Servers of raw bytes, a transport, and a quick way to make a request."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
from raw_server import Play, Post, RawServer, Serve

from pytest_mews.delivery import CurlTransport, Request, SystemClock


@pytest.fixture
def raw_server() -> Iterator[Serve]:
    """Make servers of raw bytes; the script is called with the server and a connection."""
    servers: list[RawServer] = []

    def make(script: Play, tls: ssl.SSLContext | None = None) -> RawServer:
        server = RawServer(script, tls)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def transport() -> Iterator[CurlTransport]:
    """Give a running transport."""
    with CurlTransport(SystemClock()) as running:
        yield running


@pytest.fixture
def post() -> Post:
    """Make a POST of ten bytes; keyword arguments replace its parts."""

    def make(url: str, **parts: object) -> Request:
        given: dict[str, object] = {
            "method": "POST",
            "headers": (("Content-Type", "application/json"),),
            "body": b"0123456789",
            "deadline_s": 20.0,
        }
        return Request(url=url, **(given | parts))  # type: ignore[arg-type]

    return make
