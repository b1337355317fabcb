"""The steps on the WebSocket, with a real server and client, and without."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.connector_api import ApiRequest, ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket, serve_websocket
from pytest_mews.execution.clients import REPEATED_WAIT_S, ClientTracker, probe_commands
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.websocket_steps import WEBSOCKET_STEPS, WebSocketSession
from pytest_mews.model import Disconnect, EventReference, Message, Step, WebhookKind
from pytest_mews.senders.connector import Target
from tests.connector_api.emulator_client import PREFIX, STARTED
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
def session_with_client(
    mews: MewsWebSocket,
    connector_api: ConnectorApi | None = None,
    **choices: Any,  # noqa: ANN401 - fields of a context
) -> Iterator[WebSocketSession]:
    """Open a session with one command while a client is connected."""
    mews.wait_for_client()
    with WebSocketSession(
        context_for(mews.server, connector_api, **choices), {"command": (command(),)}
    ) as session:
        yield session


def do(session: WebSocketSession, step_name: str, **arguments: object) -> None:
    """Run a step."""
    WEBSOCKET_STEPS[step_name](session, Step(step_name, arguments))


def test_every_step_does_nothing_without_a_server() -> None:
    """Nothing is observed, no step waits, and none fails."""
    arguments = {"message": "command", "how": "abnormal", "seconds": 60, "status": 503}
    with WebSocketSession(context_for(None), {"command": (command(),)}) as session:
        for step_name in WEBSOCKET_STEPS:
            do(session, step_name, **arguments)
        assert (
            session.handshakes,
            session.connections,
            session.not_sent,
            session.undeliverable,
        ) == (
            (),
            (),
            (),
            (),
        )


def test_websocket_send(mews: MewsWebSocket) -> None:
    """Only its own session shows a message; the emulator knows the command before that."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), session_with_client(mews, connector_api) as session:
        do(session, "websocket-send", message="command")
        with session_with_client(mews) as other:
            do(other, "websocket-ping")
            (elsewhere,) = other.connections
        (connection,) = session.connections
        do(session, "websocket-send", message="command", duplicate=True)
        (first, copy) = session.connections[0].sent
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
    with RecordingClient(mews) as client, session_with_client(mews, connector_api) as session:
        do(session, "websocket-send", message="command")
        call(connector_api, "commands/update", CommandId=COMMAND, State="Processed")
        do(session, "websocket-send", message="command", duplicate=True)
        assert len(client.receive(2)) == 2
    call(connector_api, "commands/getAllActive")
    assert connector_api.calls()[-1].returned_ids == ()


def test_an_undeliverable_message(mews: MewsWebSocket) -> None:
    """Without a client at the timeout, the message is recorded as undeliverable."""
    with WebSocketSession(
        context_for(mews.server, fetch_timeout_s=0.05), {"command": (command(),)}
    ) as session:
        do(session, "websocket-send", message="command")
        assert [message.description for message in session.undeliverable] == ["a command"]
        assert session.connections == ()


def test_wait_for_reconnect(mews: MewsWebSocket) -> None:
    """Handshakes of the session are shown, earlier ones only after `show-handshakes`."""
    with RecordingClient(mews), session_with_client(mews) as session:
        do(session, "reject-handshakes", status=503)
        do(session, "close-connection", how="restart")
        assert handshake_status(mews, cookie_header()) == 503
        with RecordingClient(mews):
            do(session, "wait-for-reconnect")
            closed, reconnected = session.connections
            assert (closed.disconnect, reconnected.ended_ms, reconnected.number) == (
                Disconnect.RESTART,
                None,
                2,
            )
            assert closed.closed_ms is not None
            assert [handshake.status for handshake in session.handshakes] == [503, 101]
            do(session, "show-handshakes")
            assert [handshake.status for handshake in session.handshakes] == [101, 503, 101]


def test_rejections_and_silence_end_with_the_session(mews: MewsWebSocket) -> None:
    """However it ends, the session accepts handshakes and aborts unresponsive connections."""
    with RecordingClient(mews) as client:

        def interrupted() -> None:
            with session_with_client(mews) as session:
                do(session, "reject-handshakes", status=429, times=100)
                do(session, "close-connection", how="unresponsive")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert client.ended.wait(TIMEOUT_S)
    assert handshake_status(mews, cookie_header()) == 101


def test_skip_send(mews: MewsWebSocket) -> None:
    """The command is active, and no client receives it."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), session_with_client(mews, connector_api) as session:
        do(session, "skip-send", message="command")
        assert [message.label for message in session.not_sent] == ["command"]
        assert [connection.sent for connection in session.connections] == [()]
    call(connector_api, "commands/getAllActive")
    assert connector_api.calls()[0].returned_ids == (COMMAND,)


def test_wait_until_handled(mews: MewsWebSocket) -> None:
    """It ends with the report of another thread, or at the timeout."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), session_with_client(mews, connector_api) as session:
        do(session, "websocket-send", message="command")
        report = {"CommandId": COMMAND, "State": "Processed"}
        client = threading.Thread(
            target=call, args=(connector_api, "commands/update"), kwargs=report
        )
        client.start()
        do(session, "wait-until-handled")
        client.join()
        assert [api_call.state for api_call in connector_api.calls()] == ["Processed"]
    with (
        RecordingClient(mews),
        session_with_client(mews, connector_api_at_the_end(), fetch_timeout_s=0.05) as late,
    ):
        do(late, "websocket-send", message="command")
        do(late, "wait-until-handled")


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
    with RecordingClient(mews), session_with_client(mews, busy, fetch_timeout_s=0.05) as session:
        do(session, "websocket-send", message="command")
        do(session, "wait-until-handled")
    assert [api_call.state for api_call in busy.calls()] == ["Processed"]


def test_wait_for_active_commands(mews: MewsWebSocket) -> None:
    """It ends when every client has called with its own AccessToken, or at the timeout."""
    connector_api = connector_api_at_the_end()
    with RecordingClient(mews), session_with_client(mews, connector_api) as session:
        call(connector_api, "commands/getAllActive")
        do(session, "wait-for-active-commands")
    with (
        RecordingClient(mews),
        session_with_client(mews, connector_api_at_the_end(), fetch_timeout_s=0.05) as late,
    ):
        do(late, "wait-for-active-commands")


def test_server_down(mews: MewsWebSocket) -> None:
    """Connections end, and the server listens again afterwards."""
    with RecordingClient(mews) as client, session_with_client(mews) as session:
        session._context.wait(0.01)
        do(session, "server-down", seconds=0.05)
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
        assert probe_commands(mews.server, aware, target, seed=1, fetch_timeout_s=0.05)
        assert probe_commands(mews.server, unaware, others, seed=1, fetch_timeout_s=0.05)
        assert not probe_commands(mews.server, unaware, target, seed=1, fetch_timeout_s=0.05)
        assert len(client.receive(1)) == 1
