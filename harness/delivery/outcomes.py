"""From curl's result codes to the closed list of outcomes."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import pycurl

from pytest_mews.errors import HarnessError
from pytest_mews.model import Outcome

_CLOSED = frozenset(
    {
        pycurl.E_GOT_NOTHING,
        pycurl.E_PARTIAL_FILE,
        pycurl.E_SEND_ERROR,
        # A kept connection was closed instead of an answer. Curl would send the request again
        # unasked; it can't, since no seek callback is set: a second copy must never go unseen.
        pycurl.E_SEND_FAIL_REWIND,
    },
)
_TLS = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_ISSUER_ERROR,
        pycurl.E_SSL_INVALIDCERTSTATUS,
        pycurl.E_SSL_CERTPROBLEM,
    },
)
_NOT_HTTP = frozenset(
    {
        pycurl.E_UNSUPPORTED_PROTOCOL,  # also: the answer has no status line
        pycurl.E_FTP_WEIRD_SERVER_REPLY,  # HTTP's too, in spite of its older name
        pycurl.E_BAD_CONTENT_ENCODING,
        pycurl.E_URL_MALFORMAT,
        100,  # CURLE_TOO_LARGE, which pycurl has no name for: endless headers
    },
)

# Others may be left from an address that was tried before, such as ::1 refused.
_BROKEN = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT})


@dataclass(frozen=True)
class Ending:
    """How curl left a request: its result, and the points that were reached."""

    code: int
    message: str
    os_errno: int
    status: int | None
    connected: bool
    sent: bool
    answered: bool


def outcome_of(ending: Ending) -> Outcome:  # noqa: PLR0911 - one line per kind of ending
    """Name the outcome of a request that nothing was done to on purpose.

    Raises:
        HarnessFault: curl failed at something that no endpoint can cause.

    """
    match ending.code:
        case pycurl.E_OK:
            return Outcome.DELIVERED if _is_success(ending.status) else Outcome.ERROR_STATUS
        case pycurl.E_OPERATION_TIMEDOUT:
            return _timeout(ending)
        case pycurl.E_COULDNT_RESOLVE_HOST:
            return Outcome.NAME_NOT_RESOLVED
        case pycurl.E_COULDNT_CONNECT:
            return Outcome.CONNECTION_REFUSED
        case pycurl.E_RECV_ERROR:
            return _receive_error(ending)
        case code if code in _CLOSED:
            return Outcome.CONNECTION_RESET
        case code if code in _TLS:
            return Outcome.TLS_ERROR
        case code if code in _NOT_HTTP:
            return Outcome.PROTOCOL_ERROR
    raise HarnessError(f"curl failed by itself: {ending.message} (curl's error {ending.code})")


def _is_success(status: int | None) -> bool:
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - the class of statuses


def _timeout(ending: Ending) -> Outcome:
    if not ending.connected:
        return Outcome.TIMEOUT_CONNECT
    if ending.answered:
        return Outcome.TIMEOUT_BODY
    return Outcome.TIMEOUT_ANSWER if ending.sent else Outcome.TIMEOUT_SEND


def _receive_error(ending: Ending) -> Outcome:
    """Tell a broken connection from an answer that breaks HTTP's framing: curl does not."""
    if " alert " in ending.message:
        return Outcome.TLS_ERROR  # such as: a client certificate is required (TLS 1.3)
    if ending.os_errno in _BROKEN or "SSL" in ending.message:
        return Outcome.CONNECTION_RESET
    return Outcome.PROTOCOL_ERROR
