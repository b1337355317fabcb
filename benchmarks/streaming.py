"""How much the WebSocket server can do, so that it is never what is measured.

The server runs here, as in a certification; its clients are another process. Printed are events a
second to one client, by the size of the messages, until the pong behind the last one says that
all was read; and the resident memory of this process with many idle connections (Linux).
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

from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket, in_test
from pytest_mews.model import EventReference, Message, WebhookKind

EVENTS, IDLE, PATIENCE_S = 50_000, 1_000, 60.0
STATM, PAGE, MIB = Path("/proc/self/statm"), resource.getpagesize(), 2**20


def main() -> None:
    """Print both tables."""
    many_files()
    with in_test() as mews:
        with clients(mews, 1):
            mews.wait_for_client(timeout_s=PATIENCE_S)
            print("| events in a message | events/s | events/CPU s of the server |")
            for size in (1, 50, 1000):
                wall_s, cpu_s = burst(mews, size)
                print(f"| {size:,} | {EVENTS / wall_s:,.0f} | {EVENTS / cpu_s:,.0f} |")
        mews.server.log.wait_until(lambda: not mews.server.connected_enterprises(), PATIENCE_S)
        before = resident()
        known = len(mews.connections)
        with clients(mews, IDLE):
            mews.server.log.wait_until(lambda: len(mews.connections) >= known + IDLE, PATIENCE_S)
            count = len(mews.connections) - known
            after = resident()
        print(f"{count:,} idle connections: {before:.1f} MiB before, {after:.1f} MiB with them")


def burst(mews: MewsWebSocket, size: int) -> tuple[float, float]:
    """Send events in messages of so many; gives seconds until all was read, and CPU seconds."""
    owner = mews.tenants.enterprises[0].id
    event = {"Type": "Resource", "Id": "5ee074b1-6c86-48e8-915f-c7aa4702086f", "State": "Dirty"}
    body = json.dumps({"Events": [event] * size}).encode()
    told = (EventReference("Resource", event["Id"], "Dirty"),) * size
    message = Message(WebhookKind.WEBSOCKET, body, told, f"{size} events", "text", owner)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    mews.server.send([message] * (EVENTS // size), "burst", PATIENCE_S)
    assert mews.ping(timeout_s=PATIENCE_S).ponged_ms is not None
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


def clients(mews: MewsWebSocket, number: int) -> subprocess.Popen[bytes]:
    """Start a process with so many clients; it ends with the context."""
    tokens = f"ClientToken={mews.tenants.client_token}; "
    tokens += f"AccessToken={mews.tenants.enterprises[0].access_token}"
    told = [f"{mews.address}/ws/connector", tokens, str(number)]
    return Clients([sys.executable, __file__, *told])


class Clients(subprocess.Popen[bytes]):
    """A process that is ended with its context."""

    def __exit__(self, *details: object) -> None:
        self.terminate()
        super().__exit__(*details)  # type: ignore[arg-type]


async def stay(url: str, cookies: str, number: int) -> None:
    """Connect so many times, and read whatever comes."""

    async def one() -> None:
        async with connect(
            url, additional_headers={"Cookie": cookies}, ping_interval=None, open_timeout=PATIENCE_S
        ) as line:
            await read(line)

    await asyncio.gather(*(one() for _ in range(number)), return_exceptions=True)


async def read(line: ClientConnection) -> None:
    """Read as fast as it comes."""
    async for _ in line:
        pass


def many_files() -> None:
    """Allow as many open files as the machine does."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def resident() -> float:
    """Give the resident memory of this process, in MiB."""
    return int(STATM.read_text("ascii").split()[1]) * PAGE / MIB


if __name__ == "__main__":
    if len(sys.argv) > 1:
        many_files()
        asyncio.run(stay(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    else:
        main()
