"""Tests of the certificates that the transport trusts and records."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pycurl
import pytest
import trustme
from raw_server import OK, RawServer, RequestFactory, ServerFactory, respond_with, send

from pytest_mews.delivery import CurlTransport, SystemClock
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.delivery.curl_results import CurlError, classify_error
from pytest_mews.delivery.tls_certificate import parse_openssl_time
from pytest_mews.errors import UsageError
from pytest_mews.model import Outcome


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return a certificate authority that no system trusts."""
    return trustme.CA()


@pytest.fixture
def partner(authority: trustme.CA, raw_server: ServerFactory) -> RawServer:
    """Start a TLS server named localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return raw_server(respond_with(OK), context)


@pytest.fixture
def trusting_transport(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CurlTransport]:
    """Run a transport that trusts the authority through SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with CurlTransport(SystemClock()) as transport:
        yield transport


def test_a_certificate_from_a_trusted_authority_is_accepted(
    trusting_transport: CurlTransport, make_request: RequestFactory, partner: RawServer
) -> None:
    """SSL_CERT_FILE names the authorities; the TLS handshake is part of connecting."""
    exchange = send(trusting_transport, make_request(partner.url))
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.connected_ms is not None
    assert exchange.sent_ms is not None
    assert exchange.connected_ms <= exchange.sent_ms


def test_an_unknown_authority_is_a_tls_error(
    transport: CurlTransport, make_request: RequestFactory, partner: RawServer
) -> None:
    """Certificates are verified by default; the detail is curl's message."""
    exchange = send(transport, make_request(partner.url))
    assert exchange.outcome is Outcome.TLS_ERROR
    assert "certificate" in exchange.detail
    assert exchange.connected_ms is None
    assert b"POST" not in partner.received


def test_a_certificate_for_another_host_is_a_tls_error(
    trusting_transport: CurlTransport, make_request: RequestFactory, partner: RawServer
) -> None:
    """The certificate must name the host of the URL."""
    exchange = send(trusting_transport, make_request(partner.url.replace("localhost", "127.0.0.1")))
    assert exchange.outcome is Outcome.TLS_ERROR
    assert "127.0.0.1" in exchange.detail


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_verification_can_be_switched_off(
    transport: CurlTransport, make_request: RequestFactory, partner: RawServer, host: str
) -> None:
    """Without verification neither the authority nor the host matters."""
    request = make_request(partner.url.replace("localhost", host), verify_tls=False)
    assert send(transport, request).outcome is Outcome.DELIVERED


def test_trust_is_not_inherited_from_an_unverified_connection(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    authority: trustme.CA,
) -> None:
    """A verified request never reuses the connection of an unverified one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = raw_server(respond_with(OK, stall=True), context)
    assert send(transport, make_request(server.url, verify_tls=False)).outcome is Outcome.DELIVERED
    assert send(transport, make_request(server.url)).outcome is Outcome.TLS_ERROR


def test_plain_http_on_a_tls_port_is_a_tls_error(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """A server without TLS fails the handshake."""
    url = raw_server(lambda _, connection: connection.sendall(OK)).url
    exchange = send(transport, make_request(url.replace("http:", "https:")))
    assert exchange.outcome is Outcome.TLS_ERROR


def test_an_alert_after_the_handshake_is_a_tls_error() -> None:
    """TLS 1.3 demands a client certificate only after the request was sent."""
    error = CurlError(
        code=pycurl.E_RECV_ERROR,
        message="OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required",
        os_errno=0,
        connected=True,
        sent=True,
        responded=False,
    )
    assert classify_error(error) is Outcome.TLS_ERROR
    assert classify_error(error._replace(message="SSL_read: eof")) is Outcome.CONNECTION_RESET


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_missing_trust_store_is_a_usage_error(name: str, tmp_path: Path) -> None:
    """The error names the variable whose file or folder doesn't exist."""
    with pytest.raises(UsageError, match=name):
        TrustStore.from_environment({name: str(tmp_path / "missing")})


def test_a_folder_of_authorities_is_trusted_too(
    authority: trustme.CA,
    make_request: RequestFactory,
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
        assert send(transport, make_request(partner.url)).outcome is Outcome.DELIVERED


def test_the_exchange_with_the_handshake_has_the_certificate(
    make_request: RequestFactory,
    raw_server: ServerFactory,
    trusting_transport: CurlTransport,
    authority: trustme.CA,
) -> None:
    """The certificate has subject, issuer and expiry; a reused connection has no certificate."""

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
    first, second = (send(trusting_transport, make_request(server.url)) for _ in range(2))
    assert first.certificate is not None
    assert "partner.example" in first.certificate.subject
    assert "Testing CA" in first.certificate.issuer
    assert first.certificate.not_after_utc == "2031-02-03T04:05:06Z"
    assert (second.connection_reused, second.certificate) == (True, None)


def test_without_tls_there_is_no_certificate(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Neither plain HTTP nor a server without TLS has one."""
    url = raw_server(lambda _, connection: connection.sendall(OK)).url
    assert send(transport, make_request(url)).certificate is None
    assert send(transport, make_request(url.replace("http:", "https:"))).certificate is None


def test_a_rejected_certificate_is_recorded_too(
    transport: CurlTransport, make_request: RequestFactory, partner: RawServer
) -> None:
    """To fix the problem, one must know which certificate it was."""
    exchange = send(transport, make_request(partner.url))
    assert exchange.outcome is Outcome.TLS_ERROR
    assert exchange.certificate is not None
    assert "Testing CA" in exchange.certificate.issuer


def test_an_invalid_expiry_date_is_empty() -> None:
    """OpenSSL writes `Bad time value` for a broken date."""
    assert parse_openssl_time("Feb  3 04:05:06 2031 GMT") == "2031-02-03T04:05:06Z"
    assert parse_openssl_time("Bad time value") == ""
