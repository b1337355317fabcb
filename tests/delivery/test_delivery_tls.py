"""Whose certificates the transport trusts."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pycurl
import pytest
import trustme
from raw_server import OK, Post, RawServer, Serve, answering, send

from pytest_mews.delivery import CurlTransport, SystemClock
from pytest_mews.delivery.curl_options import Authorities
from pytest_mews.delivery.outcomes import Ending, outcome_of
from pytest_mews.delivery.tls_certificate import utc
from pytest_mews.errors import UsageError
from pytest_mews.model import Outcome


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Give a certificate authority that no system knows."""
    return trustme.CA()


@pytest.fixture
def partner(authority: trustme.CA, raw_server: Serve) -> RawServer:
    """Give a TLS server named localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return raw_server(answering(OK), context)


@pytest.fixture
def trusting(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CurlTransport]:
    """Give a transport that trusts the authority by SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with CurlTransport(SystemClock()) as transport:
        yield transport


def test_a_certificate_of_a_trusted_authority_is_accepted(
    trusting: CurlTransport, post: Post, partner: RawServer
) -> None:
    """SSL_CERT_FILE names the authorities; the handshake is part of connecting."""
    exchange = send(trusting, post(partner.url))
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.connected_ms is not None
    assert exchange.sent_ms is not None
    assert exchange.connected_ms <= exchange.sent_ms


def test_an_unknown_authority_is_a_tls_error(
    transport: CurlTransport, post: Post, partner: RawServer
) -> None:
    """Certificates are verified by default; the detail is curl's."""
    exchange = send(transport, post(partner.url))
    assert exchange.outcome is Outcome.TLS_ERROR
    assert "certificate" in exchange.detail
    assert exchange.connected_ms is None
    assert b"POST" not in partner.seen


def test_a_certificate_of_another_host_is_a_tls_error(
    trusting: CurlTransport, post: Post, partner: RawServer
) -> None:
    """The certificate must name the host of the URL."""
    exchange = send(trusting, post(partner.url.replace("localhost", "127.0.0.1")))
    assert exchange.outcome is Outcome.TLS_ERROR
    assert "127.0.0.1" in exchange.detail


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_verification_can_be_switched_off(
    transport: CurlTransport, post: Post, partner: RawServer, host: str
) -> None:
    """Without verification neither the authority nor the host matters."""
    request = post(partner.url.replace("localhost", host), verify_tls=False)
    assert send(transport, request).outcome is Outcome.DELIVERED


def test_trust_is_not_inherited_from_an_unverified_connection(
    transport: CurlTransport, post: Post, raw_server: Serve, authority: trustme.CA
) -> None:
    """A connection kept from a request without verification serves none with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = raw_server(answering(OK, stall=True), context)
    assert send(transport, post(server.url, verify_tls=False)).outcome is Outcome.DELIVERED
    assert send(transport, post(server.url)).outcome is Outcome.TLS_ERROR


def test_plain_http_on_a_tls_port_is_a_tls_error(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """What speaks no TLS fails the handshake."""
    url = raw_server(lambda _, connection: connection.sendall(OK)).url
    exchange = send(transport, post(url.replace("http:", "https:")))
    assert exchange.outcome is Outcome.TLS_ERROR


def test_an_alert_after_the_handshake_is_a_tls_error() -> None:
    """TLS 1.3 demands a client certificate only while the answer is awaited."""
    ending = Ending(
        code=pycurl.E_RECV_ERROR,
        message="OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required",
        os_errno=0,
        status=None,
        connected=True,
        sent=True,
        answered=False,
    )
    assert outcome_of(ending) is Outcome.TLS_ERROR
    assert outcome_of(replace(ending, message="SSL_read: eof")) is Outcome.CONNECTION_RESET


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_authorities_that_are_not_there_are_a_mistake(name: str, tmp_path: Path) -> None:
    """A variable that names nothing is told at once, by its name."""
    with pytest.raises(UsageError, match=name):
        Authorities.of({name: str(tmp_path / "missing")})


def test_a_folder_of_authorities_is_taken_too(
    authority: trustme.CA,
    post: Post,
    partner: RawServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SSL_CERT_DIR names a folder of certificates by hash; an empty variable counts as none."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    openssl = ["openssl", "x509", "-noout", "-hash", "-in", str(tmp_path / "ca.pem")]
    name = subprocess.run(openssl, check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "ca.pem").rename(tmp_path / f"{name}.0")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", "")
    with CurlTransport(SystemClock()) as transport:
        assert send(transport, post(partner.url)).outcome is Outcome.DELIVERED


def test_the_certificate_is_told_by_who_made_the_handshake(
    post: Post, raw_server: Serve, trusting: CurlTransport, authority: trustme.CA
) -> None:
    """Subject, issuer and end of the server's own certificate; nothing on the kept connection."""

    def script(server: RawServer, connection: ssl.SSLSocket) -> None:
        while server.read(connection):
            connection.sendall(OK)

    issued = authority.issue_cert(
        "localhost",
        common_name="partner.example",
        organization_name="Hôtel",
        not_after=datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    server = raw_server(script, context)
    first, second = (send(trusting, post(server.url)) for _ in range(2))
    assert first.tls is not None
    assert "partner.example" in first.tls.subject
    assert "Testing CA" in first.tls.issuer
    assert first.tls.not_after_utc == "2031-02-03T04:05:06Z"
    assert (second.kept, second.tls) == (True, None)


def test_without_a_certificate_there_is_none_to_tell(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Neither plain HTTP nor a server that speaks no TLS has one."""
    url = raw_server(lambda _, connection: connection.sendall(OK)).url
    assert send(transport, post(url)).tls is None
    assert send(transport, post(url.replace("http:", "https:"))).tls is None


def test_a_certificate_that_was_refused_is_told_too(
    transport: CurlTransport, post: Post, partner: RawServer
) -> None:
    """Whoever has to mend it wants to know which it was."""
    exchange = send(transport, post(partner.url))
    assert exchange.outcome is Outcome.TLS_ERROR
    assert exchange.tls is not None
    assert "Testing CA" in exchange.tls.issuer


def test_a_date_that_is_none_is_left_out() -> None:
    """OpenSSL says `Bad time value` of a certificate that is broken there."""
    assert utc("Feb  3 04:05:06 2031 GMT") == "2031-02-03T04:05:06Z"
    assert utc("Bad time value") == ""
