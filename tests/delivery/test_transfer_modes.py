"""Tests of the transfer modes and methods of a request."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from raw_server import OK, RawServer, RequestFactory, ServerFactory, respond_with, send
from werkzeug import Request as Received
from werkzeug import Response

from pytest_mews.delivery import CurlTransport, Deliverer, DeliveryRules, SystemClock
from pytest_mews.model import Message, Outcome, TransferMode, WebhookKind

MESSAGE = Message(WebhookKind.GENERAL, b'{"Events": []}', (), "no event")
SPREAD_S = 0.6  # a slow body, for a test


@pytest.fixture
def deliverer() -> Iterator[Deliverer]:
    """Return a deliverer on the real transport that tries once and follows a 307."""
    clock = SystemClock()
    rules = DeliveryRules(30, 1, 0.01, frozenset({307}), 3, verify_tls=True)
    with CurlTransport(clock) as transport:
        yield Deliverer(transport, clock, rules)


@pytest.mark.parametrize("size", [1, 10, 300_000])
def test_a_chunked_body_has_no_length_and_arrives_completely(
    transport: CurlTransport, make_request: RequestFactory, httpserver: HTTPServer, size: int
) -> None:
    """The request and the recorded headers have Transfer-Encoding, not Content-Length."""
    requests: list[tuple[dict[str, str], bytes]] = []

    def handle(request: Received) -> Response:
        requests.append((dict(request.headers), request.get_data()))
        return Response("ok")

    httpserver.expect_request("/hook").respond_with_handler(handle)
    body = bytes(number % 251 for number in range(size))
    request = make_request(
        httpserver.url_for("/hook"), body=body, transfer_mode=TransferMode.CHUNKED
    )
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.sent_ms is not None
    ((headers, received),) = requests
    assert received == body
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in headers
    assert ("Transfer-Encoding", "chunked") in exchange.request_headers


def test_a_chunked_body_has_more_than_one_chunk(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Even a short body has several chunks, to detect services that read only the first."""

    def script(server: RawServer, connection: socket.socket) -> None:
        while not server.received.endswith(b"\r\n0\r\n\r\n"):
            server.received += connection.recv(65536)
        connection.sendall(OK)

    server = raw_server(script)
    assert (
        send(transport, make_request(server.url, transfer_mode=TransferMode.CHUNKED)).status == 200
    )
    chunks = bytes(server.received).partition(b"\r\n\r\n")[2]
    assert chunks == b"".join(b"1\r\n%d\r\n" % digit for digit in range(10)) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [10, 3000, 300_000])
def test_a_slow_body_arrives_in_many_pieces(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory, size: int
) -> None:
    """The body has a Content-Length, comes in pieces, and is complete before the deadline."""
    pieces: list[bytes] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        head, mark, body = b"", b"", b""
        while not mark:
            server.received += connection.recv(65536)
            head, mark, body = bytes(server.received).partition(b"\r\n\r\n")
        pieces.append(body)
        while sum(map(len, pieces)) < size:
            pieces.append(connection.recv(size))
        assert f"Content-Length: {size}".encode() in head
        connection.sendall(OK)

    request = make_request(
        raw_server(script).url,
        body=b"x" * size,
        transfer_mode=TransferMode.SLOW,
        spread_body_over_s=SPREAD_S,
    )
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.DELIVERED
    assert b"".join(pieces) == b"x" * size
    assert len(pieces) > 5


