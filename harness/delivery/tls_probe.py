"""Checks a server's TLS with libcurl's handshakes, so that trust is the same as in a delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import pycurl

from pytest_mews.delivery.curl_options import (
    TrustStore,
    configure_verification,
    ignore_proxy_variables,
)
from pytest_mews.delivery.tls_certificate import read_certificate
from pytest_mews.delivery.tls_errors import classify_tls_error
from pytest_mews.model import Certificate, TlsHandshake, TlsProblem

HANDSHAKE_TIMEOUT_S = 5.0
DEPRECATED_VERSIONS = {
    "TLS 1.0": (pycurl.SSLVERSION_TLSv1_0, pycurl.SSLVERSION_MAX_TLSv1_0),
    "TLS 1.1": (pycurl.SSLVERSION_TLSv1_1, pycurl.SSLVERSION_MAX_TLSv1_1),
}

# OpenSSL offers deprecated versions only where weak ciphers and signatures are allowed.
_WEAK_CIPHERS = "ALL:@SECLEVEL=0"
_NEGOTIATED_VERSION = re.compile(rb"SSL connection using (\S+)")
# How curl reports that it can't offer a version, before it sends anything.
_CANNOT_OFFER_PHRASES = ("no protocols available", "no ciphers available")
_CANNOT_OFFER_CODES = frozenset(
    {pycurl.E_NOT_BUILT_IN, pycurl.E_SSL_CIPHER, pycurl.E_BAD_FUNCTION_ARGUMENT}
)


def probe_tls(origin: str, trust_store: TrustStore, checked_at: datetime) -> TlsHandshake:
    """Make several handshakes with a server, each of which tests one property.

    Args:
        origin: scheme, host and port; with a scheme other than https nothing is tested.
        trust_store: the trusted certificate authorities.
        checked_at: the time of the check, for the evidence.

    """
    checked_utc = checked_at.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
    if not origin.startswith("https:"):
        return TlsHandshake(origin, checked_utc)
    chain = _shake_hands(origin, trust_store, chain=True)
    host = _shake_hands(origin, trust_store, host=True)
    deprecated = {
        name: _shake_hands(origin, trust_store, only_version=name) for name in DEPRECATED_VERSIONS
    }
    return TlsHandshake(
        origin=origin,
        checked_utc=checked_utc,
        version=chain.version if chain.certificate else "",
        certificate=chain.certificate,
        chain_problem=chain.problem,
        host_problem=host.problem,
        deprecated_versions=tuple(
            name for name, result in deprecated.items() if not result.message
        ),
        untested_versions=tuple(name for name, result in deprecated.items() if result.cannot_offer),
        detail="" if chain.certificate else chain.message,
    )


@dataclass(frozen=True)
class _HandshakeResult:
    """How one handshake ended.

    Attributes:
        message: curl's error message; empty if the handshake succeeded.
        problem: what is wrong; None if the handshake succeeded.
        certificate: the server's own; None if the server sent none.
        version: the negotiated TLS version; empty if none was negotiated.
        cannot_offer: whether curl can't offer the requested version.

    """

    message: str
    problem: TlsProblem | None
    certificate: Certificate | None
    version: str
    cannot_offer: bool


def _shake_hands(
    origin: str,
    trust_store: TrustStore,
    *,
    chain: bool = False,
    host: bool = False,
    only_version: str = "",
) -> _HandshakeResult:
    """Connect, make a TLS handshake, and disconnect without an HTTP request."""
    log: list[bytes] = []
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"{origin}/")
    curl.setopt(pycurl.CONNECT_ONLY, 1)
    ignore_proxy_variables(curl)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.TIMEOUT_MS, round(HANDSHAKE_TIMEOUT_S * 1000))
    curl.setopt(pycurl.VERBOSE, 1)  # libcurl reports the negotiated version only in its log
    curl.setopt(pycurl.DEBUGFUNCTION, lambda kind, line: log.append(line) if kind == 0 else None)
    configure_verification(curl, trust_store, chain=chain, host=host)
    code, message = 0, ""
    try:
        if only_version:
            minimum, maximum = DEPRECATED_VERSIONS[only_version]
            curl.setopt(pycurl.SSLVERSION, minimum | maximum)
            curl.setopt(pycurl.SSL_CIPHER_LIST, _WEAK_CIPHERS)
        curl.perform()
    except pycurl.error as error:
        code, message = error.args
    negotiated = _NEGOTIATED_VERSION.search(b"".join(log))
    result = _HandshakeResult(
        message=message,
        problem=classify_tls_error(curl, code, message) if code else None,
        certificate=read_certificate(curl),
        version=negotiated[1].decode() if negotiated else "",
        cannot_offer=code in _CANNOT_OFFER_CODES
        or any(phrase in message for phrase in _CANNOT_OFFER_PHRASES),
    )
    curl.close()
    return result
