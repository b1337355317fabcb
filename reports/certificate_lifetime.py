"""What is left of a certificate's life."""

from __future__ import annotations

from datetime import datetime

from pytest_mews.model import TlsHandshake


def days_left(seen: TlsHandshake) -> int | None:
    """Count the whole days that a certificate was still valid; None where that is not known."""
    if seen.certificate is None or not seen.certificate.not_after_utc:
        return None
    end = datetime.fromisoformat(seen.certificate.not_after_utc)
    return (end - datetime.fromisoformat(seen.asked_utc)).days
