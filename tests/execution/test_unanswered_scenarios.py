"""The rule that nothing passes that was not answered, for every scenario.

The preconditions of a scenario are taken as met: the endpoint accepted the preflight, and the
client connected. From then on it breaks every connection, answers garbage, or answers nothing.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer, websocket_server
from pytest_mews.execution import Budget, websocket_steps
from pytest_mews.execution.connectivity import Connectivity
from pytest_mews.kit.mews_websocket import serve_websocket
from pytest_mews.mews.events import event_names
from pytest_mews.model import ApiCall, Outcome, Stage, Verdict
from pytest_mews.run.result import build_result
from pytest_mews.senders.ids import DEFAULT_RUN_START
from tests.transcript_builders import delivery
from tests.websocket.websocket_clients import PATH, cookie_header

from .conftest import SCENARIOS, ManualClock, Setup

pytestmark = pytest.mark.slow

BuildSetup = Callable[..., Setup]
WEBHOOK_STAGES = {stage for stage in Stage if stage is not Stage.STREAMING}
NEWEST = {"events": event_names(), "revision": "2026-08"}
ENTERPRISES = frozenset(tenant.id for tenant in DEFAULT_TENANTS.enterprises)
SHORT_S = 0.05  # instead of every wait for a client

# What may pass all the same.
SENDS_NOTHING = {"PROC-29"}  # and expects no request
EXPECTS_NO_REQUEST = {
    *("PROC-19", "PROC-22", "PROC-23", "PROC-24", "PROC-28", "PROC-42", "PROC-46"),
    *SENDS_NOTHING,
}
ABOUT_HANDSHAKES = {"PRE-03", "STR-01", "STR-02", "STR-27"}  # which the client made
RECONNECTS = {"STR-19", "STR-20", "STR-36"}  # which a client that ends its connections makes


class UncalledConnectorApi(ConnectorApi):
    """An emulator that nobody calls; a wait moves the clock to its timeout."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(DEFAULT_TENANTS, clock.now_ms, started_utc=DEFAULT_RUN_START)
        self._clock = clock

    def wait_until(
        self, predicate: Callable[[tuple[ApiCall, ...]], bool], since: int, timeout_s: float
    ) -> bool:
        """Return at once whether the predicate is true."""
        if not predicate(self.calls(since)):
            self._clock.sleep(timeout_s)
        return predicate(self.calls(since))


def with_real_time(clock: ManualClock) -> Callable[[], float]:
    """Return a clock that goes by itself, for clients that connect, and that a wait moves."""
    return lambda: clock.ms + time.monotonic() * 1000


def find_passing(
    partner: Setup, stages: Collection[Stage], websocket: WebSocketServer | None = None
) -> set[str]:
    """Run all scenarios of some stages; return the ids of those that pass."""
    clock = partner.transport.clock
    connector_api = UncalledConnectorApi(clock)
    respond, passing = partner.transport.respond, set()
    for name, scenario in SCENARIOS.items():
        if scenario.stage not in stages:
            continue
        if name != "PRE-01":
            partner.transport.respond = lambda _: 202  # to the preflight
        runner = partner.runner(
            name,
            budget=Budget(0, 0.0),
            examples=1,
            connector_api=connector_api,
            connectivity=lambda: Connectivity((delivery("a"),), ()),
            enterprises=ENTERPRISES,
            fetch_timeout_s=SHORT_S,
            now_ms=clock.now_ms if websocket is None else with_real_time(clock),
            websocket=websocket,
        )
        partner.transport.respond = respond
        runner.run()
        result = build_result(scenario, runner.progress, 0.0)
        if result.verdict is Verdict.PASS:
            passing.add(name)
    return passing


