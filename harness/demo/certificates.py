"""The demo partner's TLS: a sound server certificate, and flaws in certificates and versions.

`trustme` creates a new certificate authority for each partner. It is imported only for a partner
that serves https.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_mews.demo.partner_server import HOST

if TYPE_CHECKING:
    import trustme

OTHER_HOST = "elsewhere.example"
EXPIRES_SOON, EXPIRED = timedelta(days=10), timedelta(days=-1)  # relative to now
CERTIFICATE_AGE = timedelta(days=60)


@dataclass(frozen=True)
class TlsIdentity:
    """The server's TLS context, and the certificate authority (PEM) that its clients trust."""

    context: ssl.SSLContext
    authority: bytes


def over_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate of an authority that the run trusts."""
    return _context(authority.issue_cert(HOST))


def certificate_expires_soon(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate that expires in 10 days."""
    return _context(_certificate(authority, EXPIRES_SOON))


def certificate_expired(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate that expired yesterday."""
    return _context(_certificate(authority, EXPIRED))


def wrong_host_certificate(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate for another host."""
    return _context(authority.issue_cert(OTHER_HOST))


def unknown_issuer(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate of an authority that nobody trusts."""
    return _context(type(authority)().issue_cert(HOST))


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


def tls_identity(name: str) -> TlsIdentity | None:
    """Create the TLS identity of a demo partner; None for one that serves plain http."""
    if name not in _CONTEXTS:
        return None
    import trustme  # noqa: PLC0415 - it imports `cryptography`; most partners need neither

    authority = trustme.CA()
    return TlsIdentity(_CONTEXTS[name](authority), authority.cert_pem.bytes())


def _certificate(authority: trustme.CA, expires_in: timedelta) -> trustme.LeafCert:
    now = datetime.now(UTC)
    return authority.issue_cert(HOST, not_before=now - CERTIFICATE_AGE, not_after=now + expires_in)


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


TLS_VARIANTS = (over_tls,)
TLS_FLAWS = (
    certificate_expires_soon,
    certificate_expired,
    wrong_host_certificate,
    unknown_issuer,
    self_signed,
    old_tls,
    only_old_tls,
)
# Partners with another flaw that only https can show; their TLS is sound.
OTHER_FLAWS_OVER_TLS = ("redirects-to-http",)
_CONTEXTS: Mapping[str, Callable[[trustme.CA], ssl.SSLContext]] = {
    create.__name__.replace("_", "-"): create for create in (*TLS_VARIANTS, *TLS_FLAWS)
} | dict.fromkeys(OTHER_FLAWS_OVER_TLS, over_tls)
