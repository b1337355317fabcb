"""The log of calls: bounded, observable, serializable."""

from __future__ import annotations

import json
import threading

from pytest_mews.emulator.connector_api.call_log import CallLog, to_json_line
from pytest_mews.model.api_call import ApiCall
from tests.connector_api.emulator_client import (
    Clock,
    call_operation,
    general_webhook,
    guid,
    make_connector_api,
    request_for,
)

CALL = ApiCall(0, "/path", "customers/getAll", 0.0, None, 200)


def test_call_is_logged_while_it_is_being_answered() -> None:
    """Its `answered_ms` is None until the response is sent."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    pending = connector_api.begin(request_for("payments/getAll"))
    assert [call.answered_ms for call in connector_api.calls()] == [None]
    clock.ms = 40
    pending.mark_sent()
    assert [(call.received_ms, call.answered_ms) for call in connector_api.calls()] == [(0, 40)]


def test_lost_response_returned_nothing() -> None:
    """The log doesn't contain the entities of a response that was not sent."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("PaymentUpdated", guid(1))))
    pending = connector_api.begin(request_for("payments/getAll", PaymentIds=[guid(1)]))
    pending.mark_lost()
    (call,) = connector_api.calls()
    assert (call.requested_ids, call.returned_ids, call.status, call.answered_ok) == (
        (guid(1),),
        (),
        None,
        False,
    )
    assert call.answered_ms is not None


def test_sink_gets_each_answered_call_once() -> None:
    """The order is that of the responses."""
    answered: list[ApiCall] = []
    connector_api = make_connector_api(sink=answered.append)
    first = connector_api.begin(request_for("payments/getAll"))
    call_operation(connector_api, "payments/getAll")
    first.mark_sent()
    assert [call.number for call in answered] == [2, 1]


def test_calls_since_a_number() -> None:
    """Only calls with a higher number are returned."""
    connector_api = make_connector_api()
    for _ in range(3):
        call_operation(connector_api, "payments/getAll")
    assert [call.number for call in connector_api.calls(1)] == [2, 3]
    assert connector_api.calls(3) == connector_api.calls(99) == ()


def test_oldest_calls_are_dropped() -> None:
    """Numbers continue; updating a dropped call has no effect."""
    call_log = CallLog(max_calls=8)
    first = call_log.add(CALL)
    for _ in range(20):
        call_log.update(call_log.add(CALL))
    call_log.update(first)
    numbers = [call.number for call in call_log.calls()]
    assert 8 <= len(numbers) <= 10
    assert numbers == list(range(22 - len(numbers), 22))
    assert [call.number for call in call_log.calls(19)] == [20, 21]


def test_wait_ends_when_predicate_becomes_true() -> None:
    """A call in another thread wakes the waiting thread."""
    connector_api = make_connector_api()
    evaluated = threading.Event()

    def call_later() -> None:
        evaluated.wait()
        call_operation(connector_api, "payments/getAll")

    thread = threading.Thread(target=call_later)
    thread.start()

    def has_answered_call(calls: tuple[ApiCall, ...]) -> bool:
        evaluated.set()
        return any(call.answered_ms is not None for call in calls)

    assert connector_api.wait_until(has_answered_call, 0, 30)
    thread.join()


def test_wait_ends_at_timeout() -> None:
    """The predicate is evaluated at least once."""
    assert not make_connector_api().wait_until(lambda _: False, 0, 0)
    assert make_connector_api().wait_until(lambda _: True, 0, 0)


def test_end_waits_ends_later_waits() -> None:
    """At the end of a run a wait returns at once."""
    connector_api = make_connector_api()
    connector_api.end_waits()
    assert not connector_api.wait_until(lambda _: False, 0, 600)


def test_call_is_one_line_of_json() -> None:
    """The line has the fields of the call and no token."""
    connector_api = make_connector_api()
    call, _ = call_operation(connector_api, "payments/getAll")
    line = to_json_line(call)
    assert "\n" not in line
    assert json.loads(line)["operation"] == "payments/getAll"
    assert "token-one" not in line
