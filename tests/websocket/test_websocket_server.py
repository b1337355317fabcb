"""Tests of the WebSocket server on a real socket, with a client of the same library."""

from __future__ import annotations

import platform
import re
import socket
import ssl
import struct
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import trustme

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.websocket import (
    PATH,
    HandshakeResult,
    WebSocketServer,
    controlled_connection,
    validate_handshake,
    websocket_server,
)
from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.kit.mews_websocket import MewsWebSocket, serve_websocket
from pytest_mews.model import (
    Disconnect,
    EventReference,
    HandshakeProblem,
    Message,
    TokenState,
    WebhookKind,
)
from tests.websocket.websocket_clients import (
    FIRST_ENTERPRISE,
    SECOND_ENTERPRISE,
    TIMEOUT_S,
    RecordingClient,
    cookie_header,
    handshake_status,
)

BODY = b'{"Events":[]}'
IP_LOCAL_PORT_RANGE = 51  # from linux/in.h
KERNEL = tuple(int(number) for number in re.findall("[0-9]+", platform.release())[:2])


def message(
    body: bytes = BODY, enterprise_id: str = FIRST_ENTERPRISE, *, binary: bool = False
) -> Message:
    """Create a message about one reservation."""
    events = (EventReference("Reservation", "r1", "Started"),)
    return Message(
        WebhookKind.WEBSOCKET, body, events, "a message", "text", enterprise_id, binary=binary
    )


def test_both_separators_are_accepted_and_rejections_are_logged(websocket: MewsWebSocket) -> None:
    """The log has each handshake in order, with its status and its problems."""
    statuses = [
        handshake_status(websocket, cookie_header()),
        handshake_status(websocket, cookie_header(separator=";")),
        handshake_status(websocket, cookie_header(equals=" = ")),
        handshake_status(websocket, None),
        handshake_status(websocket, cookie_header(), "/ws"),
    ]
    assert statuses == [101, 101, 401, 401, 404]
    assert [handshake.status for handshake in websocket.handshakes] == statuses
    assert [handshake.number for handshake in websocket.handshakes] == [1, 2, 3, 4, 5]
    assert websocket.handshakes[2].problems == (HandshakeProblem.BLANKS,)
    assert [connection.enterprise_id for connection in websocket.connections] == [
        FIRST_ENTERPRISE,
        FIRST_ENTERPRISE,
    ]


def test_a_plain_request_is_not_a_handshake(websocket: MewsWebSocket) -> None:
    """The request gets 426, and NO_WEBSOCKET is its only problem."""
    with pytest.raises(urllib.error.HTTPError) as rejection:
        urllib.request.urlopen(websocket.address.replace("ws:", "http:") + "/ws/connector")
    rejection.value.close()
    assert rejection.value.code == 426
    assert websocket.handshakes[0].problems == (HandshakeProblem.NO_WEBSOCKET,)


def test_messages_arrive_in_order_and_a_pong_follows_them(websocket: MewsWebSocket) -> None:
    """Text and binary messages go to the connections of their own enterprise."""
    with RecordingClient(websocket) as client, RecordingClient(websocket, 2) as other:
        websocket.wait_for_client(2)
        bodies = [b"first", b"\x00\xff", b"last"]
        sent_by_connection = websocket.server.send(
            [message(bodies[0]), message(bodies[1], binary=True), message(bodies[2])],
            "spec",
            TIMEOUT_S,
        )
        pings = websocket.server.ping(sent_by_connection, 3, TIMEOUT_S)
        websocket.server.send([message(enterprise_id=SECOND_ENTERPRISE)], "spec", TIMEOUT_S)
        assert websocket.ping(2).pong_ms is not None
        assert client.receive(3) == ["first", b"\x00\xff", "last"]
        assert other.receive(1) == [BODY.decode()]
    (sent_messages,) = sent_by_connection.values()
    assert [(message.label, message.size, message.enterprise_id) for message in sent_messages] == [
        ("spec", 5, FIRST_ENTERPRISE),
        ("spec", 2, FIRST_ENTERPRISE),
        ("spec", 4, FIRST_ENTERPRISE),
    ]
    for sent_message in sent_messages:
        assert sent_message.done_ms is not None
        assert sent_message.done_ms >= sent_message.at_ms
    (ping,) = pings.values()
    assert ping.pong_ms is not None
    assert (ping.events_before, ping.pong_ms >= ping.at_ms) == (3, True)


