"""Flaws in certificates and in the versions of TLS."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_mews.demo.certificates import over_tls, server_context
from pytest_mews.demo.partner_server import HOST

if TYPE_CHECKING:
    import trustme

OTHER_HOST = "elsewhere.example"
EXPIRES_SOON, EXPIRED = timedelta(days=10), timedelta(days=-1)  # relative to now
CERTIFICATE_AGE = timedelta(days=60)


def certificate_expires_soon(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate that expires in 10 days."""
    return server_context(_certificate(authority, EXPIRES_SOON))


def certificate_expired(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate that expired yesterday."""
    return server_context(_certificate(authority, EXPIRED))


def wrong_host_certificate(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate for another host."""
    return server_context(authority.issue_cert(OTHER_HOST))


def unknown_issuer(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate of an authority that nobody trusts."""
    return server_context(type(authority)().issue_cert(HOST))


def self_signed(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a self-signed certificate that names no host."""
    issuer = type(authority)()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with issuer.cert_pem.tempfile() as certificate, issuer.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


def old_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https and accepts TLS 1.0 and 1.1 as well as newer versions."""
    context = over_tls(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL 3 allows old versions at no other level
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


def only_old_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https and accepts TLS 1.0 and 1.1 only."""
    context = old_tls(authority)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _certificate(authority: trustme.CA, expires_in: timedelta) -> trustme.LeafCert:
    now = datetime.now(UTC)
    return authority.issue_cert(HOST, not_before=now - CERTIFICATE_AGE, not_after=now + expires_in)


TLS_FLAWS = (
    certificate_expires_soon,
    certificate_expired,
    wrong_host_certificate,
    unknown_issuer,
    self_signed,
    old_tls,
    only_old_tls,
)
