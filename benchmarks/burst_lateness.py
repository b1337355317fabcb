"""Measures how late the last messages of a burst arrive, against a raw epoll sender (Linux).

    .venv/bin/python benchmarks/burst_lateness.py [--messages 500] [--rounds 7]

Lateness is the time from the moment before the burst is asked for to the arrival of a request at
the server, as its kernel saw it; p99 is that of the burst's 99th percentile. Both sides deliver in
turn to a server in a process of its own, on new and on kept connections. Least of the rounds, since
other load on the machine only adds.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from arrival_server import ID_BYTES
from peers import print_ratio
from sender_cpu import open_deliverer

from pytest_mews.delivery import DeliveryOrder
from pytest_mews.model import Message, WebhookKind

SIZES = (300, 20_000)  # bytes of a body
Ids = Sequence[str]


class ArrivalServer:
    """The server, and what it saw."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self.port = int(self._stdout.readline())

    def arrivals(self) -> dict[str, int]:
        """End the server; return when each message arrived, in ns since the epoch, by its id."""
        self._stdin.close()
        pairs = (line.split() for line in self._stdout)
        return {id_: int(arrived_ns) for id_, arrived_ns in pairs}


@contextmanager
def run_server() -> Iterator[ArrivalServer]:
    """Run the server in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("arrival_server.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield ArrivalServer(process)


def new_ids(messages: int) -> Ids:
    """Return an id for each message of a burst."""
    return [str(uuid.uuid4()) for _ in range(messages)]


def burst_harness(port: int, ids: Ids, size: int, *, kept: bool) -> int:
    """Deliver a burst with the harness; return the ns since the epoch just before."""
    url = f"http://127.0.0.1:{port}/webhooks"

    def orders(ids: Ids) -> list[DeliveryOrder]:
        bodies = [id_.encode().ljust(size) for id_ in ids]
        messages = [Message(WebhookKind.GENERAL, body, (), "") for body in bodies]
        return [DeliveryOrder(message, url, "benchmark") for message in messages]

    with open_deliverer(url) as deliverer:
        if kept:
            deliverer.deliver_concurrently(orders(new_ids(len(ids))))
        burst = orders(ids)
        started_ns = time.time_ns()
        deliveries = deliverer.deliver_concurrently(burst)
    assert all(delivery.delivered for delivery in deliveries)
    return started_ns


def burst_raw(port: int, ids: Ids, size: int, *, kept: bool) -> int:
    """Send a burst with non-blocking sockets and nothing else; return the ns just before."""
    head = f"POST /webhooks HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {size}\r\n\r\n"
    requests = [head.encode() + id_.encode().ljust(size) for id_ in ids]

    def connect() -> socket.socket:
        connection = stack.enter_context(socket.socket())
        connection.settimeout(0)
        connection.connect_ex(("127.0.0.1", port))
        return connection

    with ExitStack() as stack, selectors.EpollSelector() as selector:
        open_connections = [connect() for _ in ids] if kept else []
        if kept:
            time.sleep(0.3)  # until all are accepted
        started_ns = time.time_ns()
        for number, request in enumerate(requests):
            connection = open_connections[number] if kept else connect()
            left = request[connection.send(request) :] if kept else request
            selector.register(connection, _awaited(left), (connection, left))
        while selector.get_map():
            for key, events in selector.select():
                connection, left = key.data
                if events & selectors.EVENT_WRITE:
                    left = left[connection.send(left) :]
                    selector.modify(connection, _awaited(left), (connection, left))
                else:
                    assert connection.recv(4096).startswith(b"HTTP/1.1 204")
                    selector.unregister(connection)
    return started_ns


def _awaited(left: bytes) -> int:
    """Return the event to wait for, given what is left of a request."""
    return selectors.EVENT_WRITE if left else selectors.EVENT_READ


def p99_ms(burst: Callable[..., int], messages: int, size: int, *, kept: bool) -> float:
    """Run one burst; return the 99th percentile of its lateness in ms."""
    ids = new_ids(messages)
    assert all(len(id_) == ID_BYTES for id_ in ids)
    with run_server() as server:
        started_ns = burst(server.port, ids, size, kept=kept)
        arrivals = server.arrivals()
    late_ns = sorted(arrivals[id_] - started_ns for id_ in ids)
    return late_ns[round(0.99 * (messages - 1))] / 1e6


def main() -> None:
    """Run bursts of both sides in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    for size in SIZES:
        for kept in (False, True):
            late_ms: list[tuple[float, float]] = [
                (
                    p99_ms(burst_harness, options.messages, size, kept=kept),
                    p99_ms(burst_raw, options.messages, size, kept=kept),
                )
                for _ in range(options.rounds)
            ]
            ours_ms, raw_ms = (min(side) for side in zip(*late_ms, strict=True))
            connections = "kept" if kept else "new"
            what = (
                f"p99 of {options.messages} messages of {size:,} bytes, {connections} connections"
            )
            print_ratio(f"{what}, against epoll", ours_ms, raw_ms, "ms")


if __name__ == "__main__":
    main()
