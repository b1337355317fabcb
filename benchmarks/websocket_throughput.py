"""Measures the WebSocket emulator, which must never be the bottleneck of a certification.

    .venv/bin/python benchmarks/websocket_throughput.py

The server runs in this process, as in a certification; its clients run in another. The script
prints the events per second to one client, by the size of the messages, up to the pong that shows
that the client has read all of them; and the resident memory of this process with many idle
connections (Linux).
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from pytest_mews.kit.mews_websocket import MewsWebSocket, serve_websocket
from pytest_mews.model import EventReference, Message, WebhookKind

EVENTS, IDLE_CLIENTS, TIMEOUT_S = 50_000, 1_000, 60.0
STATM, PAGE_SIZE, MIB = Path("/proc/self/statm"), resource.getpagesize(), 2**20


def main() -> None:
    """Print both measurements."""
    raise_file_limit()
    with serve_websocket() as websocket:
        server = websocket.server
        with start_clients(websocket, 1):
            websocket.wait_for_client(timeout_s=TIMEOUT_S)
            print("| events in a message | events/s | events/CPU s of the server |")
            for size in (1, 50, 1000):
                wall_s, cpu_s = send_burst(websocket, size)
                print(f"| {size:,} | {EVENTS / wall_s:,.0f} | {EVENTS / cpu_s:,.0f} |")
        server.log.wait_until(lambda: not server.connected_enterprises(), TIMEOUT_S)
        before_mib = resident_mib()
        earlier = len(websocket.connections)
        expected = earlier + IDLE_CLIENTS
        with start_clients(websocket, IDLE_CLIENTS):
            server.log.wait_until(lambda: len(websocket.connections) >= expected, TIMEOUT_S)
            count = len(websocket.connections) - earlier
            after_mib = resident_mib()
        print(f"{count:,} idle connections: {before_mib:.1f} MiB before, {after_mib:.1f} MiB after")


def send_burst(websocket: MewsWebSocket, size: int) -> tuple[float, float]:
    """Send all events in messages of `size`; return the seconds until all are read, and CPU s."""
    enterprise_id = websocket.tenants.enterprises[0].id
    event = {"Type": "Resource", "Id": "5ee074b1-6c86-48e8-915f-c7aa4702086f", "State": "Dirty"}
    body = json.dumps({"Events": [event] * size}).encode()
    references = (EventReference("Resource", event["Id"], "Dirty"),) * size
    message = Message(
        WebhookKind.WEBSOCKET, body, references, f"{size} events", "text", enterprise_id
    )
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    websocket.server.send([message] * (EVENTS // size), "burst", TIMEOUT_S)
    assert websocket.ping(timeout_s=TIMEOUT_S).pong_ms is not None
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def start_clients(websocket: MewsWebSocket, number: int) -> subprocess.Popen[bytes]:
    """Start a process with `number` clients; it ends with the context."""
    cookies = f"ClientToken={websocket.tenants.client_token}; "
    cookies += f"AccessToken={websocket.tenants.enterprises[0].access_token}"
    arguments = [f"{websocket.address}/ws/connector", cookies, str(number)]
    return ClientProcess([sys.executable, __file__, *arguments])


class ClientProcess(subprocess.Popen[bytes]):
    """A process that its context terminates."""

    def __exit__(self, *details: object) -> None:
        self.terminate()
        super().__exit__(*details)  # type: ignore[arg-type]


async def run_clients(url: str, cookies: str, number: int) -> None:
    """Make `number` connections, and read all messages."""

    async def run_client() -> None:
        async with connect(
            url, additional_headers={"Cookie": cookies}, ping_interval=None, open_timeout=TIMEOUT_S
        ) as connection:
            await read_all(connection)

    await asyncio.gather(*(run_client() for _ in range(number)), return_exceptions=True)


async def read_all(connection: ClientConnection) -> None:
    """Read messages until the connection ends."""
    async for _ in connection:
        pass


def raise_file_limit() -> None:
    """Raise the limit of open files to the hard limit."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def resident_mib() -> float:
    """Return the resident memory of this process in MiB."""
    return int(STATM.read_text("ascii").split()[1]) * PAGE_SIZE / MIB


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise_file_limit()
        asyncio.run(run_clients(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    else:
        main()
