"""The WebSocket server on a real socket, with a client of the library's own."""

from __future__ import annotations

import socket
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack

import pytest
import trustme

from pytest_mews.emulator.websocket import WebSocketServer, admit
from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket, in_test
from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.model import (
    Disconnect,
    EventReference,
    HandshakeProblem,
    Message,
    TokenState,
    WebhookKind,
)
from tests.websocket.clients import HOTEL, OTHER, SOON_S, Line, cookies, status_of

BODY = b'{"Events":[]}'


def message(body: bytes = BODY, owner: str = HOTEL, *, binary: bool = False) -> Message:
    """Write a message about one reservation."""
    told = (EventReference("Reservation", "r1", "Started"),)
    return Message(WebhookKind.WEBSOCKET, body, told, "a message", "text", owner, binary=binary)


def test_both_separators_are_taken_and_refusals_noted(mews: MewsWebSocket) -> None:
    """The journal has each handshake in order with its status and its reasons."""
    tried = [
        status_of(mews, cookies()),
        status_of(mews, cookies(separator=";")),
        status_of(mews, cookies(equals=" = ")),
        status_of(mews, None),
        status_of(mews, cookies(), "/ws"),
    ]
    assert tried == [101, 101, 401, 401, 404]
    assert [each.status for each in mews.handshakes] == tried
    assert [each.number for each in mews.handshakes] == [1, 2, 3, 4, 5]
    assert mews.handshakes[2].problems == (HandshakeProblem.BLANKS,)
    assert [each.enterprise_id for each in mews.connections] == [HOTEL, HOTEL]


def test_a_look_whether_anyone_listens_is_no_handshake(mews: MewsWebSocket) -> None:
    """A plain request is told to upgrade, and accused of nothing else."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(mews.address.replace("ws:", "http:") + "/ws/connector")
    refused.value.close()
    assert refused.value.code == 426
    assert mews.handshakes[0].problems == (HandshakeProblem.NO_WEBSOCKET,)


def test_messages_arrive_in_order_and_a_pong_follows_them(mews: MewsWebSocket) -> None:
    """Text and binary frames, each on the connections of its own enterprise."""
    with Line(mews) as line, Line(mews, 2) as other:
        mews.wait_for_client(2)
        bodies = [b"first", b"\x00\xff", b"last"]
        sent = mews.server.send(
            [message(bodies[0]), message(bodies[1], binary=True), message(bodies[2])],
            "draw",
            SOON_S,
        )
        pings = mews.server.ping(sent, 3, SOON_S)
        mews.server.send([message(owner=OTHER)], "draw", SOON_S)
        assert mews.ping(2).ponged_ms is not None
        assert line.take(3) == ["first", b"\x00\xff", "last"]
        assert other.take(1) == [BODY.decode()]
    ((told),) = sent.values()
    assert [(each.label, each.size, each.enterprise_id) for each in told] == [
        ("draw", 5, HOTEL),
        ("draw", 2, HOTEL),
        ("draw", 4, HOTEL),
    ]
    assert all(each.done_ms is not None and each.done_ms >= each.at_ms for each in told)
    ((ping),) = pings.values()
    assert ping.ponged_ms is not None
    assert (ping.behind, ping.ponged_ms >= ping.at_ms) == (3, True)


def test_what_a_client_says_is_counted(mews: MewsWebSocket) -> None:
    """Nothing asks for it, and nothing comes of it."""
    with Line(mews) as line:
        line.say("hello")
        assert mews.ping().ponged_ms is not None
        assert mews.connections[0].received == 1


def test_a_client_that_does_not_read_is_told_from_one_that_does(mews: MewsWebSocket) -> None:
    """Its connection takes so much, then no more: the last message has no room behind it."""
    big = [message(b"x" * 100_000)] * 400
    with Line(mews, reads=False, max_queue=1), Line(mews, 2) as other:
        mews.wait_for_client(2)
        ((told),) = mews.server.send(big, "draw", 0.5).values()
        assert len(told) < len(big)
        assert told[-1].done_ms is None
        assert mews.server.ping([1], 1, 0.1)[1].ponged_ms is None
        mews.server.send([message(owner=OTHER)], "draw", SOON_S)
        assert mews.ping(2).ponged_ms is not None, "others are not held up"
        assert other.take(1) == [BODY.decode()]
        mews.cut()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (Disconnect.GOING_AWAY, 1001),
        (Disconnect.SERVER_ERROR, 1011),
        (Disconnect.RESTART, 1012),
        (Disconnect.ABNORMAL, None),
    ],
)
def test_a_cut_is_what_it_says(mews: MewsWebSocket, how: Disconnect, code: int | None) -> None:
    """The client sees the code, or a connection that breaks; its answer is noted."""
    with Line(mews) as line:
        mews.wait_for_client()
        mews.cut(how)
        assert line.ended.wait(SOON_S)
        assert line.code == code
        journal = mews.server.log
        assert journal.wait_until(lambda: mews.connections[0].closed_ms is not None, SOON_S)
    (seen,) = mews.connections
    assert (seen.cut, seen.code, seen.dropped) == (how, code, False)
    assert mews.server.connected_enterprises() == frozenset()


def test_silence_answers_nothing_until_the_client_is_let_go(mews: MewsWebSocket) -> None:
    """The TCP connection stays, a ping of the client's has no pong, and nothing is sent."""
    with Line(mews, ping_interval=0.05, ping_timeout=1.0) as line:
        mews.wait_for_client()
        mews.cut(Disconnect.UNRESPONSIVE)
        assert mews.server.send([message()], "draw", SOON_S) == {}
        assert mews.server.connected_enterprises() == frozenset()
        assert line.ended.wait(SOON_S), "its own ping had no answer"
    with Line(mews) as line:
        mews.wait_for_client()
        mews.cut(Disconnect.UNRESPONSIVE)
        mews.server.accept_all()
        assert line.ended.wait(SOON_S)
        assert line.code is None


