"""What the transport does to a request on purpose."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

import pytest
import trustme
from pytest_httpserver import HTTPServer
from raw_server import (
    SHORT_S,
    Post,
    RawServer,
    Serve,
    answering,
    closed_port,
    resetting,
    send,
)
from werkzeug import Request as Received
from werkzeug import Response

from pytest_mews.delivery import CurlTransport
from pytest_mews.delivery.tcp_reset import has_arrived
from pytest_mews.model import Fault, Outcome, TransferMode


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_lost_answer_comes_after_the_whole_request(
    transport: CurlTransport, post: Post, httpserver: HTTPServer, size: int
) -> None:
    """The service got the whole body and worked; the answer is thrown away."""
    seen: list[bytes] = []

    def handle(request: Received) -> Response:
        seen.append(request.get_data())
        return Response("ok", status=202)

    httpserver.expect_request("/hook").respond_with_handler(handle)
    body = b"x" * size
    request = post(httpserver.url_for("/hook"), body=body, fault=Fault.DROP_RESPONSE)
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.ANSWER_LOST
    assert exchange.status == 202
    assert "202" in exchange.detail
    assert seen == [body]


def test_there_may_be_no_answer_to_lose(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Where the service gives no answer, that is the outcome."""
    server = raw_server(answering(b"", stall=True))
    request = post(server.url, fault=Fault.DROP_RESPONSE, deadline_s=SHORT_S)
    assert send(transport, request).outcome is Outcome.TIMEOUT_ANSWER
    request = post(raw_server(resetting).url, fault=Fault.DROP_RESPONSE)
    assert send(transport, request).outcome is Outcome.CONNECTION_RESET


