"""How the transport names what goes wrong on the wire."""

from __future__ import annotations

import socket

import pytest
from raw_server import (
    SHORT_S,
    Play,
    Post,
    RawServer,
    Serve,
    answering,
    closed_port,
    resetting,
    send,
)

from pytest_mews.delivery import CurlTransport
from pytest_mews.model import Outcome


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"", Outcome.TIMEOUT_ANSWER),
        (b"HTTP/1.1 200 OK\r\nX-Drip: 1\r\n", Outcome.TIMEOUT_BODY),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", Outcome.TIMEOUT_BODY),
    ],
    ids=["no answer", "headers stall", "body stalls"],
)
def test_a_stalled_answer_is_cut_at_the_deadline(
    transport: CurlTransport, post: Post, raw_server: Serve, answer: bytes, outcome: Outcome
) -> None:
    """The outcome says how far the answer had come."""
    server = raw_server(answering(answer, stall=True))
    exchange = send(transport, post(server.url, deadline_s=SHORT_S))
    assert exchange.outcome is outcome
    assert exchange.sent_ms is not None
    assert (exchange.first_byte_ms is None) == (outcome is Outcome.TIMEOUT_ANSWER)


def test_dripped_headers_do_not_postpone_the_deadline(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A server that sends a header now and then is cut all the same."""

    def drip(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not server.stop.wait(0.05):
            connection.sendall(b"X-Drip: 1\r\n")

    exchange = send(transport, post(raw_server(drip).url, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_BODY
    assert ("X-Drip", "1") in exchange.response_headers


def test_a_body_that_is_not_read_times_out_while_sending(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A server that reads nothing leaves the request unsent."""
    server = raw_server(lambda server, _: server.stop.wait(60))
    exchange = send(transport, post(server.url, body=b"x" * 30_000_000, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_SEND
    assert exchange.connected_ms is not None
    assert exchange.sent_ms is None


def test_a_handshake_that_stalls_is_a_connect_timeout(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Under TLS a connection is not connected before its handshake is over."""
    server = raw_server(lambda server, _: server.stop.wait(60))
    url = server.url.replace("http:", "https:")
    exchange = send(transport, post(url, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_CONNECT
    assert exchange.connected_ms is None


def test_a_closed_port_is_refused(transport: CurlTransport, post: Post) -> None:
    """Nobody listens: refused, with curl's words."""
    port = closed_port()
    exchange = send(transport, post(f"http://127.0.0.1:{port}/"))
    assert exchange.outcome is Outcome.CONNECTION_REFUSED
    assert str(port) in exchange.detail
    assert exchange.connected_ms is None
    assert exchange.answer_ms is None


def test_an_unknown_name_is_not_resolved(transport: CurlTransport, post: Post) -> None:
    """The name .invalid never resolves (RFC 6761)."""
    exchange = send(transport, post("http://partner.invalid/"))
    assert exchange.outcome is Outcome.NAME_NOT_RESOLVED
    assert exchange.connected_ms is None


@pytest.mark.parametrize(
    "script",
    [
        resetting,
        answering(b""),
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
    ],
    ids=["reset", "closed without an answer", "closed within the body"],
)
def test_a_broken_connection_is_a_reset(
    transport: CurlTransport, post: Post, raw_server: Serve, script: Play
) -> None:
    """However a server goes away, the connection was reset; a 2xx that broke is none."""
    exchange = send(transport, post(raw_server(script).url))
    assert exchange.outcome is Outcome.CONNECTION_RESET
    assert exchange.detail


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-partner\r\n\r\nhello",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 400_000 + b"\r\n\r\n",
    ],
    ids=["other protocol", "no status", "no length", "no colon", "no chunk", "endless header"],
)
def test_what_is_not_http_is_a_protocol_error(
    transport: CurlTransport, post: Post, raw_server: Serve, answer: bytes
) -> None:
    """An answer that breaks HTTP's grammar or framing is told from a broken connection."""

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(answer)
        server.stop.wait(60)

    exchange = send(transport, post(raw_server(script).url))
    assert exchange.outcome is Outcome.PROTOCOL_ERROR


def test_an_endless_answer_ends_at_the_deadline(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A body without an end neither fills the memory nor outlives the deadline."""

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.stop.is_set():
            connection.sendall(b"x" * 65536)

    exchange = send(transport, post(raw_server(script).url, deadline_s=SHORT_S))
    assert exchange.outcome is Outcome.TIMEOUT_BODY
    assert len(exchange.response_body) == 65536
    assert exchange.response_size > 65536
