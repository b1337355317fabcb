"""Classifies curl's result codes as outcomes."""

from __future__ import annotations

import errno
from typing import NamedTuple

import pycurl

from pytest_mews.errors import HarnessError
from pytest_mews.model import Outcome

_CONNECTION_CLOSED_CODES = frozenset(
    {
        pycurl.E_GOT_NOTHING,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_SEND_ERROR,
        # The server closed a kept connection instead of responding. Curl would silently send the
        # request again, but can't, since no seek callback is set: no second copy goes unrecorded.
        pycurl.E_SEND_FAIL_REWIND,
    },
)
_TLS_CODES = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_SSL_CERTPROBLEM,
    },
)
_NOT_HTTP_CODES = frozenset(
    {
        pycurl.E_UNSUPPORTED_PROTOCOL,  # also: the response has no status line
        pycurl.E_FTP_WEIRD_SERVER_REPLY,  # for HTTP too, despite its name
        pycurl.E_BAD_CONTENT_ENCODING,
        pycurl.E_URL_MALFORMAT,
        100,  # CURLE_TOO_LARGE, which pycurl has no name for: endless headers
    },
)

# Other error numbers may stem from an address that curl tried before, such as ::1 refused.
_BROKEN_CONNECTION_ERRNOS = frozenset(
    {errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT}
)


class CurlError(NamedTuple):
    """How curl ended a request that failed.

    Attributes:
        code: curl's result code, `E_…`, not `E_OK`.
        message: curl's error message.
        os_errno: the last error number of the system that curl noted.
        connected: whether the connection was established, including TLS.
        sent: whether the request was sent completely.
        responded: whether the first byte of a response came.

    """

    code: int
    message: str
    os_errno: int
    connected: bool
    sent: bool
    responded: bool


def classify_status(status: int | None) -> Outcome:
    """Return the outcome of a request that curl completed.

    Args:
        status: the status of the response; None if curl accepted a status line with fewer than
            three digits.

    """
    if status is None:
        return Outcome.PROTOCOL_ERROR
    return Outcome.DELIVERED if 200 <= status < 300 else Outcome.ERROR_STATUS  # noqa: PLR2004 - 2xx


def classify_error(error: CurlError) -> Outcome:  # noqa: PLR0911 - one line per result
    """Return the outcome of a request that failed without an injected fault.

    Raises:
        HarnessError: curl failed at something that no endpoint can cause.

    """
    match error.code:
        case pycurl.E_OPERATION_TIMEDOUT:
            return _classify_timeout(error)
        case pycurl.E_COULDNT_RESOLVE_HOST:
            return Outcome.NAME_NOT_RESOLVED
        case pycurl.E_COULDNT_CONNECT:
            return Outcome.CONNECTION_REFUSED
        case pycurl.E_RECV_ERROR:
            return _classify_receive_error(error)
        case code if code in _CONNECTION_CLOSED_CODES:
            return Outcome.CONNECTION_RESET
        case code if code in _TLS_CODES:
            return Outcome.TLS_ERROR
        case code if code in _NOT_HTTP_CODES:
            return Outcome.PROTOCOL_ERROR
    raise HarnessError(f"curl failed: {error.message} (curl error {error.code})")


def _classify_timeout(error: CurlError) -> Outcome:
    if not error.connected:
        return Outcome.TIMEOUT_CONNECT
    if error.responded:
        return Outcome.TIMEOUT_BODY
    return Outcome.TIMEOUT_ANSWER if error.sent else Outcome.TIMEOUT_SEND


def _classify_receive_error(error: CurlError) -> Outcome:
    """Distinguish a broken connection from a response that violates HTTP framing; curl doesn't."""
    if " alert " in error.message:
        return Outcome.TLS_ERROR  # such as: a client certificate is required (TLS 1.3)
    if error.os_errno in _BROKEN_CONNECTION_ERRNOS or "SSL" in error.message:
        return Outcome.CONNECTION_RESET
    return Outcome.PROTOCOL_ERROR
