"""Tests of connection reuse, concurrent requests, and closing the transport."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

import pycurl
import pytest
import trustme
from raw_server import (
    OK,
    RawServer,
    RequestFactory,
    ServerFactory,
    respond_with,
    send,
)

from pytest_mews.delivery import CurlTransport, SystemClock
from pytest_mews.delivery.curl_multi import CurlMultiLoop
from pytest_mews.delivery.curl_results import CurlError, classify_error
from pytest_mews.delivery.curl_transfer import CurlTransfer
from pytest_mews.errors import HarnessError
from pytest_mews.model import Fault, Outcome, TransferMode


def test_connections_are_reused_unless_a_fresh_one_is_requested(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Two requests share a connection; a request for a fresh connection does not."""
    connections: list[int] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        connections.append(1)
        while server.read(connection):
            connection.sendall(OK)

    server = raw_server(script)
    for _ in range(2):
        exchange = send(transport, make_request(server.url))
        assert exchange.connected_ms is not None
    assert len(connections) == 1
    send(transport, make_request(server.url, fresh_connection=True))
    assert len(connections) == 2


@pytest.mark.parametrize(
    ("response", "options"),
    [
        pytest.param(b"400 Bad Request", {}, id="refused"),
        pytest.param(b"307 Moved", {}, id="redirected"),
        pytest.param(b"200 OK", {"transfer_mode": TransferMode.CHUNKED}, id="chunked"),
        pytest.param(b"200 OK", {"transfer_mode": TransferMode.SLOW}, id="slow"),
        pytest.param(b"200 OK", {"fault": Fault.DROP_RESPONSE}, id="response-dropped"),
        pytest.param(b"200 OK", {"fault": Fault.TRUNCATE_REQUEST}, id="request-truncated"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_with_a_body_that_may_be_unread_is_not_used_again(  # noqa: PLR0913, PLR0917 - fixtures
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    response: bytes,
    options: dict[str, Any],
    scheme: str,
) -> None:
    """The service leaves every body unread, which would be the start of the next message."""

    def leave_body_unread(_server: RawServer, connection: socket.socket) -> None:
        left = b""
        while data := left or connection.recv(65536):
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536) or b"\r\n\r\n"
            is_message = data.startswith(b"POST ")
            left = data.partition(b"\r\n\r\n")[2]
            status = response if is_message else b"501 Not Implemented"
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    server = raw_server(leave_body_unread, server_context() if scheme == "https" else None)
    options["verify_tls"] = False
    send(transport, make_request(server.url, body=b"0" * 40, **options))
    next_one = send(transport, make_request(server.url, body=b"", verify_tls=False))
    assert next_one.status == int(response[:3])
    assert not next_one.connection_reused


def server_context() -> ssl.SSLContext:
    """Return the TLS context of a server with a certificate that nobody needs to trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


def test_requests_in_a_queue_never_get_an_unfit_connection(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Nor do requests that start in the moment in which another one ends."""

    def refuse(server: RawServer, connection: socket.socket) -> None:
        while server.read(connection):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    url = raw_server(refuse).url
    futures = []
    for _ in range(100):
        futures += [transport.submit(make_request(url)) for _ in range(3)]
        futures[-1].result(timeout=60)
    exchanges = [future.result(timeout=60) for future in futures]
    assert not any(exchange.connection_reused for exchange in exchanges)
    assert {exchange.status for exchange in exchanges} == {400}


def test_connections_that_are_left_are_closed_and_not_watched(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service sees the end of a refused message's connection; a closed socket wakes nobody."""
    closed = threading.Event()
    waits: list[int] = []
    wait = CurlMultiLoop.wait

    def count_waits(multi_loop: CurlMultiLoop) -> None:
        waits.append(1)
        wait(multi_loop)

    def refuse(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        if not connection.recv(1):
            closed.set()

    monkeypatch.setattr(CurlMultiLoop, "wait", count_waits)
    send(transport, make_request(raw_server(refuse).url))
    assert closed.wait(60)
    stalled = make_request(raw_server(respond_with(b"", stall=True)).url, deadline_s=0.3)
    waits.clear()
    assert send(transport, stalled).outcome is Outcome.TIMEOUT_ANSWER
    assert len(waits) < 50


def test_consecutive_requests_all_get_a_response(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """On a reused connection a response may arrive before curl has returned from sending."""

    def script(server: RawServer, connection: socket.socket) -> None:
        while server.read(connection):
            connection.sendall(OK)

    url = raw_server(script).url
    exchanges = [send(transport, make_request(url)) for _ in range(500)]
    assert {exchange.outcome for exchange in exchanges} == {Outcome.DELIVERED}


def test_curl_sends_no_second_copy_by_itself(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A reused connection closed without a response is a reset, not a silent second request."""

    def respond_once(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        server.read(connection)

    server = raw_server(respond_once)
    first, second = (send(transport, make_request(server.url)) for _ in range(2))
    assert (first.outcome, first.connection_reused) == (Outcome.DELIVERED, False)
    assert (second.outcome, second.connection_reused) == (Outcome.CONNECTION_RESET, True)
    assert bytes(server.received).count(b"POST ") == 2


def test_hundreds_of_requests_are_in_flight_at_once(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """The server responds to none of 200 requests until the last has arrived."""
    all_arrived = threading.Barrier(200)

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        all_arrived.wait(60)
        connection.sendall(OK)

    server = raw_server(script)
    futures = [transport.submit(make_request(server.url, deadline_s=60)) for _ in range(200)]
    exchanges = [future.result(timeout=60) for future in futures]
    assert {exchange.outcome for exchange in exchanges} == {Outcome.DELIVERED}
    for exchange in exchanges:
        assert exchange.sent_ms is not None
        assert exchange.first_byte_ms is not None
        assert exchange.sent_ms <= exchange.first_byte_ms <= exchange.ended_ms


def test_closing_fails_requests_in_flight(
    make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Requests submitted before or after closing fail; closing twice is safe."""
    server = raw_server(respond_with(b"", stall=True))
    transport = CurlTransport(SystemClock())
    pending = [transport.submit(make_request(server.url)) for _ in range(3)]
    transport.close()
    transport.close()
    for future in (*pending, transport.submit(make_request(server.url))):
        with pytest.raises(HarnessError, match="closed"):
            future.result(timeout=60)


def test_closing_immediately_is_safe(make_request: RequestFactory) -> None:
    """A transport may be closed before its thread has started any request."""
    for _ in range(50):
        with CurlTransport(SystemClock()) as transport:
            future = transport.submit(make_request("http://127.0.0.1:1/"))
        assert future.done()


def test_a_failure_in_the_thread_fails_all_futures(
    make_request: RequestFactory, raw_server: ServerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error ends the thread and fails all futures with its cause."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(CurlTransfer, "build_exchange", fail)
    with CurlTransport(SystemClock()) as transport:
        stalled = transport.submit(make_request(raw_server(respond_with(b"", stall=True)).url))
        ended = transport.submit(make_request(raw_server(respond_with(OK)).url))
        for future in (stalled, ended):
            with pytest.raises(HarnessError, match="ZeroDivisionError"):
                future.result(timeout=60)
        with pytest.raises(HarnessError, match="ZeroDivisionError"):
            send(transport, make_request("http://127.0.0.1/"))


def test_an_internal_curl_failure_fails_one_request(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A HarnessError about one request fails that request; the transport keeps working."""

    def out_of_memory(*_: object) -> None:
        raise HarnessError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(CurlTransfer, "build_exchange", out_of_memory)
        with pytest.raises(HarnessError, match="memory"):
            send(transport, make_request(raw_server(respond_with(OK)).url))
    assert send(transport, make_request(raw_server(respond_with(OK)).url)).status == 200


def test_a_request_that_cannot_be_sent_fails_alone(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A header that can't be encoded is a HarnessError; the transport keeps working."""
    bad = transport.submit(make_request("http://127.0.0.1/", headers=(("X-Bad", "\ud800"),)))
    with pytest.raises(HarnessError, match="can't be sent"):
        bad.result(timeout=60)
    assert send(transport, make_request(raw_server(respond_with(OK)).url)).status == 200


def test_a_result_that_no_endpoint_can_cause_is_a_harness_error() -> None:
    """A curl result that says nothing about the endpoint is not an outcome."""
    error = CurlError(
        code=pycurl.E_OUT_OF_MEMORY,
        message="out of memory",
        os_errno=0,
        connected=False,
        sent=False,
        responded=False,
    )
    with pytest.raises(HarnessError, match="out of memory"):
        classify_error(error)
