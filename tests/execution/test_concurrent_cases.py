"""Fixed cases that are played at once, so that their waits overlap; and those that are not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from pytest_mews.delivery import Request

from .conftest import SCENARIOS, Table

Lay = Callable[..., Table]
CASES = 7  # of REC-01: one for each type of event
PATIENCE_S = 10  # how long a broken explorer may hang before the test fails


@pytest.fixture(autouse=True)
def abreast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let REC-01 play its fixed cases at once."""
    monkeypatch.setitem(SCENARIOS, "REC-01", replace(SCENARIOS["REC-01"], concurrent_cases=True))


def refuses_added(request: Request) -> int:
    """Refuse every CustomerAdded."""
    return 500 if b"CustomerAdded" in request.body else 202


def test_all_cases_wait_at_the_same_time(table: Lay) -> None:
    """Each message is answered only when all of them are there."""
    meeting = threading.Barrier(CASES, timeout=PATIENCE_S)
    begun = threading.Event()

    def answer(_: Request) -> int:
        if begun.is_set():  # after the preflight
            meeting.wait()
        return 202

    laid = table(answer)
    explorer = laid.explorer("REC-01", examples=0)
    begun.set()
    explorer.run()
    assert (explorer.progress.case_count, explorer.progress.failing_cases) == (CASES, 0)
    assert len(laid.transport.requests) == CASES
    assert explorer.progress.finished


def test_where_one_fails_all_are_played_in_turn(table: Lay) -> None:
    """One case may have spoilt another: what fails alone decides, and is confirmed."""
    laid = table(refuses_added)
    explorer = laid.explorer("REC-01", examples=0)
    explorer.run()
    seen = explorer.progress
    assert len(laid.transport.requests) == 2 * CASES + 1
    assert seen.smallest is not None
    assert seen.first_failing is seen.smallest
    assert seen.passed_on_retry is None
    (delivery,) = seen.smallest.transcript.deliveries
    assert delivery.message.events[0].discriminator == "CustomerAdded"


def test_what_fails_only_in_company_is_flaky(table: Lay) -> None:
    """In turn everything passes: the confirmation of what failed at once does too."""
    numbers = count()
    laid = table(lambda _: 503 if next(numbers) == 3 else 202)
    explorer = laid.explorer("REC-01", examples=0)
    explorer.run()
    seen = explorer.progress
    assert len(laid.transport.requests) == 2 * CASES + 1
    assert seen.smallest is not None
    assert seen.passed_on_retry is not None
    assert seen.passed_on_retry.case == seen.smallest.case


def test_a_case_that_fails_only_in_turn_is_the_one_that_is_told(table: Lay) -> None:
    """What failed at once and passes alone is dropped for what fails alone."""
    numbers = count()

    def answer(request: Request) -> int:
        number = next(numbers)
        if number <= CASES:  # the preflight, and all at once
            return 503 if b"PaymentUpdated" in request.body else 202
        return refuses_added(request)

    laid = table(answer)
    explorer = laid.explorer("REC-01", examples=0)
    explorer.run()
    assert explorer.progress.smallest is not None
    (delivery,) = explorer.progress.smallest.transcript.deliveries
    assert delivery.message.events[0].discriminator == "CustomerAdded"


def test_a_sluggish_endpoint_is_asked_in_turn(table: Lay) -> None:
    """Where a plain message takes too long, the first failing case ends it, so one is played."""
    laid = table(lambda _: 500)
    explorer = laid.explorer("REC-01", examples=0, sluggish=True)
    explorer.run()
    assert len(laid.transport.requests) == 1


def test_in_turn_stops_when_the_budget_is_spent(table: Lay) -> None:
    """Without `abreast` each case waits for the one before it, and none follows a spent budget."""
    SCENARIOS["REC-01"] = replace(
        SCENARIOS["REC-01"], concurrent_cases=False
    )  # the fixture restores it
    laid = table(lambda _: 500, took_ms=20_000)
    explorer = laid.explorer("REC-01", examples=0)
    explorer.run()
    assert explorer.progress.case_count == 2  # the time counts from the end of the first
    assert len(laid.transport.requests) == 3  # the last is the confirmation


def test_an_interruption_ends_the_others_without_waiting(table: Lay) -> None:
    """A Ctrl-C in one of them goes through, and what was seen until then is kept."""
    numbers = count()

    def answer(_: Request) -> int:
        if next(numbers) == CASES:
            raise KeyboardInterrupt
        return 202

    explorer = table(answer).explorer("REC-01", examples=0)
    with pytest.raises(KeyboardInterrupt):
        explorer.run()
    assert explorer.progress.case_count <= CASES - 1
    assert not explorer.progress.finished
