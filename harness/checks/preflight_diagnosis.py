"""What a failed preflight most likely means, and what to check: one clause for each case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus

from pytest_mews.checks.remedies import BLOCKING_STATUSES
from pytest_mews.model import Attempt, Exchange, Outcome, TlsProblem

_BY_OUTCOME: Mapping[Outcome, str] = {
    Outcome.NAME_NOT_RESOLVED: "check the host name in --mews-target",
    Outcome.CONNECTION_REFUSED: "nothing listens there; is the service running, on this port?",
    Outcome.TIMEOUT_CONNECT: "is the host up, and does a firewall block the connection?",
    Outcome.TIMEOUT_ANSWER: (
        "the service receives the message but does not answer in time; answer first, then process"
    ),
    Outcome.PROTOCOL_ERROR: "what listens there does not speak HTTP; check scheme and port",
    Outcome.REDIRECT_NOT_FOLLOWABLE: "use the URL that the service redirects to",
    Outcome.CONNECTION_RESET: (
        "the service or a proxy closed the connection; check scheme and port"
    ),
}
_BY_TLS_PROBLEM: Mapping[TlsProblem, str] = {
    TlsProblem.UNKNOWN_ISSUER: (
        "no authority that is trusted here issued the certificate; serve it with its intermediate "
        "certificates, or name your own authority with SSL_CERT_FILE"
    ),
    TlsProblem.SELF_SIGNED: "the certificate is self-signed; get one from a public authority",
    TlsProblem.EXPIRED: "the certificate or one of its issuers' has expired; renew it",
    TlsProblem.NOT_YET_VALID: "the certificate is not valid yet; check it and this machine's clock",
    TlsProblem.HOST_MISMATCH: "the certificate is for another host; get one that names this host",
    TlsProblem.PROTOCOL: "there is no common TLS version; offer TLS 1.2 or 1.3",
    TlsProblem.NOT_TLS: "what listens there does not speak TLS; check scheme and port",
    TlsProblem.CLIENT_CERTIFICATE: (
        "the server asks for a client certificate, which Mews does not have; let this path through "
        "without one"
    ),
    TlsProblem.OTHER: "the certificate is not accepted; replace it",
}
# Accepting every certificate does not help against these, and the certificate is not at fault.
_NOT_THE_CERTIFICATE = {
    TlsProblem.PROTOCOL,
    TlsProblem.NOT_TLS,
    TlsProblem.CLIENT_CERTIFICATE,
}
_NO_RESPONSE_BEHIND = (
    "a proxy or load balancer got no valid response from the service behind it; its log says why"
)
_BY_STATUS: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "nothing is at this path; check it, and its trailing slash",
    HTTPStatus.METHOD_NOT_ALLOWED: "something is at this path, but it takes no POST",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "the service insists on a content type, and Mews promises none"
    ),
    HTTPStatus.BAD_GATEWAY: _NO_RESPONSE_BEHIND,
    HTTPStatus.GATEWAY_TIMEOUT: _NO_RESPONSE_BEHIND,
}
_LOGIN = "it leads to a login; let POST to this path through without one, since Mews can't log in"
_LOGIN_ADDRESS = re.compile(r"log-?in|sign-?in|\bsso\b|oauth|saml", re.IGNORECASE)
_HTML = "the response is an HTML page; is this the URL of the webhook itself?"
_BLOCKED_BY_PAGE = (
    "an HTML page came with it, as firewalls, proxies and the CSRF protection of frameworks send; "
    "let POST to this path through"
)
_REFUSED = "the service refuses a valid message"
_REFUSING = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_NOT_AUTHORIZED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_NO_CREDENTIALS = (
    "the harness knows no token in the URL; if the service expects one, give --mews-token or "
    "MEWS_TOKEN, and --mews-token-name if its name is not Token"
)
_REFUSED_CREDENTIALS = (
    "the service refused the token in the URL, or it expects a header or signature that Mews does "
    "not send"
)


def diagnose_preflight(attempt: Attempt) -> str:
    """Return what the preflight's response most likely means; empty where nothing suggests it.

    A successful response has a diagnosis too if it is an HTML page.
    """
    final = attempt.final_exchange
    if attempt.outcome is Outcome.TLS_ERROR:
        return _tls(final)
    if attempt.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE and _leads_to_login(final):
        return _LOGIN
    if attempt.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[attempt.outcome]
    return _by_status(final, has_credentials=attempt.has_credentials)


def _by_status(exchange: Exchange, *, has_credentials: bool) -> str:
    status = exchange.status
    if status in BLOCKING_STATUSES and exchange.has_html_page:
        return _BLOCKED_BY_PAGE
    if status in _NOT_AUTHORIZED:
        return _REFUSED_CREDENTIALS if has_credentials else _NO_CREDENTIALS
    if status is not None and status in _BY_STATUS:
        return _BY_STATUS[status]
    if exchange.has_html_page:
        return _HTML
    return _REFUSED if status in _REFUSING else ""


def _tls(exchange: Exchange) -> str:
    problem = exchange.tls_problem or TlsProblem.OTHER
    diagnosis = _BY_TLS_PROBLEM[problem]
    if problem in _NOT_THE_CERTIFICATE:
        return diagnosis
    if exchange.certificate is not None:
        certificate = exchange.certificate
        names = ", ".join(certificate.names) or "no host"
        # curl compares the names first, and does not check the issuer if they differ.
        if problem is TlsProblem.HOST_MISMATCH and certificate.subject == certificate.issuer:
            diagnosis += ", and it is self-signed"
        diagnosis += (
            f" (it is for {names}, by {certificate.issuer}, "
            f"until {certificate.not_after_utc or 'unknown'})"
        )
    return f"{diagnosis}; or try once with --mews-insecure"


def _leads_to_login(exchange: Exchange) -> bool:
    """Return whether the Location, without its query, is that of a login page.

    The query often names the page to return to.
    """
    return any(
        _LOGIN_ADDRESS.search(re.split(r"[?#]", value, maxsplit=1)[0])
        for name, value in exchange.response_headers
        if name.lower() == "location"
    )
