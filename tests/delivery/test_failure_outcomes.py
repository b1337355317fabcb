"""Tests of the outcomes that the transport assigns to failures on the wire."""

from __future__ import annotations

import socket

import pytest
from raw_server import (
    SHORT_S,
    RawServer,
    RequestFactory,
    ServerFactory,
    ServerScript,
    reset_after_request,
    respond_with,
    send,
)

from pytest_mews.delivery import CurlTransport
from pytest_mews.delivery.response_head import MAX_STORED_BYTES
from pytest_mews.model import Outcome
from tests.ports import free_port


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (b"", Outcome.TIMEOUT_ANSWER),
        (b"HTTP/1.1 200 OK\r\nX-Slow: 1\r\n", Outcome.TIMEOUT_BODY),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", Outcome.TIMEOUT_BODY),
    ],
    ids=["no response", "headers stall", "body stalls"],
)
def test_a_stalled_response_ends_at_the_deadline(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    response: bytes,
    outcome: Outcome,
) -> None:
    """The outcome shows how much of the response had arrived."""
    server = raw_server(respond_with(response, stall=True))
    exchange = send(transport, make_request(server.url, deadline_s=SHORT_S))
    assert exchange.outcome is outcome
    assert exchange.sent_ms is not None
    assert (exchange.first_byte_ms is None) == (outcome is Outcome.TIMEOUT_ANSWER)


def test_slow_headers_do_not_postpone_the_deadline(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A server that keeps sending headers still misses the deadline."""

    def send_slowly(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not server.stop.wait(0.05):
            connection.sendall(b"X-Slow: 1\r\n")

    exchange = send(transport, make_request(raw_server(send_slowly).url, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_BODY
    assert ("X-Slow", "1") in exchange.response_headers


def test_an_unread_body_times_out_while_sending(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A server that reads nothing prevents the request from being sent completely."""
    server = raw_server(lambda server, _: server.stop.wait(60))
    exchange = send(transport, make_request(server.url, body=b"x" * 30_000_000, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_SEND
    assert exchange.connected_ms is not None
    assert exchange.sent_ms is None


def test_a_stalled_tls_handshake_is_a_connect_timeout(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """With https a connection counts as connected only after the TLS handshake."""
    server = raw_server(lambda server, _: server.stop.wait(60))
    url = server.url.replace("http:", "https:")
    exchange = send(transport, make_request(url, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_CONNECT
    assert exchange.connected_ms is None


def test_a_closed_port_is_refused(transport: CurlTransport, make_request: RequestFactory) -> None:
    """Nothing listens on the port: refused, with curl's message as the detail."""
    port = free_port()
    exchange = send(transport, make_request(f"http://127.0.0.1:{port}/"))
    assert exchange.outcome is Outcome.CONNECTION_REFUSED
    assert str(port) in exchange.detail
    assert exchange.connected_ms is None
    assert exchange.answer_ms is None


def test_an_unknown_name_is_not_resolved(
    transport: CurlTransport, make_request: RequestFactory
) -> None:
    """The top-level domain .invalid never resolves (RFC 6761)."""
    exchange = send(transport, make_request("http://partner.invalid/"))
    assert exchange.outcome is Outcome.NAME_NOT_RESOLVED
    assert exchange.connected_ms is None


@pytest.mark.parametrize(
    "script",
    [
        reset_after_request,
        respond_with(b""),
        respond_with(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
    ],
    ids=["reset", "closed without a response", "closed within the body"],
)
def test_a_broken_connection_is_a_reset(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    script: ServerScript,
) -> None:
    """A connection that ends in any other way is a reset; an incomplete 2xx isn't delivered."""
    exchange = send(transport, make_request(raw_server(script).url))
    assert exchange.outcome is Outcome.CONNECTION_RESET
    assert exchange.detail


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-partner\r\n\r\nhello",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 400_000 + b"\r\n\r\n",
    ],
    ids=[
        "other protocol",
        "invalid status",
        "invalid length",
        "no colon",
        "invalid chunk",
        "endless header",
    ],
)
def test_invalid_http_is_a_protocol_error(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    response: bytes,
) -> None:
    """A response that violates HTTP's grammar or framing differs from a broken connection."""

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(response)
        server.stop.wait(60)

    exchange = send(transport, make_request(raw_server(script).url))
    assert exchange.outcome is Outcome.PROTOCOL_ERROR


def test_an_endless_response_ends_at_the_deadline(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """An endless body is stored up to the cap and cut at the deadline."""

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.stop.is_set():
            connection.sendall(b"x" * 65536)

    exchange = send(transport, make_request(raw_server(script).url, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_BODY
    assert len(exchange.response_body) == MAX_STORED_BYTES
    assert exchange.response_size > MAX_STORED_BYTES
