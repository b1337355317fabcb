"""What curl knows of the certificate that it was shown."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pycurl

from pytest_mews.model import TlsSession


def tls_of(curl: pycurl.Curl) -> TlsSession | None:
    """Read the server's own certificate from a handle with OPT_CERTINFO.

    Returns:
        None where this request was shown no certificate: plain http, or a kept connection. One
        that was refused is told.

    """
    chain = curl.getinfo_raw(pycurl.INFO_CERTINFO)
    if not chain:
        return None
    facts = {name.decode(): value.decode("utf-8", "replace") for name, value in chain[0]}
    return TlsSession(
        subject=facts.get("Subject", ""),
        issuer=facts.get("Issuer", ""),
        not_after_utc=utc(facts.get("Expire date", "")),
        names=names(facts.get("X509v3 Subject Alternative Name", "")),
    )


def names(said: str) -> tuple[str, ...]:
    """List the hosts of OpenSSL's `DNS:partner.example, IP Address:127.0.0.1`."""
    pairs = (part.strip().partition(":") for part in said.split(","))
    return tuple(value for kind, _, value in pairs if kind in {"DNS", "IP Address"})


def utc(said: str) -> str:
    """Write OpenSSL's `Jan  1 00:00:00 3000 GMT` as `3000-01-01T00:00:00Z`; else empty."""
    try:
        moment = datetime.fromtimestamp(ssl.cert_time_to_seconds(said), UTC)
    except ValueError:
        return ""
    return moment.isoformat().replace("+00:00", "Z")
