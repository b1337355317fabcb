"""What TLS handshakes with one server showed: no HTTP is spoken in them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mews.model.exchange import TlsProblem, TlsSession


@dataclass(frozen=True)
class TlsHandshake:
    """One server, looked at with certificates verified whatever the run was asked to accept.

    Attributes:
        origin: scheme, host and port. With plain http nothing was tried, and the rest is empty.
        asked_utc: when it was looked at, `YYYY-MM-DDThh:mm:ssZ`.
        version: what was negotiated, such as `TLSv1.3`; empty where no handshake came about.
        certificate: the server's own; None where none was shown.
        chain: why the chain is not trusted; None where it is.
        host: why the certificate is not for this host; None where it is.
        old: versions before TLS 1.2 that the server still takes.
        untried: such versions that the library at hand can't offer.
        detail: in words, why no handshake came about.

    """

    origin: str
    asked_utc: str
    version: str = ""
    certificate: TlsSession | None = None
    chain: TlsProblem | None = None
    host: TlsProblem | None = None
    old: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()
    detail: str = ""
