"""The demo partner as a server: it logs nothing, closes promptly, and is hard to crash."""

from __future__ import annotations

import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from pytest_mews.errors import UsageError
from tests.demo.conftest import StartPartner
from tests.demo.webhook_client import (
    ENTERPRISE_ID,
    INTEGRATION_ID,
    ONE_EVENT,
    TIMEOUT_S,
    general_webhook,
    integration_created,
    send,
    send_raw,
    send_truncated,
)


def test_the_partner_listens_on_the_loopback(start_partner: StartPartner) -> None:
    """The partner has one URL for both kinds of webhook, with its own token."""
    partner, other = start_partner("sound"), start_partner("sound")
    assert urlsplit(partner.url).hostname == "127.0.0.1"
    assert partner.url == partner.integration_url
    assert partner.url.endswith(f"?Token={partner.token}")
    assert partner.token != other.token
    assert send(partner.url, ONE_EVENT).status == 202


def test_accepted_messages_are_processed(start_partner: StartPartner) -> None:
    """Both kinds of webhook change the partner's state; a rejected one does not."""
    partner = start_partner("rejects-payments")
    for body in (
        integration_created(),
        general_webhook("CustomerAdded"),
        general_webhook("PaymentUpdated", "MessageAdded"),
    ):
        send(partner.url, body)
    partner._accepted.join()
    assert partner.state.integrations[INTEGRATION_ID].credential == "first-access-token"
    assert set(partner.state.changed) == {(ENTERPRISE_ID, "customers")}


def test_a_burst_is_answered(start_partner: StartPartner) -> None:
    """Many concurrent senders all get a response, and no message is lost."""
    partner = start_partner("sound")
    ids = [f"reservation-{number}" for number in range(200)]
    bodies = [general_webhook("ServiceOrderUpdated", ids=(entity_id,)) for entity_id in ids]
    with ThreadPoolExecutor(50) as executor:
        responses = list(executor.map(lambda body: send(partner.url, body), bodies))
    partner._accepted.join()
    assert {response.status for response in responses} == {202}
    assert partner.state.changed[ENTERPRISE_ID, "reservations"] == set(ids)


def test_nothing_is_printed_or_logged(
    start_partner: StartPartner, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither valid nor malformed requests are logged, and the token never is."""
    caplog.set_level(0)
    partner = start_partner("sound")
    parts = urlsplit(partner.url)
    send(partner.url, ONE_EVENT)
    send(partner.url, b"", method="GET")
    send_truncated(partner.url, ONE_EVENT)
    chunked = f"POST {parts.path}?{parts.query} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz"
    for data in (b"", b"\x16\x03\x01\x00", b"POST\r\n\r\n", chunked.encode()):
        send_raw(partner.url, data)
    with socket.create_connection((str(parts.hostname), parts.port or 80)) as connection:
        connection.sendall(f"POST {parts.path} HTTP/1.1\r\nContent-Length: 9\r\n\r\n".encode())
        # With a linger time of zero, closing resets the connection.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert send(partner.url, ONE_EVENT).status == 202
    partner.close()
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_truncated_body_is_rejected(start_partner: StartPartner) -> None:
    """An incomplete body is answered with 400, and the next message with 202."""
    partner = start_partner("sound")
    assert send_truncated(partner.url, ONE_EVENT).startswith(b"HTTP/1.1 400")
    assert send(partner.url, ONE_EVENT).status == 202


def test_closing_ends_every_connection() -> None:
    """A held request, an incomplete one and an idle connection end; no thread is left."""
    before = set(threading.enumerate())
    partner = DemoPartner("never-answers", tenants=DEFAULT_TENANTS)
    address = (urlsplit(partner.url).hostname, urlsplit(partner.url).port)
    with ThreadPoolExecutor(1) as executor, socket.create_connection(address) as idle:
        idle.sendall(b"POST / HTTP/1.1\r\nContent-Le")
        held = executor.submit(send, partner.url, ONE_EVENT)
        while len(partner._server._connections) < 2:
            threading.Event().wait(0.01)
        partner.close()
        held.exception(timeout=TIMEOUT_S / 2)  # TimeoutError if it is still held
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        send(partner.url, ONE_EVENT)


def test_closing_twice_is_allowed() -> None:
    """A partner that is closed within its context ends without an error."""
    with DemoPartner(tenants=DEFAULT_TENANTS) as partner:
        partner.close()


@pytest.mark.parametrize("name", ["sound", "closes-connections"])
def test_errors_of_the_partner_are_passed_on(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An exception in a response, or in a thread, is not printed into the run's output."""
    errors: list[Exception] = []
    wrong, worse = ValueError("in the response"), ValueError("in a thread")

    def fail(error: Exception) -> None:
        raise error

    with DemoPartner(name, tenants=DEFAULT_TENANTS, on_error=errors.append) as partner:
        monkeypatch.setattr(partner._backlog, "add", lambda _: fail(worse))
        assert send(partner.url, ONE_EVENT).status == 202
        partner._reader.join(TIMEOUT_S)
        monkeypatch.setattr(partner, "_behaviour", lambda *_: fail(wrong))
        assert send(partner.url, ONE_EVENT).status == 500
    assert errors == [worse, wrong]
    assert capfd.readouterr() == ("", "")


def test_an_unknown_name_starts_nothing() -> None:
    """The error is raised before anything listens."""
    before = threading.active_count()
    with pytest.raises(UsageError, match="demo:nonsense"):
        DemoPartner("nonsense", tenants=DEFAULT_TENANTS)
    assert threading.active_count() == before
