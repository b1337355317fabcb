"""The vocabulary of expectations of TLS: each word a function of one server's handshake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pytest_mews.config.endpoint import is_loopback
from pytest_mews.model import Expectation, Finding, TlsHandshake, TlsProblem, Transcript

LASTING_DAYS = 30  # our own figure: Mews names none; automatic renewal usually comes before that

PROBLEMS: Mapping[TlsProblem, str] = {
    TlsProblem.UNKNOWN_ISSUER: "no trusted authority issued it, or an intermediate one is missing",
    TlsProblem.SELF_SIGNED: "it is self-signed",
    TlsProblem.EXPIRED: "it, or one that it rests on, has expired",
    TlsProblem.NOT_YET_VALID: "it is not valid yet",
    TlsProblem.HOST_MISMATCH: "it is for other hosts",
    TlsProblem.PROTOCOL: "no TLS version in common",
    TlsProblem.NOT_TLS: "what listens there speaks no TLS",
    TlsProblem.OTHER: "it is refused",
}


@dataclass(frozen=True)
class TlsCheck:
    """One word: what it expects, how a server meets it, and the figures in words.

    `concerns` says which servers it is about; `says` is given those alone.
    """

    expected: str
    holds: Callable[[TlsHandshake], bool]
    says: Callable[[TlsHandshake], str]
    concerns: Callable[[TlsHandshake], bool] = lambda seen: seen.certificate is not None


def trusted_chain(seen: TlsHandshake) -> bool:
    """Hold when the certificate leads to a trusted authority, all of it valid today."""
    return seen.chain is None


def host_matches(seen: TlsHandshake) -> bool:
    """Hold when the certificate names the URL's host."""
    return seen.host is None


def lasting_certificate(seen: TlsHandshake) -> bool:
    """Hold when the certificate is valid for 30 days more; an unreadable date does not hold."""
    left = days_left(seen)
    return left is not None and left >= LASTING_DAYS


def modern_tls(seen: TlsHandshake) -> bool:
    """Hold when TLS 1.2 or newer was negotiated."""
    return seen.version in {"TLSv1.2", "TLSv1.3", "TLS1.2", "TLS1.3"}


def no_old_tls(seen: TlsHandshake) -> bool:
    """Hold when no version before TLS 1.2 is taken."""
    return not seen.old


def encrypted(seen: TlsHandshake) -> bool:
    """Hold when the URL is https, or never leaves this machine."""
    return _is_https(seen) or is_loopback(seen.origin)


def days_left(seen: TlsHandshake) -> float | None:
    """Days from the look to the certificate's end, negative after it; None where unknown."""
    if seen.certificate is None or not seen.certificate.not_after_utc:
        return None
    end = datetime.fromisoformat(seen.certificate.not_after_utc)
    return (end - datetime.fromisoformat(seen.asked_utc)).total_seconds() / 86_400


def _is_https(seen: TlsHandshake) -> bool:
    return seen.origin.startswith("https:")


def _validity(seen: TlsHandshake) -> str:
    left = days_left(seen)
    if seen.certificate is None or left is None:
        return "its end can't be read"
    when = seen.certificate.not_after_utc
    return (
        f"ends {when}, {left:,.1f} days left"
        if left >= 0
        else f"ended {when}, {-left:,.1f} days ago"
    )


def _certificate(seen: TlsHandshake, problem: TlsProblem | None = None) -> str:
    said = f"{seen.origin}: {PROBLEMS[problem]}; " if problem else f"{seen.origin}: "
    if seen.certificate is None:
        return f"{said}no certificate was shown"
    shown = seen.certificate
    names = ", ".join(shown.names[:5]) + (", …" if len(shown.names) > 5 else "")  # noqa: PLR2004
    return (
        f"{said}certificate for {names or 'no host'}, {_validity(seen)} (subject "
        f"{shown.subject}; issuer {shown.issuer}; {seen.version or 'unknown version'})"
    )


def _versions(seen: TlsHandshake) -> str:
    if not seen.version:
        negotiated = f"no version was agreed on with this client ({seen.detail})"
    else:
        negotiated = f"{seen.version} was negotiated"
    old = f"takes {' and '.join(seen.old)} too" if seen.old else "takes no older version"
    untried = f"; {' and '.join(seen.untried)} could not be tried here" if seen.untried else ""
    return f"{seen.origin}: {negotiated}; {old}{untried}"


def _clear(seen: TlsHandshake) -> str:
    return f"{seen.origin}: " + ("https" if _is_https(seen) else "plain http, readable on its way")


TLS_CHECKS: Mapping[str, TlsCheck] = {
    "trusted-certificate": TlsCheck(
        "a certificate of a trusted authority",
        trusted_chain,
        lambda seen: _certificate(seen, seen.chain),
    ),
    "certificate-host-matches": TlsCheck(
        "a certificate for the URL's host",
        host_matches,
        lambda seen: _certificate(seen, seen.host),
    ),
    "certificate-not-expiring": TlsCheck(
        f"a certificate that is valid for {LASTING_DAYS} days more",
        lasting_certificate,
        _certificate,
    ),
    "modern-tls": TlsCheck("TLS 1.2 or newer", modern_tls, _versions, _is_https),
    "no-legacy-tls": TlsCheck("no version before TLS 1.2", no_old_tls, _versions, _is_https),
    "https": TlsCheck("https", encrypted, _clear, lambda _: True),
}


def judge_tls(expectation: Expectation, transcript: Transcript) -> Finding:
    """Hold the handshakes of a transcript against one expectation, each server by itself."""
    word = TLS_CHECKS[expectation.check]
    seen = [each for each in transcript.tls_handshakes if word.concerns(each)]
    broken = [each for each in seen if not word.holds(each)]
    unseen = [f"{each.origin}: {each.detail or 'not https'}" for each in transcript.tls_handshakes]
    return Finding(
        expectation.check,
        expectation.level,
        not broken,
        word.expected,
        "; ".join(map(word.says, broken or seen))
        or "; ".join(["no certificate was shown", *unseen]),
        len(seen),
    )