def test_messages_from_a_client_are_counted(websocket: MewsWebSocket) -> None:
    """The server counts and otherwise ignores them."""
    with RecordingClient(websocket) as client:
        client.send("hello")
        assert websocket.ping().pong_ms is not None
        assert websocket.connections[0].received_count == 1


def test_a_client_that_does_not_read_gets_no_further_messages(websocket: MewsWebSocket) -> None:
    """Its connection takes messages until it is full; the last one has no `done_ms`."""
    large = [message(b"x" * 100_000)] * 400
    with (
        RecordingClient(websocket, reads=False, max_queue=1),
        RecordingClient(websocket, 2) as other,
    ):
        websocket.wait_for_client(2)
        (sent,) = websocket.server.send(large, "spec", 0.5).values()
        assert len(sent) < len(large)
        assert sent[-1].done_ms is None
        assert websocket.server.ping([1], 1, 0.1)[1].pong_ms is None
        websocket.server.send([message(enterprise_id=SECOND_ENTERPRISE)], "spec", TIMEOUT_S)
        assert websocket.ping(2).pong_ms is not None, "other clients are not blocked"
        assert other.receive(1) == [BODY.decode()]
        websocket.disconnect()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (Disconnect.GOING_AWAY, 1001),
        (Disconnect.SERVER_ERROR, 1011),
        (Disconnect.RESTART, 1012),
        (Disconnect.ABNORMAL, None),
    ],
)
def test_a_disconnect_ends_the_connection_as_specified(
    websocket: MewsWebSocket, how: Disconnect, code: int | None
) -> None:
    """The client sees the close code, or an abort; the log has the client's close code."""
    with RecordingClient(websocket) as client:
        websocket.wait_for_client()
        websocket.disconnect(how)
        assert client.ended.wait(TIMEOUT_S)
        assert client.close_code == code
        log = websocket.server.log
        assert log.wait_until(lambda: websocket.connections[0].closed_ms is not None, TIMEOUT_S)
    (connection,) = websocket.connections
    assert (connection.disconnect, connection.close_code, connection.closed_by_client) == (
        how,
        code,
        False,
    )
    assert websocket.server.connected_enterprises() == frozenset()


def test_an_unresponsive_connection_sends_nothing_until_it_is_aborted(
    websocket: MewsWebSocket,
) -> None:
    """The TCP connection stays, the client's ping gets no pong, and nothing is sent."""
    with RecordingClient(websocket, ping_interval=0.05, ping_timeout=3.0) as client:
        websocket.wait_for_client()
        websocket.disconnect(Disconnect.UNRESPONSIVE)
        assert websocket.server.send([message()], "spec", TIMEOUT_S) == {}
        assert websocket.server.connected_enterprises() == frozenset()
        assert client.ended.wait(TIMEOUT_S), "its own ping got no pong"
    with RecordingClient(websocket) as client:
        websocket.wait_for_client()
        websocket.disconnect(Disconnect.UNRESPONSIVE)
        websocket.server.accept_all()
        assert client.ended.wait(TIMEOUT_S)
        assert client.close_code is None


def test_a_close_by_the_client_differs_from_a_disconnect(websocket: MewsWebSocket) -> None:
    """The client's close frame has its own code."""
    with RecordingClient(websocket):
        websocket.wait_for_client()
    assert websocket.server.log.wait_until(
        lambda: not websocket.server.connected_enterprises(), TIMEOUT_S
    )
    (connection,) = websocket.connections
    assert (connection.closed_by_client, connection.close_code) == (True, 1000)


def test_handshakes_are_rejected_by_count_and_by_time(websocket: MewsWebSocket) -> None:
    """Only those of the given enterprise; invalid tokens are still rejected as such."""
    websocket.server.reject_handshakes(503, 2, 0.0, [FIRST_ENTERPRISE])
    statuses = [handshake_status(websocket, cookie_header()) for _ in range(3)]
    assert statuses == [503, 503, 101]
    assert websocket.handshakes[0].problems == (HandshakeProblem.INJECTED,)
    websocket.server.reject_handshakes(429, 1, 60.0, [FIRST_ENTERPRISE])
    assert [handshake_status(websocket, cookie_header()) for _ in range(3)] == [429] * 3
    assert [handshake_status(websocket, cookie_header(2)), handshake_status(websocket, None)] == [
        101,
        401,
    ]
    websocket.server.accept_all()
    assert handshake_status(websocket, cookie_header()) == 101
    websocket.server.reject_handshakes(503, 9, 60.0, [FIRST_ENTERPRISE], 0.0)
    assert handshake_status(websocket, cookie_header()) == 101


