"""Steps on the WebSocket: over a real server with a client, and without any."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.emulator.connector_api import ApiRequest, ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket, in_test
from pytest_mews.execution.clients import AGAIN_S, ClientTracker, probe_commands
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.websocket_steps import WEBSOCKET_STEPS, WebSocketSession
from pytest_mews.model import Disconnect, EventReference, Message, Step, WebhookKind
from pytest_mews.senders.connector import Target
from tests.connector_api.asking import BEGAN, PREFIX
from tests.websocket.clients import HOTEL, SOON_S, Line, cookies, status_of

TOKEN = DEFAULT.enterprises[0].access_token
COMMAND = "35d4b117-4e60-44a3-9580-c582117eff98"


@pytest.fixture
def mews() -> Iterator[MewsWebSocket]:
    """Serve a WebSocket."""
    with in_test() as door:
        yield door


def command(name: str = COMMAND, owner: str = HOTEL) -> Message:
    """Write a message of one command."""
    told = (EventReference("DeviceCommand", name, "Pending"),)
    return Message(WebhookKind.WEBSOCKET, b"{}", told, "a command", "text", owner)


def twin_of_now() -> ConnectorApi:
    """Make a twin to which everything comes after all that was sent."""
    return ConnectorApi(DEFAULT, lambda: 1e9, began=BEGAN)


def bench_of(
    stream: object, twin: ConnectorApi | None = None, fetch_timeout_s: float = SOON_S
) -> CaseContext:
    """Lay a bench that has the WebSocket alone."""
    nobody = cast("Any", None)
    served = cast("WebSocketServer", stream)
    return CaseContext(
        nobody, nobody, None, twin=twin, fetch_timeout_s=fetch_timeout_s, stream=served
    )


def ask(twin: ConnectorApi, operation: str, **body: object) -> None:
    """Call the twin as a client does."""
    whole = {
        "ClientToken": DEFAULT.client_token,
        "AccessToken": TOKEN,
        "Client": "Steps 1.0",
        **body,
    }
    headers = {"content-type": "application/json"}
    twin.begin(
        ApiRequest("POST", f"{PREFIX}{operation}", headers, json.dumps(whole).encode())
    ).done()


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
        assert (tap.handshakes, tap.connections, tap.not_sent, tap.unsent) == ((), (), (), ())


def test_what_is_pushed_is_seen_with_the_pong_behind_it(mews: MewsWebSocket) -> None:
    """Only by the play that sent it; the twin knows the command before it is sent."""
    twin = twin_of_now()
    with Line(mews), tapped(mews, twin) as tap:
        do(tap, "websocket-send", message="command")
        with tapped(mews) as other:
            do(other, "websocket-ping")
            (elsewhere,) = other.connections
        (line,) = tap.connections
        do(tap, "websocket-send", message="command", duplicate=True)
        (told, copy) = tap.connections[0].sent
    assert [each.label for each in line.sent] == ["command"]
    assert (told.visible_from_ms is None, copy.visible_from_ms) == (False, None)
    assert [(each.behind, each.ponged_ms is not None) for each in line.pings] == [(1, True)]
    assert (elsewhere.sent, len(elsewhere.pings)) == ((), 1)
    ask(twin, "commands/getAllActive")
    assert twin.calls()[0].returned == (COMMAND,)


def test_a_copy_changes_nothing_at_mews(mews: MewsWebSocket) -> None:
    """What a client has done stays done."""
    twin = twin_of_now()
    with Line(mews) as line, tapped(mews, twin) as tap:
        do(tap, "websocket-send", message="command")
        ask(twin, "commands/update", CommandId=COMMAND, State="Processed")
        do(tap, "websocket-send", message="command", duplicate=True)
        assert len(line.take(2)) == 2
    ask(twin, "commands/getAllActive")
    assert twin.calls()[-1].returned == ()


def test_whom_nobody_is_connected_for_is_told(mews: MewsWebSocket) -> None:
    """It is waited for as long as the user allows, then noted as not sent."""
    with WebSocketSession(
        bench_of(mews.server, fetch_timeout_s=0.05), {"command": (command(),)}
    ) as tap:
        do(tap, "websocket-send", message="command")
        assert [each.description for each in tap.unsent] == ["a command"]
        assert tap.connections == ()


def test_a_cut_client_that_comes_back_is_waited_for(mews: MewsWebSocket) -> None:
    """Handshakes of the play are shown, those before it only where that is asked for."""
    with Line(mews), tapped(mews) as tap:
        do(tap, "reject-handshakes", status=503)
        do(tap, "close-connection", how="restart")
        assert status_of(mews, cookies()) == 503
        with Line(mews):
            do(tap, "wait-for-reconnect")
            cut, back = tap.connections
            assert (cut.cut, back.over_ms, back.number) == (Disconnect.RESTART, None, 2)
            assert cut.closed_ms is not None
            assert [each.status for each in tap.handshakes] == [503, 101]
            do(tap, "show-handshakes")
            assert [each.status for each in tap.handshakes] == [101, 503, 101]


def test_the_end_of_a_play_ends_what_it_began(mews: MewsWebSocket) -> None:
    """Refusals and silences, whatever happened to it."""
    with Line(mews) as line:

        def interrupted() -> None:
            with tapped(mews) as tap:
                do(tap, "reject-handshakes", status=429, times=100)
                do(tap, "close-connection", how="unresponsive")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert line.ended.wait(SOON_S)
    assert status_of(mews, cookies()) == 101


def test_what_is_missed_is_true_at_mews_and_sent_to_nobody(mews: MewsWebSocket) -> None:
    """It waits among the active commands."""
    twin = twin_of_now()
    with Line(mews), tapped(mews, twin) as tap:
        do(tap, "skip-send", message="command")
        assert [each.label for each in tap.not_sent] == ["command"]
        assert [line.sent for line in tap.connections] == [()]
    ask(twin, "commands/getAllActive")
    assert twin.calls()[0].returned == (COMMAND,)


def test_following_ends_when_a_command_is_done(mews: MewsWebSocket) -> None:
    """By whatever comes from another thread; or when the user's time is over."""
    twin = twin_of_now()
    with Line(mews), tapped(mews, twin) as tap:
        do(tap, "websocket-send", message="command")
        report = {"CommandId": COMMAND, "State": "Processed"}
        client = threading.Thread(target=ask, args=(twin, "commands/update"), kwargs=report)
        client.start()
        do(tap, "wait-until-handled")
        client.join()
        assert [each.state for each in twin.calls()] == ["Processed"]
    with Line(mews), tapped(mews, twin_of_now(), fetch_timeout_s=0.05) as late:
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

    busy = Busy(DEFAULT, lambda: 1e9, began=BEGAN)
    with Line(mews), tapped(mews, busy, fetch_timeout_s=0.05) as tap:
        do(tap, "websocket-send", message="command")
        do(tap, "wait-until-handled")
    assert [each.state for each in busy.calls()] == ["Processed"]