def test_a_redirect_is_not_the_answer_to_lose(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A 307 comes before the service's work: it is let through, so that it can be followed."""
    answer = b"HTTP/1.1 307 Over there\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    exchange = send(transport, post(raw_server(answering(answer)).url, fault=Fault.DROP_RESPONSE))
    assert exchange.outcome is Outcome.ERROR_STATUS
    assert ("Location", "/b") in exchange.response_headers


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_cut_body_is_announced_whole_and_half_sent(
    transport: CurlTransport, post: Post, raw_server: Serve, size: int
) -> None:
    """The server sees the full Content-Length, half of the body, then the end."""
    server = raw_server(lambda server, connection: server.read(connection))
    exchange = send(transport, post(server.url, body=b"x" * size, fault=Fault.TRUNCATE_REQUEST))
    assert server.over.acquire(timeout=60)
    head, _, body = bytes(server.seen).partition(b"\r\n\r\n")
    assert f"Content-Length: {size}".encode() in head
    assert body == b"x" * (size // 2)
    assert exchange.outcome is Outcome.BODY_CUT
    assert exchange.sent_ms is None
    assert f"{size // 2} of {size}" in exchange.detail


def test_a_request_that_never_got_there_was_not_cut(transport: CurlTransport, post: Post) -> None:
    """Where nobody listens, that is the outcome."""
    port = closed_port()
    exchange = send(transport, post(f"http://127.0.0.1:{port}/", fault=Fault.TRUNCATE_REQUEST))
    assert exchange.outcome is Outcome.CONNECTION_REFUSED


def test_an_answer_before_the_cut_does_not_hide_it(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A server that refuses early has still been sent a cut body."""

    def refuse(server: RawServer, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
        server.stop.wait(60)

    request = post(raw_server(refuse).url, body=b"x" * 60_000_000, fault=Fault.TRUNCATE_REQUEST)
    exchange = send(transport, request)
    assert (exchange.outcome, exchange.status) == (Outcome.BODY_CUT, 413)
    assert "413" in exchange.detail


class Reading:
    """A script that reads to the end of the connection, and how that end came."""

    def __init__(self, answer: bytes = b"") -> None:
        self.answer, self.end = answer, "none"

    def __call__(self, server: RawServer, connection: socket.socket) -> None:
        """Read the request's head at least, answer, and read on to the end."""
        try:
            server.read(connection)
            connection.sendall(self.answer)
            while server.read(connection):
                pass
            self.end = "EOF"
        except ConnectionError:
            self.end = "reset"


@pytest.mark.parametrize("manner", list(TransferMode))
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_reset_comes_after_the_whole_request(
    transport: CurlTransport, post: Post, raw_server: Serve, size: int, manner: TransferMode
) -> None:
    """The server sees the whole body, then the connection is gone, and no answer was read."""
    reading = Reading()
    server = raw_server(reading)
    body = b"x" * size
    request = post(server.url, body=body, fault=Fault.RESET, manner=manner, deadline_s=2)
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.CONNECTION_DROPPED
    assert (exchange.status, exchange.first_byte_ms) == (None, None)
    assert exchange.sent_ms is not None
    assert server.over.acquire(timeout=60)
    assert bytes(server.seen).partition(b"\r\n\r\n")[2].count(b"x") == size
    assert reading.end == "reset"


def test_a_slow_reader_gets_the_whole_body_before_the_reset(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """What the server's system has not yet taken is waited for, since a reset would lose it."""
    reading = Reading()

    def late(server: RawServer, connection: socket.socket) -> None:
        server.stop.wait(SHORT_S)
        reading(server, connection)

    server = raw_server(late)
    exchange = send(transport, post(server.url, body=b"x" * 20_000_000, fault=Fault.RESET))
    assert exchange.outcome is Outcome.CONNECTION_DROPPED
    assert server.over.acquire(timeout=60)
    assert bytes(server.seen).count(b"x") >= 20_000_000
    assert reading.end == "reset"


def test_a_request_without_a_body_is_reset_too(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A GET is whole when its head is."""
    reading = Reading()
    server = raw_server(reading)
    exchange = send(transport, post(server.url, method="GET", body=b"", fault=Fault.RESET))
    assert exchange.outcome is Outcome.CONNECTION_DROPPED
    assert server.over.acquire(timeout=60)
    assert server.seen.startswith(b"GET /")
    assert reading.end == "reset"


def test_a_reset_takes_no_kept_connection(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """What others share stays unharmed: a plain request after it finds the kept connection."""
    server = raw_server(_go_on)
    send(transport, post(server.url))
    assert send(transport, post(server.url, fault=Fault.RESET)).kept is False
    assert send(transport, post(server.url)).kept is True


def _go_on(server: RawServer, connection: socket.socket) -> None:
    while server.read(connection):
        with suppress(ConnectionError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_an_answer_that_outruns_the_reset_is_not_read(
    transport: CurlTransport, post: Post, raw_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the request was whole the connection is reset, whatever came; the detail says what."""
    monkeypatch.setattr("pytest_mews.delivery.curl_transfer.has_arrived", lambda _: False)
    reading = Reading(b"HTTP/1.1 307 Over there\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    server = raw_server(reading)
    exchange = send(transport, post(server.url, fault=Fault.RESET))
    assert exchange.outcome is Outcome.CONNECTION_DROPPED
    assert "307" in exchange.detail
    assert server.over.acquire(timeout=60)
    assert reading.end == "reset"


def test_over_tls_the_request_arrives_whole_too(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """TLS may see the end as a reset or as an end without a farewell."""
    reading = Reading()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = raw_server(reading, context)
    request = post(server.url, body=b"x" * 300_000, fault=Fault.RESET, verify_tls=False)
    assert send(transport, request).outcome is Outcome.CONNECTION_DROPPED
    assert server.over.acquire(timeout=60)
    assert bytes(server.seen).count(b"x") >= 300_000


def test_what_came_before_the_reset_stands(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Nobody there, an early refusal, a server that takes nothing: those are the outcomes."""
    nobody = post(f"http://127.0.0.1:{closed_port()}/", fault=Fault.RESET)
    assert send(transport, nobody).outcome is Outcome.CONNECTION_REFUSED

    def refuse(server: RawServer, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
        server.stop.wait(60)

    large = b"x" * 60_000_000
    exchange = send(transport, post(raw_server(refuse).url, body=large, fault=Fault.RESET))
    assert (exchange.outcome, exchange.status) == (Outcome.ERROR_STATUS, 413)
    deaf = raw_server(lambda server, _: server.stop.wait(60))
    request = post(deaf.url, body=large, fault=Fault.RESET, deadline_s=SHORT_S)
    assert send(transport, request).outcome is Outcome.TIMEOUT_SEND


def test_where_the_system_does_not_tell_all_counts_as_arrived() -> None:
    """A descriptor that has no such queue holds nothing up."""
    with open("/dev/null") as null:  # noqa: PTH123 - any descriptor that is no socket
        assert has_arrived(null.fileno())
