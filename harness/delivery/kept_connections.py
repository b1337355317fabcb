"""Decides which connections may be used again."""

from __future__ import annotations

from pytest_mews.delivery.transport import Request
from pytest_mews.model import Exchange, Fault, Outcome, TransferMode


def keeps_connection(request: Request) -> bool:
    """Return whether curl may keep the connection of a request, if the response allows it."""
    is_plain = request.transfer_mode is TransferMode.PLAIN and request.fault is Fault.NONE
    return is_plain and not request.fresh_connection


def leaves_unfit_connection(request: Request, exchange: Exchange) -> bool:
    """Return whether curl may have kept a connection that is not fit for another request.

    A service has certainly read the whole message only if it answered 2xx, and not before the
    message's end. What it left unread is on the connection, and would be taken for the next
    message, which would fail for no fault of its own.
    """
    is_early = (
        exchange.first_byte_ms is not None
        and exchange.sent_ms is not None
        and exchange.first_byte_ms < exchange.sent_ms
    )
    is_fit = exchange.outcome is Outcome.DELIVERED and not is_early
    return not is_fit and keeps_connection(request)
