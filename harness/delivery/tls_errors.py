"""From curl's errors about TLS to the closed list of what is wrong."""

from __future__ import annotations

import pycurl

from pytest_mews.model import TlsProblem

# OpenSSL's X509_V_ERR_…: the same numbers in every release, unlike the words.
_BY_RESULT = {
    2: TlsProblem.UNKNOWN_ISSUER,
    9: TlsProblem.NOT_YET_VALID,
    10: TlsProblem.EXPIRED,
    18: TlsProblem.SELF_SIGNED,
    19: TlsProblem.UNKNOWN_ISSUER,  # a root that nobody trusts was sent along
    20: TlsProblem.UNKNOWN_ISSUER,
    21: TlsProblem.UNKNOWN_ISSUER,
}
_BY_WORDS = {
    "subject name": TlsProblem.HOST_MISMATCH,  # curl compares the names itself
    "common name": TlsProblem.HOST_MISMATCH,
    "protocol version": TlsProblem.PROTOCOL,
    "unsupported protocol": TlsProblem.PROTOCOL,
    "wrong version number": TlsProblem.NOT_TLS,
    "packet length too long": TlsProblem.NOT_TLS,
}


def problem_of(curl: pycurl.Curl, code: int, message: str) -> TlsProblem:
    """Say what is wrong, from the handle, curl's result and its words."""
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        found = _BY_RESULT.get(int(curl.getinfo(pycurl.SSL_VERIFYRESULT)))
        if found is not None:
            return found
    said = message.lower()
    return next((found for words, found in _BY_WORDS.items() if words in said), TlsProblem.OTHER)
