"""Steps on the WebSocket: over a real server with a client, and without any."""

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
from tests.connector_api.emulator_client import STARTED, PREFIX
from tests.websocket.websocket_clients import FIRST_ENTERPRISE, TIMEOUT_S, RecordingClient, cookie_header, handshake_status

TOKEN = DEFAULT_TENANTS.enterprises[0].access_token
COMMAND = "35d4b117-4e60-44a3-9580-c582117eff98"


@pytest.fixture
def mews() -> Iterator[MewsWebSocket]:
    """Serve a WebSocket."""
    with serve_websocket() as door:
        yield door


def command(name: str = COMMAND, owner: str = FIRST_ENTERPRISE) -> Message:
    """Write a message of one command."""
    told = (EventReference("DeviceCommand", name, "Pending"),)
    return Message(WebhookKind.WEBSOCKET, b"{}", told, "a command", "text", owner)


def twin_of_now() -> ConnectorApi:
    """Make a twin to which everything comes after all that was sent."""
    return ConnectorApi(DEFAULT_TENANTS, lambda: 1e9, started_utc=STARTED)


def bench_of(
    stream: object, twin: ConnectorApi | None = None, fetch_timeout_s: float = TIMEOUT_S
) -> CaseContext:
    """Lay a bench that has the WebSocket alone."""
    nobody = cast("Any", None)
    served = cast("WebSocketServer", stream)
    return CaseContext(
        nobody, nobody, None, connector_api=twin, fetch_timeout_s=fetch_timeout_s, websocket=served
    )


def ask(twin: ConnectorApi, operation: str, **body: object) -> None:
    """Call the twin as a client does."""
    whole = {
        "ClientToken": DEFAULT_TENANTS.client_token,
        "AccessToken": TOKEN,
        "Client": "Steps 1.0",
        **body,
    }
    headers = {"content-type": "application/json"}
    twin.begin(
        ApiRequest("POST", f"{PREFIX}{operation}", headers, json.dumps(whole).encode())
    ).mark_sent()


@contextmanager
def tapped(
    mews: MewsWebSocket, twin: ConnectorApi | None = None, **choices: Any
) -> Iterator[WebSocketSession]:
    """Begin a play of one command while a client is connected."""
    mews.wait_for_client()
    with WebSocketSession(bench_of(mews.server, twin, **choices), {"command": (command(),)}) as tap:
        yield tap


def do(tap: WebSocketSession, verb: str, **arguments: object) -> None:
    """Do a step."""
    WEBSOCKET_STEPS[verb](tap, Step(verb, arguments))


def test_without_a_server_every_step_does_nothing() -> None:
    """Nothing is seen, nobody waits, and nothing fails."""
    arguments = {"message": "command", "how": "abnormal", "seconds": 60, "status": 503}
    with WebSocketSession(bench_of(None), {"command": (command(),)}) as tap:
        for verb in WEBSOCKET_STEPS:
            do(tap, verb, **arguments)
        assert (tap.handshakes, tap.connections, tap.not_sent, tap.undeliverable) == ((), (), (), ())


def test_what_is_pushed_is_seen_with_the_pong_behind_it(mews: MewsWebSocket) -> None:
    """Only by the play that sent it; the twin knows the command before it is sent."""
    twin = twin_of_now()
    with RecordingClient(mews), tapped(mews, twin) as tap:
        do(tap, "websocket-send", message="command")
        with tapped(mews) as other:
            do(other, "websocket-ping")
            (elsewhere,) = other.connections
        (line,) = tap.connections
        do(tap, "websocket-send", message="command", duplicate=True)
        (told, copy) = tap.connections[0].sent
    assert [each.label for each in line.sent] == ["command"]
    assert (told.visible_from_ms is None, copy.visible_from_ms) == (False, None)
    assert [(each.events_before, each.pong_ms is not None) for each in line.pings] == [(1, True)]
    assert (elsewhere.sent, len(elsewhere.pings)) == ((), 1)
    ask(twin, "commands/getAllActive")
    assert twin.calls()[0].returned_ids == (COMMAND,)


def test_a_copy_changes_nothing_at_mews(mews: MewsWebSocket) -> None:
    """What a client has done stays done."""
    twin = twin_of_now()
    with RecordingClient(mews) as line, tapped(mews, twin) as tap:
        do(tap, "websocket-send", message="command")
        ask(twin, "commands/update", CommandId=COMMAND, State="Processed")
        do(tap, "websocket-send", message="command", duplicate=True)
        assert len(line.receive(2)) == 2
    ask(twin, "commands/getAllActive")
    assert twin.calls()[-1].returned_ids == ()


def test_whom_nobody_is_connected_for_is_told(mews: MewsWebSocket) -> None:
    """It is waited for as long as the user allows, then noted as not sent."""
    with WebSocketSession(
        bench_of(mews.server, fetch_timeout_s=0.05), {"command": (command(),)}
    ) as tap:
        do(tap, "websocket-send", message="command")
        assert [each.description for each in tap.undeliverable] == ["a command"]
        assert tap.connections == ()


def test_a_cut_client_that_comes_back_is_waited_for(mews: MewsWebSocket) -> None:
    """Handshakes of the play are shown, those before it only where that is asked for."""
    with RecordingClient(mews), tapped(mews) as tap:
        do(tap, "reject-handshakes", status=503)
        do(tap, "close-connection", how="restart")
        assert handshake_status(mews, cookie_header()) == 503
        with RecordingClient(mews):
            do(tap, "wait-for-reconnect")
            cut, back = tap.connections
            assert (cut.disconnect, back.ended_ms, back.number) == (Disconnect.RESTART, None, 2)
            assert cut.closed_ms is not None
            assert [each.status for each in tap.handshakes] == [503, 101]
            do(tap, "show-handshakes")
            assert [each.status for each in tap.handshakes] == [101, 503, 101]


