"""The checks of single attempts: met and broken, with diagnosis and figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import evaluate
from pytest_mews.model import (
    Attempt,
    Delivery,
    Exchange,
    Expectation,
    Fault,
    Finding,
    Level,
    Message,
    Outcome,
    Transcript,
    TransferMode,
    WebhookKind,
)

MESSAGE = Message(WebhookKind.GENERAL, b"x" * 143, (), "1 event: PaymentUpdated")


def attempt(
    outcome: Outcome, status: int | None, *, hops: int = 1, fault: Fault = Fault.NONE
) -> Attempt:
    """Script an attempt with 12 ms from the request to the response."""
    answered = None if status is None else 10.0
    exchange = Exchange(
        "POST", "http://x/", (), 143, outcome, 0.0, 20.0, 2.0, 8.0, answered, status
    )
    followed = replace(exchange, outcome=Outcome.REDIRECTED, status=308)
    return Attempt(1, fault, 0.0, (*(followed,) * (hops - 1), exchange), outcome)


def transcript(*attempts: Attempt, label: str = "message") -> Transcript:
    """Put attempts into one delivery."""
    return Transcript((Delivery(label, MESSAGE, attempts),))


OK = attempt(Outcome.DELIVERED, 202)
TOO_LARGE = attempt(Outcome.ERROR_STATUS, 413)
BROKEN = attempt(Outcome.ERROR_STATUS, 500)
LATE = attempt(Outcome.TIMEOUT_ANSWER, None)
RESET = attempt(Outcome.CONNECTION_RESET, None)
DROPPED = attempt(Outcome.RESPONSE_DROPPED, 200, fault=Fault.DROP_RESPONSE)
NOT_FOLLOWED = attempt(Outcome.REDIRECT_NOT_FOLLOWABLE, 302)
FOLLOWED = attempt(Outcome.DELIVERED, 202, hops=2)
WRONG_TARGET = attempt(Outcome.ERROR_STATUS, 404, hops=2)
NOT_MODIFIED = attempt(Outcome.ERROR_STATUS, 304)


@pytest.mark.parametrize(
    ("check", "holding", "breaking"),
    [
        ("accepted", [OK, FOLLOWED], [TOO_LARGE, LATE, NOT_FOLLOWED, WRONG_TARGET, NOT_MODIFIED]),
        ("within-time-limit", [OK, TOO_LARGE], [LATE, RESET]),
        ("success-status", [OK], [NOT_MODIFIED, BROKEN, LATE]),
        ("refused", [TOO_LARGE, WRONG_TARGET], [OK, BROKEN, LATE, NOT_FOLLOWED]),
        ("no-server-error", [OK, TOO_LARGE], [BROKEN, LATE]),
        ("not-accepted", [TOO_LARGE, BROKEN, NOT_FOLLOWED], [OK, FOLLOWED]),
        ("not-all-accepted", [TOO_LARGE, LATE], [OK]),
        ("redirect-keeps-method", [OK, FOLLOWED, BROKEN], [NOT_FOLLOWED]),
        ("redirect-reaches-target", [FOLLOWED], [WRONG_TARGET]),
    ],
)
def test_attempt_check(check: str, holding: list[Attempt], breaking: list[Attempt]) -> None:
    """A check is met by each attempt of its first list and broken by each of its second."""
    expectation = Expectation(check, Level.MUST)
    assert [evaluate(expectation, transcript(attempt_)).met for attempt_ in holding] == [
        True
    ] * len(holding)
    assert [evaluate(expectation, transcript(attempt_)).met for attempt_ in breaking] == [
        False
    ] * len(breaking)


def test_waits_for_body() -> None:
    """A 2xx must not begin more than 100 ms before the last byte of a slow body was sent."""

    def slow(status: int, *, sent_ms: float | None, first_ms: float) -> Attempt:
        outcome = Outcome.DELIVERED if status < 300 else Outcome.ERROR_STATUS
        plain = attempt(outcome, status)
        exchange = replace(plain.final_exchange, sent_ms=sent_ms, first_byte_ms=first_ms)
        return replace(plain, exchanges=(exchange,), transfer_mode=TransferMode.SLOW)

    def evaluate_attempt(slow_attempt: Attempt) -> Finding:
        return evaluate(Expectation("waits-for-body", Level.SHOULD), transcript(slow_attempt))

    assert evaluate_attempt(slow(202, sent_ms=3000.0, first_ms=3010.0)).met
    assert evaluate_attempt(slow(202, sent_ms=3000.0, first_ms=2950.0)).met
    assert evaluate_attempt(slow(401, sent_ms=3000.0, first_ms=10.0)).met
    early = slow(202, sent_ms=3000.0, first_ms=10.0)
    finding = evaluate_attempt(early)
    assert (finding.met, finding.subject_count) == (False, 1)
    assert finding.observed == (
        "202 before the whole body was sent: the response began 2,990 ms before the last byte of "
        "the body was sent (POST /, 1 event: PaymentUpdated, 143 bytes)"
    )
    assert evaluate_attempt(replace(early, transfer_mode=TransferMode.PLAIN)).subject_count == 0
    never_sent = evaluate_attempt(slow(202, sent_ms=None, first_ms=10.0))
    assert (never_sent.met, never_sent.subject_count) == (False, 1)
    assert never_sent.observed.startswith(
        "202 before the whole body was sent: the response ended the connection, and the rest of "
        "the body was never sent (POST /"
    )
    assert evaluate_attempt(slow(401, sent_ms=None, first_ms=10.0)).met


def test_a_slightly_early_response_has_an_ordinary_time() -> None:
    """A refusal may begin while the end of the body is in transit; it has a response time."""
    exchange = replace(TOO_LARGE.final_exchange, sent_ms=8.0, first_byte_ms=7.5)
    finding = evaluate(
        Expectation("accepted", Level.MUST),
        transcript(replace(TOO_LARGE, exchanges=(exchange,))),
    )
    assert finding.observed.endswith("143 bytes, 12 ms)")


def test_the_diagnosis_comes_before_the_figures() -> None:
    """The figures are request, message, size, time, and how many attempts are broken."""
    finding = evaluate(Expectation("accepted", Level.MUST), transcript(OK, TOO_LARGE))
    assert finding.observed == (
        "413: the body is too large for the service or for a proxy in front of it "
        "(POST /, 1 event: PaymentUpdated, 143 bytes, 12 ms; 1 of 2 attempts)"
    )


def test_a_timeout_names_the_time_waited() -> None:
    """A timeout has no response time; the diagnosis names how long the harness waited."""
    finding = evaluate(Expectation("accepted", Level.MUST), transcript(LATE))
    assert finding.observed == (
        "no response within 0.0 s (POST /, 1 event: PaymentUpdated, 143 bytes)"
    )


def test_attempts_with_an_injected_fault_are_not_evaluated() -> None:
    """An attempt whose response the harness dropped is not counted."""
    expectation = Expectation("accepted", Level.MUST)
    assert evaluate(expectation, transcript(DROPPED, OK)).met
    nothing = evaluate(expectation, transcript(DROPPED))
    assert (nothing.met, nothing.subject_count) == (True, 0)


def test_no_redirect_is_observed_without_a_response() -> None:
    """A service that answers nothing sends no redirect either: that shows nothing."""
    expectation = Expectation("redirect-keeps-method", Level.MUST)
    finding = evaluate(expectation, transcript(LATE, RESET))
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)
    assert evaluate(expectation, transcript(LATE, OK)).subject_count == 1
    assert not evaluate(expectation, transcript(LATE, NOT_FOLLOWED)).met


def test_redirect_checks_without_a_redirect() -> None:
    """If no response is a redirect, nothing is evaluated."""
    finding = evaluate(Expectation("redirect-reaches-target", Level.MUST), transcript(OK, BROKEN))
    assert (finding.met, finding.subject_count) == (True, 0)


def test_only_the_named_deliveries_are_evaluated() -> None:
    """`of` restricts an expectation to the deliveries of the named messages."""
    both = Transcript(
        (*transcript(BROKEN, label="lost").deliveries, *transcript(OK, label="next").deliveries)
    )
    assert evaluate(Expectation("accepted", Level.MUST, ("next",)), both).met
    assert not evaluate(Expectation("accepted", Level.MUST), both).met


def test_only_healthy_evaluates_health_checks() -> None:
    """`healthy` is about health checks, and every other check leaves them out."""
    both = Transcript(
        (
            *transcript(TOO_LARGE).deliveries,
            *transcript(OK, label="health-check").deliveries,
        )
    )
    assert evaluate(Expectation("refused", Level.SHOULD), both).met
    assert evaluate(Expectation("healthy", Level.MUST), both).met
    dead = transcript(BROKEN, label="health-check")
    assert not evaluate(Expectation("healthy", Level.MUST), dead).met


@pytest.mark.parametrize("shown", [False, True])
def test_secret_not_echoed(*, shown: bool) -> None:
    """No exchange of an attempt may show the secret; not only the last one counts."""
    exchange = replace(OK.final_exchange, shows_secret=shown)
    delivered = transcript(replace(OK, exchanges=(exchange, OK.final_exchange)))
    assert evaluate(Expectation("secret-not-echoed", Level.SHOULD), delivered).met is not shown


def test_not_all_accepted() -> None:
    """It is broken if every message was accepted; then the first of them is shown."""
    expectation = Expectation("not-all-accepted", Level.SHOULD)
    for attempts in [(OK, TOO_LARGE), (TOO_LARGE, OK), (TOO_LARGE, TOO_LARGE)]:
        assert evaluate(expectation, transcript(*attempts)).met
    assert "413" in evaluate(expectation, transcript(TOO_LARGE, OK)).observed
    both = evaluate(expectation, transcript(OK, OK))
    assert (both.met, both.delivery_index) == (False, 0)


def test_delivery_index() -> None:
    """A broken finding has the index of its first delivery; a finding that is met has none."""
    health = transcript(BROKEN, label="health-check").deliveries
    delivered = Transcript((*transcript(TOO_LARGE).deliveries, *transcript(OK).deliveries, *health))
    assert evaluate(Expectation("refused", Level.SHOULD), delivered).delivery_index == 1
    assert evaluate(Expectation("healthy", Level.MUST), delivered).delivery_index == 2
    assert evaluate(Expectation("accepted", Level.MUST), transcript(OK)).delivery_index is None


def test_unauthorised() -> None:
    """Any other 4xx is a refusal for another reason; a 404 hides the endpoint from strangers."""
    expectation = Expectation("unauthorised", Level.SHOULD)
    finding = {
        status: evaluate(expectation, transcript(attempt(Outcome.ERROR_STATUS, status))).met
        for status in (400, 401, 403, 404)
    }
    assert finding == {400: False, 401: True, 403: True, 404: True}
