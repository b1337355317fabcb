"""The steps on the WebSocket, with a real server and client, and without."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, cast

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.connector_api import ApiRequest, ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.execution import websocket_steps
from pytest_mews.execution.clients import REPEATED_WAIT_S, ClientTracker, probe_commands
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.execution import Execution, perform
from pytest_mews.kit.mews_websocket import MewsWebSocket, serve_websocket
from pytest_mews.model import (
    Connection,
    Delivery,
    Disconnect,
    EventReference,
    Message,
    Outcome,
    WebhookKind,
    WebSocketHandshake,
)
from pytest_mews.model.step import (
    STEPS,
    CloseConnection,
    RejectHandshakes,
    SendWhileDisconnected,
    ServerDown,
    ShowHandshakes,
    SkipSend,
    WaitForActiveCommands,
    WaitForReconnect,
    WaitUntilHandled,
    WebSocketPing,
    WebSocketSend,
)
from pytest_mews.senders import Target
from pytest_mews.senders.connector import CONNECTOR
from tests.connector_api.emulator_client import PREFIX, STARTED
from tests.transcript_builders import attempt
from tests.websocket.websocket_clients import (
    FIRST_ENTERPRISE,
    TIMEOUT_S,
    RecordingClient,
    cookie_header,
    handshake_status,
)

TOKEN = DEFAULT_TENANTS.enterprises[0].access_token
COMMAND = "35d4b117-4e60-44a3-9580-c582117eff98"


@pytest.fixture
def mews() -> Iterator[MewsWebSocket]:
    """Run a WebSocket emulator."""
    with serve_websocket() as fixture:
        yield fixture


def command(name: str = COMMAND, owner: str = FIRST_ENTERPRISE) -> Message:
    """Build a message of one command."""
    first = (EventReference("DeviceCommand", name, "Pending"),)
    return Message(WebhookKind.WEBSOCKET, b"{}", first, "a command", "text", owner)


def connector_api_at_the_end() -> ConnectorApi:
    """Build an emulator whose clock is later than everything that is sent."""
    return ConnectorApi(DEFAULT_TENANTS, lambda: 1e9, started_utc=STARTED)


def context_for(
    websocket: object, connector_api: ConnectorApi | None = None, fetch_timeout_s: float = TIMEOUT_S
) -> CaseContext:
    """Build a context with the emulators only."""
    unused = cast("Any", None)
    server = cast("WebSocketServer", websocket)
    return CaseContext(
        unused,
        unused,
        None,
        connector_api=connector_api,
        fetch_timeout_s=fetch_timeout_s,
        websocket=server,
    )


def call(connector_api: ConnectorApi, operation: str, **body: object) -> None:
    """Call the emulator as a client does."""
    whole_body = {
        "ClientToken": DEFAULT_TENANTS.client_token,
        "AccessToken": TOKEN,
        "Client": "Steps 1.0",
        **body,
    }
    headers = {"content-type": "application/json"}
    connector_api.begin(
        ApiRequest("POST", f"{PREFIX}{operation}", headers, json.dumps(whole_body).encode())
    ).mark_sent()


@contextmanager
def execution_with_client(
    mews: MewsWebSocket,
    connector_api: ConnectorApi | None = None,
    **choices: Any,  # noqa: ANN401 - fields of a context
) -> Iterator[Execution]:
    """Begin an execution with one command while a client is connected."""
    mews.wait_for_client()
    with Execution(
        context_for(mews.server, connector_api, **choices), {"command": (command(),)}
    ) as execution:
        yield execution


def test_every_step_does_nothing_without_a_server() -> None:
    """Nothing is observed, no step waits, and none fails."""
    steps = (
        ShowHandshakes(),
        WebSocketSend("command"),
        WebSocketPing(),
        CloseConnection(Disconnect.ABNORMAL),
        ServerDown(seconds=60),
        RejectHandshakes(status=503, seconds=60),
        SendWhileDisconnected("command"),
        WaitForReconnect(),
        SkipSend("command"),
        WaitForActiveCommands(),
        WaitUntilHandled(),
    )
    performed_here = {
        step_class
        for step_class in STEPS.values()
        if perform.dispatch(step_class).__module__ == websocket_steps.__name__
    }
    assert set(map(type, steps)) == performed_here
    with Execution(context_for(None), {"command": (command(),)}) as execution:
        for step in steps:
            perform(step, execution)
        session = execution.websocket
        assert (session.handshakes, session.connections) == ((), ())
        assert (session.not_sent, session.undeliverable) == ((), ())


def test_websocket_send(mews: MewsWebSocket) -> None:
    """Only its own session shows a message; the emulator knows the command before that."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), execution_with_client(mews, connector_api) as execution:
        perform(WebSocketSend("command"), execution)
        with execution_with_client(mews) as other:
            perform(WebSocketPing(), other)
            (elsewhere,) = other.websocket.connections
        (connection,) = execution.websocket.connections
        perform(WebSocketSend("command", duplicate=True), execution)
        (first, copy) = execution.websocket.connections[0].sent
    assert [message.label for message in connection.sent] == ["command"]
    assert (first.visible_from_ms is None, copy.visible_from_ms) == (False, None)
    assert [(ping.events_before, ping.pong_ms is not None) for ping in connection.pings] == [
        (1, True)
    ]
    assert (elsewhere.sent, len(elsewhere.pings)) == ((), 1)
    call(connector_api, "commands/getAllActive")
    assert connector_api.calls()[0].returned_ids == (COMMAND,)


