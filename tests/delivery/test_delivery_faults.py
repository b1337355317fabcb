"""What the transport does to a request on purpose."""

from __future__ import annotations

import socket

import pytest
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

from mews_harness.delivery import CurlTransport
from mews_harness.model import Fault, Outcome


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
    request = post(httpserver.url_for("/hook"), body=body, fault=Fault.LOSE_ANSWER)
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
    request = post(server.url, fault=Fault.LOSE_ANSWER, deadline_s=SHORT_S)
    assert send(transport, request).outcome is Outcome.TIMEOUT_ANSWER
    request = post(raw_server(resetting).url, fault=Fault.LOSE_ANSWER)
    assert send(transport, request).outcome is Outcome.CONNECTION_RESET


def test_a_redirect_is_not_the_answer_to_lose(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A 307 comes before the service's work: it is let through, so that it can be followed."""
    answer = b"HTTP/1.1 307 Over there\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    exchange = send(transport, post(raw_server(answering(answer)).url, fault=Fault.LOSE_ANSWER))
    assert exchange.outcome is Outcome.ERROR_STATUS
    assert ("Location", "/b") in exchange.response_headers


@pytest.mark.parametrize("size", [10, 300_000])
def test_a_cut_body_is_announced_whole_and_half_sent(
    transport: CurlTransport, post: Post, raw_server: Serve, size: int
) -> None:
    """The server sees the full Content-Length, half of the body, then the end."""
    server = raw_server(lambda server, connection: server.read(connection))
    exchange = send(transport, post(server.url, body=b"x" * size, fault=Fault.CUT_BODY))
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
    exchange = send(transport, post(f"http://127.0.0.1:{port}/", fault=Fault.CUT_BODY))
    assert exchange.outcome is Outcome.CONNECTION_REFUSED


def test_an_answer_before_the_cut_does_not_hide_it(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A server that refuses early has still been sent a cut body."""

    def refuse(server: RawServer, connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n")
        server.stop.wait(60)

    request = post(raw_server(refuse).url, body=b"x" * 60_000_000, fault=Fault.CUT_BODY)
    exchange = send(transport, request)
    assert (exchange.outcome, exchange.status) == (Outcome.BODY_CUT, 413)
    assert "413" in exchange.detail
