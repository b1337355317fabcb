"""The cause of a service that loses an id wherever it divides a list of ids into requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import ApiCall, ApiFault, CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery

STEP = 20


def requests_for(ids: Sequence[str], size: int, step: int = STEP) -> list[ApiCall]:
    """Return the requests of a service that divides ids into parts, each of a size."""
    return [
        call(*ids[start : start + size], at_ms=2_000.0 + start, number=start + 1)
        for start in range(0, len(ids), step)
    ]


def result_of(number: int, counts: Sequence[int], size: int = STEP - 1) -> ScenarioResult:
    """Return the result of a scenario with some messages, whose ids are collected and divided."""
    messages = [
        [f"{number}-{index}-{place}" for place in range(count)]
        for index, count in enumerate(counts)
    ]
    ids = [entity_id for message in messages for entity_id in message]
    sent = [delivery(*message, at_ms=100.0 * index) for index, message in enumerate(messages)]
    calls = requests_for(ids, size)
    asked = {entity_id for each in calls for entity_id in each.requested_ids}
    return processing_result(f"PROC-0{number}", sent, calls, met=asked == set(ids))


SHORT = [result_of(3, (5, 13)), result_of(4, (12,))]


def test_one_id_is_lost_with_each_full_request() -> None:
    """Over the messages of a scenario, so that no place in a message says which."""
    results = [result_of(1, (7, 30, 8)), result_of(2, (33, 70)), *SHORT]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.MESSAGE_PART_NOT_FETCHED
    assert cause.explains == ("PROC-01", "PROC-02")
    assert cause.summary == (
        "About one id is lost with each full request: 7 requests are for 19 ids, the most in any, "
        "and 7 acknowledged events beside them, in 2 scenarios, were never asked for. Where all "
        "requests are smaller, all 30 events were."
    )
    assert "one fewer and one more" in cause.remedy


@pytest.mark.parametrize(("at_ms", "is_explained"), [(1_000.0, True), (5_000.0, False)])
def test_a_full_request_with_the_events_of_other_scenarios(
    at_ms: float,
    is_explained: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A single event is lost just before a full request for its type, whose ids are of others."""
    results = [result_of(1, (33, 170)), result_of(2, (45,)), *SHORT]
    single = processing_result("PROC-07", [delivery("7-a", at_ms=at_ms)], [])
    (cause,) = find_causes([*results, single])
    assert ("PROC-07" in cause.explains) is is_explained


def test_an_error_that_passed_hides_it_not() -> None:
    """What failed was requested again with success, in two halves."""
    results = [result_of(1, (33, 170)), result_of(2, (45,)), *SHORT]
    (evidence,) = results[0].evidence
    first, *others = evidence.transcript.calls
    failed = replace(first, status=408, fault=ApiFault.REQUEST_TIMEOUT, returned_ids=())
    ids = first.requested_ids
    halves = [call(*ids[:9], at_ms=2_001.0), call(*ids[9:], at_ms=2_002.0)]
    transcript = replace(evidence.transcript, calls=(failed, *halves, *others))
    results[0] = replace(results[0], evidence=(replace(evidence, transcript=transcript),))
    (cause,) = find_causes(results)
    assert cause.explains == ("PROC-01", "PROC-02")


def test_what_waits_behind_an_error_is_not_lost_with_a_full_request() -> None:
    """The same requests, but the first one fails for good."""
    results = [result_of(1, (33, 70)), result_of(2, (45,)), *SHORT]
    for index, result in enumerate(results[:2]):
        (evidence,) = result.evidence
        first, *others = evidence.transcript.calls
        failed = replace(first, status=500, fault=ApiFault.SERVER_ERROR, returned_ids=())
        transcript = replace(evidence.transcript, calls=(failed, *others))
        results[index] = replace(result, evidence=(replace(evidence, transcript=transcript),))
    kinds = {cause.kind for cause in find_causes(results)}
    assert CauseKind.MESSAGE_PART_NOT_FETCHED not in kinds


def test_more_losses_than_full_requests_are_another_flaw() -> None:
    """Parts that are five ids too short, and losses where no request is full."""
    short = [result_of(1, (33, 70), STEP - 5), result_of(2, (45,), STEP - 5), *SHORT]
    elsewhere = [
        processing_result(
            f"PROC-0{number}",
            [delivery(*(f"{number}-{place}" for place in range(12)))],
            [call(*(f"{number}-{place}" for place in range(11)))],
        )
        for number in (5, 6)
    ]
    full = [result_of(1, (33, 70)), *SHORT]
    for results in (short, [*full, *elsewhere]):
        kinds = {cause.kind for cause in find_causes(results)}
        assert CauseKind.MESSAGE_PART_NOT_FETCHED not in kinds