def test_a_duplicate_does_not_change_the_emulator(mews: MewsWebSocket) -> None:
    """A command that is Processed stays so."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews) as client, execution_with_client(mews, connector_api) as execution:
        perform(WebSocketSend("command"), execution)
        call(connector_api, "commands/update", CommandId=COMMAND, State="Processed")
        perform(WebSocketSend("command", duplicate=True), execution)
        assert len(client.receive(2)) == 2
    call(connector_api, "commands/getAllActive")
    assert connector_api.calls()[-1].returned_ids == ()


def test_an_undeliverable_message(mews: MewsWebSocket) -> None:
    """Without a client at the timeout, the message is recorded as undeliverable."""
    with Execution(
        context_for(mews.server, fetch_timeout_s=0.05), {"command": (command(),)}
    ) as execution:
        perform(WebSocketSend("command"), execution)
        assert [message.description for message in execution.websocket.undeliverable] == [
            "a command"
        ]
        assert execution.websocket.connections == ()


def test_wait_for_reconnect(mews: MewsWebSocket) -> None:
    """Handshakes of the session are shown, earlier ones only after `show-handshakes`."""
    with RecordingClient(mews), execution_with_client(mews) as execution:
        perform(RejectHandshakes(status=503), execution)
        perform(CloseConnection(Disconnect.RESTART), execution)
        assert handshake_status(mews, cookie_header()) == 503
        with RecordingClient(mews):
            perform(WaitForReconnect(), execution)
            closed, reconnected = execution.websocket.connections
            assert (closed.disconnect, reconnected.ended_ms, reconnected.number) == (
                Disconnect.RESTART,
                None,
                2,
            )
            assert closed.closed_ms is not None
            assert [handshake.status for handshake in execution.websocket.handshakes] == [503, 101]
            perform(ShowHandshakes(), execution)
            assert [handshake.status for handshake in execution.websocket.handshakes] == [
                101,
                503,
                101,
            ]


class BackingOffClient:
    """A server and its log: a client lost its connection, and tries again after growing pauses.

    All but the last handshake are rejected. The clock moves to the next one, or to the end of the
    wait.
    """

    def __init__(
        self, *pauses_s: float, reconnects: bool = True, earlier_s: Sequence[float] = ()
    ) -> None:
        moments = [*earlier_s, *accumulate(pauses_s)]
        self._moments_ms = [moment * 1000 for moment in moments]
        self._reconnects = reconnects
        self.log = self
        self.ms = -1.0

    def now_ms(self) -> float:
        """Return the time."""
        return self.ms

    def handshakes(self, _since: int = 0) -> tuple[WebSocketHandshake, ...]:
        """Return the handshakes so far."""
        return tuple(
            WebSocketHandshake(number, at_ms, "/ws/connector", 503, FIRST_ENTERPRISE)
            for number, at_ms in enumerate(self._moments_ms, 1)
            if at_ms <= self.ms
        )

    def connections(self) -> tuple[Connection, ...]:
        """Return the lost connection."""
        lost = Connection(
            1, FIRST_ENTERPRISE, -1.0, disconnect=Disconnect.ABNORMAL, disconnect_ms=0.0
        )
        return (replace(lost, closed_ms=None if self.ms < 0 else 0.0),)

    def connected_enterprises(self) -> frozenset[str]:
        """Return the client's enterprise before the disconnect, and after the last handshake."""
        back = self._reconnects and self.ms >= self._moments_ms[-1]
        return frozenset({FIRST_ENTERPRISE} if self.ms < 0 or back else ())

    def wait_until(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        """Let time pass until a predicate holds; return whether it does."""
        end_ms = self.ms + timeout_s * 1000
        while not predicate():
            later = [at_ms for at_ms in self._moments_ms if self.ms < at_ms <= end_ms]
            if not later:
                self.ms = max(self.ms, end_ms)
                return False
            self.ms = later[0]
        return True

    def accept_all(self) -> None:
        """Do nothing: nothing is rejected any more."""


@pytest.mark.parametrize(
    ("client", "end_s"),
    [
        (BackingOffClient(5, 10, 20, 40), 75),
        (BackingOffClient(1, 2, 4, 8), 15),
        (BackingOffClient(40), 30),  # it does not try at all within the timeout
        (BackingOffClient(5, 10, reconnects=False), 45),  # it gave up
        (BackingOffClient(1, 55, earlier_s=(-40, -20)), 56),  # it made a long pause before
        (BackingOffClient(20, 60, 150, 300), 30 + websocket_steps.MAX_BACKOFF_S),
    ],
)
def test_a_client_that_backs_off_is_waited_for(client: BackingOffClient, end_s: float) -> None:
    """The wait ends with the connection, or when the next handshake is overdue."""
    context = replace(context_for(client, fetch_timeout_s=10.0), now_ms=client.now_ms)
    with Execution(context, {}) as execution:
        client.ms = 0.0
        perform(WaitForReconnect(timeout_factor=3), execution)
    assert client.ms == end_s * 1000


@dataclass
class HeldUpEndpoint(BackingOffClient):
    """A client that backs off, and an endpoint that answers webhooks after some times.

    Attributes:
        responses_s: the time to each response.
        steps: what the harness did.

    """

    responses_s: list[float]
    steps: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(1, 2, 4, 8, 16)

    def reject_handshakes(self, status: int, *_: object) -> None:
        """Note that handshakes are rejected."""
        self.steps.append(status)

    def disconnect(self, how: Disconnect, _enterprises: object) -> None:
        """Note that the connections end."""
        self.steps.append(how)

    def accept_all(self) -> None:
        """Note that handshakes are accepted."""
        self.steps.append("accepted")

    def url(self, _kind: WebhookKind) -> str:
        """Return the address of the endpoint."""
        return "http://x/"

    def deliver(self, message: Message, *_: object, **__: object) -> Delivery:
        """Deliver a webhook; one that is not answered within 5 s is a timeout."""
        took_s = self.responses_s.pop(0)
        self.steps.append((message.description, self.ms / 1000))
        outcome = Outcome.DELIVERED if took_s < 5 else Outcome.TIMEOUT_ANSWER
        made = attempt(self.ms, min(took_s, 5.0) * 1000, outcome)
        self.ms += min(took_s, 5.0) * 1000
        return Delivery("webhook", message, (made,))


@pytest.mark.parametrize(
    ("preflight_s", "responses_s", "sent_at_s"),
    [
        (0.002, [0.05], [1]),  # nothing is held up
        (0.4, [0.7], [1]),  # nor is an endpoint that always takes its time
        (0.002, [2, 4, 8], [1, 3, 7]),  # each pause of the client holds it up, until it is too late
        (0.002, [6], [1]),  # it is held up until the client is connected
        (0.002, [0.3, 0.2, 0.3, 0.2], [1, 3, 7]),  # as often as there are messages
    ],
)
def test_webhooks_are_sent_while_the_client_is_disconnected(
    preflight_s: float, responses_s: list[float], sent_at_s: list[float]
) -> None:
    """They end with the first that is answered as promptly as the preflight, or not in time."""
    held_up: Any = HeldUpEndpoint(list(responses_s))
    names = [f"webhook {number}" for number in range(1, 4)]
    messages = tuple(
        Message(WebhookKind.GENERAL, b"{}", (), name, enterprise_id=FIRST_ENTERPRISE)
        for name in names
    )
    preflight = Delivery("preflight", messages[0], (attempt(0.0, preflight_s * 1000),))
    context = CaseContext(
        held_up, held_up, preflight, websocket=held_up, now_ms=held_up.now_ms, fetch_timeout_s=20.0
    )
    with Execution(context, {"message": messages}) as execution:
        held_up.ms = 0.0
        perform(SendWhileDisconnected("message"), execution)
        assert [delivery.message.description for delivery in execution.deliveries] == (
            names[: len(sent_at_s)]
        )
    sent = list(zip(names, sent_at_s, strict=False))
    assert held_up.steps == [503, Disconnect.GOING_AWAY, *sent, "accepted", "accepted"]


def test_commands_of_a_client_that_ignores_them_are_not_waited_for(mews: MewsWebSocket) -> None:
    """The whole timeout is for clients that request something about commands."""
    started = time.monotonic()
    connector_api = connector_api_at_the_end()
    context = replace(
        context_for(mews.server, connector_api, fetch_timeout_s=60.0),
        handles_commands=lambda: False,
    )
    with RecordingClient(mews):
        mews.wait_for_client()
        with Execution(context, {"command": (command(),)}) as execution:
            perform(WebSocketSend("command"), execution)
            perform(WaitUntilHandled(), execution)
    assert time.monotonic() - started < 30


def test_rejections_and_silence_end_with_the_session(mews: MewsWebSocket) -> None:
    """However it ends, the session accepts handshakes and aborts unresponsive connections."""
    with RecordingClient(mews) as client:

        def interrupted() -> None:
            with execution_with_client(mews) as execution:
                perform(RejectHandshakes(status=429, times=100), execution)
                perform(CloseConnection(Disconnect.UNRESPONSIVE), execution)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert client.ended.wait(TIMEOUT_S)
    assert handshake_status(mews, cookie_header()) == 101


def test_skip_send(mews: MewsWebSocket) -> None:
    """The command is active, and no client receives it."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), execution_with_client(mews, connector_api) as execution:
        perform(SkipSend("command"), execution)
        assert [message.label for message in execution.websocket.not_sent] == ["command"]
        assert [connection.sent for connection in execution.websocket.connections] == [()]
    call(connector_api, "commands/getAllActive")
    assert connector_api.calls()[0].returned_ids == (COMMAND,)


def test_wait_until_handled(mews: MewsWebSocket) -> None:
    """It ends with the report of another thread, or at the timeout."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), execution_with_client(mews, connector_api) as execution:
        perform(WebSocketSend("command"), execution)
        report = {"CommandId": COMMAND, "State": "Processed"}
        client = threading.Thread(
            target=call, args=(connector_api, "commands/update"), kwargs=report
        )
        client.start()
        perform(WaitUntilHandled(), execution)
        client.join()
        assert [api_call.state for api_call in connector_api.calls()] == ["Processed"]
    with (
        RecordingClient(mews),
        execution_with_client(mews, connector_api_at_the_end(), fetch_timeout_s=0.05) as late,
    ):
        perform(WebSocketSend("command"), late)
        perform(WaitUntilHandled(), late)


def test_the_wait_is_extended_for_a_busy_client(mews: MewsWebSocket) -> None:
    """The wait takes longer than the timeout while the client has a backlog."""

    class BusyConnectorApi(ConnectorApi):
        """Has a backlog, and receives the report at the second poll."""

        polls = 0

        def is_working_on_backlog(self, _sent_ms: float) -> bool:
            self.polls += 1
            if self.polls == 2:
                call(self, "commands/update", CommandId=COMMAND, State="Processed")
            return True

    busy = BusyConnectorApi(DEFAULT_TENANTS, lambda: 1e9, started_utc=STARTED)
    with (
        RecordingClient(mews),
        execution_with_client(mews, busy, fetch_timeout_s=0.5) as execution,
    ):
        perform(WebSocketSend("command"), execution)
        perform(WaitUntilHandled(), execution)
    assert [api_call.state for api_call in busy.calls()] == ["Processed"]


def test_wait_for_active_commands(mews: MewsWebSocket) -> None:
    """It ends when every client has called with its own AccessToken, or at the timeout."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), execution_with_client(mews, connector_api) as execution:
        call(connector_api, "commands/getAllActive")
        perform(WaitForActiveCommands(), execution)
    with (
        RecordingClient(mews),
        execution_with_client(mews, connector_api_at_the_end(), fetch_timeout_s=0.05) as late,
    ):
        perform(WaitForActiveCommands(), late)


def test_server_down(mews: MewsWebSocket) -> None:
    """Connections end, and the server listens again afterwards."""
    with RecordingClient(mews) as client, execution_with_client(mews) as execution:
        execution.context.wait(0.01)
        perform(ServerDown(seconds=0.05), execution)
        assert client.ended.wait(TIMEOUT_S)
    assert handshake_status(mews, cookie_header()) == 101


def test_the_tracker_makes_one_long_wait(mews: MewsWebSocket) -> None:
    """After a wait without success the timeout is short; a client still counts later."""
    tracker = ClientTracker(mews.server, 0.01, FIRST_ENTERPRISE)
    assert not tracker.wait_for_handshake()
    assert tracker._timeout_s == REPEATED_WAIT_S
    assert (tracker.was_connected, handshake_status(mews, None)) == (False, 401)
    assert tracker.wait_for_handshake()
    with RecordingClient(mews, 2):
        mews.wait_for_client(2)
        tracker._timeout_s = 0.01
        assert not tracker.wait_for_client(), "another enterprise's client is not the first one's"
    with RecordingClient(mews):
        mews.wait_for_client()
        assert tracker.wait_for_client()
        assert tracker.was_connected


def test_probe_commands(mews: MewsWebSocket) -> None:
    """An earlier call is enough; without a subscription to commands the probe succeeds."""
    target = Target("2026-04", ("DeviceCommand",), 500, DEFAULT_TENANTS)
    others = Target("2026-04", ("Resource",), 500, DEFAULT_TENANTS)
    unaware, aware = connector_api_at_the_end(), connector_api_at_the_end()
    call(aware, "commands/getAllActive")
    with RecordingClient(mews) as client:
        mews.wait_for_client()
        assert probe_commands(mews.server, aware, CONNECTOR, target, seed=1, fetch_timeout_s=0.05)
        assert probe_commands(mews.server, unaware, CONNECTOR, others, seed=1, fetch_timeout_s=0.05)
        assert not probe_commands(
            mews.server, unaware, CONNECTOR, target, seed=1, fetch_timeout_s=0.05
        )
        assert len(client.receive(1)) == 1
