"""Tests of the faults that the transport injects into a request."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

import pytest
import trustme
from pytest_httpserver import HTTPServer
from raw_server import (
    SHORT_S,
    RawServer,
    RequestFactory,
    ServerFactory,
    reset_after_request,
    respond_with,
    send,
)
from werkzeug import Request as Received
from werkzeug import Response

from pytest_mews.delivery import CurlTransport
from pytest_mews.delivery.tcp_reset import has_arrived
from pytest_mews.model import Fault, Outcome, TransferMode
from tests.ports import free_port


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_dropped_response_follows_the_whole_request(
    transport: CurlTransport, make_request: RequestFactory, httpserver: HTTPServer, size: int
) -> None:
    """The service receives the whole body and responds; the transport drops the response."""
    received: list[bytes] = []

    def handle(request: Received) -> Response:
        received.append(request.get_data())
        return Response("ok", status=202)

    httpserver.expect_request("/hook").respond_with_handler(handle)
    body = b"x" * size
    request = make_request(httpserver.url_for("/hook"), body=body, fault=Fault.DROP_RESPONSE)
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.RESPONSE_DROPPED
    assert exchange.status == 202
    assert "202" in exchange.detail
    assert received == [body]


def test_without_a_response_there_is_none_to_drop(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """If the service doesn't respond, that is the outcome."""
    server = raw_server(respond_with(b"", stall=True))
    request = make_request(server.url, fault=Fault.DROP_RESPONSE, deadline_s=SHORT_S)
    assert send(transport, request).outcome is Outcome.TIMEOUT_ANSWER
    request = make_request(raw_server(reset_after_request).url, fault=Fault.DROP_RESPONSE)
    assert send(transport, request).outcome is Outcome.CONNECTION_RESET


