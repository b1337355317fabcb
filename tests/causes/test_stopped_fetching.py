"""The cause of a service that requests nothing any more from some scenario on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import CauseKind, ScenarioResult
from pytest_mews.model.step import RestartService
from tests.causes.observed_results import processing_result
from tests.transcript_builders import OTHER_ENTERPRISE, call, delivery

WORKING = tuple(range(11, 17))
LATER = (33, 39)


def result(number: int, *, fetched: bool, event: str = "ServiceOrderUpdated") -> ScenarioResult:
    """Return the result of two messages, one after the other, in the order of the numbers."""
    at_ms = 10_000.0 * number
    ids = [f"{number}-a", f"{number}-b"]
    deliveries = [delivery(name, event=event, at_ms=at_ms) for name in ids]
    calls = [call(name, at_ms=at_ms + 100.0) for name in ids] if fetched else []
    return processing_result(f"PROC-{number}", deliveries, calls, met=fetched)


def test_nothing_is_requested_after_a_scenario() -> None:
    """The last scenario that passed is named, and all after it are explained."""
    results = [result(number, fetched=True) for number in WORKING]
    results += [result(number, fetched=False) for number in (27, *LATER)]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.shown_by) == (CauseKind.STOPPED_FETCHING, "PROC-27")
    assert cause.explains == ("PROC-27", "PROC-33", "PROC-39")
    assert cause.summary == (
        "The service requests nothing any more since some moment between PROC-16, which passed, "
        "and PROC-27: none of 6 acknowledged events of 3 scenarios was asked for (PROC-27, PROC-33 "
        "and PROC-39). It goes on to answer messages. PROC-27 began 270.0 s after the start of the "
        "run."
    )


def test_a_restart_starts_again_what_has_ended() -> None:
    """The harness restarts the service in its last scenario, which fetches everything then."""
    results = [result(number, fetched=True) for number in WORKING]
    results += [result(number, fetched=False) for number in LATER]
    last = result(49, fetched=True)
    restarting = replace(last.scenario, steps=(RestartService(),))
    (cause,) = find_causes([*results, replace(last, scenario=restarting)])
    assert (cause.kind, cause.explains) == (CauseKind.STOPPED_FETCHING, ("PROC-33", "PROC-39"))
    assert cause.summary.endswith(" It requests something again after its restart in PROC-49.")


def test_a_rejected_request_that_is_repeated_holds_up_the_others() -> None:
    """The service still makes requests, but always the same; a single other one is work."""
    results = [result(number, fetched=True) for number in WORKING]
    results += [result(number, fetched=False) for number in LATER]
    rejected = [
        replace(call("11-a", at_ms=330_000.0 + number, status=401), message="It is disabled.")
        for number in range(6)
    ]
    (cause,) = find_causes(results, last_calls={1: [call("16-a", at_ms=160_000.0), *rejected]})
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.summary == (
        "The service requests nothing new since some moment between PROC-16, which passed, and "
        "PROC-33: none of 4 acknowledged events of 2 scenarios was asked for (PROC-33 and "
        "PROC-39). Its last 6 requests were all rejected, the last one to "
        "reservations/getAll/2023-06-06 (401 It is disabled): what is behind them waits."
    )
    assert "hold up" in cause.remedy
    (cause,) = find_causes(results, last_calls={1: [*rejected, call("12-a", at_ms=340_000.0)]})
    assert "hold up" not in cause.remedy


def test_a_worker_that_ends_at_once() -> None:
    """Two scenarios of many: that by chance just the first ones were requested is hardly likely."""
    early = [result(number, fetched=True) for number in WORKING[:2]]
    late = [result(number, fetched=False) for number in range(20, 35)]
    (cause,) = find_causes([*early, *late])
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert len(cause.explains) == len(late)
    kinds = {cause.kind for cause in find_causes([*early, *late[:3]])}
    assert CauseKind.STOPPED_FETCHING not in kinds


def test_a_restart_revives_the_service() -> None:
    """What came after the restart was fetched: the service had stopped until then all the same."""
    results = [result(number, fetched=True) for number in WORKING]
    results += [result(number, fetched=False) for number in LATER]
    restarting = restart(result(49, fetched=False))
    results += [restarting, result(50, fetched=True)]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.explains == ("PROC-33", "PROC-39")
    (cause,) = find_causes([*results[:-2], restart(result(49, fetched=True))])
    assert cause.explains == ("PROC-33", "PROC-39")


def restart(restarted: ScenarioResult) -> ScenarioResult:
    """Return the result of a scenario that restarts the service."""
    return replace(restarted, scenario=replace(restarted.scenario, steps=(RestartService(),)))


def test_a_scenario_of_which_a_part_was_fetched_is_where_it_stopped() -> None:
    """The last scenario of which anything was requested has failed: nobody else is suspected."""
    deliveries = [delivery(name, at_ms=200_000.0) for name in ("20-a", "20-b")]
    partly = processing_result("PROC-20", deliveries, [call("20-a", at_ms=200_100.0)])
    results = [result(number, fetched=True) for number in WORKING]
    results += [partly, *(result(number, fetched=False) for number in LATER)]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.summary.startswith("The service requests nothing any more since PROC-20: none of")


def test_what_is_never_requested_anyway_does_not_hide_it() -> None:
    """A new enterprise, of which nothing was requested before, is no reason to doubt the others."""
    deliveries = [delivery("20-a", enterprise=OTHER_ENTERPRISE, at_ms=200_000.0)]
    new = processing_result("PROC-20", deliveries, [])
    results = [result(number, fetched=True) for number in WORKING]
    results += [new, *(result(number, fetched=False) for number in LATER)]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.explains == ("PROC-20", "PROC-33", "PROC-39")


def test_a_service_that_uses_a_wrong_token_has_not_stopped() -> None:
    """It requests what it is told about, with the AccessToken of another enterprise."""
    results = [result(number, fetched=True) for number in WORKING]
    for number in LATER:
        foreign = call(f"{number}-a", at_ms=10_000.0 * number + 100, enterprise=OTHER_ENTERPRISE)
        sent = [delivery(f"{number}-a", at_ms=10_000.0 * number)]
        results.append(processing_result(f"PROC-{number}", sent, [foreign]))
    kinds = {cause.kind for cause in find_causes(results)}
    assert kinds == {CauseKind.OTHER_ENTERPRISES_TOKEN}


def test_an_unnoticed_deletion_is_explained() -> None:
    """No request, no response without the deleted entity: the check about it fails too."""
    deliveries = [delivery("37-a", at_ms=370_000.0)]
    deletion = processing_result("PROC-37", deliveries, [], check="deletion-noticed")
    results = [result(number, fetched=True) for number in WORKING]
    results += [*(result(number, fetched=False) for number in LATER), deletion]
    (cause,) = find_causes(results)
    assert cause.explains == ("PROC-33", "PROC-39", "PROC-37")


@pytest.mark.parametrize(
    "later",
    [
        [result(33, fetched=False), result(39, fetched=True)],  # it goes on
        [result(33, fetched=False)],  # one scenario
        [result(number, fetched=False, event="PaymentUpdated") for number in LATER],  # a type
    ],
)
def test_it_has_not_stopped(later: list[ScenarioResult]) -> None:
    """Something is requested later, one scenario alone fails, or only other types are missing."""
    results = [result(number, fetched=True) for number in WORKING]
    kinds = {cause.kind for cause in find_causes([*results, *later])}
    assert CauseKind.STOPPED_FETCHING not in kinds


def test_a_service_that_works_only_while_it_has_a_message() -> None:
    """What it requests with the next message was not lost, and no thread has ended."""
    results = [result(number, fetched=True) for number in WORKING]
    results += [result(number, fetched=False) for number in (27, *LATER)]
    (cause,) = find_causes(results, late_ids=["27-a", "27-b", "33-a"], waits_for_messages=True)
    assert cause.kind is CauseKind.IDLE_BETWEEN_MESSAGES
    assert cause.explains == ("PROC-27", "PROC-33", "PROC-39")
    assert cause.summary.startswith(
        "The service works only while it has a message to answer: 3 entities were not requested "
        "until the next message came."
    )


@pytest.mark.parametrize(
    ("last_request_ms", "later_fetched", "expected"),
    [
        (60_200.0, False, True),
        (75_000.0, False, False),  # it went on for long
        (60_200.0, True, False),  # a scenario that began afterwards passed
    ],
)
def test_nothing_is_requested_after_scenarios_that_ran_together(
    last_request_ms: float, *, later_fetched: bool, expected: bool
) -> None:
    """None began afterwards: their own events, from one on, show when it stopped."""
    passed = [result(number, fetched=True) for number in (1, 2)]
    together = []
    for number in (27, 33):
        ids = [f"{number}-{index}" for index in range(7)]
        deliveries = [
            delivery(name, event="ServiceOrderUpdated", at_ms=60_000.0 + 100.0 * index)
            for index, name in enumerate(ids)
        ]
        calls = [call(ids[0], at_ms=60_050.0)]
        together.append(processing_result(f"PROC-{number}", deliveries, calls, met=False))
    results = [*passed, *together, *([result(9, fetched=True)] if later_fetched else [])]
    last_calls = {1: [call("33-0", at_ms=last_request_ms)]}
    causes = find_causes(results, last_calls=last_calls)
    stopped = [cause for cause in causes if cause.kind is CauseKind.STOPPED_FETCHING]
    assert bool(stopped) is expected
    if expected:
        assert stopped[0].explains == ("PROC-27", "PROC-33")
        assert "while PROC-27 and PROC-33 ran: none of 12 events" in stopped[0].summary


def test_a_restart_that_comes_first_begins_another_life() -> None:
    """With several instances the scenario that restarts the service is the first at one of them."""
    first = result(1, fetched=True)
    restart = replace(first.scenario, steps=(RestartService(),))
    results = [replace(first, scenario=restart)]
    results += [result(number, fetched=True) for number in WORKING]
    results += [result(number, fetched=False) for number in LATER]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.explains == ("PROC-33", "PROC-39")
