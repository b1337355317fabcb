"""The causes of a service that fetches the same several times, at once or again afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import ApiCall, ApiFault, CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery

AT_ONCE_MS = (0.0, 3.0, 30.0)  # when three workers ask for the same; the first two overlap
ONE_AFTER_ANOTHER_MS = (0.0, 10.0, 20.0)
MESSAGES = 6


def result_of(
    number: int, copies_ms: Sequence[float], check: str = "no-repeated-fetch"
) -> ScenarioResult:
    """Return the result of messages about an entity each, which is asked for at these times."""
    sent, calls = [], []
    for index in range(MESSAGES):
        at_ms = 100_000.0 * number + 1_000 * index
        name = f"{number}-{index}"
        sent.append(delivery(name, at_ms=at_ms))
        calls += [call(name, at_ms=at_ms + 100 + after_ms) for after_ms in copies_ms]
    met = len(copies_ms) == 1
    result = processing_result(f"PROC-{number:02}", sent, calls, check=check, met=met)
    (evidence,) = result.evidence
    fetched = replace(evidence.findings[0], check="fetched", met=True)
    findings = (fetched, *evidence.findings)
    return replace(result, evidence=(replace(evidence, findings=findings),))


def hasty_result(number: int, pause_ms: float) -> ScenarioResult:
    """Return the result of a scenario whose rejected request is repeated after a pause."""
    at_ms = 100_000.0 * number
    first = call("a", at_ms=at_ms, status=400, returned_ids=())
    again = call("a", at_ms=at_ms + pause_ms, status=400, returned_ids=(), number=int(at_ms) + 1)
    calls: list[ApiCall] = [replace(one, fault=ApiFault.BAD_REQUEST) for one in (first, again)]
    return processing_result(
        f"PROC-{number:02}", [delivery("a", at_ms=at_ms)], calls, check="rejected-not-repeated"
    )


SHOWN = [result_of(number, AT_ONCE_MS) for number in (12, 13, 14, 15)]


def test_requests_of_several_workers_for_the_same() -> None:
    """Also what one of them repeats at once after the error of another."""
    other_check = result_of(29, AT_ONCE_MS, check="no-polling")
    (cause,) = find_causes([*SHOWN, other_check, hasty_result(41, 6.0)])
    assert cause.kind is CauseKind.WORK_NOT_CLAIMED
    assert cause.explains == ("PROC-12", "PROC-13", "PROC-14", "PROC-15", "PROC-41")
    assert cause.summary == (
        "Several workers fetch the same: all 30 requests for ids were made more than once after a "
        "message, 30 of them again before their response had come."
    )


def test_a_repetition_after_a_pause_is_another_flaw() -> None:
    """A worker that repeats a rejected request does so later."""
    (cause,) = find_causes([*SHOWN, hasty_result(41, 800.0)])
    assert "PROC-41" not in cause.explains


def test_requests_one_after_another_for_the_same() -> None:
    """A worker that makes each request three times is not several workers."""
    results = [result_of(number, ONE_AFTER_ANOTHER_MS) for number in (12, 13, 14, 15)]
    (cause, *others) = find_causes([*results, hasty_result(41, 6.0)])
    assert not others
    assert cause.kind is CauseKind.FETCHED_REPEATEDLY
    assert cause.explains == ("PROC-12", "PROC-13", "PROC-14", "PROC-15")
    assert cause.summary == (
        "What was fetched is fetched again: all 24 requests for ids were made more than once after "
        "a message, mostly 3 times, and none again before its response had come."
    )


@pytest.mark.parametrize(
    "results",
    [
        [
            *SHOWN[:2],
            *(result_of(number, (0.0,)) for number in (1, 2, 3, 4)),
        ],
        [SHOWN[0], *(replace(one, evidence=()) for one in SHOWN[1:])],
    ],
    ids=["now-and-then", "one-scenario"],
)
def test_it_is_no_cause(results: Sequence[ScenarioResult]) -> None:
    """Copies that are rare are another flaw, and one scenario says it by itself."""
    kinds = {cause.kind for cause in find_causes(results)}
    assert kinds.isdisjoint({CauseKind.WORK_NOT_CLAIMED, CauseKind.FETCHED_REPEATEDLY})
