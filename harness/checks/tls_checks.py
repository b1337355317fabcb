"""Checks of TLS handshakes: a function of the handshake with one server each."""

from __future__ import annotations

from collections.abc import Callable

from pytest_mews.checks.check import Check, register
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import join_clauses
from pytest_mews.config.endpoint import is_loopback
from pytest_mews.model import TlsHandshake, TlsProblem, Transcript
from pytest_mews.model.exchange import TLS_PROBLEMS

MIN_VALID_DAYS = 30  # our own figure: Mews names none; automatic renewal usually comes earlier

NO_CERTIFICATE = "no certificate was shown"


def _has_certificate(handshake: TlsHandshake) -> bool:
    return handshake.certificate is not None


def tls_check(
    name: str,
    expected: str,
    describe: Callable[[TlsHandshake], str],
    concerns: Callable[[TlsHandshake], bool] = _has_certificate,
) -> Callable[[Callable[[TlsHandshake], bool]], Callable[[TlsHandshake], bool]]:
    """Register a function that says of the handshake with one server whether it is as expected.

    Args:
        name: the name of the check in scenario files.
        expected: what the check expects, as a phrase for the report.
        describe: the diagnosis and the figures of one server.
        concerns: which servers it is about; by default those that showed a certificate.

    """

    def decorate(holds: Callable[[TlsHandshake], bool]) -> Callable[[TlsHandshake], bool]:
        def observe(transcript: Transcript) -> Observation:
            relevant = list(filter(concerns, transcript.tls_handshakes))
            broken = [handshake for handshake in relevant if not holds(handshake)]
            observed = "; ".join(map(describe, broken or relevant))
            if not observed:
                skipped = (
                    f"{handshake.origin}: {handshake.detail or 'not https'}"
                    for handshake in transcript.tls_handshakes
                )
                observed = "; ".join([NO_CERTIFICATE, *skipped])
            return Observation(met=not broken, observed=observed, subject_count=len(relevant))

        register(Check(name, expected, holds, observe))
        return holds

    return decorate


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
    diagnosis = f"{TLS_PROBLEMS[problem]}; " if problem else ""
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


@tls_check(
    "trusted-certificate",
    "a certificate of a trusted authority",
    lambda handshake: _describe_certificate(handshake, handshake.chain_problem),
)
def trusted_certificate(handshake: TlsHandshake) -> bool:
    """The certificate leads to a trusted authority, and its whole chain is valid today."""
    return handshake.chain_problem is None


@tls_check(
    "certificate-host-matches",
    "a certificate for the URL's host",
    lambda handshake: _describe_certificate(handshake, handshake.host_problem),
)
def certificate_host_matches(handshake: TlsHandshake) -> bool:
    """The certificate names the host of the URL."""
    return handshake.host_problem is None


@tls_check(
    "certificate-not-expiring",
    f"a certificate that is valid for {MIN_VALID_DAYS} more days",
    _describe_certificate,
)
def certificate_not_expiring(handshake: TlsHandshake) -> bool:
    """The certificate is valid for 30 more days (our own figure).

    With an unreadable date the check is not met.
    """
    days_left = handshake.certificate_days_left
    return days_left is not None and days_left >= MIN_VALID_DAYS


@tls_check("modern-tls", "TLS 1.2 or newer", _describe_versions, _is_https)
def modern_tls(handshake: TlsHandshake) -> bool:
    """TLS 1.2 or newer was negotiated."""
    return handshake.version in {"TLSv1.2", "TLSv1.3", "TLS1.2", "TLS1.3"}


@tls_check("no-legacy-tls", "no version before TLS 1.2", _describe_versions, _is_https)
def no_legacy_tls(handshake: TlsHandshake) -> bool:
    """The server accepts neither TLS 1.0 nor TLS 1.1, each offered alone."""
    return not handshake.deprecated_versions


@tls_check("https", "https", _describe_scheme, lambda _: True)
def https(handshake: TlsHandshake) -> bool:
    """The URL is https, or on the loopback interface."""
    return _is_https(handshake) or is_loopback(handshake.origin)
