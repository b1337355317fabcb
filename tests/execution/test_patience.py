"""A silence is final once several waits timed out for the same reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import pytest

from pytest_mews.execution.patience import (
    MIN_SILENCE_S,
    MIN_TIMEOUTS,
    Awaited,
    Missing,
    Patience,
    Standstill,
    is_storm,
    longest_retry_pauses_s,
)
from pytest_mews.model import ApiCall
from tests.transcript_builders import call

NEVER_REQUESTED = Awaited("missed", is_done=False, request_delay_s=None)
NOT_CONTINUED = Awaited("missed", is_done=False, request_delay_s=0.1)
TIMEOUT_S = 10.0
REQUEST, CONTINUATION = {Missing.REQUEST}, {Missing.CONTINUATION}


def after_misses(count: int, missed: Awaited = NEVER_REQUESTED) -> Patience:
    """Return a patience after this many waits that timed out."""
    patience = Patience(TIMEOUT_S)
    for _ in range(count):
        patience.note_end([missed], [], TIMEOUT_S)
    return patience


def silence_s(patience: Patience, missing: set[Missing], calls: Sequence[ApiCall] = ()) -> float:
    """Return the final silence."""
    return patience.silence_s(
        missing, lambda since: [call for call in calls if call.number > since], now_ms=0.0
    )


@pytest.mark.parametrize("missed", [NEVER_REQUESTED, NOT_CONTINUED])
def test_the_whole_timeout_is_needed_until_several_timed_out(missed: Awaited) -> None:
    """A service that does everything is always given the whole timeout."""
    assert missed.missing is not None
    missing = {missed.missing}
    assert silence_s(after_misses(0), missing) == inf
    assert silence_s(after_misses(MIN_TIMEOUTS - 1, missed), missing) == inf
    assert silence_s(after_misses(MIN_TIMEOUTS, missed), missing) == MIN_SILENCE_S


def test_a_long_wait_counts_like_several() -> None:
    """One for a retry lasts for several fetch timeouts: nothing came for as long."""
    patience = Patience(TIMEOUT_S)
    patience.note_end([NOT_CONTINUED], [], (MIN_TIMEOUTS - 1) * TIMEOUT_S)
    assert silence_s(patience, CONTINUATION) == inf
    patience.note_end([NOT_CONTINUED], [], TIMEOUT_S)
    assert silence_s(patience, CONTINUATION) == MIN_SILENCE_S


def test_each_reason_counts_by_itself() -> None:
    """A service that never requests some entities may still repeat requests that failed."""
    assert silence_s(after_misses(MIN_TIMEOUTS), CONTINUATION) == inf
    assert silence_s(after_misses(MIN_TIMEOUTS), REQUEST | CONTINUATION) == inf


def test_a_slow_service_is_given_longer() -> None:
    """The silence is several times what the service once needed, whether before or after."""
    patience = after_misses(MIN_TIMEOUTS)
    patience.note_end([Awaited("slow", is_done=True, request_delay_s=2.0)], [], TIMEOUT_S)
    assert silence_s(patience, REQUEST) == 8.0


def test_a_single_slow_fetch_of_many_does_not_count() -> None:
    """A busy machine delays one of many fetches; of a few, each may be what others need."""
    patience = after_misses(MIN_TIMEOUTS)
    delays_s = [3.0, *[0.2] * 18]
    for delay_s in delays_s:
        patience.note_end([Awaited("a", is_done=True, request_delay_s=delay_s)], [], TIMEOUT_S)
    assert silence_s(patience, REQUEST) == 12.0
    patience.note_end([Awaited("a", is_done=True, request_delay_s=0.2)], [], TIMEOUT_S)
    assert silence_s(patience, REQUEST) == MIN_SILENCE_S


def test_fetches_that_are_slow_again_and_again_count() -> None:
    """A service that collects the events of one type for longer needs as long again."""
    patience = after_misses(MIN_TIMEOUTS)
    for delay_s in [3.0] * 2 + [0.2] * 20:
        patience.note_end([Awaited("a", is_done=True, request_delay_s=delay_s)], [], TIMEOUT_S)
    assert silence_s(patience, REQUEST) == 12.0


def test_one_wait_counts_once() -> None:
    """A wait for many entities, all of them late, is one slow fetch."""
    patience = after_misses(MIN_TIMEOUTS)
    late = [Awaited(f"{n}", is_done=True, request_delay_s=3.0) for n in range(100)]
    patience.note_end(late, [], TIMEOUT_S)
    for _ in range(20):
        patience.note_end([Awaited("a", is_done=True, request_delay_s=0.2)], [], TIMEOUT_S)
    assert silence_s(patience, REQUEST) == MIN_SILENCE_S


def test_waits_without_a_retry_hide_no_pauses() -> None:
    """Most waits need no retry: their number says nothing about how long a pause may be."""
    patience = after_misses(MIN_TIMEOUTS, NOT_CONTINUED)
    patience.note_end([Awaited("a", is_done=True, request_delay_s=0.1, work_s=2.5)], [], TIMEOUT_S)
    for _ in range(40):
        patience.note_end([Awaited("a", is_done=True, request_delay_s=0.1)], [], TIMEOUT_S)
    assert silence_s(patience, CONTINUATION) == 10.0


def test_pauses_after_a_request_count() -> None:
    """The longest pause before a retry, or before a command is done, is what others may need."""
    patience = after_misses(MIN_TIMEOUTS, NOT_CONTINUED)
    slow = Awaited("slow", is_done=True, request_delay_s=0.1, work_s=2.5)
    patience.note_end([slow], [], TIMEOUT_S)
    assert silence_s(patience, CONTINUATION) == 10.0


def test_pauses_before_retries_count() -> None:
    """A fetch that succeeded after a pause shows how long the next one may take."""
    patience = after_misses(MIN_TIMEOUTS, NOT_CONTINUED)
    calls = [call("slow", at_ms=1_000, status=500), call("slow", at_ms=3_000)]
    patience.note_end([Awaited("slow", is_done=True, request_delay_s=0.1)], calls, TIMEOUT_S)
    assert silence_s(patience, CONTINUATION) == 8.0


def test_the_usual_delay_is_that_of_the_first_request_of_most_waits() -> None:
    """A backlog delays the other requests of a wait, and few waits."""
    patience = Patience(TIMEOUT_S)
    assert patience.usual_delay_s == 0.0
    patience.note_request_delay(2.0)
    for delays_s in ((3.0, 9.0), (60.0,), (None,), (3.0, None)):
        awaited = [
            Awaited(f"{delay_s}", is_done=True, request_delay_s=delay_s) for delay_s in delays_s
        ]
        patience.note_end(awaited, [], TIMEOUT_S)
    assert patience.usual_delay_s == 3.0


def test_a_silence_may_be_the_usual_one_before_a_request() -> None:
    """A service that collects events for seconds is waited for, also if it then finds nothing."""
    patience = after_misses(MIN_TIMEOUTS)
    patience.note_end([NOT_CONTINUED._replace(request_delay_s=3.0)], [], TIMEOUT_S)
    assert silence_s(patience, REQUEST) == 6.0


def test_a_late_request_ends_the_impatience() -> None:
    """What is requested after its timeout shows a slow service: it gets the whole timeout again."""
    patience = after_misses(MIN_TIMEOUTS)
    calls = [call("other", number=1)]
    assert silence_s(patience, REQUEST, calls) == MIN_SILENCE_S
    calls.append(call("missed", number=2))
    assert silence_s(patience, REQUEST, calls) == inf
    assert silence_s(patience, REQUEST) == inf


def test_a_late_fetch_by_interval_is_no_late_request() -> None:
    """An interval has everything that changed, also what the service never asked about."""
    calls = [replace(call("missed", number=1), requested_ids=())]
    assert silence_s(after_misses(MIN_TIMEOUTS), REQUEST, calls) == MIN_SILENCE_S


def test_the_pause_before_a_retry_is_that_after_a_failed_call() -> None:
    """Further requests after a success are no retries."""
    calls = [
        call("a", at_ms=1_000, status=500),
        call("b", at_ms=1_100),
        call("a", at_ms=3_500),
        call("a", at_ms=9_000),
    ]
    assert longest_retry_pauses_s(calls) == {"a": 2.5}


def test_a_note_says_that_the_service_falls_behind() -> None:
    """After a backlog that outlasted a wait no timeout helps; it says what does."""
    patience = Patience(TIMEOUT_S)
    assert patience.notes == ()
    patience.extensions.note_failure()
    (note,) = patience.notes
    assert "after 130 s it was still working through earlier messages" in note
    assert "many entities with one request" in note


def test_a_service_without_any_call_is_at_a_standstill() -> None:
    """A whole wait passed without a call, and the last one is long ago; then it calls again."""
    standstill = Standstill(30.0)
    calls = [call("a", number=1, at_ms=5_000)]

    def lasts(now_ms: float) -> bool:
        return standstill.lasts(lambda since: [one for one in calls if one.number > since], now_ms)

    assert not lasts(60_000)  # nothing was waited for
    standstill.note_timeout(4_000)
    assert not lasts(60_000)  # a call came during the wait
    standstill.note_timeout(6_000)
    assert not lasts(34_000)
    assert lasts(35_000)
    calls.append(call("a", number=2, at_ms=36_000, status=401))  # repeated without end
    assert lasts(36_000)
    calls.append(call("b", number=3, at_ms=37_000))
    assert not lasts(90_000)


def test_a_request_that_fails_hundreds_of_times_is_a_storm() -> None:
    """A success, or requests that become smaller, are work."""
    failed = [call("a", "b", number=number, status=413) for number in range(1, 301)]
    assert is_storm(failed)
    assert not is_storm(failed[1:])
    assert not is_storm([*failed[1:], call("a", number=301)])
    smaller = [call(f"{number % 100}", number=number, status=413) for number in range(1, 301)]
    assert not is_storm(smaller)
