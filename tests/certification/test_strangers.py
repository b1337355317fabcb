"""Strangers at both servers never fail a sound partner, and are named in a note."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import suppress
from typing import Self

import pytest

from tests.ports import free_port
from tests.report_reader import read_report, read_verdicts

pytestmark = pytest.mark.slow

HEAD = b"Host: x\r\nConnection: close\r\n"
UPGRADE = (
    b"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
BODY = b'{"ClientToken":"x","AccessToken":"y","Client":"Scanner"}'
REQUESTS = (
    b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET /.env HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"POST /api/connector/v1/configuration/get HTTP/1.1\r\n" + HEAD
    + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY,
    b"GET /ws/connector HTTP/1.1\r\n" + UPGRADE + b"\r\n",
    b"GET /ws/connector?AccessToken=x HTTP/1.1\r\n" + UPGRADE
    + b"Cookie: ClientToken=a; AccessToken=b\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00" + bytes(200),
    bytes(range(256)),
)  # fmt: skip


class Strangers:
    """A thread that sends requests of strangers to two ports until it is stopped."""

    def __init__(self, *ports: int) -> None:
        self._ports, self._stopped = ports, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.let_in: list[bytes] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        choose = random.Random(1)
        while not self._stopped.wait(0.02):
            with suppress(OSError):
                port = choose.choice(self._ports)
                with socket.create_connection(("127.0.0.1", port), 2) as client:
                    client.settimeout(0.5)
                    client.sendall(choose.choice(REQUESTS))
                    response = client.recv(2_000)
                    if response.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200")):
                        self.let_in.append(response)


def test_strangers_do_not_fail_a_sound_partner(pytester: pytest.Pytester) -> None:
    """The scenarios that judge every request and handshake pass."""
    api, websocket = free_port(), free_port()
    ids = ("PRE-02", "PRE-03", "PROC-01", "PROC-18", "STR-01", "STR-02", "STR-17")
    with Strangers(api, websocket) as strangers:
        result = pytester.runpytest(
            "--mews-target", "demo", *(f"mews::{id_}" for id_ in ids),
            "--mews-api", f"127.0.0.1:{api}", "--mews-websocket", f"127.0.0.1:{websocket}",
            "--mews-time-scale", "0.001", "--mews-examples", "2",
        )  # fmt: skip
    assert strangers.let_in == []
    verdicts = read_verdicts(pytester.path)
    assert {id_: verdicts[id_] for id_ in ids} == dict.fromkeys(ids, "pass")
    assert result.ret == 0
    notes = [note for note in read_report(pytester.path)["notes"] if "not counted" in note]
    assert {note.partition(" emulator")[0] for note in notes} == {
        "Requests to the Connector API",
        "Requests to the WebSocket",
    }
    assert len(notes) <= 4  # not one for each scenario
