"""How an attempt and a delivery are put into words, always with their figures."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_mews.checks.redirect_chain import hops_in_words
from pytest_mews.model import Attempt, Delivery, Outcome
from pytest_mews.model.exchange import TIMEOUTS

WITHOUT_ANSWER: Mapping[Outcome, str] = {
    Outcome.TIMEOUT_CONNECT: "no connection within {waited}",
    Outcome.TIMEOUT_SEND: "the request could not be sent within {waited}",
    Outcome.TIMEOUT_ANSWER: "no answer within {waited}",
    Outcome.TIMEOUT_BODY: "the answer began and did not end within {waited}",
    Outcome.NAME_NOT_RESOLVED: "the host name could not be resolved",
    Outcome.CONNECTION_REFUSED: "the connection was refused",
    Outcome.CONNECTION_RESET: "the connection broke before an answer",
    Outcome.TLS_ERROR: "the TLS handshake failed",
    Outcome.PROTOCOL_ERROR: "the answer was not HTTP",
    Outcome.TOO_MANY_REDIRECTS: "too many redirects",
    Outcome.REDIRECT_NOT_FOLLOWABLE: "a redirect that can't be followed",
    Outcome.ANSWER_LOST: "its answer was lost on purpose",
    Outcome.BODY_CUT: "its body was cut on purpose",
    Outcome.CONNECTION_DROPPED: "the connection was reset on purpose",
}


def attempt_in_words(attempt: Attempt) -> str:
    """Say how an attempt ended, and where it was redirected before.

    Such as `413 after 12 ms`, `no answer within 5.0 s`, `202 after 9 ms, after 308 to /moved`.
    """
    followed = any(each.outcome is Outcome.REDIRECTED for each in attempt.exchanges)
    way = hops_in_words(attempt) if followed else ""
    return _ending(attempt) + (f", after {way}" if way else "")


def _ending(attempt: Attempt) -> str:
    last = attempt.last
    if attempt.outcome in WITHOUT_ANSWER:
        # What libcurl says of a timeout is what we say better.
        detail = "" if last.outcome in TIMEOUTS else attempt.detail or last.detail
        waited = f"{(last.ended_ms - attempt.exchanges[0].started_ms) / 1000:.1f} s"
        if attempt.outcome in TIMEOUTS and last.outcome not in TIMEOUTS:
            waited = "the time limit"  # an answer came, but too late: the detail says when
        words = WITHOUT_ANSWER[attempt.outcome].format(waited=waited)
        return f"{words} ({detail})" if detail else words
    if last.early_response_ms:
        return f"{last.status}, begun {last.early_response_ms:,.0f} ms before the body's last byte was sent"
    answered = "" if last.answer_ms is None else f" after {last.answer_ms:,.0f} ms"
    return f"{last.status}{answered}"


def message_in_words(delivery: Delivery) -> str:
    """Say which message it was: `3 events: …, 312 bytes`."""
    return f"{delivery.message.description}, {len(delivery.message.body):,} bytes"


def times(count: int) -> str:
    """Say how often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def counted(count: int, one: str, many: str = "") -> str:
    """Say how many there are of something: `1 request`, `1,200 requests`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
