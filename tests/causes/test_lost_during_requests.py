"""The cause of a service that loses the events that come while one of its requests is running."""

from __future__ import annotations

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery, delivery_of

SLOW_MS = 8_000.0
PAYMENTS = "payments/getAll"
LARGE = (7, 8)  # scenarios


def slow_result(
    number: int, *, answered_ms: float = SLOW_MS, lost: int = 10, payments_lost: bool = False
) -> ScenarioResult:
    """Return the result of a scenario whose first request is slow: ten events come meanwhile.

    Eight payments come at the same time, for which another request asks.
    """
    ids = [f"{number}-{place}" for place in range(10)]
    payments = [f"{number}-payment-{place}" for place in range(8)]
    start_ms = 100_000.0 * number
    sent = [
        delivery(f"{number}-first", at_ms=start_ms),
        delivery_of(
            *(("ServiceOrderUpdated", entity_id) for entity_id in ids),
            *(("PaymentUpdated", entity_id) for entity_id in payments),
            at_ms=start_ms + 2_000,
        ),
    ]
    calls = [call(f"{number}-first", at_ms=start_ms + 100, duration_ms=answered_ms)]
    if lost < len(ids):
        calls.append(call(*ids[lost:], at_ms=start_ms + 9_000))
    if not payments_lost:
        calls.append(call(*payments, at_ms=start_ms + 9_010, operation=PAYMENTS))
    is_met = not lost and not payments_lost
    return processing_result(f"PROC-0{number}", sent, calls, met=is_met)


def quick_result(number: int, *lost: str) -> ScenarioResult:
    """Return the result of a scenario with a message, of whose events some are lost."""
    names = "abcdefghijklmnopqrst" if number in LARGE else "abc"
    ids = [f"{number}-{name}" for name in names]
    payments = [f"{number}-payment-{name}" for name in names]
    start_ms = 100_000.0 * number
    events = [("ServiceOrderUpdated", entity_id) for entity_id in ids]
    events += [("PaymentUpdated", entity_id) for entity_id in payments]
    calls = [
        call(*(one for one in ids if one[-1] not in lost), at_ms=start_ms + 500),
        call(*payments, at_ms=start_ms + 510, operation=PAYMENTS),
    ]
    sent = [delivery_of(*events, at_ms=start_ms)]
    return processing_result(f"PROC-0{number}", sent, calls, met=not lost)


OTHERS = [quick_result(number) for number in range(4, 9)]


@pytest.mark.parametrize(
    ("payments_lost", "request_for", "lost", "others"),
    [
        (False, "their type and enterprise", "all 10", "112 of 113"),
        (True, "their enterprise", "all 18", "104 of 105"),
    ],
    ids=["cleared-note", "flag-of-an-enterprise"],
)
def test_what_comes_during_a_request_is_lost(
    payments_lost: bool,  # noqa: FBT001 - a parameter
    request_for: str,
    lost: str,
    others: str,
) -> None:
    """A note that is cleared after the request; a scenario where the request is not seen counts."""
    results = [slow_result(1, payments_lost=payments_lost), quick_result(2, "a"), *OTHERS]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.SOME_NOT_FETCHED, ("PROC-01", "PROC-02"))
    assert cause.summary.endswith(
        f" Of those that came while a request for {request_for} was running, {lost} were lost; of "
        f"the others that the report shows, {others} were asked for."
    )
    assert "before you make the request" in cause.remedy


@pytest.mark.parametrize(
    "result",
    [slow_result(1, lost=5), slow_result(1, answered_ms=50.0)],
    ids=["half-is-lost", "not-during-it"],
)
def test_other_losses_in_two_scenarios_are_no_cause(result: ScenarioResult) -> None:
    """A full queue takes some of what comes meanwhile; a response may be there before."""
    assert find_causes([result, quick_result(2, "a"), *OTHERS]) == ()


def test_what_is_fetched_late_does_not_count() -> None:
    """It was not lost: the service was slower than the run waits."""
    results = [slow_result(1), quick_result(2, "a"), *OTHERS]
    late = [f"1-{place}" for place in range(10)]
    assert find_causes(results, late) == ()
