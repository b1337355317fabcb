"""Causes of what WebSocket clients leave out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    CauseKind,
    Connection,
    EventReference,
    Evidence,
    Finding,
    Level,
    ScenarioResult,
    SentMessage,
    Transcript,
    Verdict,
)
from tests.causes.observed_results import processing_result, scenario
from tests.transcript_builders import ENTERPRISE, call, delivery

CHECK = "handled-in-mixed-batch"
OPERATIONS = {"Reservation": "reservations/getAll/2023-06-06", "Resource": "resources/getAll"}


def message(*events: tuple[str, str]) -> SentMessage:
    """Script a message of events, each with type and id."""
    refs = tuple(EventReference(*event, "Clean") for event in events)
    return SentMessage("message", ENTERPRISE, "events", 10, refs, 0.0, 0.0)


def smallest_result(number: int, *, handles_later: bool = False) -> ScenarioResult:
    """Return the result of a scenario that shows two single events, and a mixed message of both."""
    single = [(name, f"{number}-{name}-alone") for name in OPERATIONS]
    mixed = [(name, f"{number}-{name}") for name in OPERATIONS]
    handled = [*single, *(mixed if handles_later else mixed[:1])]
    connection = Connection(1, ENTERPRISE, 0.0, sent=(*map(message, single), message(*mixed)))
    calls = tuple(call(entity_id, operation=OPERATIONS[name]) for name, entity_id in handled)
    transcript = Transcript((), calls=calls, connections=(connection,), api_served=True)
    finding = Finding(CHECK, Level.MUST, met=handles_later, expected="", observed="")
    role = "example" if handles_later else "smallest-failing"
    return ScenarioResult(
        scenario(f"STR-0{number}", CHECK, Level.MUST),
        Verdict.PASS if handles_later else Verdict.FAIL,
        "",
        evidence=(Evidence(role, "", (finding,), transcript),),
    )


def websocket_result(
    number: int,
    messages: Sequence[Sequence[tuple[str, str]]],
    handled: Sequence[tuple[str, str]],
    *,
    ended_ms: float | None = None,
) -> ScenarioResult:
    """Return the result of a scenario that fails: its messages, and what the client requests."""
    sent = tuple(message(*events) for events in messages)
    connection = Connection(1, ENTERPRISE, 0.0, sent=sent, closed_ms=ended_ms)
    calls = tuple(call(entity_id, operation=OPERATIONS[name]) for name, entity_id in handled)
    transcript = Transcript((), calls=calls, connections=(connection,), api_served=True)
    finding = Finding(CHECK, Level.MUST, met=False, expected="", observed="")
    return ScenarioResult(
        scenario(f"STR-0{number}", CHECK, Level.MUST),
        Verdict.FAIL,
        "",
        evidence=(Evidence("smallest-failing", "", (finding,), transcript),),
    )


def test_smallest_cases_show_that_only_first_events_are_handled() -> None:
    """Each of three scenarios shows one lost event: the smallest case that fails has no more."""
    (cause,) = find_causes([smallest_result(number) for number in (5, 7, 8)])
    assert cause.kind is CauseKind.WEBSOCKET_FIRST_EVENT_ONLY
    assert cause.explains == ("STR-05", "STR-07", "STR-08")
    assert "all 9 first ones, and 0 of 3 that follow" in cause.summary


def test_later_events_that_are_handled_elsewhere_are_no_cause() -> None:
    """A client that lost some later events handles others."""
    results = [smallest_result(5), smallest_result(7), smallest_result(8, handles_later=True)]
    assert find_causes(results) == ()


@pytest.mark.parametrize(
    ("one_type", "what"), [(True, "with other events"), (False, "of several types")]
)
def test_messages_of_several_events_that_are_dropped(one_type: bool, what: str) -> None:  # noqa: FBT001
    """A client drops each message with several types, or each with several events."""
    results = []
    for number in (5, 7, 8):
        single = [(name, f"{number}-{name}-alone") for name in OPERATIONS]
        mixed = [(name, f"{number}-{name}") for name in OPERATIONS]
        alike = [("Resource", f"{number}-{place}") for place in range(2)]
        handled = [*single, *([] if one_type else alike)]
        messages = [*([each] for each in single), mixed, alike]
        results.append(websocket_result(number, messages, handled))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.WEBSOCKET_BATCH_NOT_HANDLED
    assert cause.explains == ("STR-05", "STR-07", "STR-08")
    lost, others = (12, 6) if one_type else (6, 12)
    assert cause.summary == (
        f"Events in WebSocket messages {what} are not handled: 0 of {lost} were, and all {others} "
        "of other messages."
    )


@pytest.mark.parametrize("is_ended", [True, False])
def test_websocket_events_that_are_lost_now_and_then(is_ended: bool) -> None:  # noqa: FBT001
    """Some messages lead to nothing, whatever they are; not those of a connection that ended."""
    results = []
    for number in (5, 7, 8):
        events = [("Resource", f"{number}-{place}") for place in range(6)]
        handled = [event for place, event in enumerate(events) if place not in {number % 3, 4}]
        ended_ms = 900.0 if is_ended else None
        messages = [[each] for each in events]
        results.append(websocket_result(number, messages, handled, ended_ms=ended_ms))
    causes = find_causes(results)
    if is_ended:
        assert causes == ()
        return
    (cause,) = causes
    assert cause.kind is CauseKind.SOME_NOT_FETCHED
    assert cause.explains == ("STR-05", "STR-07", "STR-08")
    assert cause.summary.startswith("Events of the WebSocket are lost now and then: 6 in 3 ")


def test_webhooks_and_websocket_events_that_are_lost_are_one_cause() -> None:
    """A queue of both channels drops what comes while it is full."""
    names = ("a", "b", "c", "d")
    results = [
        processing_result(
            f"PROC-0{number}",
            [delivery(*(f"{number}-{name}" for name in names))],
            [call(*(f"{number}-{name}" for name in names if name != lost))],
        )
        for number, lost in enumerate("abcd", 1)
    ]
    results.append(
        websocket_result(5, [[("Resource", "x")], [("Resource", "y")]], [("Resource", "x")])
    )
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.SOME_NOT_FETCHED
    assert cause.explains == ("PROC-01", "PROC-02", "PROC-03", "PROC-04", "STR-05")
    assert "So was 1 of the WebSocket in 1." in cause.summary


def test_a_service_that_takes_first_events_of_both_channels() -> None:
    """One scenario of the WebSocket shows too little by itself, but is the same flaw."""
    webhooks = []
    for number in range(3):
        names = [f"webhook-{number}-{index}" for index in range(4)]
        webhooks.append(processing_result(f"PROC-0{number}", [delivery(*names)], [call(names[0])]))
    (cause,) = find_causes([*webhooks, smallest_result(5)])
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert cause.explains == ("PROC-00", "PROC-01", "PROC-02", "STR-05")
