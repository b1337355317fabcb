"""The cause of a service that gives up after a number of attempts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import ApiCall, ApiFault, CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery_of

RESERVATION, RESOURCE = "ServiceOrderUpdated", "ResourceUpdated"
FAULTS = {
    ApiFault.TOO_MANY_REQUESTS: (429, 1.0),
    ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER: (429, None),
    ApiFault.SERVER_ERROR: (500, None),
    ApiFault.BAD_REQUEST: (400, None),
}
LIMITED, ENDLESS, ERROR, PERMANENT = FAULTS


def failed(entity_id: str, fault: ApiFault, at_ms: float) -> ApiCall:
    """Return a request for an entity that meets a fault."""
    status, retry_after_s = FAULTS[fault]
    return call(entity_id, at_ms=at_ms, status=status, fault=fault, retry_after_s=retry_after_s)


def result(number: int, *faults: ApiFault, fetched: bool = False) -> ScenarioResult:
    """Return the result of a scenario with one entity, whose requests meet faults one by one."""
    calls = [failed(str(number), fault, 2000.0 * (n + 1)) for n, fault in enumerate(faults)]
    if fetched:
        calls.append(call(str(number), at_ms=2000.0 * (len(faults) + 1)))
    sent = delivery_of((RESERVATION, str(number)))
    return processing_result(f"PROC-0{number}", [sent], calls, met=fetched)


def test_a_request_that_is_given_up_after_some_attempts() -> None:
    """Whatever the errors are: the number of attempts is the same."""
    (cause,) = find_causes(
        [
            result(1, LIMITED, LIMITED, LIMITED),
            result(2, LIMITED, ERROR, ERROR),
            result(3, ERROR, ERROR, fetched=True),
        ]
    )
    assert (cause.kind, cause.explains) == (CauseKind.LIMITED_RETRIES, ("PROC-01", "PROC-02"))
    assert cause.summary == (
        "What is to be fetched is given up after 3 requests for it that failed: 2 entities were "
        "not asked for again while the run waited (the last error: 429 with Retry-After and 500)."
    )


@pytest.mark.parametrize(
    "results",
    [
        [result(1, LIMITED, LIMITED)],
        [result(1, LIMITED, LIMITED), result(2, LIMITED, LIMITED, LIMITED)],
        [
            result(1, LIMITED, LIMITED),
            result(2, ERROR, ERROR),
            result(3, *[ERROR] * 2, fetched=True),
        ],
        [result(1, LIMITED, PERMANENT), result(2, ERROR, PERMANENT)],
        [result(1, LIMITED, ERROR), result(2, ENDLESS, ERROR)],
    ],
    ids=["one-scenario", "other-numbers", "fetched-later", "permanent", "last-never-repeated"],
)
def test_no_limit(results: list[ScenarioResult]) -> None:
    """Chance and errors that end the retries by themselves are no limit on their number."""
    kinds = {cause.kind for cause in find_causes(results)}
    assert CauseKind.LIMITED_RETRIES not in kinds


def test_entities_that_are_fetched_late_are_not_given_up() -> None:
    """The run ceased to wait before their next request."""
    results = [result(1, ERROR, ERROR), result(2, ERROR, ERROR)]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.LIMITED_RETRIES
    (cause,) = find_causes(results, late_ids={"1", "2"})
    assert cause.kind is CauseKind.ERRORS_NOT_RETRIED


def shared_limit(number: int, *, pause_ms: float) -> ScenarioResult:
    """Return the result of a scenario whose fourth failed request is given up.

    The request that was refused before it is repeated after a pause.
    """
    first, second = f"{number}-first", f"{number}-second"
    calls = [
        failed(first, LIMITED, 1000.0),
        failed(second, LIMITED, 1001.0),
        failed(first, LIMITED, 3000.0),
        failed(second, LIMITED, 3001.0),
        call(first, at_ms=3001.0 + pause_ms),
    ]
    sent = delivery_of((RESERVATION, first), (RESERVATION, second))
    scenario = processing_result(f"PROC-0{number}", [sent], calls)
    (evidence,) = scenario.evidence
    early = replace(evidence.findings[0], check="honours-retry-after")
    findings = (*evidence.findings, *[early] * (pause_ms < 1000))
    return replace(scenario, evidence=(replace(evidence, findings=findings),))


def test_failures_of_an_enterprise_are_counted_together() -> None:
    """Of two requests in turn one is given up; what forgets their pause does so by that."""
    results = [result(1, *[ENDLESS] * 4), shared_limit(2, pause_ms=50.0)]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.LIMITED_RETRIES, ("PROC-01", "PROC-02"))
    assert cause.summary.startswith(
        "What is to be fetched is given up after 4 requests of an enterprise that failed one after "
        "another: 2 entities were not asked for again"
    )


def test_an_early_retry_elsewhere_is_another_matter() -> None:
    """Only one right after a request that is given up belongs to it."""
    early = shared_limit(2, pause_ms=50.0)
    (evidence,) = early.evidence
    calls = evidence.transcript.calls
    elsewhere = (calls[0], replace(calls[2], received_ms=1100.0), calls[1], *calls[3:])
    transcript = replace(evidence.transcript, calls=elsewhere)
    early = replace(early, evidence=(replace(evidence, transcript=transcript),))
    later = shared_limit(3, pause_ms=1500.0)
    causes = find_causes([result(1, *[ENDLESS] * 4), later, early])
    assert {name for cause in causes for name in cause.explains} == {"PROC-01", "PROC-03"}
