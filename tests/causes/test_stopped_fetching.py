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
        "and PROC-39). It goes on to answer messages."
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
    (cause,) = find_causes(results, last_calls=[call("16-a", at_ms=160_000.0), *rejected])
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.summary == (
        "The service requests nothing new since some moment between PROC-16, which passed, and "
        "PROC-33: none of 4 acknowledged events of 2 scenarios was asked for (PROC-33 and "
        "PROC-39). Its last 6 requests were all rejected, the last one to "
        "reservations/getAll/2023-06-06 (401 It is disabled): what is behind them waits."
    )
    assert "hold up" in cause.remedy
    (cause,) = find_causes(results, last_calls=[*rejected, call("12-a", at_ms=340_000.0)])
    assert "hold up" not in cause.remedy


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
