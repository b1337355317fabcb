"""What the tests send to an embedded partner, each giving the statuses of the answers in order."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from pytest_mews.demo import DemoPartner
from tests.demo.client import GENEROUS_S, ONE, general, integration, send, send_cut

Play = Callable[[DemoPartner], list[int | None]]

IMPATIENT_S = 0.3
COPIES = 8
JSON = {"Content-Type": "application/json"}
OTHER = general("ServiceOrderUpdated", ids=("another",))
SHARED = general("ServiceOrderUpdated", "ServiceOrderUpdated", ids=("same", "same"))
TWO = general("ServiceOrderUpdated", "ServiceOrderUpdated")
FULL = general(*["ServiceOrderUpdated"] * 500)
NULL_EVENT = general(Events=[None])
DELETED = integration("IntegrationDeleted")
LARGE = general(*["ServiceOrderUpdated"] * 500, Padding="x" * 100_000)
KEY = integration("IntegrationApiKeyCreated", ApiKey="second-key")


def whole(*bodies: bytes) -> Play:
    """Send bodies one after the other, and list the statuses."""
    return lambda partner: [send(partner.url, body).status for body in bodies]


def hurried(body: bytes) -> Play:
    """Send a body without waiting long for the answer: None where there was none."""
    return lambda partner: [send(partner.url, body, timeout_s=IMPATIENT_S).status]


def with_query(*queries: str, body: bytes = ONE) -> Play:
    """Send a message with other queries, in which {} stands for the right token."""

    def play(partner: DemoPartner) -> list[int | None]:
        place = partner.url.partition("?")[0]
        filled = [query.format(partner.token) for query in queries]
        return [send(f"{place}?{query}", body).status for query in filled]

    return play


def with_token(*spell: Callable[[str], str]) -> Play:
    """Send a message with the token spelt in each way."""

    def play(partner: DemoPartner) -> list[int | None]:
        place = partner.url.removesuffix(partner.token)
        return [send(place + each(partner.token), ONE).status for each in spell]

    return play


def by(*methods: str) -> Play:
    """Make an empty request by each method."""
    return lambda partner: [send(partner.url, b"", method=method).status for method in methods]


def typed(*types: str) -> Play:
    """Send a message under each content type."""
    headers = [{"Content-Type": name} for name in types]
    return lambda partner: [send(partner.url, ONE, headers=each).status for each in headers]


def in_chunks(body: bytes) -> Play:
    """Send a body in three chunks, without its length."""

    def play(partner: DemoPartner) -> list[int | None]:
        third = len(body) // 3
        return _on_one_connection(partner, [[body[:third], body[third:-third], body[-third:]]])

    return play


def on_one_connection(*bodies: bytes) -> Play:
    """Send bodies on one connection, or on a new one where the partner has closed it."""
    return lambda partner: _on_one_connection(partner, bodies)


def dripping(body: bytes, pause_s: float) -> Play:
    """Send half a body, and the rest after a pause."""

    def play(partner: DemoPartner) -> list[int | None]:
        def halves() -> Iterable[bytes]:
            yield body[: len(body) // 2]
            threading.Event().wait(pause_s)
            yield body[len(body) // 2 :]

        return _on_one_connection(partner, [halves()])

    return play


def at_once(body: bytes) -> Play:
    """Send copies of a body at the same time; gives each status once, the lowest first."""

    def play(partner: DemoPartner) -> list[int | None]:
        with ThreadPoolExecutor(COPIES) as senders:
            replies = list(senders.map(lambda _: send(partner.url, body), range(COPIES)))
        return sorted({reply.status for reply in replies}, key=str)

    return play


def many_at_once(number: int, patience_s: float) -> Play:
    """Send messages at the same time; gives each status once, None for an answer too late."""

    def play(partner: DemoPartner) -> list[int | None]:
        bodies = [general("ServiceOrderUpdated", ids=(f"{n}",)) for n in range(number)]
        with ThreadPoolExecutor(number) as senders:
            replies = senders.map(
                lambda body: send(partner.url, body, timeout_s=patience_s), bodies
            )
            return sorted({reply.status for reply in replies}, key=str)

    return play


def reset_then(*bodies: bytes, left: bytes) -> Play:
    """Send `left` and break the connection at once, then send whole bodies.

    Only the answers that are no success are given: when the partner notices is not certain.
    """

    def play(partner: DemoPartner) -> list[int | None]:
        parts = urlsplit(partner.url)
        head = f"POST {parts.path}?{parts.query} HTTP/1.1\r\nContent-Length: {len(left)}\r\n\r\n"
        address = (str(parts.hostname), parts.port or 80)
        with socket.create_connection(address, timeout=GENEROUS_S) as connection:
            connection.sendall(head.encode() + left)
            # A zero linger makes closing a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return [status for status in whole(*bodies)(partner) if status != 202]

    return play


def cut_then(*bodies: bytes) -> Play:
    """Send half a body, then whole ones."""

    def play(partner: DemoPartner) -> list[int | None]:
        send_cut(partner.url, ONE)
        return whole(*bodies)(partner)

    return play


def _on_one_connection(
    partner: DemoPartner, bodies: Iterable[bytes | Iterable[bytes]]
) -> list[int | None]:
    parts = urlsplit(partner.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=GENEROUS_S)
    statuses: list[int | None] = []
    try:
        for body in bodies:
            connection.request("POST", f"{parts.path}?{parts.query}", body, JSON)
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
    finally:
        connection.close()
    return statuses
