"""What to change: one remedy for each outcome of a valid message, and one for lost events."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from pytest_mews.model import Attempt, Outcome, TlsProblem, TransferMode

_SLOW = (
    "Store the message, answer, and process it afterwards in another thread, task or process; "
    "handle several requests at the same time."
)
_UNREACHABLE = (
    "Make sure that the service runs, listens on this port, and stays up while it receives "
    "messages: look in its log for a restart, and check firewalls."
)
_AUTHORIZATION = (
    "Let a request through that has the right secret in the query of the URL: Mews sends no other "
    "credentials, no signature and no special header. If the service expects a token, give the one "
    "it expects in the target URL or with --mews-token, and its name with --mews-token-name if "
    "that is not Token, with a capital T."
)
_LET_THROUGH = (
    "Find out what sent the page: a firewall or proxy in front of the service, or its framework's "
    "CSRF protection. Exempt POST to this path there: Mews is no browser, and can't solve a "
    "challenge or send a CSRF token."
)
_PATH = (
    "Serve POST at the path of the target URL, or correct the URL; check its trailing slash, and "
    "the prefix that a proxy adds or removes."
)
_PROXY = (
    "Look at the proxy or load balancer in front of the service: whether it reaches the service, "
    "its timeouts and its limits; then at the number of workers."
)
_CRASH = (
    "Find the error in the service's log: its handler failed on a valid message. Fix it, and "
    "answer 2xx as soon as the message is stored."
)
_CLOSED = (
    "Find out who closed the connection: the service, if its worker crashed or its body limit was "
    "exceeded (see its log), or a proxy in front of it."
)

_CLIENT_CERTIFICATE = (
    "Let requests to this path through without a client certificate, in the gateway or mesh that "
    "demands one: Mews has none."
)

_BY_STATUS: Mapping[int, str] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "Raise the limit for request bodies, in the server, in the framework and in every proxy in "
        "front of them, well above the largest batch."
    ),
    HTTPStatus.TOO_MANY_REQUESTS: (
        "Raise the limit on requests for this URL, in the service or in what stands in front of it."
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "Let the route accept POST, or correct the target URL: something else may be at this path."
    ),
    HTTPStatus.BAD_GATEWAY: _PROXY,
    HTTPStatus.SERVICE_UNAVAILABLE: _PROXY,
    HTTPStatus.GATEWAY_TIMEOUT: _PROXY,
}
_BY_OUTCOME: Mapping[Outcome, str] = {
    Outcome.TIMEOUT_CONNECT: _UNREACHABLE,
    Outcome.CONNECTION_REFUSED: _UNREACHABLE,
    Outcome.REDIRECT_NOT_FOLLOWABLE: (
        "Answer at the registered URL itself, or register the URL that the redirect leads to. Mews "
        "loses the message with a redirect that changes the method."
    ),
    Outcome.TOO_MANY_REDIRECTS: (
        "Answer at the registered URL itself, or register the URL at which the redirects end."
    ),
    Outcome.NAME_NOT_RESOLVED: "Correct the host name in the target URL, or publish it in DNS.",
    Outcome.PROTOCOL_ERROR: (
        "Correct the scheme and the port of the target URL: what listens there does not speak HTTP."
    ),
    Outcome.TLS_ERROR: (
        "Serve a certificate of a public authority, with its intermediate certificates, for the "
        "host of the target URL, over TLS 1.2 or 1.3."
    ),
}
_TIMEOUTS: Mapping[Outcome, str] = {
    Outcome.TIMEOUT_ANSWER: _SLOW,
    Outcome.TIMEOUT_BODY: "Send the whole response at once: an empty body is enough.",
    Outcome.TIMEOUT_SEND: (
        "Read the request to its end at once; look at slow proxies and at the number of workers."
    ),
}
_AFTER_SLOW_BODY = (
    "Answer as soon as the body is complete: store the message, and process it afterwards. If the "
    "service answers other messages at once, find out what waits when a body arrives slowly: the "
    "server, the framework, or a proxy in front of them."
)
# For entities that were not fetched, though the fault of their scenario affected no request.
FAULT_NOT_MET = (
    "Queue every event of a message before you answer, and fetch the entity of each. The injected "
    "fault of the API affected no request about what is missing: it did not lose these events."
)
REQUEST_REFUSED = (
    "Send the properties that the operation's page requires, with at most as many values as it "
    "allows: Mews refuses the request as it is, however often you repeat it."
)
# With an HTML page they come from what stands before the service rather than from its own check.
BLOCKING_STATUSES = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_ACCEPTABLE})
# What these outcomes mean depends on the message, unless it is the simplest one.
_PREFLIGHT_BY_STATUS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: _AUTHORIZATION,
    HTTPStatus.FORBIDDEN: _AUTHORIZATION,
    HTTPStatus.NOT_FOUND: _PATH,
    HTTPStatus.GONE: _PATH,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "Read the raw body and parse it as JSON, whatever the Content-Type is."
    ),
}


def remedy_for(attempt: Attempt, *, preflight: bool = False) -> str | None:
    """Return the remedy for a valid message that was not accepted.

    Args:
        attempt: the attempt that failed.
        preflight: whether the message is the preflight's, the simplest one. A 401, 404, 500 or
            closed connection then concerns the set-up of the endpoint; for another message it
            concerns what is special about that message, which its scenario knows.

    Returns:
        What to change; None where the outcome alone does not determine it.

    """
    status = attempt.final_exchange.status
    if attempt.final_exchange.tls_problem is TlsProblem.CLIENT_CERTIFICATE:
        return _CLIENT_CERTIFICATE
    if attempt.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[attempt.outcome]
    if attempt.outcome in _TIMEOUTS:
        return _timeout_remedy(attempt)
    if attempt.outcome is Outcome.ERROR_STATUS and status is not None and status in _BY_STATUS:
        return _BY_STATUS[status]
    return _preflight_remedy(attempt, status) if preflight else None


def _timeout_remedy(attempt: Attempt) -> str | None:
    """Return the remedy for a timeout; a chunked or slow body may be what the service waits for."""
    if attempt.transfer_mode is TransferMode.SLOW and attempt.outcome is Outcome.TIMEOUT_ANSWER:
        return _AFTER_SLOW_BODY
    unusual = attempt.transfer_mode in {TransferMode.CHUNKED, TransferMode.SLOW}
    return None if unusual else _TIMEOUTS[attempt.outcome]


def _preflight_remedy(attempt: Attempt, status: int | None) -> str | None:
    if attempt.outcome is Outcome.CONNECTION_RESET:
        return _CLOSED
    if attempt.outcome is not Outcome.ERROR_STATUS or status is None:
        return None
    if status >= 500:  # noqa: PLR2004 - HTTP's own bound
        return _CRASH
    if status in BLOCKING_STATUSES and attempt.final_exchange.has_html_page:
        return _LET_THROUGH
    return _PREFLIGHT_BY_STATUS.get(status)
