"""What handshakes alone show of a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from raw_server import OK, Post, Serve, send

from pytest_mews.config.endpoint import origin
from pytest_mews.config.tenants import DEFAULT
from pytest_mews.delivery import Authorities, CurlTransport, SystemClock, probe_tls
from pytest_mews.delivery.tls_certificate import names
from pytest_mews.demo import DemoPartner
from pytest_mews.model import Outcome, TlsHandshake, TlsProblem

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def partners() -> Iterator[ExitStack]:
    """Close what was started."""
    with ExitStack() as running:
        yield running


def look(partners: ExitStack, name: str) -> tuple[TlsHandshake, DemoPartner]:
    """Shake hands with an embedded partner whose authority is trusted."""
    partner = partners.enter_context(DemoPartner(name, tenants=DEFAULT))
    return probe_tls(origin(partner.url), Authorities(str(partner.authority)), NOW), partner


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
def test_chain_and_host_are_told_apart(
    partners: ExitStack, name: str, chain: TlsProblem | None, host: TlsProblem | None
) -> None:
    """Each has its own finding, whatever is wrong with the other."""
    seen, _ = look(partners, name)
    assert (seen.chain, seen.host) == (chain, host)
    assert seen.certificate is not None
    assert seen.certificate.not_after_utc
    assert (seen.version, seen.old, seen.untried) == ("TLSv1.3", (), ())
    assert seen.asked_utc == "2026-05-04T03:02:01Z"


def test_old_versions_that_are_taken_are_named(partners: ExitStack) -> None:
    """A server may negotiate the newest version and take old ones all the same."""
    seen, _ = look(partners, "old-tls")
    assert (seen.version, seen.old) == ("TLSv1.3", ("TLS 1.0", "TLS 1.1"))


def test_without_a_version_in_common_there_is_no_certificate(partners: ExitStack) -> None:
    """A server that has old versions alone is told as such, and by which it takes."""
    seen, _ = look(partners, "only-old-tls")
    assert (seen.version, seen.certificate, seen.chain) == ("", None, TlsProblem.PROTOCOL)
    assert seen.old == ("TLS 1.0", "TLS 1.1")
    assert "protocol version" in seen.detail


def test_what_speaks_no_tls_is_told(raw_server: Serve) -> None:
    """Plain HTTP on the port of an https URL; nothing is tried where the URL is plain http."""
    server = raw_server(lambda _, connection: connection.sendall(OK))
    plain = origin(server.url)
    assert probe_tls(plain, Authorities(), NOW) == TlsHandshake(plain, "2026-05-04T03:02:01Z")
    seen = probe_tls(plain.replace("http:", "https:"), Authorities(), NOW)
    assert (seen.chain, seen.certificate, seen.version) == (TlsProblem.NOT_TLS, None, "")
    assert b"POST" not in server.seen


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
    partners: ExitStack, post: Post, name: str, problem: TlsProblem | None
) -> None:
    """The transport tells with a TLS error what is wrong, and nothing without one."""
    partner = partners.enter_context(DemoPartner(name, tenants=DEFAULT))
    with CurlTransport(SystemClock(), Authorities(str(partner.authority))) as transport:
        exchange = send(transport, post(partner.url))
    assert exchange.tls_problem is problem
    assert (exchange.outcome is Outcome.TLS_ERROR) == (problem is not None)


def test_names_are_hosts_and_addresses() -> None:
    """Other kinds of names say nothing about a host."""
    assert names("DNS:a.example, IP Address:127.0.0.1, email:x@a.example") == (
        "a.example",
        "127.0.0.1",
    )
    assert names("") == ()
