"""Causes of what WebSocket clients leave out."""

from __future__ import annotations

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


def test_a_service_that_takes_first_events_of_both_channels() -> None:
    """One scenario of the WebSocket shows too little by itself, but is the same flaw."""
    webhooks = []
    for number in range(3):
        names = [f"webhook-{number}-{index}" for index in range(4)]
        webhooks.append(processing_result(f"PROC-0{number}", [delivery(*names)], [call(names[0])]))
    (cause,) = find_causes([*webhooks, smallest_result(5)])
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert cause.explains == ("PROC-00", "PROC-01", "PROC-02", "STR-05")