def test_a_redirect_is_not_dropped(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A 307 comes before the service processes the request: it is kept, so it can be followed."""
    response = b"HTTP/1.1 307 Over there\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    exchange = send(
        transport, make_request(raw_server(respond_with(response)).url, fault=Fault.DROP_RESPONSE)
    )
    assert exchange.outcome is Outcome.ERROR_STATUS
    assert ("Location", "/b") in exchange.response_headers


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_truncated_request_announces_the_whole_body_and_sends_half(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory, size: int
) -> None:
    """The server receives the full Content-Length, half of the body, then the end."""
    server = raw_server(lambda server, connection: server.read(connection))
    exchange = send(
        transport, make_request(server.url, body=b"x" * size, fault=Fault.TRUNCATE_REQUEST)
    )
    assert server.finished.acquire(timeout=60)
    head, _, body = bytes(server.received).partition(b"\r\n\r\n")
    assert f"Content-Length: {size}".encode() in head
    assert body == b"x" * (size // 2)
    assert exchange.outcome is Outcome.REQUEST_TRUNCATED
    assert exchange.sent_ms is None
    assert f"{size // 2} of {size}" in exchange.detail


def test_a_request_that_never_arrived_was_not_truncated(
    transport: CurlTransport, make_request: RequestFactory
) -> None:
    """If nothing listens on the port, that is the outcome."""
    port = free_port()
    exchange = send(
        transport, make_request(f"http://127.0.0.1:{port}/", fault=Fault.TRUNCATE_REQUEST)
    )
    assert exchange.outcome is Outcome.CONNECTION_REFUSED


def test_an_early_response_does_not_hide_the_truncation(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A server that refuses early still got a truncated body."""

    def refuse(server: RawServer, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
        server.stop.wait(60)

    request = make_request(
        raw_server(refuse).url, body=b"x" * 60_000_000, fault=Fault.TRUNCATE_REQUEST
    )
    exchange = send(transport, request)
    assert (exchange.outcome, exchange.status) == (Outcome.REQUEST_TRUNCATED, 413)
    assert "413" in exchange.detail


class ReadToEnd:
    """A script that responds, reads to the end of the connection, and notes how it ended."""

    def __init__(self, response: bytes = b"") -> None:
        self.response, self.end = response, "none"

    def __call__(self, server: RawServer, connection: socket.socket) -> None:
        """Read at least the request's head, respond, and continue reading to the end."""
        try:
            server.read(connection)
            connection.sendall(self.response)
            while server.read(connection):
                pass
            self.end = "EOF"
        except ConnectionError:
            self.end = "reset"


@pytest.mark.parametrize("transfer_mode", list(TransferMode))
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_reset_follows_the_whole_request(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    size: int,
    transfer_mode: TransferMode,
) -> None:
    """The server receives the whole body, then a reset; the transport read no response."""
    script = ReadToEnd()
    server = raw_server(script)
    body = b"x" * size
    request = make_request(
        server.url, body=body, fault=Fault.RESET, transfer_mode=transfer_mode, deadline_s=2
    )
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.RESET_BY_HARNESS
    assert (exchange.status, exchange.first_byte_ms) == (None, None)
    assert exchange.sent_ms is not None
    assert server.finished.acquire(timeout=60)
    assert bytes(server.received).partition(b"\r\n\r\n")[2].count(b"x") == size
    assert script.end == "reset"


def test_a_slow_reader_gets_the_whole_body_before_the_reset(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """The transport waits until the server's system has all bytes: a reset would discard them."""
    script = ReadToEnd()

    def read_late(server: RawServer, connection: socket.socket) -> None:
        server.stop.wait(SHORT_S)
        script(server, connection)

    server = raw_server(read_late)
    exchange = send(transport, make_request(server.url, body=b"x" * 20_000_000, fault=Fault.RESET))
    assert exchange.outcome is Outcome.RESET_BY_HARNESS
    assert server.finished.acquire(timeout=60)
    assert bytes(server.received).count(b"x") >= 20_000_000
    assert script.end == "reset"


def test_a_request_without_a_body_is_reset_too(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A GET is complete when its head is."""
    script = ReadToEnd()
    server = raw_server(script)
    exchange = send(transport, make_request(server.url, method="GET", body=b"", fault=Fault.RESET))
    assert exchange.outcome is Outcome.RESET_BY_HARNESS
    assert server.finished.acquire(timeout=60)
    assert server.received.startswith(b"GET /")
    assert script.end == "reset"


def test_a_reset_uses_no_kept_connection(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Shared connections stay intact: a later plain request reuses the kept connection."""
    server = raw_server(respond_to_each)
    send(transport, make_request(server.url))
    assert send(transport, make_request(server.url, fault=Fault.RESET)).connection_reused is False
    assert send(transport, make_request(server.url)).connection_reused is True


def respond_to_each(server: RawServer, connection: socket.socket) -> None:
    """Respond to each request on a connection."""
    while server.read(connection):
        with suppress(ConnectionError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_a_response_before_the_reset_is_not_read(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the request is sent the connection is reset; the detail names an early response."""
    monkeypatch.setattr("pytest_mews.delivery.curl_transfer.has_arrived", lambda _: False)
    script = ReadToEnd(b"HTTP/1.1 307 Over there\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    server = raw_server(script)
    exchange = send(transport, make_request(server.url, fault=Fault.RESET))
    assert exchange.outcome is Outcome.RESET_BY_HARNESS
    assert "307" in exchange.detail
    assert server.finished.acquire(timeout=60)
    assert script.end == "reset"


def test_with_tls_the_whole_request_arrives_too(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A TLS server may see the end as a reset or as a missing close_notify."""
    script = ReadToEnd()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = raw_server(script, context)
    request = make_request(server.url, body=b"x" * 300_000, fault=Fault.RESET, verify_tls=False)
    assert send(transport, request).outcome is Outcome.RESET_BY_HARNESS
    assert server.finished.acquire(timeout=60)
    assert bytes(server.received).count(b"x") >= 300_000


def test_failures_before_the_reset_are_the_outcome(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A closed port, an early refusal and a server that reads nothing are the outcomes."""
    refused = make_request(f"http://127.0.0.1:{free_port()}/", fault=Fault.RESET)
    assert send(transport, refused).outcome is Outcome.CONNECTION_REFUSED

    def refuse(server: RawServer, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
        server.stop.wait(60)

    large = b"x" * 60_000_000
    exchange = send(transport, make_request(raw_server(refuse).url, body=large, fault=Fault.RESET))
    assert (exchange.outcome, exchange.status) == (Outcome.ERROR_STATUS, 413)
    stalled = raw_server(lambda server, _: server.stop.wait(60))
    request = make_request(stalled.url, body=large, fault=Fault.RESET, deadline_s=SHORT_S)
    assert send(transport, request).outcome is Outcome.TIMEOUT_SEND


def test_data_counts_as_arrived_if_the_system_cannot_tell() -> None:
    """A descriptor without a send queue counts as arrived."""
    with open("/dev/null") as null:  # noqa: PTH123 - any descriptor that is not a socket
        assert has_arrived(null.fileno())