def test_catching_up_ends_when_all_have_asked(mews: MewsWebSocket) -> None:
    """Each with its own AccessToken."""
    twin = twin_of_now()
    with Line(mews), tapped(mews, twin) as tap:
        ask(twin, "commands/getAllActive")
        do(tap, "wait-for-active-commands")
    with Line(mews), tapped(mews, twin_of_now(), fetch_timeout_s=0.05) as late:
        do(late, "wait-for-active-commands")


def test_time_passes_and_the_server_is_away(mews: MewsWebSocket) -> None:
    """It comes back, and lingering is no wait for anything."""
    with Line(mews) as line, tapped(mews) as tap:
        tap._bench.wait(0.01)
        do(tap, "server-down", seconds=0.05)
        assert line.ended.wait(SOON_S)
    assert status_of(mews, cookies()) == 101


def test_a_client_is_waited_for_long_only_once(mews: MewsWebSocket) -> None:
    """After that a moment will do, until one comes."""
    joining = ClientTracker(mews.server, 0.01, HOTEL)
    assert not joining.knocked()
    assert joining._patience_s == AGAIN_S
    assert (joining.admitted, status_of(mews, None)) == (False, 401)
    assert joining.knocked()
    with Line(mews, 2):
        mews.wait_for_client(2)
        joining._patience_s = 0.01
        assert not joining.joined(), "another enterprise's client is not the first one's"
    with Line(mews):
        mews.wait_for_client()
        assert joining.joined()
        assert joining.admitted


def test_a_client_heeds_commands_when_it_asks_about_one(mews: MewsWebSocket) -> None:
    """What it asked before will do; where commands are not subscribed nothing lacks."""
    subject = Target("2026-04", ("DeviceCommand",), 500, DEFAULT)
    others = Target("2026-04", ("Resource",), 500, DEFAULT)
    deaf, heeding = twin_of_now(), twin_of_now()
    ask(heeding, "commands/getAllActive")
    with Line(mews) as line:
        mews.wait_for_client()
        assert probe_commands(mews.server, heeding, subject, seed=1, fetch_timeout_s=0.05)
        assert probe_commands(mews.server, deaf, others, seed=1, fetch_timeout_s=0.05)
        assert not probe_commands(mews.server, deaf, subject, seed=1, fetch_timeout_s=0.05)
        assert len(line.take(1)) == 1
