"""Tests of the TLS probe: what TLS handshakes show of a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from raw_server import OK, RequestFactory, ServerFactory, send

from pytest_mews.config.endpoint import origin
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.delivery import CurlTransport, SystemClock, TrustStore, probe_tls
from pytest_mews.delivery.tls_certificate import parse_subject_alt_names
from pytest_mews.demo import DemoPartner
from pytest_mews.model import Outcome, TlsHandshake, TlsProblem

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def running_partners() -> Iterator[ExitStack]:
    """Return a stack that closes the demo partners after the test."""
    with ExitStack() as stack:
        yield stack


def probe_partner(running_partners: ExitStack, name: str) -> tuple[TlsHandshake, DemoPartner]:
    """Probe a demo partner whose authority is trusted; return the result and the partner."""
    partner = running_partners.enter_context(DemoPartner(name, tenants=DEFAULT_TENANTS))
    return probe_tls(origin(partner.url), TrustStore(str(partner.authority)), NOW), partner


@pytest.mark.parametrize(
    ("name", "chain", "host"),
    [
        ("over-tls", None, None),
        ("certificate-expired", TlsProblem.EXPIRED, None),
        ("wrong-host-certificate", None, TlsProblem.HOST_MISMATCH),
        ("unknown-issuer", TlsProblem.UNKNOWN_ISSUER, None),
        ("self-signed", TlsProblem.SELF_SIGNED, TlsProblem.HOST_MISMATCH),
    ],
)
def test_chain_and_host_are_checked_separately(
    running_partners: ExitStack, name: str, chain: TlsProblem | None, host: TlsProblem | None
) -> None:
    """Each has its own problem, regardless of the other."""
    handshake, _ = probe_partner(running_partners, name)
    assert (handshake.chain_problem, handshake.host_problem) == (chain, host)
    assert handshake.certificate is not None
    assert handshake.certificate.not_after_utc
    assert (handshake.version, handshake.deprecated_versions, handshake.untested_versions) == (
        "TLSv1.3",
        (),
        (),
    )
    assert handshake.checked_utc == "2026-05-04T03:02:01Z"


def test_accepted_deprecated_versions_are_listed(running_partners: ExitStack) -> None:
    """A server may negotiate the newest version and still accept deprecated ones."""
    handshake, _ = probe_partner(running_partners, "old-tls")
    assert (handshake.version, handshake.deprecated_versions) == ("TLSv1.3", ("TLS 1.0", "TLS 1.1"))


def test_without_a_version_in_common_there_is_no_certificate(running_partners: ExitStack) -> None:
    """For a server with only deprecated versions, these versions are listed."""
    handshake, _ = probe_partner(running_partners, "only-old-tls")
    assert (handshake.version, handshake.certificate, handshake.chain_problem) == (
        "",
        None,
        TlsProblem.PROTOCOL,
    )
    assert handshake.deprecated_versions == ("TLS 1.0", "TLS 1.1")
    assert "protocol version" in handshake.detail


def test_a_server_without_tls_is_reported(raw_server: ServerFactory) -> None:
    """Plain HTTP on the port of an https URL is NOT_TLS; an http URL isn't probed."""
    server = raw_server(lambda _, connection: connection.sendall(OK))
    plain = origin(server.url)
    assert probe_tls(plain, TrustStore(), NOW) == TlsHandshake(plain, "2026-05-04T03:02:01Z")
    handshake = probe_tls(plain.replace("http:", "https:"), TrustStore(), NOW)
    assert (handshake.chain_problem, handshake.certificate, handshake.version) == (
        TlsProblem.NOT_TLS,
        None,
        "",
    )
    assert b"POST" not in server.received


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("certificate-expired", TlsProblem.EXPIRED),
        ("wrong-host-certificate", TlsProblem.HOST_MISMATCH),
        ("unknown-issuer", TlsProblem.UNKNOWN_ISSUER),
        ("only-old-tls", TlsProblem.PROTOCOL),
        ("over-tls", None),
    ],
)
def test_a_delivery_names_its_problem_too(
    running_partners: ExitStack, make_request: RequestFactory, name: str, problem: TlsProblem | None
) -> None:
    """The transport sets `tls_problem` with a TLS error, and only then."""
    partner = running_partners.enter_context(DemoPartner(name, tenants=DEFAULT_TENANTS))
    with CurlTransport(SystemClock(), TrustStore(str(partner.authority))) as transport:
        exchange = send(transport, make_request(partner.url))
    assert exchange.tls_problem is problem
    assert (exchange.outcome is Outcome.TLS_ERROR) == (problem is not None)


def test_names_are_hosts_and_addresses() -> None:
    """Other kinds of names are left out."""
    assert parse_subject_alt_names("DNS:a.example, IP Address:127.0.0.1, email:x@a.example") == (
        "a.example",
        "127.0.0.1",
    )
    assert parse_subject_alt_names("") == ()