def test_a_response_before_the_last_piece_is_accepted(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A service may refuse while the body is still being sent."""

    def refuse(server: RawServer, connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        server.stop.wait(60)

    exchange = send(
        transport,
        make_request(raw_server(refuse).url, transfer_mode=TransferMode.SLOW, spread_body_over_s=3),
    )
    assert (exchange.outcome, exchange.status) == (Outcome.ERROR_STATUS, 401)
    assert exchange.sent_ms is None


def test_a_slow_body_is_sent_on_a_new_connection(
    deliverer: Deliverer, raw_server: ServerFactory
) -> None:
    """A close during a slow body is not the close of an idle connection: it is sent once."""
    heads: list[bytes] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        heads.append(connection.recv(10))

    server = raw_server(script)
    assert deliverer.deliver(MESSAGE, server.url, label="").delivered
    slow = deliverer.deliver(MESSAGE, server.url, label="", transfer_mode=TransferMode.SLOW)
    exchanges = [exchange for attempt in slow.attempts for exchange in attempt.exchanges]
    assert [exchange.connection_reused for exchange in exchanges] == [False]


def test_a_connection_that_breaks_between_pieces_is_a_reset(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A service that closes the connection during a slow body causes a reset."""
    server = raw_server(lambda _, connection: connection.recv(65536))
    exchange = send(
        transport, make_request(server.url, transfer_mode=TransferMode.SLOW, spread_body_over_s=3)
    )
    assert exchange.outcome is Outcome.CONNECTION_RESET


def test_slow_and_plain_requests_do_not_block_each_other(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A plain request completes while many slow ones are in flight."""

    def script(server: RawServer, connection: socket.socket) -> None:
        while server.read(connection):
            connection.sendall(OK)

    url = raw_server(script).url
    slow = [
        transport.submit(
            make_request(url, transfer_mode=TransferMode.SLOW, spread_body_over_s=SPREAD_S)
        )
        for _ in range(20)
    ]
    plain = send(transport, make_request(url))
    assert plain.outcome is Outcome.DELIVERED
    assert not any(future.done() for future in slow)
    assert {future.result(timeout=60).outcome for future in slow} == {Outcome.DELIVERED}


def test_plain_deliveries_share_a_connection_and_others_do_not(
    deliverer: Deliverer, raw_server: ServerFactory
) -> None:
    """Plain deliveries have the same client port, each NEW_CONNECTION delivery another."""
    ports: list[int] = []
    ends: list[bytes] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        while request := server.read(connection):
            ports.append(connection.getpeername()[1])
            connection.sendall(OK)
        ends.append(request)

    server = raw_server(script)
    transfer_modes = [
        TransferMode.PLAIN,
        TransferMode.PLAIN,
        TransferMode.NEW_CONNECTION,
        TransferMode.NEW_CONNECTION,
    ]
    deliveries = [
        deliverer.deliver(MESSAGE, server.url, label="", transfer_mode=mode)
        for mode in transfer_modes
    ]
    assert all(delivery.delivered for delivery in deliveries)
    for _ in range(2):
        assert server.finished.acquire(timeout=60)  # closed by the transport, not the server
    assert ends == [b"", b""]
    first, second, third, fourth = ports
    assert first == second
    assert len({first, third, fourth}) == 3
    assert [delivery.attempts[0].final_exchange.connection_reused for delivery in deliveries] == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", MESSAGE.body), ("PUT", MESSAGE.body), ("GET", b""), ("DELETE", b"")],
)
@pytest.mark.parametrize("transfer_mode", list(TransferMode))
def test_a_method_arrives_unchanged(
    deliverer: Deliverer,
    httpserver: HTTPServer,
    method: str,
    body: bytes,
    transfer_mode: TransferMode,
) -> None:
    """GET and DELETE have neither a body nor its headers, on each hop and in every mode."""
    httpserver.expect_request("/old").respond_with_data(
        "", status=307, headers={"Location": "/new"}
    )
    httpserver.expect_request("/new").respond_with_data("ok")
    delivery = deliverer.deliver(
        MESSAGE,
        httpserver.url_for("/old"),
        label="",
        method=method,
        transfer_mode=transfer_mode,
        timeout_s=1,
    )
    assert delivery.delivered
    (attempt,) = delivery.attempts
    assert attempt.transfer_mode is transfer_mode
    assert [exchange.method for exchange in attempt.exchanges] == [method, method]
    requests = [request for request, _ in httpserver.log]
    assert [(request.method, request.get_data()) for request in requests] == [(method, body)] * 2
    for request in requests:
        assert ("Content-Type" in request.headers) == bool(body)
        assert ("Content-Length" in request.headers) == (
            bool(body) and transfer_mode is not TransferMode.CHUNKED
        )


def test_an_empty_put_has_a_content_length(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A method that has a body announces an empty one too."""
    server = raw_server(respond_with(OK))
    send(transport, make_request(server.url, method="PUT", body=b""))
    assert b"Content-Length: 0\r\n" in server.received
