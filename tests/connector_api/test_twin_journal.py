"""The record of calls: bounded, waited on, written down."""

from __future__ import annotations

import json
import threading

from pytest_mews.emulator.connector_api.call_log import CallLog, line
from pytest_mews.model.api_call import ApiCall
from tests.connector_api.asking import Clock, ask, general, guid, make, request_for

CALL = ApiCall(0, "/path", "customers/getAll", 0.0, None, 200)


def test_a_call_is_seen_while_it_is_being_answered() -> None:
    """It has no time of answer until it is done."""
    clock = Clock()
    twin = make(clock)
    pending = twin.begin(request_for("payments/getAll"))
    assert [call.answered_ms for call in twin.calls()] == [None]
    clock.ms = 40
    pending.done()
    assert [(call.received_ms, call.answered_ms) for call in twin.calls()] == [(0, 40)]


def test_a_partner_that_left_was_given_nothing() -> None:
    """The entities that would have been in the answer are not in the record."""
    twin = make()
    twin.apply_message(general(("PaymentUpdated", guid(1))))
    pending = twin.begin(request_for("payments/getAll", PaymentIds=[guid(1)]))
    pending.lost()
    (call,) = twin.calls()
    assert (call.asked, call.returned, call.status, call.answered_ok) == (
        (guid(1),),
        (),
        None,
        False,
    )
    assert call.answered_ms is not None


def test_the_sink_gets_each_answered_call_once() -> None:
    """In the order of their answers."""
    written: list[ApiCall] = []
    twin = make(sink=written.append)
    first = twin.begin(request_for("payments/getAll"))
    ask(twin, "payments/getAll")
    first.done()
    assert [call.number for call in written] == [2, 1]


def test_calls_since_a_number() -> None:
    """Those with a higher number alone."""
    twin = make()
    for _ in range(3):
        ask(twin, "payments/getAll")
    assert [call.number for call in twin.calls(1)] == [2, 3]
    assert twin.calls(3) == twin.calls(99) == ()


def test_the_oldest_calls_are_forgotten() -> None:
    """Numbers go on; a call that is answered after it was forgotten is no matter."""
    journal = CallLog(kept=8)
    first = journal.open(CALL)
    for _ in range(20):
        journal.close(journal.open(CALL))
    journal.close(first)
    numbers = [call.number for call in journal.calls()]
    assert 8 <= len(numbers) <= 10
    assert numbers == list(range(22 - len(numbers), 22))
    assert [call.number for call in journal.calls(19)] == [20, 21]


def test_waiting_ends_with_the_change_that_was_waited_for() -> None:
    """Another thread's call wakes whoever waits."""
    twin = make()
    seen = threading.Event()

    def call_later() -> None:
        seen.wait()
        ask(twin, "payments/getAll")

    thread = threading.Thread(target=call_later)
    thread.start()

    def look(calls: tuple[ApiCall, ...]) -> bool:
        seen.set()
        return any(call.answered_ms is not None for call in calls)

    assert twin.wait_until(look, 0, 30)
    thread.join()


def test_waiting_ends_when_the_time_is_over() -> None:
    """False, after a last look."""
    assert not make().wait_until(lambda _: False, 0, 0)
    assert make().wait_until(lambda _: True, 0, 0)


def test_waiting_ends_when_nobody_is_to_wait_any_longer() -> None:
    """At the end of a run, whoever waits or begins to wait is let go."""
    twin = make()
    twin.end_waits()
    assert not twin.wait_until(lambda _: False, 0, 600)


def test_a_line_is_json() -> None:
    """One line, with the fields of the call."""
    twin = make()
    call, _ = ask(twin, "payments/getAll")
    written = line(call)
    assert "\n" not in written
    assert json.loads(written)["operation"] == "payments/getAll"
    assert "token-one" not in written