@pytest.mark.parametrize(
    ("outcome", "took_ms"),
    [
        (Outcome.CONNECTION_RESET, 1.0),
        (Outcome.PROTOCOL_ERROR, 1.0),
        (Outcome.TIMEOUT_ANSWER, 5000.0),
    ],
)
def test_no_scenario_passes_without_an_answer(
    setup: BuildSetup, outcome: Outcome, took_ms: float
) -> None:
    """The endpoint breaks every connection, answers garbage, or answers nothing."""
    partner = setup(lambda _: outcome, took_ms=took_ms, **NEWEST)
    assert find_passing(partner, WEBHOOK_STAGES) == SENDS_NOTHING


def test_no_scenario_that_expects_a_request_passes_without_one(setup: BuildSetup) -> None:
    """The service accepts every message, and never calls the Connector API."""
    partner = setup(lambda _: 202, **NEWEST)
    assert find_passing(partner, {Stage.PROCESSING}) == EXPECTS_NO_REQUEST


def test_sound_responses_pass(setup: BuildSetup) -> None:
    """The same runner passes what is answered, so that the tests above can fail."""
    partner = setup(lambda _: 202, **NEWEST)
    passing = find_passing(partner, {Stage.DELIVERY})
    assert {"PRE-01", "REC-01", "REC-06", "RET-01", "RED-01", "INT-01"} <= passing


def break_connection(connection: socket.socket) -> None:
    """Read what comes, and close without a close frame."""
    connection.recv(1)


def send_garbage(connection: socket.socket) -> None:
    """Reply to everything with what is no frame."""
    while connection.recv(4096):
        connection.sendall(b"\xff garbage")


def stay_silent(connection: socket.socket) -> None:
    """Read everything, and send nothing."""
    while connection.recv(4096):
        pass


@contextmanager
def clients(websocket: WebSocketServer, behave: Callable[[socket.socket], None]) -> Iterator[None]:
    """Connect a client for each enterprise, again and again; each behaves after its handshake."""
    address = websocket.address.removeprefix("ws://").split(":")
    over = threading.Event()

    def connect(enterprise: int) -> None:
        handshake = (
            f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: {cookie_header(enterprise)}\r\n\r\n"
        )
        while not over.wait(SHORT_S / 5):
            with suppress(OSError), socket.create_connection((address[0], int(address[1]))) as line:
                line.sendall(handshake.encode())
                if line.makefile("rb").readline().startswith(b"HTTP/1.1 101 "):
                    behave(line)

    threads = [threading.Thread(target=connect, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        websocket.stop()
        for thread in threads:
            thread.join()


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits for clients that do not come."""
    monkeypatch.setattr(websocket_steps, "CLOSE_TIMEOUT_S", SHORT_S)
    monkeypatch.setattr(websocket_server, "CLOSE_TIMEOUT_S", SHORT_S)
    monkeypatch.setattr(websocket_steps, "MAX_BACKOFF_S", SHORT_S)
    pause_listening = WebSocketServer.pause_listening
    monkeypatch.setattr(
        WebSocketServer, "pause_listening", lambda server, _: pause_listening(server, SHORT_S)
    )


@pytest.mark.usefixtures("short_waits")
def test_no_streaming_scenario_passes_without_a_client(setup: BuildSetup) -> None:
    """The client is gone."""
    partner = setup(lambda _: 202, **NEWEST)
    with serve_websocket() as fixture:
        assert find_passing(partner, {Stage.STREAMING}, fixture.server) == set()


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("behave", [break_connection, send_garbage, stay_silent])
def test_only_handshakes_pass_with_a_client_that_answers_nothing(
    setup: BuildSetup, behave: Callable[[socket.socket], None]
) -> None:
    """The client makes a valid handshake, and then breaks, garbles or ignores everything."""
    partner = setup(lambda _: 202, **NEWEST)
    with serve_websocket() as fixture, clients(fixture.server, behave):
        passing = find_passing(partner, {Stage.STREAMING}, fixture.server)
    assert passing <= ABOUT_HANDSHAKES | RECONNECTS
