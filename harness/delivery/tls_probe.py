"""Looks at a server's TLS by libcurl's handshakes alone, so that trust is what a delivery's is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import pycurl

from pytest_mews.delivery.curl_options import Authorities, verify
from pytest_mews.delivery.tls_certificate import tls_of
from pytest_mews.delivery.tls_errors import problem_of
from pytest_mews.model import TlsHandshake, TlsProblem, TlsSession

TIMEOUT_S = 5.0  # for each handshake
OLD = {
    "TLS 1.0": (pycurl.SSLVERSION_TLSv1_0, pycurl.SSLVERSION_MAX_TLSv1_0),
    "TLS 1.1": (pycurl.SSLVERSION_TLSv1_1, pycurl.SSLVERSION_MAX_TLSv1_1),
}

# OpenSSL offers old versions only where weak ciphers and signatures are allowed.
_WEAK = "ALL:@SECLEVEL=0"
_NEGOTIATED = re.compile(rb"SSL connection using (\S+)")
_CANT_OFFER = ("no protocols available", "no ciphers available")
_NOT_OURS = frozenset({pycurl.E_NOT_BUILT_IN, pycurl.E_SSL_CIPHER, pycurl.E_BAD_FUNCTION_ARGUMENT})


def probe_tls(origin: str, authorities: Authorities, asked: datetime) -> TlsHandshake:
    """Shake hands with a server several times, each time asking one thing.

    Args:
        origin: scheme, host and port; nothing is done where it is no https.
        authorities: whose certificates are trusted.
        asked: the time of asking, for the evidence.

    """
    seen = TlsHandshake(origin, asked.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z")
    if not origin.startswith("https:"):
        return seen
    chain = _try(origin, authorities, chain=True)
    host = _try(origin, authorities, host=True)
    old = {name: _try(origin, authorities, version=name) for name in OLD}
    return TlsHandshake(
        origin=seen.origin,
        asked_utc=seen.asked_utc,
        version=chain.version if chain.certificate else "",
        certificate=chain.certificate,
        chain=chain.problem,
        host=host.problem,
        old=tuple(name for name, tried in old.items() if not tried.message),
        untried=tuple(name for name, tried in old.items() if tried.is_ours),
        detail="" if chain.certificate else chain.message,
    )


@dataclass(frozen=True)
class _Tried:
    """How one handshake ended; `message` is empty where it came about."""

    message: str
    problem: TlsProblem | None
    certificate: TlsSession | None
    version: str
    is_ours: bool


def _try(
    origin: str,
    authorities: Authorities,
    *,
    chain: bool = False,
    host: bool = False,
    version: str = "",
) -> _Tried:
    """Connect, shake hands, and leave without a word of HTTP."""
    said: list[bytes] = []
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"{origin}/")
    curl.setopt(pycurl.CONNECT_ONLY, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.TIMEOUT_MS, round(TIMEOUT_S * 1000))
    curl.setopt(pycurl.VERBOSE, 1)  # libcurl tells the negotiated version in its notes alone
    curl.setopt(pycurl.DEBUGFUNCTION, lambda kind, note: said.append(note) if kind == 0 else None)
    verify(curl, authorities, chain=chain, host=host)
    code, message = 0, ""
    try:
        if version:
            least, most = OLD[version]
            curl.setopt(pycurl.SSLVERSION, least | most)
            curl.setopt(pycurl.SSL_CIPHER_LIST, _WEAK)
        curl.perform()
    except pycurl.error as error:
        code, message = error.args
    negotiated = _NEGOTIATED.search(b"".join(said))
    tried = _Tried(
        message=message,
        problem=problem_of(curl, code, message) if code else None,
        certificate=tls_of(curl),
        version=negotiated[1].decode() if negotiated else "",
        is_ours=code in _NOT_OURS or any(words in message for words in _CANT_OFFER),
    )
    curl.close()
    return tried
