"""Kept connections, many requests at once, and how the transport ends."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future

import pycurl
import pytest
from raw_server import (
    OK,
    Post,
    RawServer,
    Serve,
    answering,
    closed_port,
    send,
)

from pytest_mews.delivery import CurlTransport, SystemClock
from pytest_mews.delivery.curl_transfer import TransferMode
from pytest_mews.delivery.outcomes import Ending, outcome_of
from pytest_mews.errors import HarnessError
from pytest_mews.model import Exchange, Outcome


def test_connections_are_kept_unless_a_fresh_one_is_asked_for(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Two requests share a connection; a fresh one does not."""
    connections: list[int] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        connections.append(1)
        while server.read(connection):
            connection.sendall(OK)

    server = raw_server(script)
    for _ in range(2):
        exchange = send(transport, post(server.url))
        assert exchange.connected_ms is not None
    assert len(connections) == 1
    send(transport, post(server.url, fresh_connection=True))
    assert len(connections) == 2


def test_many_requests_one_after_another_are_all_answered(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """On a kept connection an answer may be there before curl has returned from sending."""

    def script(server: RawServer, connection: socket.socket) -> None:
        while server.read(connection):
            connection.sendall(OK)

    url = raw_server(script).url
    exchanges = [send(transport, post(url)) for _ in range(500)]
    assert {exchange.outcome for exchange in exchanges} == {Outcome.DELIVERED}


def test_no_second_copy_is_sent_behind_our_back(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A kept connection closed instead of an answer is a reset, not a silent second request."""

    def once(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        server.read(connection)

    server = raw_server(once)
    first, second = (send(transport, post(server.url)) for _ in range(2))
    assert (first.outcome, first.kept) == (Outcome.DELIVERED, False)
    assert (second.outcome, second.kept) == (Outcome.CONNECTION_RESET, True)
    assert bytes(server.seen).count(b"POST ") == 2


def test_hundreds_of_requests_are_in_flight_at_once(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Two hundred requests are all answered, though none is until the last has arrived."""
    from_all = threading.Barrier(200)

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        from_all.wait(60)
        connection.sendall(OK)

    server = raw_server(script)
    futures = [transport.submit(post(server.url, deadline_s=60)) for _ in range(200)]
    exchanges = [future.result(timeout=60) for future in futures]
    assert {exchange.outcome for exchange in exchanges} == {Outcome.DELIVERED}
    for exchange in exchanges:
        assert exchange.sent_ms is not None
        assert exchange.first_byte_ms is not None
        assert exchange.sent_ms <= exchange.first_byte_ms <= exchange.ended_ms


def test_closing_fails_what_is_under_way(post: Post, raw_server: Serve) -> None:
    """Nobody waits for a transport that is gone, neither before nor after it was closed."""
    server = raw_server(answering(b"", stall=True))
    transport = CurlTransport(SystemClock())
    pending = [transport.submit(post(server.url)) for _ in range(3)]
    transport.close()
    transport.close()
    for future in (*pending, transport.submit(post(server.url))):
        with pytest.raises(HarnessError, match="closed"):
            future.result(timeout=60)


def test_closing_at_once_is_safe(post: Post) -> None:
    """A transport may be closed before its thread has taken anything up."""
    for _ in range(50):
        with CurlTransport(SystemClock()) as transport:
            future = transport.submit(post("http://127.0.0.1:1/"))
        assert future.done()


def test_a_failure_inside_the_thread_reaches_whoever_waits(
    post: Post, raw_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that the thread did not expect ends it, and fails all futures with its cause."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(TransferMode, "exchange", broken)
    with CurlTransport(SystemClock()) as transport:
        stalled = transport.submit(post(raw_server(answering(b"", stall=True)).url))
        ended = transport.submit(post(raw_server(answering(OK)).url))
        for future in (stalled, ended):
            with pytest.raises(HarnessError, match="ZeroDivisionError"):
                future.result(timeout=60)
        with pytest.raises(HarnessError, match="ZeroDivisionError"):
            send(transport, post("http://127.0.0.1/"))


def test_a_failure_of_curl_itself_fails_one_request(
    transport: CurlTransport, post: Post, raw_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known to be the harness's fault fails its request; the transport goes on."""

    def out_of_memory(*_: object) -> None:
        raise HarnessError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(TransferMode, "exchange", out_of_memory)
        with pytest.raises(HarnessError, match="memory"):
            send(transport, post(raw_server(answering(OK)).url))
    assert send(transport, post(raw_server(answering(OK)).url)).status == 200


def test_a_request_that_cannot_be_made_fails_alone(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A header that is no text is the harness's fault; the transport goes on."""
    bad = transport.submit(post("http://127.0.0.1/", headers=(("X-Bad", "\ud800"),)))
    with pytest.raises(HarnessError, match="can't be sent"):
        bad.result(timeout=60)
    assert send(transport, post(raw_server(answering(OK)).url)).status == 200


def test_what_no_endpoint_can_cause_is_our_own_fault() -> None:
    """A result of curl's that says nothing of the endpoint is not called an outcome."""
    ending = Ending(
        code=pycurl.E_OUT_OF_MEMORY,
        message="out of memory",
        os_errno=0,
        status=None,
        connected=False,
        sent=False,
        answered=False,
    )
    with pytest.raises(HarnessError, match="out of memory"):
        outcome_of(ending)


def test_a_cancelled_request_is_never_sent(transport: CurlTransport, post: Post) -> None:
    """A future cancelled before curl takes the request up is left alone."""
    future: Future[Exchange] = Future()
    assert future.cancel()
    transport._inbox.append((post("http://127.0.0.1/"), future))
    assert send(transport, post(f"http://127.0.0.1:{closed_port()}/")).status is None
    assert future.cancelled()
