"""Classifies curl's TLS errors as one of the known TLS problems."""

from __future__ import annotations

import pycurl

from pytest_mews.model import TlsProblem

# OpenSSL's X509_V_ERR_…: the numbers are the same in every release, the messages are not.
_BY_VERIFY_RESULT = {
    2: TlsProblem.UNKNOWN_ISSUER,
    9: TlsProblem.NOT_YET_VALID,
    10: TlsProblem.EXPIRED,
    18: TlsProblem.SELF_SIGNED,
    19: TlsProblem.UNKNOWN_ISSUER,  # the server sent an untrusted root in its chain
    20: TlsProblem.UNKNOWN_ISSUER,
    21: TlsProblem.UNKNOWN_ISSUER,
}
_BY_PHRASE = {
    "subject name": TlsProblem.HOST_MISMATCH,  # curl compares the names itself
    "common name": TlsProblem.HOST_MISMATCH,
    "protocol version": TlsProblem.PROTOCOL,
    "unsupported protocol": TlsProblem.PROTOCOL,
    "certificate required": TlsProblem.CLIENT_CERTIFICATE,  # the alert of TLS 1.3
    "wrong version number": TlsProblem.NOT_TLS,
    "packet length too long": TlsProblem.NOT_TLS,
}


def classify_tls_error(curl: pycurl.Curl, code: int, message: str) -> TlsProblem:
    """Return the problem that a handle, curl's result code and its message describe."""
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        problem = _BY_VERIFY_RESULT.get(int(curl.getinfo(pycurl.SSL_VERIFYRESULT)))
        if problem is not None:
            return problem
    lowered = message.lower()
    matches = (problem for phrase, problem in _BY_PHRASE.items() if phrase in lowered)
    return next(matches, TlsProblem.OTHER)
