"""Each expectation of TLS, held against handshakes that are written down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import judge
from pytest_mews.model import (
    Expectation,
    Finding,
    Level,
    TlsHandshake,
    TlsProblem,
    TlsSession,
    Transcript,
)

SESSION = TlsSession("CN = partner", "CN = authority", "2026-06-30T00:00:00Z", ("partner.example",))
GOOD = TlsHandshake("https://partner.example:443", "2026-05-01T00:00:00Z", "TLSv1.3", SESSION)
NONE_SHOWN = TlsHandshake(
    GOOD.origin, GOOD.asked_utc, chain=TlsProblem.PROTOCOL, detail="no version"
)


def find(word: str, *seen: TlsHandshake) -> Finding:
    """Judge one word."""
    return judge(Expectation(word, Level.SHOULD), Transcript((), seen))


def ending(date: str) -> TlsHandshake:
    """Let the certificate end on a date."""
    return replace(GOOD, certificate=replace(SESSION, not_after_utc=date))


@pytest.mark.parametrize(
    ("word", "seen", "said"),
    [
        ("trusted-certificate", replace(GOOD, chain=TlsProblem.SELF_SIGNED), "self-signed"),
        ("certificate-host-matches", replace(GOOD, host=TlsProblem.HOST_MISMATCH), "other hosts"),
        ("certificate-not-expiring", ending("2026-05-30T23:00:00Z"), "30.0 days left"),
        ("certificate-not-expiring", ending("2026-04-29T00:00:00Z"), "2.0 days ago"),
        ("certificate-not-expiring", ending(""), "can't be read"),
        ("modern-tls", replace(GOOD, version="TLSv1.1"), "TLSv1.1 was negotiated"),
        ("modern-tls", NONE_SHOWN, "no version"),
        ("no-legacy-tls", replace(GOOD, old=("TLS 1.0",)), "takes TLS 1.0 too"),
        ("https", TlsHandshake("http://partner.example:80", GOOD.asked_utc), "plain http"),
    ],
)
def test_what_is_wrong_is_said(word: str, seen: TlsHandshake, said: str) -> None:
    """A sound server holds, this one does not, and the finding names it with its figures."""
    assert find(word, GOOD).met
    finding = find(word, GOOD, seen)
    assert not finding.met
    assert said in finding.observed
    assert seen.origin in finding.observed


def test_the_figures_are_told_of_a_sound_server_too() -> None:
    """Names, end, days left, subject, issuer and version."""
    observed = find("certificate-not-expiring", GOOD).observed
    figures = ("partner.example", "2026-06-30", "60.0 days left", "CN = partner", "CN = authority")
    assert all(figure in observed for figure in (*figures, "TLSv1.3"))


def test_thirty_days_are_enough() -> None:
    """The bound itself holds."""
    assert find("certificate-not-expiring", ending("2026-05-31T00:00:00Z")).met


@pytest.mark.parametrize(
    "word", ["trusted-certificate", "certificate-host-matches", "certificate-not-expiring"]
)
def test_without_a_certificate_nothing_is_judged(word: str) -> None:
    """Neither plain http nor a failed handshake shows a certificate to judge."""
    finding = find(word, NONE_SHOWN)
    assert (finding.judged, finding.met) == (0, True)
    assert "no certificate was shown" in finding.observed
    assert "no version" in finding.observed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "partner.localhost"])
def test_the_loopback_is_no_network(host: str) -> None:
    """Plain http to this very machine is nobody's to read."""
    assert find("https", TlsHandshake(f"http://{host}:80", GOOD.asked_utc)).met


def test_versions_that_could_not_be_tried_are_told() -> None:
    """A library without old versions can't say that the server refuses them."""
    observed = find("no-legacy-tls", replace(GOOD, untried=("TLS 1.0",))).observed
    assert "TLS 1.0 could not be tried here" in observed