def test_a_server_that_paused_listens_again_at_its_address(websocket: MewsWebSocket) -> None:
    """During the pause connections are aborted, and the system refuses new ones."""
    port = int(websocket.address.rpartition(":")[2])
    refused = threading.Event()

    def try_to_connect() -> None:
        while not refused.is_set():
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                refused.set()

    with RecordingClient(websocket) as client:
        websocket.wait_for_client()
        connecting = threading.Thread(target=try_to_connect)
        connecting.start()
        websocket.server.pause_listening(0.3)
        connecting.join(TIMEOUT_S)
        assert refused.is_set()
        assert client.ended.wait(TIMEOUT_S)
    assert handshake_status(websocket, cookie_header()) == 101
    assert websocket.connections[0].disconnect is Disconnect.ABNORMAL


@pytest.mark.skipif(
    sys.platform != "linux" or KERNEL < (6, 3),
    reason="the system lets no client choose the range of its port",
)
def test_no_client_connects_to_itself_during_a_pause(websocket: MewsWebSocket) -> None:
    """The system gives the port to no client that tries it: the server could not have it again."""
    port = int(websocket.address.rpartition(":")[2])

    is_over = threading.Event()

    def connects_to_itself() -> bool:
        """Try to connect, with the one port that the system may choose for the client."""
        while not is_over.wait(0.01):  # between closing and keeping the port is a moment
            with socket.socket() as client:
                client.setsockopt(
                    socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("HH", port, port)
                )
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return client.getsockname() == client.getpeername()
        return False

    with ThreadPoolExecutor() as pool:
        connected = pool.submit(connects_to_itself)
        websocket.server.pause_listening(0.3)
        is_over.set()
        assert not connected.result()
    assert handshake_status(websocket, cookie_header()) == 101


def test_the_server_can_use_tls() -> None:
    """The address starts with wss, and a client that trusts the authority can connect."""
    authority = trustme.CA()
    server_context, client_context = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    authority.configure_trust(client_context)
    with serve_websocket() as plain:
        tenants = plain.tenants
    access_tokens = {tenants.enterprises[0].access_token: (FIRST_ENTERPRISE, TokenState.CURRENT)}

    def validate(target: str, cookies: list[str]) -> object:
        return validate_handshake(
            target,
            cookies,
            tenants.client_token,
            lambda token: access_tokens.get(token, (None, TokenState.NONE)),
        )

    with WebSocketServer(validate, lambda: 0.0, tls=server_context) as server:  # type: ignore[arg-type]
        websocket = MewsWebSocket(server, tenants)
        assert websocket.address.startswith("wss://127.0.0.1:")
        assert handshake_status(websocket, cookie_header(), tls=client_context) == 101


def test_an_address_in_use_is_a_usage_error(websocket: MewsWebSocket) -> None:
    """The message names the option, the address and what to do."""
    port = int(websocket.address.rpartition(":")[2])
    with pytest.raises(UsageError, match=rf"--mews-websocket: '127\.0\.0\.1:{port}' can't be"):
        WebSocketServer(lambda *_: None, lambda: 0.0, port=port).start()  # type: ignore[arg-type, return-value]


def test_a_stopped_server_rejects_calls_and_ends_waits() -> None:
    """Calls raise, waits end at once, and stopping it again is safe."""
    with ExitStack() as stack:
        websocket = stack.enter_context(serve_websocket())
        client = stack.enter_context(RecordingClient(websocket))
        websocket.wait_for_client()
        websocket.server.stop()
        websocket.server.stop()
        assert client.ended.wait(TIMEOUT_S)
    with pytest.raises(HarnessError, match="was stopped"):
        websocket.server.send([message()], "spec", 1.0)
    assert websocket.server.log.wait_until(lambda: False, 60.0) is False


