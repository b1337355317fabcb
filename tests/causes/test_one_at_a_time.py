"""A service that handles one message at a time, told from slowness and from a busy machine."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import Cause, CauseKind, Level, Outcome
from tests.causes.observed_results import Answer, Endpoint, Sent

LIMIT_MS = 5_000.0
LATE = (Outcome.TIMEOUT_ANSWER, LIMIT_MS)
AnswerMessage = Callable[[Sent], Answer]


def queue(alone_ms: float) -> AnswerMessage:
    """Return a service that works on messages in the order of their arrival, also on late ones."""
    free_ms = 0.0

    def answer(sent: Sent) -> Answer:
        nonlocal free_ms
        free_ms = max(free_ms, sent.at_ms) + alone_ms
        took_ms = free_ms - sent.at_ms
        return (202, took_ms) if took_ms < LIMIT_MS else LATE

    return answer


def busy_machine(seed: int) -> AnswerMessage:
    """Return a sound service whose responses take longer in a burst, irregularly."""
    chance = random.Random(seed)
    arrivals: list[float] = []

    def answer(sent: Sent) -> Answer:
        arrivals.append(sent.at_ms)
        recent = sum(at_ms > sent.at_ms - 1_000.0 for at_ms in arrivals)
        took_ms = chance.uniform(20.0, 400.0) * recent ** chance.uniform(0.3, 1.3)
        return (202, took_ms) if took_ms < LIMIT_MS else LATE

    return answer


def slow_pool(sent: Sent) -> Answer:
    """Answer as a slow service with many workers, some of which hang."""
    return (202, 300.0) if sent.number % 3 else LATE


def certify(answer: AnswerMessage, late_ms: float = 0.0) -> tuple[Cause, ...]:
    """Certify single messages, then two bursts of 50, the second while the first may be in work."""
    endpoint = Endpoint(answer, late_ms=late_ms)
    for number in range(10):
        endpoint.now_ms += 20_000.0
        endpoint.certify(f"REC-{number:02}", Sent())
    endpoint.now_ms += 20_000.0
    endpoint.certify("LOAD-01", *[Sent()] * 50, level=Level.SHOULD)
    endpoint.now_ms += 3_000.0
    check = "p99-under-half-limit"
    endpoint.certify("LOAD-02", *[Sent()] * 50, check=check, level=Level.SHOULD)
    return find_causes(endpoint.results)


def test_a_burst_that_is_worked_off_one_by_one() -> None:
    """Messages are late since they wait, also for those that were given up."""
    (cause,) = certify(queue(200.0))
    assert (cause.kind, cause.explains) == (CauseKind.CONCURRENCY, ("LOAD-01", "LOAD-02"))
    assert cause.summary == (
        "The service handles one message at a time: one that arrives alone takes about 200 ms, and "
        "each that arrived before it and is not done adds as much (25 of 25 that had to wait took "
        "as long as this makes). From about 25 messages at a time on the limit of 5 s is exceeded."
    )


def test_a_slower_one() -> None:
    """Fewer messages of a burst are in time, and show it all the same."""
    (cause,) = certify(queue(400.0))
    assert cause.kind is CauseKind.CONCURRENCY
    assert "one that arrives alone takes about 400 ms" in cause.summary


@pytest.mark.parametrize("answer", [slow_pool, *map(busy_machine, range(30)), queue(40.0)])
def test_slowness_of_another_kind(answer: AnswerMessage) -> None:
    """A service that serves several at a time has no such cause, nor has a busy machine."""
    assert not any("one message at a time" in cause.summary for cause in certify(answer))


def test_a_harness_that_is_as_late_shows_nothing() -> None:
    """A machine that delays what the harness sends delays what the service does, too."""
    causes = certify(queue(200.0), late_ms=250.0)
    assert not any("one message at a time" in cause.summary for cause in causes)
