"""What waits behind a request that failed belongs to the cause of the failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.causes.unnoticed_deletions import DELETION_NOTICED
from pytest_mews.model import ApiCall, ApiFault, Cause, CauseKind, RequestProblem, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import ENTERPRISE, OTHER_ENTERPRISE, call, delivery

STEP_MS = 10_000.0  # between scenarios
WORKING = tuple(range(1, 8))
LOSING = (8, 9)  # scenarios whose requests fail
BEHIND = 10
MakeCall = Callable[[str, float], ApiCall]
"""Takes an id and a time, and returns the request for it."""


def fetched_result(number: int) -> ScenarioResult:
    """Return the result of a scenario whose entity is fetched."""
    at_ms = STEP_MS * number
    name = f"{number}-a"
    return processing_result(
        f"PROC-{number:02}", [delivery(name, at_ms=at_ms)], [call(name, at_ms=at_ms + 50)], met=True
    )


def failed_call(name: str, at_ms: float) -> ApiCall:
    """Return a request that meets an injected error."""
    return replace(
        call(name, at_ms=at_ms, status=500, returned_ids=()), fault=ApiFault.SERVER_ERROR
    )


def refused_call(name: str, at_ms: float) -> ApiCall:
    """Return a request for too many ids."""
    return replace(
        call(name, at_ms=at_ms, status=400, returned_ids=()),
        message="ReservationIds may have at most 1000 items.",
        request_problems=(RequestProblem.INVALID_BODY, RequestProblem.TOO_MANY_ITEMS),
    )


def losing_result(number: int, failed: ApiCall) -> ScenarioResult:
    """Return the result of a scenario whose only request fails."""
    return processing_result(
        f"PROC-{number:02}", [delivery(f"{number}-a", at_ms=STEP_MS * number)], [failed]
    )


def silent_result(number: int, enterprise: str | None = None) -> ScenarioResult:
    """Return the result of a scenario of which nothing was asked for."""
    others = {} if enterprise is None else {"enterprise": enterprise}
    sent = delivery(f"{number}-a", at_ms=STEP_MS * number, **others)
    return processing_result(f"PROC-{number:02}", [sent], [])


def causes_of(
    make_call: MakeCall, *later: ScenarioResult, last_calls: Sequence[ApiCall] = ()
) -> tuple[Cause, ...]:
    """Return the causes if two scenarios lose what a request asked for, and others follow."""
    lost = [
        losing_result(number, make_call(f"{number}-a", STEP_MS * number + 50)) for number in LOSING
    ]
    results = [*map(fetched_result, WORKING), *lost, *later]
    return find_causes(results, last_calls={1: last_calls})


@pytest.mark.parametrize(
    ("make_call", "kind"),
    [
        (failed_call, CauseKind.ERRORS_NOT_RETRIED),
        (refused_call, CauseKind.REQUESTS_REFUSED),
    ],
    ids=["pause-after-an-error", "refused-request"],
)
def test_what_waits_behind_a_failed_request(make_call: MakeCall, kind: CauseKind) -> None:
    """A service that makes no other request of the enterprise asks for nothing that comes then."""
    (cause,) = causes_of(make_call, silent_result(BEHIND))
    assert (cause.kind, cause.explains) == (kind, ("PROC-08", "PROC-09", "PROC-10"))
    assert cause.summary.endswith(" 1 more entity was never asked for, behind such a request.")


@pytest.mark.parametrize(
    "later",
    [
        [silent_result(BEHIND, OTHER_ENTERPRISE)],
        [fetched_result(BEHIND), silent_result(BEHIND + 1)],
        [silent_result(BEHIND + 20)],
    ],
    ids=["another-enterprise", "it-went-on", "much-later"],
)
def test_what_waits_behind_no_failed_request(later: Sequence[ScenarioResult]) -> None:
    """Its enterprise had no such request, or others after it, or the pause would be too long."""
    (cause,) = causes_of(failed_call, *later)
    assert cause.explains == ("PROC-08", "PROC-09")
    assert "behind" not in cause.summary


@pytest.mark.parametrize("enterprise", [ENTERPRISE, OTHER_ENTERPRISE])
def test_a_deletion_that_comes_behind_a_failed_request(enterprise: str) -> None:
    """It is not noticed for the same reason, if it is one of the same enterprise."""
    sent = delivery("10-a", at_ms=STEP_MS * BEHIND, enterprise=enterprise)
    unnoticed = processing_result("PROC-37", [sent], [], check=DELETION_NOTICED)
    (cause,) = causes_of(failed_call, unnoticed)
    assert ("PROC-37" in cause.explains) is (enterprise == ENTERPRISE)


def test_a_pause_is_no_end_of_fetching() -> None:
    """The service went on after the first error: so it may only pause after the second one."""
    late = call("10-a", at_ms=STEP_MS * (BEHIND + 2))
    for last_calls in ([], [late]):
        (cause,) = causes_of(
            failed_call, silent_result(BEHIND), silent_result(BEHIND + 1), last_calls=last_calls
        )
        assert cause.kind is CauseKind.ERRORS_NOT_RETRIED
        assert len(cause.explains) == 4
    # Nobody pauses so long.
    later = [silent_result(BEHIND + 20), silent_result(BEHIND + 21)]
    kinds = [cause.kind for cause in causes_of(failed_call, *later)]
    assert CauseKind.STOPPED_FETCHING in kinds


def test_the_first_error_may_end_the_requests() -> None:
    """Nothing shows that the service goes on after an error."""
    failed = losing_result(8, failed_call("8-a", STEP_MS * 8 + 50))
    silent = [silent_result(number) for number in (9, 10, 11)]
    (cause,) = find_causes([*map(fetched_result, WORKING), failed, *silent])
    assert cause.kind is CauseKind.STOPPED_FETCHING
