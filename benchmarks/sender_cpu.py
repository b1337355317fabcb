"""Measures the CPU time that the harness needs for a delivery, against wrk and bare libcurl.

    .venv/bin/python benchmarks/sender_cpu.py [--deliveries 20000] [--rounds 3]

The same nginx answers 204 to the same message of 220 events (about 20 kB), 64 of them in flight on
kept connections. Each side runs in a process of its own, in turn; the least of the rounds counts,
since other load on the machine only adds. An announced message updates the Connector API emulator
first, as in a run with `--api`; the emulator reads it when a request asks for its state.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pycurl
from measured_process import cpu_seconds, run_measured
from nginx_server import run_nginx
from peers import has_programs, print_ratio

from pytest_mews.config.settings import resolve_settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.delivery import (
    CurlTransport,
    Deliverer,
    DeliveryOrder,
    DeliveryRules,
    Request,
    SystemClock,
)
from pytest_mews.delivery.curl_handles import CurlHandles
from pytest_mews.delivery.curl_multi import CurlMultiLoop
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.delivery.curl_transfer import CurlTransfer
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.kit.messages import batch
from pytest_mews.model import Message

IN_FLIGHT, EVENTS = 64, 220
WRK_S = 3
WRK_SCRIPT = """
local file = io.open("{body}", "rb"); wrk.body = file:read("*a"); file:close()
wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"
"""


@contextmanager
def open_deliverer(
    url: str, before_send: Callable[[Message], float | None] = lambda _: None
) -> Iterator[Deliverer]:
    """Yield a deliverer as a run for this endpoint has it."""
    settings = resolve_settings({"mews_target": url}, environ={}, rootdir=Path.cwd(), seed=1)
    rules = DeliveryRules.from_profile(settings.profile, settings.time_scale, verify_tls=True)
    clock = SystemClock()
    with CurlTransport(clock) as transport:
        yield Deliverer(transport, clock, rules, before_send)


def measure_plain(url: str, deliveries: int) -> float:
    """Return the CPU seconds that deliveries of one message take."""
    with open_deliverer(url) as deliverer:
        return measure(deliverer, url, deliveries)


def measure_announced(url: str, deliveries: int, *, read: bool = False) -> float:
    """Return the same with the Connector API emulator; `read` asks for its state at the end."""
    started_utc = datetime.now(UTC)
    api = ConnectorApi(DEFAULT_TENANTS, SystemClock().now_ms, started_utc=started_utc)

    def read_state() -> None:
        api.enterprise_of("")

    with open_deliverer(url, api.apply_message) as deliverer:
        return measure(deliverer, url, deliveries, read_state if read else lambda: None)


def measure_read(url: str, deliveries: int) -> float:
    """Return the same, with a request at the end, for which the emulator reads all messages."""
    return measure_announced(url, deliveries, read=True)


def measure(
    deliverer: Deliverer, url: str, deliveries: int, finish: Callable[[], None] = lambda: None
) -> float:
    """Return the CPU seconds that the deliveries take, and what finishes them."""
    orders = [DeliveryOrder(batch(EVENTS), url, "benchmark")] * IN_FLIGHT
    deliverer.deliver_concurrently(orders)  # opens the connections, fills the caches
    finish()
    started_s = cpu_seconds()
    for _ in range(deliveries // IN_FLIGHT):
        for delivery in deliverer.deliver_concurrently(orders):
            assert delivery.delivered
    finish()
    return cpu_seconds() - started_s


def measure_libcurl(url: str, deliveries: int) -> float:
    """Return the CPU seconds that libcurl takes with 64 handles that are used again and again."""
    multi, body = pycurl.CurlMulti(), batch(EVENTS).body
    for _ in range(IN_FLIGHT):
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:", "Accept:"])
        multi.add_handle(curl)
    started_s, completed = 0.0, 0
    while completed < deliveries + IN_FLIGHT:
        multi.perform()
        queued = 1
        while queued:
            queued, succeeded, failed = multi.info_read()
            assert not failed
            for curl in succeeded:
                completed += 1
                if completed == IN_FLIGHT:
                    started_s = cpu_seconds()
                multi.remove_handle(curl)
                multi.add_handle(curl)
        multi.select(1.0)
    return cpu_seconds() - started_s


def measure_transfers(url: str, deliveries: int) -> float:
    """Return the CPU seconds of the transfers of deliveries, without orders, threads and records.

    Each starts at once, tells which sockets to watch, and hands over the head of the response.
    """
    request = Request("POST", url, (("Content-Type", "application/json"),), batch(EVENTS).body, 5.0)
    handles, multi_loop = CurlHandles(TrustStore()), CurlMultiLoop()
    curls = [handles.take(request) for _ in range(IN_FLIGHT)]

    def transfer_all() -> None:
        for curl in curls:
            multi_loop.start(CurlTransfer(request, lambda _: None, curl))
        while True:
            for transfer, code, _ in multi_loop.completed():
                assert code == pycurl.E_OK
                multi_loop.remove(transfer)
            if not multi_loop.pending():
                return
            multi_loop.wait()

    transfer_all()  # opens the connections
    started_s = cpu_seconds()
    for _ in range(deliveries // IN_FLIGHT):
        transfer_all()
    return cpu_seconds() - started_s


def measure_wrk(url: str, message: Message) -> float:
    """Return the CPU seconds per request of wrk."""
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        body, script = Path(folder, "body.json"), Path(folder, "post.lua")
        body.write_bytes(message.body)
        script.write_text(WRK_SCRIPT.format(body=body))
        command = ["wrk", "-t1", f"-c{IN_FLIGHT}", f"-d{WRK_S}s", "-s", str(script), url]
        taken = run_measured(command)
    assert "Non-2xx" not in taken.output, taken.output
    summary = next(line for line in taken.output.splitlines() if "requests in" in line)
    return taken.cpu_s / int(summary.split()[0])


SIDES: dict[str, Callable[[str, int], float]] = {
    "plain": measure_plain,
    "announced": measure_announced,
    "read": measure_read,
    "transfers": measure_transfers,
    "libcurl": measure_libcurl,
}


def main() -> None:
    """Measure all sides in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help="measure one side in this process")
    parser.add_argument("--url", help="the endpoint of --side")
    options = parser.parse_args()
    if options.side:
        deliveries = options.deliveries // IN_FLIGHT * IN_FLIGHT
        print(SIDES[options.side](options.url, deliveries) / deliveries)
        return
    if not has_programs("nginx", "wrk"):
        return
    least: dict[str, float] = {}
    with run_nginx() as url:
        for _ in range(options.rounds):
            taken = {"wrk": measure_wrk(url, batch(EVENTS))}
            for side in SIDES:
                command = [sys.executable, __file__, "--side", side, "--url", url]
                command += ["--deliveries", str(options.deliveries)]
                taken[side] = float(run_measured(command).output)
            least = {side: min(least.get(side, cpu_s), cpu_s) for side, cpu_s in taken.items()}
    for what, side, peer in (
        ("a delivery against wrk", "plain", "wrk"),
        ("an announced delivery against wrk", "announced", "wrk"),
        ("an announced delivery that is read, against wrk", "read", "wrk"),
        ("the transfer of a delivery against wrk", "transfers", "wrk"),
        ("a delivery against libcurl", "plain", "libcurl"),
    ):
        print_ratio(f"CPU of {what}", least[side] * 1e6, least[peer] * 1e6, "µs")


if __name__ == "__main__":
    main()
