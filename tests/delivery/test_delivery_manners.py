"""The manners in which a sound request is put on the wire, and its methods."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from raw_server import OK, Post, RawServer, Serve, answering, send
from werkzeug import Request as Received
from werkzeug import Response

from pytest_mews.delivery import CurlTransport, Rules, Sender, SystemClock
from pytest_mews.model import Message, Outcome, TransferMode, WebhookKind

MESSAGE = Message(WebhookKind.GENERAL, b'{"Events": []}', (), "no event")
QUICK_S = 0.6  # a short drip


@pytest.fixture
def courier() -> Iterator[Sender]:
    """Give a courier on the wire that tries once and follows a 307."""
    clock = SystemClock()
    rules = Rules(30, 1, 0.01, frozenset({307}), 3, verify_tls=True)
    with CurlTransport(clock) as transport:
        yield Sender(transport, clock, rules)


@pytest.mark.parametrize("size", [1, 10, 300_000])
def test_a_chunked_body_has_no_length_and_arrives_whole(
    transport: CurlTransport, post: Post, httpserver: HTTPServer, size: int
) -> None:
    """Transfer-Encoding instead of Content-Length; the recorded headers say so."""
    seen: list[tuple[dict[str, str], bytes]] = []

    def handle(request: Received) -> Response:
        seen.append((dict(request.headers), request.get_data()))
        return Response("ok")

    httpserver.expect_request("/hook").respond_with_handler(handle)
    body = bytes(number % 251 for number in range(size))
    request = post(httpserver.url_for("/hook"), body=body, manner=TransferMode.CHUNKED)
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.sent_ms is not None
    ((headers, received),) = seen
    assert received == body
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in headers
    assert ("Transfer-Encoding", "chunked") in exchange.request_headers


def test_a_chunked_body_has_more_than_one_chunk(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Whoever takes the first chunk for the whole body is found out, however short it is."""

    def script(server: RawServer, connection: socket.socket) -> None:
        while not server.seen.endswith(b"\r\n0\r\n\r\n"):
            server.seen += connection.recv(65536)
        connection.sendall(OK)

    server = raw_server(script)
    assert send(transport, post(server.url, manner=TransferMode.CHUNKED)).status == 200
    framed = bytes(server.seen).partition(b"\r\n\r\n")[2]
    assert framed == b"".join(b"1\r\n%d\r\n" % digit for digit in range(10)) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [10, 3000, 300_000])
def test_a_slow_body_comes_in_many_pieces(
    transport: CurlTransport, post: Post, raw_server: Serve, size: int
) -> None:
    """It is announced by its length, dripped, and whole before the deadline."""
    pieces: list[bytes] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        head, mark, body = b"", b"", b""
        while not mark:
            server.seen += connection.recv(65536)
            head, mark, body = bytes(server.seen).partition(b"\r\n\r\n")
        pieces.append(body)
        while sum(map(len, pieces)) < size:
            pieces.append(connection.recv(size))
        assert f"Content-Length: {size}".encode() in head
        connection.sendall(OK)

    request = post(
        raw_server(script).url, body=b"x" * size, manner=TransferMode.SLOW, drip_s=QUICK_S
    )
    exchange = send(transport, request)
    assert exchange.outcome is Outcome.DELIVERED
    assert b"".join(pieces) == b"x" * size
    assert len(pieces) > 5


