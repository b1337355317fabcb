"""Checks of TLS handshakes: a function of the handshake with one server each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_mews.checks.phrasing import join_clauses
from pytest_mews.config.endpoint import is_loopback
from pytest_mews.model import Expectation, Finding, TlsHandshake, TlsProblem, Transcript

MIN_VALID_DAYS = 30  # our own figure: Mews names none; automatic renewal usually comes earlier

PROBLEMS: Mapping[TlsProblem, str] = {
    TlsProblem.UNKNOWN_ISSUER: (
        "no trusted authority issued the certificate, or an intermediate one is missing"
    ),
    TlsProblem.SELF_SIGNED: "the certificate is self-signed",
    TlsProblem.EXPIRED: "the certificate or one of its issuers' has expired",
    TlsProblem.NOT_YET_VALID: "the certificate is not valid yet",
    TlsProblem.HOST_MISMATCH: "the certificate is for other hosts",
    TlsProblem.PROTOCOL: "there is no common TLS version",
    TlsProblem.NOT_TLS: "what listens there does not speak TLS",
    TlsProblem.CLIENT_CERTIFICATE: "the server demands a client certificate",
    TlsProblem.OTHER: "the certificate is not accepted",
}
NO_CERTIFICATE = "no certificate was shown"


@dataclass(frozen=True)
class TlsCheck:
    """A check of the TLS handshake with each server.

    Attributes:
        expected: what the check expects, as a phrase for the report.
        holds: whether a server meets it; a pure function.
        describe: the diagnosis and the figures of one server.
        concerns: which servers it is about; by default those that showed a certificate.

    """

    expected: str
    holds: Callable[[TlsHandshake], bool]
    describe: Callable[[TlsHandshake], str]
    concerns: Callable[[TlsHandshake], bool] = lambda handshake: handshake.certificate is not None


def trusted_certificate(handshake: TlsHandshake) -> bool:
    """The certificate leads to a trusted authority, and its whole chain is valid today."""
    return handshake.chain_problem is None


def certificate_host_matches(handshake: TlsHandshake) -> bool:
    """The certificate names the host of the URL."""
    return handshake.host_problem is None


def certificate_not_expiring(handshake: TlsHandshake) -> bool:
    """The certificate is valid for 30 more days; with an unreadable date the check is not met."""
    days_left = handshake.certificate_days_left
    return days_left is not None and days_left >= MIN_VALID_DAYS


def modern_tls(handshake: TlsHandshake) -> bool:
    """TLS 1.2 or newer was negotiated."""
    return handshake.version in {"TLSv1.2", "TLSv1.3", "TLS1.2", "TLS1.3"}


def no_legacy_tls(handshake: TlsHandshake) -> bool:
    """The server accepts no version before TLS 1.2."""
    return not handshake.deprecated_versions


def https(handshake: TlsHandshake) -> bool:
    """The URL is https, or its host is this machine."""
    return _is_https(handshake) or is_loopback(handshake.origin)


def _is_https(handshake: TlsHandshake) -> bool:
    return handshake.origin.startswith("https:")


def _validity(handshake: TlsHandshake) -> str:
    days_left = handshake.certificate_days_left
    if handshake.certificate is None or days_left is None:
        return "its expiry date can't be read"
    date = handshake.certificate.not_after_utc
    if days_left < 0:
        return f"expired {date}, {-days_left:,.1f} days ago"
    return f"expires {date}, {days_left:,.1f} days left"


def _describe_certificate(handshake: TlsHandshake, problem: TlsProblem | None = None) -> str:
    diagnosis = f"{PROBLEMS[problem]}; " if problem else ""
    certificate = handshake.certificate
    if certificate is None:
        return f"{handshake.origin}: {diagnosis}{NO_CERTIFICATE}"
    names = ", ".join(certificate.names[:5])
    if len(certificate.names) > 5:  # noqa: PLR2004 - as many as are shown
        names += ", …"
    return (
        f"{handshake.origin}: {diagnosis}certificate for {names or 'no host'}, "
        f"{_validity(handshake)} (subject {certificate.subject}; issuer {certificate.issuer}; "
        f"{handshake.version or 'unknown version'})"
    )


def _describe_versions(handshake: TlsHandshake) -> str:
    negotiated = f"{handshake.version} was negotiated"
    if not handshake.version:
        negotiated = f"no version was negotiated with this client ({handshake.detail})"
    deprecated = "it accepts no older version"
    if handshake.deprecated_versions:
        deprecated = f"it also accepts {' and '.join(handshake.deprecated_versions)}"
    untested = ""
    if handshake.untested_versions:
        untested = f"{' and '.join(handshake.untested_versions)} could not be tested here"
    return f"{handshake.origin}: {join_clauses((negotiated, deprecated, untested))}"


def _describe_scheme(handshake: TlsHandshake) -> str:
    scheme = "https" if _is_https(handshake) else "plain http, readable in transit"
    return f"{handshake.origin}: {scheme}"


TLS_CHECKS: Mapping[str, TlsCheck] = {
    "trusted-certificate": TlsCheck(
        "a certificate of a trusted authority",
        trusted_certificate,
        lambda handshake: _describe_certificate(handshake, handshake.chain_problem),
    ),
    "certificate-host-matches": TlsCheck(
        "a certificate for the URL's host",
        certificate_host_matches,
        lambda handshake: _describe_certificate(handshake, handshake.host_problem),
    ),
    "certificate-not-expiring": TlsCheck(
        f"a certificate that is valid for {MIN_VALID_DAYS} more days",
        certificate_not_expiring,
        _describe_certificate,
    ),
    "modern-tls": TlsCheck("TLS 1.2 or newer", modern_tls, _describe_versions, _is_https),
    "no-legacy-tls": TlsCheck(
        "no version before TLS 1.2", no_legacy_tls, _describe_versions, _is_https
    ),
    "https": TlsCheck("https", https, _describe_scheme, lambda _: True),
}


def evaluate_tls(expectation: Expectation, transcript: Transcript) -> Finding:
    """Evaluate the handshakes of a transcript against one expectation, each server by itself."""
    check = TLS_CHECKS[expectation.check]
    relevant = [handshake for handshake in transcript.tls_handshakes if check.concerns(handshake)]
    broken = [handshake for handshake in relevant if not check.holds(handshake)]
    observed = "; ".join(map(check.describe, broken or relevant))
    if not observed:
        skipped = (
            f"{handshake.origin}: {handshake.detail or 'not https'}"
            for handshake in transcript.tls_handshakes
        )
        observed = "; ".join([NO_CERTIFICATE, *skipped])
    return Finding(
        expectation.check,
        expectation.level,
        not broken,
        check.expected,
        observed,
        len(relevant),
    )
