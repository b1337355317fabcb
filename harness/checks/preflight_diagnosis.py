"""What a failed preflight most likely means, and what to do: one sentence for each case."""

from __future__ import annotations

import re
from http import HTTPStatus

from pytest_mews.config.endpoint import token_in
from pytest_mews.model import Attempt, Exchange, Outcome, TlsProblem

_BY_OUTCOME = {
    Outcome.NAME_NOT_RESOLVED: "check the host's name in --mews-target",
    Outcome.CONNECTION_REFUSED: "nothing listens there: is the service running, on this port?",
    Outcome.TIMEOUT_CONNECT: "no connection came about: is a firewall in between?",
    Outcome.TIMEOUT_ANSWER: "the service takes messages and does not answer: answer first, then "
    "work",
    Outcome.PROTOCOL_ERROR: "something else than HTTP listens there: check scheme and port",
    Outcome.REDIRECT_NOT_FOLLOWABLE: "give the URL that the service redirects to",
    Outcome.CONNECTION_RESET: "the service or a proxy closed the connection: check scheme and port",
}
_BY_PROBLEM = {
    TlsProblem.UNKNOWN_ISSUER: "no authority trusted here issued the certificate: serve it with "
    "its intermediate ones; if your own authority issued it, name that by SSL_CERT_FILE",
    TlsProblem.SELF_SIGNED: "the certificate is self-signed: get one from a public authority",
    TlsProblem.EXPIRED: "the certificate, or one that it rests on, has expired: renew it",
    TlsProblem.NOT_YET_VALID: "the certificate is not valid yet: check it and this clock",
    TlsProblem.HOST_MISMATCH: "the certificate is for another host: get one that names this one",
    TlsProblem.PROTOCOL: "no TLS version in common: offer TLS 1.2 or 1.3",
    TlsProblem.NOT_TLS: "what listens there speaks no TLS: check scheme and port",
    TlsProblem.OTHER: "mend the certificate",
}
_INCURABLE = {TlsProblem.PROTOCOL, TlsProblem.NOT_TLS}  # whatever certificates are accepted
_BY_STATUS = {
    HTTPStatus.NOT_FOUND: "there is nothing at this path: check it, and its trailing slash",
    HTTPStatus.METHOD_NOT_ALLOWED: "there is something at this path that takes no POST",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "the service insists on a content type: Mews promises none",
}
_LOGIN = "it leads to a login: let POST to this path through without one, Mews can't log in"
_LOGINS = re.compile(r"log-?in|sign-?in|\bsso\b|oauth|saml", re.IGNORECASE)
_HTML = "a page of HTML came: is this the URL of the webhook itself?"
_GUARDED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def diagnose(attempt: Attempt) -> str:
    """Say what the preflight's answer most likely means; empty where there is no telling."""
    last = attempt.last
    if attempt.outcome is Outcome.TLS_ERROR:
        return _tls(last)
    if attempt.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE and _leads_to_login(last):
        return _LOGIN
    if attempt.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[attempt.outcome]
    if last.status in _GUARDED:
        return _guarded(last)
    if last.status in _BY_STATUS:
        return _BY_STATUS[HTTPStatus(last.status)]
    return _HTML if _is_html(last) else ""


def _tls(exchange: Exchange) -> str:
    problem = exchange.tls_problem or TlsProblem.OTHER
    said = _BY_PROBLEM[problem]
    if exchange.tls is not None:
        shown = exchange.tls
        names = ", ".join(shown.names) or "no host"
        # curl compares the names first, and then does not look who signed.
        if problem is TlsProblem.HOST_MISMATCH and shown.subject == shown.issuer:
            said += ", and it is self-signed"
        said += f" (it is for {names}, by {shown.issuer}, until {shown.not_after_utc or 'unknown'})"
    return said if problem in _INCURABLE else f"{said}; or try once with --mews-insecure"


def _guarded(exchange: Exchange) -> str:
    if token_in(exchange.url) is None:
        return "the URL has no token: give --mews-token or MEWS_TOKEN, if the service wants one"
    return (
        "the token in the URL was refused, or the service wants a header or signature that Mews "
        "does not send"
    )


def _leads_to_login(exchange: Exchange) -> bool:
    """Tell by the address, without its query: that often names the page to come back to."""
    return any(
        _LOGINS.search(re.split(r"[?#]", value, maxsplit=1)[0])
        for name, value in exchange.response_headers
        if name.lower() == "location"
    )


def _is_html(exchange: Exchange) -> bool:
    return any(
        name.lower() == "content-type" and "html" in value.lower()
        for name, value in exchange.response_headers
    )