def address_of(websocket: MewsWebSocket) -> tuple[str, int]:
    """Return the server's host and port."""
    return "127.0.0.1", int(websocket.address.rpartition(":")[2])


def raw_handshake(websocket: MewsWebSocket, *headers: str) -> socket.socket:
    """Open a TCP connection and send a handshake with more headers."""
    client = socket.create_connection(address_of(websocket), TIMEOUT_S)
    lines = [
        f"GET {PATH} HTTP/1.1",
        "Host: mews",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    ]
    client.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
    return client


@pytest.mark.parametrize(
    "upgrades", [("websocket", "websocket"), ("h2c", "websocket"), ("websocket", "")]
)
def test_several_upgrade_headers_are_refused(
    websocket: MewsWebSocket, upgrades: tuple[str, ...]
) -> None:
    """The response is a 400 that says so; it is no failure of the emulator."""
    headers = [f"Upgrade: {value}" for value in upgrades]
    with raw_handshake(websocket, f"Cookie: {cookie_header()}", *headers) as client:
        response = client.makefile("rb").read().decode()
    assert response.startswith("HTTP/1.1 400 ")
    assert "several Upgrade headers" in response
    assert websocket.handshakes[0].problems == (HandshakeProblem.NO_WEBSOCKET,)


def send_forever(client: socket.socket, data: bytes) -> None:
    """Send the same data until the connection is aborted."""
    while True:
        client.sendall(data)


def test_unread_pongs_are_bounded(
    websocket: MewsWebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends pings and reads nothing loses its connection."""
    monkeypatch.setattr(controlled_connection, "MAX_UNREAD", 100_000)
    ping = b"\x89\xfd" + bytes(4) + b"x" * 125
    with (
        raw_handshake(websocket, f"Cookie: {cookie_header()}", "Upgrade: websocket") as client,
        pytest.raises(OSError, match=r"reset|[Bb]roken pipe"),
    ):
        send_forever(client, ping * 1_000)
    assert websocket.server.log.wait_until(
        lambda: websocket.connections[0].closed_ms is not None, TIMEOUT_S
    )


def test_many_connections_leave_it_answering(
    websocket: MewsWebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest connections without a handshake end; a client's connection stays."""
    monkeypatch.setattr(websocket_server, "MAX_PENDING", 20)
    address = address_of(websocket)
    with RecordingClient(websocket) as client, ExitStack() as stack:
        first = stack.enter_context(socket.create_connection(address, TIMEOUT_S))
        for number in range(500):
            connection = socket.create_connection(address, TIMEOUT_S)
            if number % 5 == 0:
                stack.enter_context(connection)
            else:
                connection.close()
        assert first.recv(1) == b""
        assert handshake_status(websocket, cookie_header(2)) == 101
        websocket.send({"Type": "Reservation", "Id": "1", "State": "Started"})
        assert client.receive(1)


def test_handshakes_of_strangers_are_not_counted() -> None:
    """They count only for as long as no handshake with a token has arrived."""
    token = DEFAULT_TENANTS.client_token

    def reject(target: str, cookies: Sequence[str]) -> HandshakeResult:
        return validate_handshake(target, cookies, token, lambda _: (None, TokenState.NONE))

    with WebSocketServer(reject, lambda: 0.0, has_token=lambda text: token in text) as server:
        websocket = MewsWebSocket(server, DEFAULT_TENANTS)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(server.address.replace("ws:", "http:") + "/healthz")
        assert websocket.handshakes == ()
        assert handshake_status(websocket, None) == 401
        assert [handshake.number for handshake in websocket.handshakes] == [2]
        assert not server.log.is_partner_known
        assert handshake_status(websocket, None, f"{PATH}?ClientToken={token}") == 401
        assert [handshake.number for handshake in websocket.handshakes] == [3]
        assert server.log.is_partner_known
        (note,) = server.log.notes
        assert "/healthz from 127.0.0.1" in note


def test_frames_are_not_described_for_a_log(websocket: MewsWebSocket) -> None:
    """The library does that where its log takes messages for debugging: half of the CPU."""
    with RecordingClient(websocket):
        (connection,) = websocket.server._all_connections
        assert not connection.protocol.debug
