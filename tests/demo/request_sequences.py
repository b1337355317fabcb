"""Sequences of requests to a demo partner; each returns the statuses of the responses in order."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from pytest_mews.demo import DemoPartner
from tests.demo.webhook_client import (
    ONE_EVENT,
    TIMEOUT_S,
    general_webhook,
    integration_webhook,
    send,
    send_truncated,
)

RequestSequence = Callable[[DemoPartner], list[int | None]]

SHORT_TIMEOUT_S = 0.3
COPIES = 8
JSON_HEADERS = {"Content-Type": "application/json"}
OTHER_ENTITY = general_webhook("ServiceOrderUpdated", ids=("another",))
SHARED_ID = general_webhook("ServiceOrderUpdated", "ServiceOrderUpdated", ids=("same", "same"))
TWO_EVENTS = general_webhook("ServiceOrderUpdated", "ServiceOrderUpdated")
FULL_BATCH = general_webhook(*["ServiceOrderUpdated"] * 500)
NULL_EVENT = general_webhook(Events=[None])
DELETED = integration_webhook("IntegrationDeleted")
LARGE_BODY = general_webhook(*["ServiceOrderUpdated"] * 500, Padding="x" * 100_000)
NEW_KEY = integration_webhook("IntegrationApiKeyCreated", ApiKey="second-key")


def in_order(*bodies: bytes) -> RequestSequence:
    """Send bodies one after another."""
    return lambda partner: [send(partner.url, body).status for body in bodies]


def with_short_timeout(*bodies: bytes) -> RequestSequence:
    """Send bodies with a short timeout; the status is None if no response arrives in time."""
    return lambda partner: [
        send(partner.url, body, timeout_s=SHORT_TIMEOUT_S).status for body in bodies
    ]


def with_queries(*queries: str, body: bytes = ONE_EVENT) -> RequestSequence:
    """Send a message with each query, in which {} is replaced by the right token."""

    def run(partner: DemoPartner) -> list[int | None]:
        endpoint = partner.url.partition("?")[0]
        return [send(f"{endpoint}?{query.format(partner.token)}", body).status for query in queries]

    return run


def with_tokens(*variants: Callable[[str], str]) -> RequestSequence:
    """Send a message with each variant of the token."""

    def run(partner: DemoPartner) -> list[int | None]:
        prefix = partner.url.removesuffix(partner.token)
        return [send(prefix + variant(partner.token), ONE_EVENT).status for variant in variants]

    return run


def with_methods(*methods: str) -> RequestSequence:
    """Make an empty request with each method."""
    return lambda partner: [send(partner.url, b"", method=method).status for method in methods]


def with_content_types(*content_types: str) -> RequestSequence:
    """Send a message with each content type."""
    return lambda partner: [
        send(partner.url, ONE_EVENT, headers={"Content-Type": content_type}).status
        for content_type in content_types
    ]


def in_chunks(body: bytes) -> RequestSequence:
    """Send a body in three chunks, without a Content-Length."""
    third = len(body) // 3
    return on_one_connection([body[:third], body[third:-third], body[-third:]])


def on_one_connection(*bodies: bytes | Iterable[bytes]) -> RequestSequence:
    """Send bodies, or chunks of them, on one connection; reopens it if the partner closes it."""

    def run(partner: DemoPartner) -> list[int | None]:
        parts = urlsplit(partner.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_S)
        statuses: list[int | None] = []
        try:
            for body in bodies:
                connection.request("POST", f"{parts.path}?{parts.query}", body, JSON_HEADERS)
                response = connection.getresponse()
                response.read()
                statuses.append(response.status)
        finally:
            connection.close()
        return statuses

    return run


def with_slow_body(body: bytes, pause_s: float) -> RequestSequence:
    """Send half of a body, and the rest after a pause."""

    def halves() -> Iterable[bytes]:
        yield body[: len(body) // 2]
        threading.Event().wait(pause_s)
        yield body[len(body) // 2 :]

    def run(partner: DemoPartner) -> list[int | None]:
        return on_one_connection(halves())(partner)

    return run


def concurrent_copies(body: bytes) -> RequestSequence:
    """Send copies of a body at the same time; returns each status once, in ascending order."""

    def run(partner: DemoPartner) -> list[int | None]:
        with ThreadPoolExecutor(COPIES) as executor:
            responses = executor.map(lambda _: send(partner.url, body), range(COPIES))
            return sorted({response.status for response in responses}, key=str)

    return run


def concurrent_messages(count: int, timeout_s: float) -> RequestSequence:
    """Send messages at the same time; returns each status once, None for a timeout."""

    def run(partner: DemoPartner) -> list[int | None]:
        bodies = [
            general_webhook("ServiceOrderUpdated", ids=(str(number),)) for number in range(count)
        ]
        with ThreadPoolExecutor(count) as executor:
            responses = executor.map(
                lambda body: send(partner.url, body, timeout_s=timeout_s), bodies
            )
            return sorted({response.status for response in responses}, key=str)

    return run


def after_reset(*bodies: bytes, abandoned: bytes) -> RequestSequence:
    """Send a body and reset the connection at once, then send whole bodies.

    Returns only unsuccessful statuses, because the partner may notice the reset at any time.
    """

    def run(partner: DemoPartner) -> list[int | None]:
        parts = urlsplit(partner.url)
        head = f"POST {parts.path}?{parts.query} HTTP/1.1\r\n"
        head += f"Content-Length: {len(abandoned)}\r\n\r\n"
        address = (str(parts.hostname), parts.port or 80)
        with socket.create_connection(address, timeout=TIMEOUT_S) as connection:
            connection.sendall(head.encode() + abandoned)
            # With a linger time of zero, closing resets the connection.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return [status for status in in_order(*bodies)(partner) if status != 202]

    return run


def after_truncated_body(*bodies: bytes) -> RequestSequence:
    """Send half of a body, then whole ones."""

    def run(partner: DemoPartner) -> list[int | None]:
        send_truncated(partner.url, ONE_EVENT)
        return in_order(*bodies)(partner)

    return run
