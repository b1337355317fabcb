"""Reads the server certificate that a curl handle received."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import pycurl

from pytest_mews.model import Certificate


def read_certificate(curl: pycurl.Curl) -> Certificate | None:
    """Read the server's own certificate from a handle with OPT_CERTINFO, trusted or not.

    Returns:
        None where this request received no certificate: plain http, or a kept connection.

    """
    chain = curl.getinfo_raw(pycurl.INFO_CERTINFO)
    if not chain:
        return None
    fields = {name.decode(): value.decode("utf-8", "replace") for name, value in chain[0]}
    return Certificate(
        subject=fields.get("Subject", ""),
        issuer=fields.get("Issuer", ""),
        not_after_utc=parse_openssl_time(fields.get("Expire date", "")),
        names=parse_subject_alt_names(fields.get("X509v3 Subject Alternative Name", "")),
    )


def parse_subject_alt_names(extension: str) -> tuple[str, ...]:
    """Return the hosts in OpenSSL's `DNS:partner.example, IP Address:127.0.0.1`."""
    pairs = (part.strip().partition(":") for part in extension.split(","))
    return tuple(value for kind, _, value in pairs if kind in {"DNS", "IP Address"})


def parse_openssl_time(openssl_time: str) -> str:
    """Return OpenSSL's `Jan  1 00:00:00 3000 GMT` as `3000-01-01T00:00:00Z`; "" if invalid."""
    try:
        moment = datetime.fromtimestamp(ssl.cert_time_to_seconds(openssl_time), UTC)
    except ValueError:
        return ""
    return moment.isoformat().replace("+00:00", "Z")
