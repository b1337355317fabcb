"""Decides which connections libcurl may use again."""

from __future__ import annotations

import pycurl

from pytest_mews.delivery.transport import Request
from pytest_mews.model import Exchange, Fault, Outcome, TransferMode


class ConnectionPool:
    """The kept connections that new requests may use; only curl's thread may use it.

    Whether a connection is fit for another request shows only in the response, when curl has kept
    it already, and no option takes a single connection back. So all kept connections are left
    behind with it: curl closes them once the last request that has them in its pool is freed.
    """

    def __init__(self) -> None:
        self._share = _new_share()

    @property
    def share(self) -> pycurl.CurlShare:
        """The kept connections, as curl's option SHARE."""
        return self._share

    def take_back(self, share: pycurl.CurlShare, request: Request, exchange: Exchange) -> None:
        """Leave the kept connections behind if that of a finished request is not fit for another.

        Args:
            share: the connections that the request could use when it started.
            request: the request.
            exchange: how it ended.

        """
        if share is self._share and keeps_connection(request) and not _is_fit(exchange):
            self._share = _new_share()


def keeps_connection(request: Request) -> bool:
    """Return whether curl may keep the connection of a request, if the response allows it."""
    is_plain = request.transfer_mode is TransferMode.PLAIN and request.fault is Fault.NONE
    return is_plain and not request.fresh_connection


def _is_fit(exchange: Exchange) -> bool:
    """Return whether a service has certainly read the whole message.

    It may have left a body unread that it refused, or that it answered before its end. What is left
    on the connection would be taken for the next message, which would fail for no fault of its own.
    """
    is_early = (
        exchange.first_byte_ms is not None
        and exchange.sent_ms is not None
        and exchange.first_byte_ms < exchange.sent_ms
    )
    return exchange.outcome is Outcome.DELIVERED and not is_early


def _new_share() -> pycurl.CurlShare:
    share = pycurl.CurlShare()
    share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_CONNECT)
    return share