def test_the_end_of_a_play_ends_what_it_began(mews: MewsWebSocket) -> None:
    """Refusals and silences, whatever happened to it."""
    with RecordingClient(mews) as line:

        def interrupted() -> None:
            with tapped(mews) as tap:
                do(tap, "reject-handshakes", status=429, times=100)
                do(tap, "close-connection", how="unresponsive")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert line.ended.wait(TIMEOUT_S)
    assert handshake_status(mews, cookie_header()) == 101


def test_what_is_missed_is_true_at_mews_and_sent_to_nobody(mews: MewsWebSocket) -> None:
    """It waits among the active commands."""
    twin = twin_of_now()
    with RecordingClient(mews), tapped(mews, twin) as tap:
        do(tap, "skip-send", message="command")
        assert [each.label for each in tap.not_sent] == ["command"]
        assert [line.sent for line in tap.connections] == [()]
    ask(twin, "commands/getAllActive")
    assert twin.calls()[0].returned_ids == (COMMAND,)


def test_following_ends_when_a_command_is_done(mews: MewsWebSocket) -> None:
    """By whatever comes from another thread; or when the user's time is over."""
    twin = twin_of_now()
    with RecordingClient(mews), tapped(mews, twin) as tap:
        do(tap, "websocket-send", message="command")
        report = {"CommandId": COMMAND, "State": "Processed"}
        client = threading.Thread(target=ask, args=(twin, "commands/update"), kwargs=report)
        client.start()
        do(tap, "wait-until-handled")
        client.join()
        assert [each.state for each in twin.calls()] == ["Processed"]
    with RecordingClient(mews), tapped(mews, twin_of_now(), fetch_timeout_s=0.05) as late:
        do(late, "websocket-send", message="command")
        do(late, "wait-until-handled")


def test_a_client_that_works_off_older_commands_is_waited_for(mews: MewsWebSocket) -> None:
    """For longer than the user allows, for as long as it does so."""

    class Busy(ConnectorApi):
        """Finds the client at work on what is older twice, then has what is waited for."""

        behind = 0

        def is_working_on_backlog(self, _sent_ms: float) -> bool:
            self.behind += 1
            if self.behind == 2:
                ask(self, "commands/update", CommandId=COMMAND, State="Processed")
            return True

    busy = Busy(DEFAULT_TENANTS, lambda: 1e9, started_utc=STARTED)
    with RecordingClient(mews), tapped(mews, busy, fetch_timeout_s=0.05) as tap:
        do(tap, "websocket-send", message="command")
        do(tap, "wait-until-handled")
    assert [each.state for each in busy.calls()] == ["Processed"]


def test_catching_up_ends_when_all_have_asked(mews: MewsWebSocket) -> None:
    """Each with its own AccessToken."""
    twin = twin_of_now()
    with RecordingClient(mews), tapped(mews, twin) as tap:
        ask(twin, "commands/getAllActive")
        do(tap, "wait-for-active-commands")
    with RecordingClient(mews), tapped(mews, twin_of_now(), fetch_timeout_s=0.05) as late:
        do(late, "wait-for-active-commands")


def test_time_passes_and_the_server_is_away(mews: MewsWebSocket) -> None:
    """It comes back, and lingering is no wait for anything."""
    with RecordingClient(mews) as line, tapped(mews) as tap:
        tap._context.wait(0.01)
        do(tap, "server-down", seconds=0.05)
        assert line.ended.wait(TIMEOUT_S)
    assert handshake_status(mews, cookie_header()) == 101


def test_a_client_is_waited_for_long_only_once(mews: MewsWebSocket) -> None:
    """After that a moment will do, until one comes."""
    joining = ClientTracker(mews.server, 0.01, FIRST_ENTERPRISE)
    assert not joining.wait_for_handshake()
    assert joining._timeout_s == REPEATED_WAIT_S
    assert (joining.was_connected, handshake_status(mews, None)) == (False, 401)
    assert joining.wait_for_handshake()
    with RecordingClient(mews, 2):
        mews.wait_for_client(2)
        joining._timeout_s = 0.01
        assert not joining.wait_for_client(), "another enterprise's client is not the first one's"
    with RecordingClient(mews):
        mews.wait_for_client()
        assert joining.wait_for_client()
        assert joining.was_connected


def test_a_client_heeds_commands_when_it_asks_about_one(mews: MewsWebSocket) -> None:
    """What it asked before will do; where commands are not subscribed nothing lacks."""
    subject = Target("2026-04", ("DeviceCommand",), 500, DEFAULT_TENANTS)
    others = Target("2026-04", ("Resource",), 500, DEFAULT_TENANTS)
    deaf, heeding = twin_of_now(), twin_of_now()
    ask(heeding, "commands/getAllActive")
    with RecordingClient(mews) as line:
        mews.wait_for_client()
        assert probe_commands(mews.server, heeding, subject, seed=1, fetch_timeout_s=0.05)
        assert probe_commands(mews.server, deaf, others, seed=1, fetch_timeout_s=0.05)
        assert not probe_commands(mews.server, deaf, subject, seed=1, fetch_timeout_s=0.05)
        assert len(line.receive(1)) == 1
