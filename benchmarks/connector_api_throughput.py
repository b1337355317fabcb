"""Measures the requests per second of the Connector API emulator, on a core of its own if possible.

    .venv/bin/python benchmarks/connector_api_throughput.py

The server runs in another process, whose CPU time is read from /proc (Linux). The client keeps a
few connections and sends and receives raw bytes, to need less CPU time than the server.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from pytest_mews.config import tenants

REQUESTS, CONNECTIONS = 4000, 8
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
TENANT = tenants.DEFAULT_TENANTS.enterprises[0]
SERVER_COMMAND = [
    sys.executable,
    "-m",
    "pytest_mews",
    "emulator",
    "--api",
    "127.0.0.1:0",
    "--no-rate-limit",
]


def main() -> None:
    """Print one row per number of ids in a request."""
    with subprocess.Popen(SERVER_COMMAND, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        first_line = server.stdout.readline()  # contains the address
        port_match = re.search(r"http://[^ ]*:(\d+)", first_line)
        assert port_match
        port = int(port_match[1])
        threading.Thread(target=server.stdout.read, daemon=True).start()
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(server.pid, cores[:1])
        for thread in Path(f"/proc/{server.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores[:1])
        os.sched_setaffinity(0, cores[-1:])
        print("| ids | requests/s | requests/CPU s of the server |")
        for ids, requests in ((1, REQUESTS), (100, REQUESTS // 2), (1000, REQUESTS // 20)):
            send_requests(port, build_request(ids), CONNECTIONS * 4)  # creates all entities
            wall_s, cpu_s = time.perf_counter(), cpu_seconds(server.pid)
            send_requests(port, build_request(ids), requests)
            wall_s, cpu_s = time.perf_counter() - wall_s, cpu_seconds(server.pid) - cpu_s
            print(f"| {ids} | {requests / wall_s:,.0f} | {requests / cpu_s:,.0f} |")
        server.terminate()


def build_request(ids: int) -> bytes:
    """Return an HTTP request for `ids` customers."""
    body = json.dumps(
        {
            "ClientToken": tenants.DEFAULT_TENANTS.client_token,
            "AccessToken": TENANT.access_token,
            "Client": "Benchmark 1.0",
            "CustomerIds": [f"aaaaaaaa-0000-4000-8000-{number:012}" for number in range(ids)],
            "Extent": {"Customers": True},
            "Limitation": {"Count": 1000},
        }
    ).encode()
    head = (
        "POST /api/connector/v1/customers/getAll HTTP/1.1\r\nHost: emulator\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send_requests(port: int, request: bytes, number: int) -> None:
    """Send a request `number` times over several connections; read every response."""
    per_connection = number // CONNECTIONS
    threads = [
        threading.Thread(target=_send_on_one_connection, args=(port, request, per_connection))
        for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _send_on_one_connection(port: int, request: bytes, number: int) -> None:
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        connection.makefile("rb") as responses,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(number):
            connection.sendall(request)
            status, length = responses.readline(), 0
            if b" 200 " not in status:
                raise SystemExit(status.decode())
            while (line := responses.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            responses.read(length)


if __name__ == "__main__":
    main()
