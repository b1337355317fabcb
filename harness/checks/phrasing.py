"""Shared phrases of reasons: responses, messages, counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from pytest_mews.checks.redirect_chain import describe_redirects
from pytest_mews.model import Attempt, Delivery, Outcome
from pytest_mews.model.exchange import TIMEOUTS

OUTCOMES_WITHOUT_RESPONSE: Mapping[Outcome, str] = {
    Outcome.TIMEOUT_CONNECT: "no connection within {waited}",
    Outcome.TIMEOUT_SEND: "the request could not be sent within {waited}",
    Outcome.TIMEOUT_ANSWER: "no response within {waited}",
    Outcome.TIMEOUT_BODY: "the response began but did not end within {waited}",
    Outcome.NAME_NOT_RESOLVED: "the host name could not be resolved",
    Outcome.CONNECTION_REFUSED: "the connection was refused",
    Outcome.CONNECTION_RESET: "the connection was closed before a response",
    Outcome.TLS_ERROR: "the TLS handshake failed",
    Outcome.PROTOCOL_ERROR: "the response is not HTTP",
    Outcome.TOO_MANY_REDIRECTS: "too many redirects",
    Outcome.REDIRECT_NOT_FOLLOWABLE: "Mews does not follow this redirect",
    Outcome.RESPONSE_DROPPED: "the harness dropped the response (injected fault)",
    Outcome.REQUEST_TRUNCATED: "the harness truncated the request (injected fault)",
    Outcome.RESET_BY_HARNESS: "the harness reset the connection (injected fault)",
}
STATUS_MEANINGS: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "the service considers the message invalid",
    HTTPStatus.UNAUTHORIZED: "the service did not authorize the request",
    HTTPStatus.FORBIDDEN: "the service did not authorize the request",
    HTTPStatus.NOT_FOUND: "the service found nothing for this request",
    HTTPStatus.METHOD_NOT_ALLOWED: "the service does not allow POST here",
    HTTPStatus.REQUEST_TIMEOUT: "the service did not wait for the whole request",
    HTTPStatus.CONFLICT: "the service considers the message a conflict with its state",
    HTTPStatus.GONE: "the service no longer has anything at this path",
    HTTPStatus.LENGTH_REQUIRED: "the service requires a Content-Length",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "the body is too large for the service or for a proxy in front of it"
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "the service rejects the content type",
    HTTPStatus.UNPROCESSABLE_ENTITY: "the service considers the message invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "the service or a proxy limits the number of requests",
    HTTPStatus.BAD_GATEWAY: "a proxy got no valid response from the service",
    HTTPStatus.SERVICE_UNAVAILABLE: "the service was not available",
    HTTPStatus.GATEWAY_TIMEOUT: "a proxy got no response in time from the service",
}
CLIENT_ERROR = "the service refused the message"
SERVER_ERROR = "the service failed"
NOT_SUCCESS = "the status is not a 2xx"


def explain_attempt(attempt: Attempt) -> str:
    """Return what an attempt's outcome means, without figures.

    Such as `202`, `413: the body is too large …`, `no response within 5.0 s`.
    """
    response = describe_response(attempt)
    if attempt.outcome is not Outcome.ERROR_STATUS:
        return response
    return f"{response}: {status_meaning(attempt.final_exchange.status)}"


def status_meaning(status: int | None) -> str:
    """Return what a status means that is not a 2xx."""
    if status is None:
        return NOT_SUCCESS
    if status in STATUS_MEANINGS:
        return STATUS_MEANINGS[status]
    if status >= 500:  # noqa: PLR2004 - HTTP's own bound
        return SERVER_ERROR
    return CLIENT_ERROR if status >= 400 else NOT_SUCCESS  # noqa: PLR2004 - HTTP's own bound


def describe_response(attempt: Attempt) -> str:
    """Return the status of an attempt, or why there is none: `413`, `no response within 5.0 s`."""
    final = attempt.final_exchange
    if attempt.outcome not in OUTCOMES_WITHOUT_RESPONSE:
        return str(final.status)
    # For a timeout, libcurl's own text says less than ours.
    detail = "" if final.outcome in TIMEOUTS else attempt.detail or final.detail
    waited = f"{(final.ended_ms - attempt.exchanges[0].started_ms) / 1000:.1f} s"
    if attempt.outcome in TIMEOUTS and final.outcome not in TIMEOUTS:
        waited = "the time limit"  # a response came, but too late: the detail says when
    phrase = OUTCOMES_WITHOUT_RESPONSE[attempt.outcome].format(waited=waited)
    return f"{phrase} ({detail})" if detail else phrase


def describe_attempt(attempt: Attempt) -> str:
    """Return an attempt's response, its time and its redirects.

    Such as `413 after 12 ms`, `no response within 5.0 s`, `202 after 9 ms, after 308 to /moved`.
    """
    time = _response_time(attempt)
    redirects = _followed_redirects(attempt)
    return (
        describe_response(attempt)
        + (f" after {time}" if time else "")
        + (f", after {redirects}" if redirects else "")
    )


def attempt_figures(delivery: Delivery, attempt: Attempt) -> str:
    """Return the figures of one attempt: `POST /hook, 1 event: PaymentUpdated, 215 bytes, 1 ms`.

    The query of the URL, where the token is, is left out.
    """
    first = attempt.exchanges[0]
    redirects = _followed_redirects(attempt)
    figures = (
        f"{first.method} {urlsplit(first.url).path or '/'}",
        describe_message(delivery),
        _response_time(attempt),
        f"after {redirects}" if redirects else "",
    )
    return ", ".join(filter(None, figures))


def describe_message(delivery: Delivery) -> str:
    """Return which message was delivered: `3 events: …, 312 bytes`."""
    return f"{delivery.message.description}, {quantity(len(delivery.message.body), 'byte')}"


def join_clauses(clauses: Iterable[str]) -> str:
    """Join the clauses of a reason with semicolons; empty and repeated ones are left out.

    A clause that quotes an error message may end with its full stop, which is left out too.
    """
    return "; ".join(dict.fromkeys(clause.removesuffix(".") for clause in clauses if clause))


def how_often(count: int) -> str:
    """Return `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def quantity(count: int, singular: str, plural: str = "") -> str:
    """Return a count with its noun: `1 request`, `1,200 requests`."""
    return f"{count:,} {singular if count == 1 else plural or f'{singular}s'}"


def _response_time(attempt: Attempt) -> str:
    """Return `12 ms`; empty if there is no response, or if it began before the request ended."""
    final = attempt.final_exchange
    early = attempt.outcome in OUTCOMES_WITHOUT_RESPONSE or final.early_response_ms
    return "" if early or final.answer_ms is None else f"{final.answer_ms:,.0f} ms"


def _followed_redirects(attempt: Attempt) -> str:
    followed = any(exchange.outcome is Outcome.REDIRECTED for exchange in attempt.exchanges)
    return describe_redirects(attempt) if followed else ""