def test_an_answer_before_the_last_piece_is_taken(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A service may refuse while the body is still on its way."""

    def refuse(server: RawServer, connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        server.stop.wait(60)

    exchange = send(transport, post(raw_server(refuse).url, manner=TransferMode.SLOW, drip_s=3))
    assert (exchange.outcome, exchange.status) == (Outcome.ERROR_STATUS, 401)
    assert exchange.sent_ms is None


def test_a_slow_body_comes_on_a_connection_of_its_own(courier: Sender, raw_server: Serve) -> None:
    """Who hangs up on it has not closed a kept connection while it was idle: it is sent once."""
    heads: list[bytes] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(OK)
        heads.append(connection.recv(10))

    server = raw_server(script)
    assert courier.deliver(MESSAGE, server.url, label="").delivered
    slow = courier.deliver(MESSAGE, server.url, label="", manner=TransferMode.SLOW)
    assert [each.kept for attempt in slow.attempts for each in attempt.exchanges] == [False]


def test_a_connection_that_breaks_between_pieces_is_a_reset(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A service that hangs up on a slow sender is told as such."""
    server = raw_server(lambda _, connection: connection.recv(65536))
    exchange = send(transport, post(server.url, manner=TransferMode.SLOW, drip_s=3))
    assert exchange.outcome is Outcome.CONNECTION_RESET


def test_slow_and_plain_requests_do_not_hold_one_another_up(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Many drip side by side while others are answered."""

    def script(server: RawServer, connection: socket.socket) -> None:
        while server.read(connection):
            connection.sendall(OK)

    url = raw_server(script).url
    slow = [
        transport.submit(post(url, manner=TransferMode.SLOW, drip_s=QUICK_S)) for _ in range(20)
    ]
    quick = send(transport, post(url))
    assert quick.outcome is Outcome.DELIVERED
    assert not any(future.done() for future in slow)
    assert {future.result(timeout=60).outcome for future in slow} == {Outcome.DELIVERED}


def test_a_new_connection_each_time_or_a_kept_one(courier: Sender, raw_server: Serve) -> None:
    """The server sees one client port of plain deliveries, and another of every new one."""
    ports: list[int] = []
    ends: list[bytes] = []

    def script(server: RawServer, connection: socket.socket) -> None:
        while request := server.read(connection):
            ports.append(connection.getpeername()[1])
            connection.sendall(OK)
        ends.append(request)

    server = raw_server(script)
    manners = [
        TransferMode.PLAIN,
        TransferMode.PLAIN,
        TransferMode.NEW_CONNECTION,
        TransferMode.NEW_CONNECTION,
    ]
    deliveries = [courier.deliver(MESSAGE, server.url, label="", manner=each) for each in manners]
    assert all(delivery.delivered for delivery in deliveries)
    for _ in range(2):
        assert server.over.acquire(timeout=60)  # closed by us, though the server would go on
    assert ends == [b"", b""]
    plain, again, third, fourth = ports
    assert plain == again
    assert len({plain, third, fourth}) == 3
    assert [delivery.attempts[0].last.kept for delivery in deliveries] == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", MESSAGE.body), ("PUT", MESSAGE.body), ("GET", b""), ("DELETE", b"")],
)
@pytest.mark.parametrize("manner", list(TransferMode))
def test_a_method_arrives_as_it_is(
    courier: Sender, httpserver: HTTPServer, method: str, body: bytes, manner: TransferMode
) -> None:
    """GET and DELETE bear no body, and no header of one, on each hop and in every manner."""
    httpserver.expect_request("/old").respond_with_data(
        "", status=307, headers={"Location": "/new"}
    )
    httpserver.expect_request("/new").respond_with_data("ok")
    delivery = courier.deliver(
        MESSAGE, httpserver.url_for("/old"), label="", method=method, manner=manner, timeout_s=1
    )
    assert delivery.delivered
    (attempt,) = delivery.attempts
    assert attempt.transfer is manner
    assert [exchange.method for exchange in attempt.exchanges] == [method, method]
    requests = [request for request, _ in httpserver.log]
    assert [(request.method, request.get_data()) for request in requests] == [(method, body)] * 2
    for request in requests:
        assert ("Content-Type" in request.headers) == bool(body)
        assert ("Content-Length" in request.headers) == (
            bool(body) and manner is not TransferMode.CHUNKED
        )


def test_an_empty_put_says_that_it_is_empty(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A method that has a body announces even an empty one."""
    server = raw_server(answering(OK))
    send(transport, post(server.url, method="PUT", body=b""))
    assert b"Content-Length: 0\r\n" in server.seen
