"""The cause of a service that repeats failed requests at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import ApiFault, CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery

FAULTS = {
    "honours-retry-after": (ApiFault.TOO_MANY_REQUESTS, 429),
    "rejected-not-repeated": (ApiFault.BAD_REQUEST, 400),
}


def result(check: str, pause_ms: float) -> ScenarioResult:
    """Return the result of a scenario in which a request fails three times, with equal pauses."""
    fault, status = FAULTS[check]
    start_ms = 10_000.0 * list(FAULTS).index(check)
    calls = [
        replace(
            call(check, number=number, at_ms=start_ms + number * (pause_ms + 1), status=status),
            number=int(start_ms) + number,
            answered_ms=start_ms + number * (pause_ms + 1) + 1,
            fault=fault,
        )
        for number in range(1, 5)
    ]
    return processing_result(f"PROC-{status}", [delivery(check)], calls, check=check)


def test_retries_at_once_are_one_cause() -> None:
    """Whatever the error: the pause is missing in the one place where requests are made."""
    (cause,) = find_causes([result(check, 50.0) for check in FAULTS])
    assert cause.kind is CauseKind.HASTY_RETRIES
    assert cause.summary == (
        "Failed requests are repeated at once, whatever the error (400 and 429 with Retry-After): "
        "all 6 retries came within 0.3 s of the response, half of them within 50 ms."
    )
    assert cause.explains == ("PROC-429", "PROC-400")


@pytest.mark.parametrize(
    "results",
    [
        [result("honours-retry-after", 50.0)],  # its finding says as much
        [result("honours-retry-after", 50.0), result("rejected-not-repeated", 900.0)],
    ],
    ids=["one-scenario", "pauses-in-one"],
)
def test_it_is_no_cause(results: list[ScenarioResult]) -> None:
    """Only several errors with the same short pauses have one cause."""
    assert find_causes(results) == ()
