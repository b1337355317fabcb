"""The result of probing the TLS of one server, without any HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pytest_mews.model.exchange import Certificate, TlsProblem


@dataclass(frozen=True)
class TlsHandshake:
    """TLS handshakes with one server, which verify the certificate even with --mews-insecure.

    Attributes:
        origin: scheme, host and port. With plain http there is no handshake: all else is empty.
        checked_utc: when the harness probed the server, `YYYY-MM-DDThh:mm:ssZ`.
        version: the negotiated version, such as `TLSv1.3`; empty if no handshake succeeded.
        certificate: the certificate of the server; None if it showed none.
        chain_problem: why the chain is not trusted; None if it is.
        host_problem: why the certificate is not valid for this host; None if it is.
        deprecated_versions: versions before TLS 1.2 that the server accepts.
        untested_versions: versions before TLS 1.2 that the TLS library here can't offer.
        detail: why no handshake succeeded, as a sentence.

    """

    origin: str
    checked_utc: str
    version: str = ""
    certificate: Certificate | None = None
    chain_problem: TlsProblem | None = None
    host_problem: TlsProblem | None = None
    deprecated_versions: tuple[str, ...] = ()
    untested_versions: tuple[str, ...] = ()
    detail: str = ""

    @property
    def certificate_days_left(self) -> float | None:
        """Days from the handshake to the certificate's expiry, negative after it.

        None if there is no certificate or its date can't be read.
        """
        if self.certificate is None or not self.certificate.not_after_utc:
            return None
        expiry = datetime.fromisoformat(self.certificate.not_after_utc)
        checked = datetime.fromisoformat(self.checked_utc)
        return (expiry - checked).total_seconds() / 86_400
