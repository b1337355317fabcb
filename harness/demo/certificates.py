"""How the embedded partner speaks TLS: soundly, or with one flaw.

`trustme` makes an authority and its certificates anew for each partner; it is imported only where
a partner speaks TLS.
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

ELSEWHERE = "elsewhere.example"
SOON, PAST, AGE = timedelta(days=10), timedelta(days=-1), timedelta(days=60)


@dataclass(frozen=True)
class Identity:
    """What a partner shows and speaks, and the authority (PEM) that its clients are to trust."""

    context: ssl.SSLContext
    authority: bytes


def over_tls(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate of an authority that the run trusts."""
    return _serving(trusted.issue_cert(HOST))


def certificate_expires_soon(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate that expires in 10 days."""
    return _serving(_until(trusted, SOON))


def certificate_expired(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate that expired yesterday."""
    return _serving(_until(trusted, PAST))


def wrong_host_certificate(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate for another host."""
    return _serving(trusted.issue_cert(ELSEWHERE))


def unknown_issuer(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate of an authority that nobody trusts."""
    return _serving(type(trusted)().issue_cert(HOST))


def self_signed(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate that it signed itself, and that names no host."""
    own = type(trusted)()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


def old_tls(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https, and takes TLS 1.0 and 1.1 beside the newer versions."""
    context = over_tls(trusted)
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL 3 allows old versions at no other level
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


def only_old_tls(trusted: trustme.CA) -> ssl.SSLContext:
    """Serves https by TLS 1.0 and 1.1 alone."""
    context = old_tls(trusted)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def identity_of(name: str) -> Identity | None:
    """Make the identity of a partner; None for one that serves plain http."""
    if name not in _MAKERS:
        return None
    import trustme  # noqa: PLC0415 - with `cryptography` below it; most partners need neither

    trusted = trustme.CA()
    return Identity(_MAKERS[name](trusted), trusted.cert_pem.bytes())


def _until(trusted: trustme.CA, left: timedelta) -> trustme.LeafCert:
    now = datetime.now(UTC)
    return trusted.issue_cert(HOST, not_before=now - AGE, not_after=now + left)


def _serving(issued: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
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
# Flaws in something else, which show under https alone: their TLS is sound.
UNDER_TLS = ("redirects-to-http",)
_MAKERS: Mapping[str, Callable[[trustme.CA], ssl.SSLContext]] = {
    make.__name__.replace("_", "-"): make for make in (*TLS_VARIANTS, *TLS_FLAWS)
} | dict.fromkeys(UNDER_TLS, over_tls)
