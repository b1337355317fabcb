"""Fuzzes what reaches the emulators: neither may fail, nor let anybody in without a token."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import strategies as st

from pytest_mews.emulator.connector_api import ApiRequest, ConnectorApi
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.kit.mews_websocket import MewsWebSocket, serve_websocket
from pytest_mews.model.api_call import ApiCall
from tests.connector_api.emulator_client import (
    JSON,
    PREFIX,
    body_for,
    general_webhook,
    guid,
    make_connector_api,
    serve_without_failures,
)
from tests.websocket.websocket_clients import PATH, cookie_header, handshake_status

from .fuzzing import corpus, fuzz
from .hostile_requests import api_requests, frames, raw_requests

TIMEOUT_S, PATIENCE_S = 20.0, 0.03
SOUND = json.dumps(body_for("configuration/get")).encode()
SOUND_REQUEST = (
    b"POST %bconfiguration/get HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (PREFIX.encode(), len(SOUND), SOUND)
)
HANDSHAKE = (
    f"GET {PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    f"Cookie: {cookie_header()}\r\n\r\n"
).encode()
TOKENS = re.compile(rb"access-token-(one|two)")
REFUSALS = {400, 401, 404, 405, 408, 411, 413, 414, 415, 417, 426, 429, 431, 501, 503, 505}


def exchange(port: int, data: bytes, patience_s: float = PATIENCE_S) -> bytes:
    """Send bytes; return everything that comes back.

    After `patience_s` without a response the client ends its side: an emulator waits for the rest
    of an incomplete request, and answers nobody who has gone.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as client:
        with suppress(ConnectionError):
            client.sendall(data)
        client.settimeout(patience_s)
        with suppress(OSError):
            while part := client.recv(65536):
                received += part
        client.settimeout(TIMEOUT_S)
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                received += part
    return received


def statuses(received: bytes) -> list[int]:
    """Return the statuses of all responses."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", received)]


@pytest.fixture(scope="module")
def connector_api() -> ConnectorApi:
    """An emulator with a few entities."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    return connector_api


@pytest.fixture
def server(connector_api: ConnectorApi) -> Iterator[ConnectorApiServer]:
    """A Connector API server that must not fail."""
    with serve_without_failures(connector_api) as server:
        yield server


@pytest.fixture
def check_request(
    server: ConnectorApiServer, connector_api: ConnectorApi
) -> Callable[[bytes], None]:
    """Return a check of the bytes that somebody sends to the Connector API emulator."""

    def check(data: bytes) -> None:
        received = exchange(server.port, data)
        for status in statuses(received):
            assert status in REFUSALS | ({100, 200, 204} if TOKENS.search(data) else {100})
        assert b"Traceback" not in received
        assert statuses(exchange(server.port, SOUND_REQUEST, TIMEOUT_S)) == [HTTPStatus.OK]
        assert all(note.isprintable() for note in connector_api.notes)

    return check


@pytest.mark.parametrize("path", corpus("requests"), ids=lambda path: path.name)
def test_found_requests(path: Path, check_request: Callable[[bytes], None]) -> None:
    """What a fuzzer found once stays fixed."""
    check_request(path.read_bytes())


def test_raw_requests(check_request: Callable[[bytes], None]) -> None:
    """Whatever is sent, the next request of a service is answered, and nothing fails."""
    fuzz("requests", raw_requests(), check_request, bytes, examples=50)


def test_api_requests(connector_api: ConnectorApi) -> None:
    """Every body gets JSON with a documented status, and a call for the report."""

    def check(data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        path = head.split()[1].decode()
        pending = connector_api.begin(ApiRequest("POST", path, JSON, body, address="127.0.0.1"))
        response = pending.response
        assert response.status in {200, 204, 400, 401}
        if response.status != HTTPStatus.NO_CONTENT:
            json.loads(response.body.decode())
        if response.status == HTTPStatus.OK:
            assert TOKENS.search(body)
        pending.mark_sent()
        call: ApiCall = pending.call
        assert f"{call.message}{call.path}".isprintable()
        assert not TOKENS.search(repr(call).encode())

    fuzz("requests", api_requests(), check, bytes, examples=100)


@pytest.fixture
def websocket() -> Iterator[MewsWebSocket]:
    """A WebSocket emulator that must not fail."""
    with serve_websocket() as fixture:
        yield fixture


@pytest.fixture
def check_handshake(websocket: MewsWebSocket) -> Callable[[bytes], None]:
    """Return a check of the bytes that somebody sends to the WebSocket emulator."""
    port = int(websocket.address.rpartition(":")[2])

    def check(data: bytes) -> None:
        received = exchange(port, data)
        if not data.startswith(HANDSHAKE):
            assert 101 not in statuses(received)
        assert 500 not in statuses(received)
        assert handshake_status(websocket, cookie_header()) == HTTPStatus.SWITCHING_PROTOCOLS
        assert all(note.isprintable() for note in websocket.server.log.notes)

    return check


@pytest.mark.parametrize("path", corpus("websocket"), ids=lambda path: path.name)
def test_found_handshakes_and_frames(path: Path, check_handshake: Callable[[bytes], None]) -> None:
    """What a fuzzer found once stays fixed."""
    check_handshake(path.read_bytes())


def test_raw_handshakes(check_handshake: Callable[[bytes], None]) -> None:
    """No bytes before the handshake let a client in, or keep the next one out."""
    fuzz("websocket", raw_requests(), check_handshake, bytes, examples=40)


def test_raw_frames(check_handshake: Callable[[bytes], None]) -> None:
    """No bytes after the handshake make the emulator fail, or keep the next client out."""
    streams = st.lists(frames, min_size=1, max_size=5).map(
        lambda parts: HANDSHAKE + b"".join(parts)
    )
    fuzz("websocket", streams, check_handshake, bytes, examples=40)
