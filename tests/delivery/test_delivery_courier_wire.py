"""The courier on the real transport: retries in time, redirects, bursts."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from raw_server import OK, RawServer, Serve, answering
from werkzeug import Request, Response

from pytest_mews.delivery import CurlTransport, DeliveryOrder, Rules, Sender, SystemClock
from pytest_mews.model import Fault, Message, Outcome, WebhookKind

MESSAGE = Message(WebhookKind.GENERAL, b'{"Events": []}', (), "no event")
RULES = Rules(
    timeout_s=30,
    attempts=3,
    retry_interval_s=0.01,
    redirect_statuses=frozenset({307, 308}),
    redirect_hops=3,
    verify_tls=True,
)


@pytest.fixture
def courier() -> Iterator[Sender]:
    """Give a courier on the wire, which ends with the test."""
    clock = SystemClock()
    with CurlTransport(clock) as transport:
        yield Sender(transport, clock, RULES)


def test_a_lost_answer_leads_to_a_second_copy(courier: Sender, httpserver: HTTPServer) -> None:
    """The service sees the same bytes twice; no attempt starts before it is due."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    url = httpserver.url_for("/hook?Token=secret")
    delivery = courier.deliver(MESSAGE, url, label="twice", faults=[Fault.DROP_RESPONSE])
    assert [attempt.outcome for attempt in delivery.attempts] == [
        Outcome.ANSWER_LOST,
        Outcome.DELIVERED,
    ]
    assert [request.get_data() for request, _ in httpserver.log] == [MESSAGE.body] * 2
    assert all(attempt.late_ms >= 0 for attempt in delivery.attempts)


def test_a_redirect_bears_method_body_and_its_own_query(
    courier: Sender, httpserver: HTTPServer
) -> None:
    """The new place gets the same POST; a lost answer is that of the new place."""
    httpserver.expect_request("/old").respond_with_data(
        "", status=308, headers={"Location": "/new?Token=other"}
    )
    httpserver.expect_request("/new", method="POST").respond_with_data("ok")
    url = httpserver.url_for("/old?Token=secret")
    delivery = courier.deliver(
        MESSAGE, url, label="moved", faults=[Fault.DROP_RESPONSE], attempts=1
    )
    (attempt,) = delivery.attempts
    assert [exchange.outcome for exchange in attempt.exchanges] == [
        Outcome.REDIRECTED,
        Outcome.ANSWER_LOST,
    ]
    last, _ = httpserver.log[-1]
    assert (last.method, last.get_data()) == ("POST", MESSAGE.body)
    assert last.query_string == b"Token=other"


def test_a_server_that_closes_unsaid_is_not_blamed(courier: Sender, raw_server: Serve) -> None:
    """Answers without `Connection: close`, each followed by a close, are all received."""
    url = raw_server(answering(OK)).url
    deliveries = [courier.deliver(MESSAGE, url, label="", attempts=1) for _ in range(50)]
    assert all(delivery.delivered for delivery in deliveries)


def test_a_burst_is_delivered_whole(courier: Sender, httpserver: HTTPServer) -> None:
    """Fifty deliveries side by side, of which every one fails once."""
    lock, seen = threading.Lock(), set[bytes]()

    def handle(request: Request) -> Response:
        with lock:
            again = request.get_data() in seen
            seen.add(request.get_data())
        return Response("", status=200 if again else 503)

    httpserver.expect_request("/hook").respond_with_handler(handle)
    orders = [
        DeliveryOrder(
            Message(WebhookKind.GENERAL, b"%d" % number, (), ""),
            httpserver.url_for("/hook"),
            "burst",
        )
        for number in range(50)
    ]
    deliveries = courier.deliver_concurrently(orders)
    assert [delivery.message for delivery in deliveries] == [order.message for order in orders]
    assert {len(delivery.attempts) for delivery in deliveries} == {2}
    assert all(delivery.delivered for delivery in deliveries)


def test_a_quick_failure_is_repeated_while_others_are_awaited(
    courier: Sender, httpserver: HTTPServer, raw_server: Serve
) -> None:
    """One delivery's answer waits for another's third attempt."""
    third = threading.Event()
    refused = raw_server(lambda server, connection: _refuse(server, connection, third))

    def wait(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        assert third.wait(20)
        connection.sendall(OK)

    slow = raw_server(wait)
    first, second = courier.deliver_concurrently(
        [DeliveryOrder(MESSAGE, slow.url, "slow"), DeliveryOrder(MESSAGE, refused.url, "refused")]
    )
    assert [attempt.outcome for attempt in first.attempts] == [Outcome.DELIVERED]
    assert len(second.attempts) == 3


def _refuse(server: RawServer, connection: socket.socket, third: threading.Event) -> None:
    server.read(connection)
    if bytes(server.seen).count(b"POST ") == 3:
        third.set()
    answer = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    connection.sendall(answer)


def test_an_interrupt_ends_the_wait(courier: Sender, raw_server: Serve) -> None:
    """Ctrl-C while an answer is awaited comes out at once, long before the deadline."""

    def interrupt(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        os.kill(os.getpid(), signal.SIGINT)
        server.stop.wait(60)

    with pytest.raises(KeyboardInterrupt):
        courier.deliver(MESSAGE, raw_server(interrupt).url, label="", attempts=1)