def test_a_client_that_goes_is_told_from_one_that_was_cut(mews: MewsWebSocket) -> None:
    """Its close frame has a code of its own."""
    with Line(mews):
        mews.wait_for_client()
    assert mews.server.log.wait_until(lambda: not mews.server.connected_enterprises(), SOON_S)
    (seen,) = mews.connections
    assert (seen.dropped, seen.code) == (True, 1000)


def test_handshakes_are_refused_so_often_and_so_long(mews: MewsWebSocket) -> None:
    """Of the named enterprise alone; until then the tokens are judged as ever."""
    mews.server.reject_handshakes(503, 2, 0.0, [HOTEL])
    tried = [status_of(mews, cookies()) for _ in range(3)]
    assert tried == [503, 503, 101]
    assert mews.handshakes[0].problems == (HandshakeProblem.ON_PURPOSE,)
    mews.server.reject_handshakes(429, 1, 60.0, [HOTEL])
    assert [status_of(mews, cookies()) for _ in range(3)] == [429] * 3
    assert [status_of(mews, cookies(2)), status_of(mews, None)] == [101, 401]
    mews.server.accept_all()
    assert status_of(mews, cookies()) == 101


def test_a_server_that_is_away_comes_back_at_its_address(mews: MewsWebSocket) -> None:
    """Meanwhile connections are broken, and new ones refused by the machine."""
    port = int(mews.address.rpartition(":")[2])
    refused = threading.Event()

    def knock() -> None:
        while not refused.is_set():
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                refused.set()

    with Line(mews) as line:
        mews.wait_for_client()
        knocking = threading.Thread(target=knock)
        knocking.start()
        mews.server.pause_listening(0.3)
        knocking.join(SOON_S)
        assert refused.is_set()
        assert line.ended.wait(SOON_S)
    assert status_of(mews, cookies()) == 101
    assert mews.connections[0].cut is Disconnect.ABNORMAL


def test_tls_is_spoken_where_it_is_asked_for() -> None:
    """The address says wss, and a client that trusts the authority comes in."""
    authority = trustme.CA()
    served, trusts = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusts)
    with in_test() as plain:
        tenants = plain.tenants
    standing = {tenants.enterprises[0].access_token: (HOTEL, TokenState.CURRENT)}

    def judge(target: str, given: list[str]) -> object:
        known = lambda token: standing.get(token, (None, TokenState.NONE))  # noqa: E731
        return admit(target, given, tenants.client_token, known)

    with WebSocketServer(judge, lambda: 0.0, tls=served) as server:  # type: ignore[arg-type]
        mews = MewsWebSocket(server, tenants)
        assert mews.address.startswith("wss://127.0.0.1:")
        assert status_of(mews, cookies(), tls=trusts) == 101


def test_an_address_in_use_is_the_users_mistake(mews: MewsWebSocket) -> None:
    """The message names the option, the address and what to do."""
    port = int(mews.address.rpartition(":")[2])
    with pytest.raises(UsageError, match=rf"--mews-websocket: '127\.0\.0\.1:{port}' can't be"):
        WebSocketServer(lambda *_: None, lambda: 0.0, port=port).start()  # type: ignore[arg-type, return-value]


def test_a_server_that_was_stopped_does_nothing_more() -> None:
    """Whoever asks is told, whoever waits is let go, and to stop once more does no harm."""
    with ExitStack() as stack:
        mews = stack.enter_context(in_test())
        line = stack.enter_context(Line(mews))
        mews.wait_for_client()
        mews.server.stop()
        mews.server.stop()
        assert line.ended.wait(SOON_S)
    with pytest.raises(HarnessError, match="was stopped"):
        mews.server.send([message()], "draw", 1.0)
    assert mews.server.log.wait_until(lambda: False, 60.0) is False
