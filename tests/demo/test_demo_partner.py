"""The embedded partner as a server: quiet, prompt to close, and hard to break."""

from __future__ import annotations

import signal
import socket
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo import NAMES, DemoPartner
from pytest_mews.demo.__main__ import main
from pytest_mews.errors import UsageError
from tests.demo.client import (
    ENTERPRISE,
    GENEROUS_S,
    INTEGRATION,
    ONE,
    created,
    general,
    send,
    send_cut,
)
from tests.demo.client import send_raw as raw
from tests.demo.conftest import Start


def test_it_listens_where_it_says(start: Start) -> None:
    """One URL on the loopback for both kinds of webhook, with a token of its own."""
    partner, other = start("sound"), start("sound")
    assert urlsplit(partner.url).hostname == "127.0.0.1"
    assert partner.url == partner.integration_url
    assert partner.url.endswith(f"?Token={partner.token}")
    assert partner.token != other.token
    assert send(partner.url, ONE).status == 202


def test_what_was_accepted_is_worked_on(start: Start) -> None:
    """The worker remembers both kinds of message, and nothing of a refused one."""
    partner = start("rejects-payments")
    for body in (created(), general("CustomerAdded"), general("PaymentUpdated", "MessageAdded")):
        send(partner.url, body)
    partner._accepted.join()
    assert partner.memory.integrations[INTEGRATION].credential == "first-access-token"
    assert set(partner.memory.changed) == {(ENTERPRISE, "customers")}


def test_a_burst_is_answered(start: Start) -> None:
    """Many senders at once are all answered, and no message is lost."""
    partner = start("sound")
    names = [(f"reservation-{number}",) for number in range(200)]
    bodies = [general("ServiceOrderUpdated", ids=name) for name in names]
    with ThreadPoolExecutor(50) as senders:
        replies = list(senders.map(lambda body: send(partner.url, body), bodies))
    partner._accepted.join()
    assert {reply.status for reply in replies} == {202}
    assert partner.memory.changed[ENTERPRISE, "reservations"] == {name for (name,) in names}


def test_nothing_is_printed_or_logged(
    start: Start, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither good requests nor broken ones leave a trace, least of all of the token."""
    caplog.set_level(0)
    partner = start("sound")
    target = urlsplit(partner.url)
    send(partner.url, ONE)
    send(partner.url, b"", method="GET")
    send_cut(partner.url, ONE)
    chunked = f"POST {target.path}?{target.query} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz"
    for data in (b"", b"\x16\x03\x01\x00", b"POST\r\n\r\n", chunked.encode()):
        raw(partner.url, data)
    with socket.create_connection((str(target.hostname), target.port or 80)) as connection:
        connection.sendall(f"POST {target.path} HTTP/1.1\r\nContent-Length: 9\r\n\r\n".encode())
        # A zero linger makes closing a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert send(partner.url, ONE).status == 202
    partner.close()
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_cut_body_is_refused_and_forgotten(start: Start) -> None:
    """An incomplete body is answered with 400, and the next message as ever."""
    partner = start("sound")
    assert send_cut(partner.url, ONE).startswith(b"HTTP/1.1 400")
    assert send(partner.url, ONE).status == 202


def test_closing_releases_whoever_waits() -> None:
    """A held request, a half-sent one and an idle connection all end; no thread is left."""
    before = set(threading.enumerate())
    partner = DemoPartner("never-answers", tenants=DEFAULT)
    address = (urlsplit(partner.url).hostname, urlsplit(partner.url).port)
    with ThreadPoolExecutor(1) as sender, socket.create_connection(address) as idle:
        idle.sendall(b"POST / HTTP/1.1\r\nContent-Le")
        held = sender.submit(send, partner.url, ONE)
        while len(partner._server._connections) < 2:
            threading.Event().wait(0.01)
        partner.close()
        held.exception(timeout=GENEROUS_S / 2)  # TimeoutError where it is still held
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        send(partner.url, ONE)


def test_closing_twice_is_closing_once() -> None:
    """A partner that was closed inside its context ends quietly."""
    with DemoPartner(tenants=DEFAULT) as partner:
        partner.close()


def test_an_unknown_partner_starts_nothing() -> None:
    """The mistake is told before anything listens."""
    before = threading.active_count()
    with pytest.raises(UsageError, match="demo:nonsense"):
        DemoPartner("nonsense", tenants=DEFAULT)
    assert threading.active_count() == before


def test_the_command_line_serves_until_interrupted() -> None:
    """The module prints its URL, answers as its flaw does, and ends well."""
    command = [sys.executable, "-m", "pytest_mews.demo", "--flaw", "rejects-payments"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        statuses = [send(url, body).status for body in (ONE, general("PaymentUpdated"))]
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert statuses == [202, 400]
    assert (process.returncode, rest, errors) == (0, "", "")


def test_the_command_line_lists_all_names(capsys: pytest.CaptureFixture[str]) -> None:
    """--list shows each name with its sentence."""
    main(["--list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)


def test_the_command_line_helps_with_names(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt flaw ends with argparse's status and the closest name."""
    with pytest.raises(SystemExit) as caught:
        main(["--flaw", "strict-event"])
    assert caught.value.code == 2
    assert "Did you mean demo:strict-events?" in capsys.readouterr().err
