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


class CurlResult(NamedTuple):
    """How curl ended a request.

    Attributes:
        code: curl's result code, `E_…`.
        message: curl's error message.
        os_errno: the last error number of the system that curl noted.
        status: the status of the response, if a status line came.
        connected: whether the connection was established, including TLS.
        sent: whether the request was sent completely.
        responded: whether the first byte of a response came.

    """

    code: int
    message: str
    os_errno: int
    status: int | None
    connected: bool
    sent: bool
    responded: bool


def classify_result(result: CurlResult) -> Outcome:  # noqa: PLR0911 - one line per result
    """Return the outcome of a request without an injected fault.

    Raises:
        HarnessError: curl failed at something that no endpoint can cause.

    """
    match result.code:
        case pycurl.E_OK if result.status is None:
            return Outcome.PROTOCOL_ERROR  # curl accepts a status line with fewer than three digits
        case pycurl.E_OK:
            return Outcome.DELIVERED if _is_success(result.status) else Outcome.ERROR_STATUS
        case pycurl.E_OPERATION_TIMEDOUT:
            return _classify_timeout(result)
        case pycurl.E_COULDNT_RESOLVE_HOST:
            return Outcome.NAME_NOT_RESOLVED
        case pycurl.E_COULDNT_CONNECT:
            return Outcome.CONNECTION_REFUSED
        case pycurl.E_RECV_ERROR:
            return _classify_receive_error(result)
        case code if code in _CONNECTION_CLOSED_CODES:
            return Outcome.CONNECTION_RESET
        case code if code in _TLS_CODES:
            return Outcome.TLS_ERROR
        case code if code in _NOT_HTTP_CODES:
            return Outcome.PROTOCOL_ERROR
    raise HarnessError(f"curl failed: {result.message} (curl error {result.code})")


def _is_success(status: int | None) -> bool:
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - 2xx


def _classify_timeout(result: CurlResult) -> Outcome:
    if not result.connected:
        return Outcome.TIMEOUT_CONNECT
    if result.responded:
        return Outcome.TIMEOUT_BODY
    return Outcome.TIMEOUT_ANSWER if result.sent else Outcome.TIMEOUT_SEND


def _classify_receive_error(result: CurlResult) -> Outcome:
    """Distinguish a broken connection from a response that violates HTTP framing; curl doesn't."""
    if " alert " in result.message:
        return Outcome.TLS_ERROR  # such as: a client certificate is required (TLS 1.3)
    if result.os_errno in _BROKEN_CONNECTION_ERRNOS or "SSL" in result.message:
        return Outcome.CONNECTION_RESET
    return Outcome.PROTOCOL_ERROR
