"""The demo partner's TLS: a server certificate, and the authority that its clients trust.

`trustme` creates a new certificate authority for each partner. It is imported only for a partner
that serves https.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_mews.demo.partner_server import HOST

if TYPE_CHECKING:
    import trustme

CreateContext = Callable[["trustme.CA"], ssl.SSLContext]
"""Creates a server's TLS context, with a certificate of an authority that the run trusts."""


@dataclass(frozen=True)
class TlsIdentity:
    """The server's TLS context, and the certificate authority (PEM) that its clients trust."""

    context: ssl.SSLContext
    authority: bytes


def over_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Serves https with a certificate of an authority that the run trusts."""
    return server_context(authority.issue_cert(HOST))


def tls_identity(create_context: CreateContext) -> TlsIdentity:
    """Create the TLS identity of a demo partner."""
    import trustme  # noqa: PLC0415 - it imports `cryptography`; most partners need neither

    authority = trustme.CA()
    return TlsIdentity(create_context(authority), authority.cert_pem.bytes())


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """Return the TLS context of a server with a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
