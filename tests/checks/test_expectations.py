"""Each expectation holds and breaks where it should, and says so with figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import judge
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
    """Script an attempt that took 12 ms from sent to answered."""
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
LOST = attempt(Outcome.ANSWER_LOST, 200, fault=Fault.DROP_RESPONSE)
MOVED = attempt(Outcome.REDIRECT_NOT_FOLLOWABLE, 302)
FOLLOWED = attempt(Outcome.DELIVERED, 202, hops=2)
ASTRAY = attempt(Outcome.ERROR_STATUS, 404, hops=2)
NOT_MODIFIED = attempt(Outcome.ERROR_STATUS, 304)


@pytest.mark.parametrize(
    ("word", "holding", "breaking"),
    [
        ("accepted", [OK, FOLLOWED], [TOO_LARGE, LATE, MOVED, ASTRAY, NOT_MODIFIED]),
        ("within-time-limit", [OK, TOO_LARGE], [LATE]),
        ("success-status", [OK], [NOT_MODIFIED, BROKEN, LATE]),
        ("refused", [TOO_LARGE, ASTRAY], [OK, BROKEN, LATE, MOVED]),
        ("no-server-error", [OK, TOO_LARGE], [BROKEN, LATE]),
        ("not-accepted", [TOO_LARGE, BROKEN, MOVED], [OK, FOLLOWED]),
        ("not-all-accepted", [TOO_LARGE, LATE], [OK]),
        ("redirect-keeps-method", [OK, FOLLOWED, BROKEN], [MOVED]),
        ("redirect-reaches-target", [FOLLOWED], [ASTRAY]),
    ],
)
def test_word(word: str, holding: list[Attempt], breaking: list[Attempt]) -> None:
    """A word holds for each attempt of its first list and breaks for each of its second."""
    expectation = Expectation(word, Level.MUST)
    assert [judge(expectation, transcript(each)).met for each in holding] == [True] * len(holding)
    assert [judge(expectation, transcript(each)).met for each in breaking] == [False] * len(
        breaking
    )


def test_an_answer_before_the_body_is_seen_of_slow_bodies_alone() -> None:
    """A 2xx that begins more than 100 ms before the last byte was sent; others may."""

    def slow(status: int, *, sent_ms: float, first_ms: float) -> Attempt:
        outcome = Outcome.DELIVERED if status < 300 else Outcome.ERROR_STATUS
        plain = attempt(outcome, status)
        seen = replace(plain.last, sent_ms=sent_ms, first_byte_ms=first_ms)
        return replace(plain, exchanges=(seen,), transfer=TransferMode.SLOW)

    def said(one: Attempt) -> Finding:
        return judge(Expectation("waits-for-body", Level.SHOULD), transcript(one))

    assert said(slow(202, sent_ms=3000.0, first_ms=3010.0)).met
    assert said(slow(202, sent_ms=3000.0, first_ms=2950.0)).met
    assert said(slow(401, sent_ms=3000.0, first_ms=10.0)).met
    early = slow(202, sent_ms=3000.0, first_ms=10.0)
    found = said(early)
    assert (found.met, found.judged) == (False, 1)
    assert found.observed.endswith(
        "143 bytes: 202, begun 2,990 ms before the body's last byte was sent"
    )
    assert said(replace(early, transfer=TransferMode.PLAIN)).judged == 0


def test_an_answer_that_is_noted_a_little_early_is_told_as_any_other() -> None:
    """A refusal may begin while the end of a body is on its way: its time is what is told."""
    seen = replace(TOO_LARGE.last, sent_ms=8.0, first_byte_ms=7.5)
    found = judge(
        Expectation("accepted", Level.MUST), transcript(replace(TOO_LARGE, exchanges=(seen,)))
    )
    assert found.observed.endswith("143 bytes: 413 after 12 ms")


def test_finding_has_figures() -> None:
    """What was observed says how many, which message, its size, the status and the time."""
    finding = judge(Expectation("accepted", Level.MUST), transcript(OK, TOO_LARGE))
    assert finding.observed == (
        "1 of 2 attempts; first: 1 event: PaymentUpdated, 143 bytes: 413 after 12 ms"
    )


def test_timeout_says_how_long_was_waited() -> None:
    """An attempt without an answer says how long it waited."""
    finding = judge(Expectation("accepted", Level.MUST), transcript(LATE))
    assert finding.observed.endswith("143 bytes: no answer within 0.0 s")


def test_spoilt_attempts_are_not_judged() -> None:
    """An attempt whose answer the harness threw away counts neither for nor against."""
    expectation = Expectation("accepted", Level.MUST)
    assert judge(expectation, transcript(LOST, OK)).met
    nothing = judge(expectation, transcript(LOST))
    assert (nothing.met, nothing.judged) == (True, 0)


def test_answers_without_a_redirect_say_nothing_about_redirects() -> None:
    """Where no answer redirects, nothing was judged."""
    finding = judge(Expectation("redirect-reaches-target", Level.MUST), transcript(OK, BROKEN))
    assert (finding.met, finding.judged) == (True, 0)


def test_only_the_named_deliveries_are_judged() -> None:
    """`of` restricts an expectation to the deliveries of those draws."""
    both = Transcript(
        (*transcript(BROKEN, label="lost").deliveries, *transcript(OK, label="next").deliveries)
    )
    assert judge(Expectation("accepted", Level.MUST, ("next",)), both).met
    assert not judge(Expectation("accepted", Level.MUST), both).met


def test_sign_of_life_is_judged_by_alive_alone() -> None:
    """`alive` looks at the sign of life, every other word looks away from it."""
    both = Transcript(
        (
            *transcript(TOO_LARGE).deliveries,
            *transcript(OK, label="health-check").deliveries,
        )
    )
    assert judge(Expectation("refused", Level.SHOULD), both).met
    assert judge(Expectation("healthy", Level.MUST), both).met
    dead = transcript(BROKEN, label="health-check")
    assert not judge(Expectation("healthy", Level.MUST), dead).met


@pytest.mark.parametrize(
    ("headers", "body", "kept"),
    [
        ((), b"ok", True),
        ((), b"you called /hook?Token=s3cret-value", False),
        ((("X-Request-Url", "http://x/hook?Token=s3cret-value"),), b"", False),
        ((("Location", "http://x/other?Token=s3cret-value"),), b"", True),
        ((("Location", "/other?Token=s3cret-value"),), b"", True),
        ((("Location", "http://elsewhere/?Token=s3cret-value"),), b"", False),
    ],
)
def test_keeps_secret(headers: tuple[tuple[str, str], ...], body: bytes, *, kept: bool) -> None:
    """The token may come back in a redirect to the same host, and nowhere else."""
    exchange = replace(
        OK.last,
        url="http://x/hook?Token=s3cret-value",
        response_headers=headers,
        response_body=body,
    )
    seen = transcript(replace(OK, exchanges=(exchange,)))
    assert judge(Expectation("secret-not-echoed", Level.SHOULD), seen).met is kept


def test_one_is_enough() -> None:
    """Only where every message was accepted is it broken, and the first of them is shown."""
    expectation = Expectation("not-all-accepted", Level.SHOULD)
    for attempts in [(OK, TOO_LARGE), (TOO_LARGE, OK), (TOO_LARGE, TOO_LARGE)]:
        assert judge(expectation, transcript(*attempts)).met
    assert "413" in judge(expectation, transcript(TOO_LARGE, OK)).observed
    both = judge(expectation, transcript(OK, OK))
    assert (both.met, both.delivery) == (False, 0)


def test_the_first_delivery_that_broke_it_is_named() -> None:
    """A finding says which delivery of the transcript it is about; one that was met says none."""
    life = transcript(BROKEN, label="health-check").deliveries
    seen = Transcript((*transcript(TOO_LARGE).deliveries, *transcript(OK).deliveries, *life))
    assert judge(Expectation("refused", Level.SHOULD), seen).delivery == 1
    assert judge(Expectation("healthy", Level.MUST), seen).delivery == 2
    assert judge(Expectation("accepted", Level.MUST), transcript(OK)).delivery is None


def test_unauthorised_is_401_or_403() -> None:
    """Another 4xx is a refusal for another reason."""
    expectation = Expectation("unauthorised", Level.SHOULD)
    found = {
        status: judge(expectation, transcript(attempt(Outcome.ERROR_STATUS, status))).met
        for status in (400, 401, 403, 404)
    }
    assert found == {400: False, 401: True, 403: True, 404: False}
