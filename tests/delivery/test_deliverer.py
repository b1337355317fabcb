"""Tests of the deliverer on the real transport: retries, redirects, bursts."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from raw_server import OK, RawServer, ServerFactory, respond_with
from werkzeug import Request, Response

from pytest_mews.delivery import CurlTransport, Deliverer, DeliveryOrder, DeliveryRules, SystemClock
from pytest_mews.model import Fault, Message, Outcome, WebhookKind

MESSAGE = Message(WebhookKind.GENERAL, b'{"Events": []}', (), "no event")
RULES = DeliveryRules(
    timeout_s=30,
    attempts=3,
    retry_interval_s=0.01,
    redirect_statuses=frozenset({307, 308}),
    redirect_hops=3,
    verify_tls=True,
)


@pytest.fixture
def deliverer() -> Iterator[Deliverer]:
    """Return a deliverer on the real transport, which closes with the test."""
    clock = SystemClock()
    with CurlTransport(clock) as transport:
        yield Deliverer(transport, clock, RULES)


def test_a_dropped_response_leads_to_a_second_copy(
    deliverer: Deliverer, httpserver: HTTPServer
) -> None:
    """The service receives the same bytes twice; no attempt starts before it is due."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    url = httpserver.url_for("/hook?Token=secret")
    delivery = deliverer.deliver(MESSAGE, url, label="twice", faults=[Fault.DROP_RESPONSE])
    assert [attempt.outcome for attempt in delivery.attempts] == [
        Outcome.RESPONSE_DROPPED,
        Outcome.DELIVERED,
    ]
    assert [request.get_data() for request, _ in httpserver.log] == [MESSAGE.body] * 2
    assert all(attempt.start_delay_ms >= 0 for attempt in delivery.attempts)


def test_a_redirect_keeps_method_and_body_and_uses_its_own_query(
    deliverer: Deliverer, httpserver: HTTPServer
) -> None:
    """The target gets the same POST; the dropped response is the target's."""
    httpserver.expect_request("/old").respond_with_data(
        "", status=308, headers={"Location": "/new?Token=other"}
    )
    httpserver.expect_request("/new", method="POST").respond_with_data("ok")
    url = httpserver.url_for("/old?Token=secret")
    delivery = deliverer.deliver(
        MESSAGE, url, label="moved", faults=[Fault.DROP_RESPONSE], attempts=1
    )
    (attempt,) = delivery.attempts
    assert [exchange.outcome for exchange in attempt.exchanges] == [
        Outcome.REDIRECTED,
        Outcome.RESPONSE_DROPPED,
    ]
    request, _ = httpserver.log[-1]
    assert (request.method, request.get_data()) == ("POST", MESSAGE.body)
    assert request.query_string == b"Token=other"


def test_a_server_that_closes_idle_connections_is_not_blamed(
    deliverer: Deliverer, raw_server: ServerFactory
) -> None:
    """The server closes after each response without `Connection: close`; all are delivered."""
    url = raw_server(respond_with(OK)).url
    deliveries = [deliverer.deliver(MESSAGE, url, label="", attempts=1) for _ in range(50)]
    assert all(delivery.delivered for delivery in deliveries)


def test_a_burst_is_delivered_completely(deliverer: Deliverer, httpserver: HTTPServer) -> None:
    """Each of fifty concurrent deliveries fails once."""
    lock, received = threading.Lock(), set[bytes]()

    def handle(request: Request) -> Response:
        with lock:
            is_retry = request.get_data() in received
            received.add(request.get_data())
        return Response("", status=200 if is_retry else 503)

    httpserver.expect_request("/hook").respond_with_handler(handle)
    orders = [
        DeliveryOrder(
            Message(WebhookKind.GENERAL, b"%d" % number, (), ""),
            httpserver.url_for("/hook"),
            "burst",
        )
        for number in range(50)
    ]
    deliveries = deliverer.deliver_concurrently(orders)
    assert [delivery.message for delivery in deliveries] == [order.message for order in orders]
    assert {len(delivery.attempts) for delivery in deliveries} == {2}
    assert all(delivery.delivered for delivery in deliveries)


def test_a_quick_failure_is_retried_while_others_are_in_flight(
    deliverer: Deliverer, httpserver: HTTPServer, raw_server: ServerFactory
) -> None:
    """The response to one delivery waits for the third attempt of another."""
    third_attempt = threading.Event()
    refused = raw_server(
        lambda server, connection: refuse_until_third(server, connection, third_attempt)
    )

    def wait_for_third(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        assert third_attempt.wait(20)
        connection.sendall(OK)

    slow = raw_server(wait_for_third)
    first, second = deliverer.deliver_concurrently(
        [DeliveryOrder(MESSAGE, slow.url, "slow"), DeliveryOrder(MESSAGE, refused.url, "refused")]
    )
    assert [attempt.outcome for attempt in first.attempts] == [Outcome.DELIVERED]
    assert len(second.attempts) == 3


def refuse_until_third(
    server: RawServer, connection: socket.socket, third_attempt: threading.Event
) -> None:
    """Respond 503 to each request; set the event at the third."""
    server.read(connection)
    if bytes(server.received).count(b"POST ") == 3:
        third_attempt.set()
    connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_an_interrupt_ends_the_wait(deliverer: Deliverer, raw_server: ServerFactory) -> None:
    """Ctrl-C while waiting for a response propagates at once, long before the deadline."""

    def interrupt(server: RawServer, connection: socket.socket) -> None:
        server.read(connection)
        os.kill(os.getpid(), signal.SIGINT)
        server.stop.wait(60)

    with pytest.raises(KeyboardInterrupt):
        deliverer.deliver(MESSAGE, raw_server(interrupt).url, label="", attempts=1)
