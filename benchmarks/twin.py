"""Requests per second of the twin's server, on a core of its own where there are two.

The server is another process; its CPU time is read from /proc (Linux). The client keeps a few
connections and writes and reads raw bytes, so that it costs less than what it measures.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from pytest_mews.config import tenants

REQUESTS, CONNECTIONS = 4000, 8
TICKS = os.sysconf("SC_CLK_TCK")
TENANT = tenants.DEFAULT.enterprises[0]
COMMAND = [
    sys.executable,
    "-m",
    "pytest_mews.emulator",
    "--listen",
    "127.0.0.1:0",
    "--no-quota",
]


def main() -> None:
    """Print one line per number of ids in a request."""
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        first = server.stdout.readline()
        port = int(first.rpartition(":")[2].partition("/")[0])
        threading.Thread(target=server.stdout.read, daemon=True).start()
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(server.pid, cores[:1])
        for thread in Path(f"/proc/{server.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores[:1])
        os.sched_setaffinity(0, cores[-1:])
        print("| ids | requests/s | requests/CPU s of the server |")
        for ids, requests in ((1, REQUESTS), (100, REQUESTS // 2), (1000, REQUESTS // 20)):
            load(port, request(ids), CONNECTIONS * 4)  # so that every entity was made once
            wall_s, cpu_s = time.perf_counter(), spent(server.pid)
            load(port, request(ids), requests)
            wall_s, cpu_s = time.perf_counter() - wall_s, spent(server.pid) - cpu_s
            print(f"| {ids} | {requests / wall_s:,.0f} | {requests / cpu_s:,.0f} |")
        server.terminate()


def request(ids: int) -> bytes:
    """Write a request for so many customers."""
    body = json.dumps(
        {
            "ClientToken": tenants.DEFAULT.client_token,
            "AccessToken": TENANT.access_token,
            "Client": "Benchmark 1.0",
            "CustomerIds": [f"aaaaaaaa-0000-4000-8000-{each:012}" for each in range(ids)],
            "Extent": {"Customers": True},
            "Limitation": {"Count": 1000},
        }
    ).encode()
    head = (
        "POST /api/connector/v1/customers/getAll HTTP/1.1\r\nHost: twin\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def load(port: int, message: bytes, requests: int) -> None:
    """Send requests over several connections, one at a time on each, and read every answer."""
    each = requests // CONNECTIONS
    threads = [
        threading.Thread(target=_client, args=(port, message, each)) for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def spent(process: int) -> float:
    """Give the CPU seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _client(port: int, message: bytes, requests: int) -> None:
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        connection.makefile("rb") as answers,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(requests):
            connection.sendall(message)
            status, length = answers.readline(), 0
            if b" 200 " not in status:
                raise SystemExit(status.decode())
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            answers.read(length)


if __name__ == "__main__":
    main()
