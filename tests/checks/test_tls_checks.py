"""The TLS checks, with scripted handshakes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import evaluate
from pytest_mews.model import (
    Certificate,
    Expectation,
    Finding,
    Level,
    TlsHandshake,
    TlsProblem,
    Transcript,
)

SESSION = Certificate(
    "CN = partner", "CN = authority", "2026-06-30T00:00:00Z", ("partner.example",)
)
GOOD = TlsHandshake("https://partner.example:443", "2026-05-01T00:00:00Z", "TLSv1.3", SESSION)
WITHOUT_CERTIFICATE = TlsHandshake(
    GOOD.origin, GOOD.checked_utc, chain_problem=TlsProblem.PROTOCOL, detail="no version"
)


def evaluate_tls(check: str, *handshake: TlsHandshake) -> Finding:
    """Evaluate handshakes with one check."""
    return evaluate(Expectation(check, Level.SHOULD), Transcript((), handshake))


def expiring(date: str) -> TlsHandshake:
    """Script a certificate that expires on a date."""
    return replace(GOOD, certificate=replace(SESSION, not_after_utc=date))


@pytest.mark.parametrize(
    ("check", "handshake", "text"),
    [
        ("trusted-certificate", replace(GOOD, chain_problem=TlsProblem.SELF_SIGNED), "self-signed"),
        (
            "certificate-host-matches",
            replace(GOOD, host_problem=TlsProblem.HOST_MISMATCH),
            "other hosts",
        ),
        ("certificate-not-expiring", expiring("2026-05-30T23:00:00Z"), "30.0 days left"),
        ("certificate-not-expiring", expiring("2026-04-29T00:00:00Z"), "2.0 days ago"),
        ("certificate-not-expiring", expiring(""), "can't be read"),
        ("modern-tls", replace(GOOD, version="TLSv1.1"), "TLSv1.1 was negotiated"),
        ("modern-tls", WITHOUT_CERTIFICATE, "no version"),
        ("no-legacy-tls", replace(GOOD, deprecated_versions=("TLS 1.0",)), "also accepts TLS 1.0"),
        ("https", TlsHandshake("http://partner.example:80", GOOD.checked_utc), "plain http"),
    ],
)
def test_the_observation_names_the_problem(check: str, handshake: TlsHandshake, text: str) -> None:
    """A sound server meets the check, this one doesn't, and the observation names it."""
    assert evaluate_tls(check, GOOD).met
    finding = evaluate_tls(check, GOOD, handshake)
    assert not finding.met
    assert text in finding.observed
    assert handshake.origin in finding.observed


def test_the_observation_of_a_sound_server_has_figures() -> None:
    """It has names, expiry, days left, subject, issuer and version."""
    observed = evaluate_tls("certificate-not-expiring", GOOD).observed
    figures = ("partner.example", "2026-06-30", "60.0 days left", "CN = partner", "CN = authority")
    assert all(figure in observed for figure in (*figures, "TLSv1.3"))


def test_thirty_days_left_are_enough() -> None:
    """The bound itself meets the check."""
    assert evaluate_tls("certificate-not-expiring", expiring("2026-05-31T00:00:00Z")).met


@pytest.mark.parametrize(
    "check", ["trusted-certificate", "certificate-host-matches", "certificate-not-expiring"]
)
def test_nothing_is_evaluated_without_a_certificate(check: str) -> None:
    """Neither plain http nor a failed handshake shows a certificate."""
    finding = evaluate_tls(check, WITHOUT_CERTIFICATE)
    assert (finding.subject_count, finding.met) == (0, True)
    assert "no certificate was shown" in finding.observed
    assert "no version" in finding.observed


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "partner.localhost"])
def test_plain_http_to_the_loopback(host: str) -> None:
    """Nobody else can read plain http within this machine."""
    assert evaluate_tls("https", TlsHandshake(f"http://{host}:80", GOOD.checked_utc)).met


def test_untested_versions() -> None:
    """A TLS library without old versions can't show that the server refuses them."""
    observed = evaluate_tls("no-legacy-tls", replace(GOOD, untested_versions=("TLS 1.0",))).observed
    assert "TLS 1.0 could not be tested here" in observed
