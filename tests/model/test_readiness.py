"""The readiness of a stage is its own; that of a run is of all stages."""

from __future__ import annotations

import pytest

from pytest_mews.model import BlockedBy, Readiness, ScenarioResult, Stage, Verdict
from pytest_mews.model.readiness import readiness_of, stage_summaries
from pytest_mews.model.scenario import Requirement
from pytest_mews.scenarios import loader

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}


def result(scenario_id: str, verdict: Verdict, by: str | None = None) -> ScenarioResult:
    """Return a result; `by` is the scenario that shows what blocks it."""
    blocked_by = None if by is None else BlockedBy(Requirement.CONNECTOR_API_ANSWERED, by)
    return ScenarioResult(SCENARIOS[scenario_id], verdict, "", blocked_by=blocked_by)


def readiness_by_stage(*results: ScenarioResult) -> dict[Stage, Readiness]:
    """Return the readiness of each stage."""
    summaries = stage_summaries(results, list(Stage), strict=False)
    return {summary.stage: summary.readiness for summary in summaries}


@pytest.mark.parametrize(
    ("verdict", "by", "expected"),
    [
        (Verdict.PASS, "PRE-01", Readiness.INCOMPLETE),
        (Verdict.PASS, "PRE-02", Readiness.INCOMPLETE),
        (Verdict.PASS, "PRE-03", Readiness.NOT_READY),
        (Verdict.PASS, None, Readiness.NOT_READY),
        (Verdict.PASS, "", Readiness.NOT_READY),
        (Verdict.WARN, "PRE-01", Readiness.INCOMPLETE),
        (Verdict.FAIL, "PRE-01", Readiness.NOT_READY),
    ],
)
def test_a_stage_is_not_unready_for_what_another_one_blocks(
    verdict: Verdict, by: str | None, expected: Readiness
) -> None:
    """STR-29 also needs webhooks: without them a part of the stage was not tested."""
    results = (
        result("PRE-01", Verdict.FAIL),
        result("PRE-02", Verdict.FAIL),
        result("PRE-03", Verdict.PASS),
        result("STR-01", verdict),
        result("STR-29", Verdict.BLOCKED, by),
    )
    assert readiness_by_stage(*results)[Stage.STREAMING] is expected
    assert readiness_of(results, strict=False) is Readiness.NOT_READY


def test_a_stage_that_another_one_blocks_completely_is_incomplete() -> None:
    """Delivery fails, and Processing was not tested."""
    readiness = readiness_by_stage(
        result("PRE-01", Verdict.FAIL), result("PROC-01", Verdict.BLOCKED, "PRE-01")
    )
    assert readiness[Stage.DELIVERY] is Readiness.NOT_READY
    assert readiness[Stage.PROCESSING] is Readiness.INCOMPLETE


def test_without_webhooks_processing_lacks_them_and_not_the_emulator() -> None:
    """The Connector API emulator may well run: what is missing is the URL."""
    (delivery, processing, _) = stage_summaries((), [Stage.STREAMING], strict=False)
    assert processing.how_to_observe == delivery.how_to_observe
    assert "--mews-api" not in processing.how_to_observe
    (_, processing, _) = stage_summaries((), [Stage.DELIVERY], strict=False)
    assert "--mews-api" in processing.how_to_observe


def test_the_counts_of_a_stage_have_one_order() -> None:
    """Whatever the order of the results: what was observed first, then what was not."""
    verdicts = [
        *(Verdict.NOT_APPLICABLE, Verdict.BLOCKED, Verdict.NOT_OBSERVED, Verdict.WARN),
        *(Verdict.FAIL, Verdict.PASS, Verdict.WARN),
    ]
    scenarios = [item for item in loader.load_scenarios() if item.stage is Stage.DELIVERY]
    results = [
        ScenarioResult(scenario, verdict, "")
        for scenario, verdict in zip(scenarios, verdicts, strict=False)
    ]
    summary = stage_summaries(results, {Stage.DELIVERY}, strict=False)[0]
    assert list(summary.counts.items()) == [
        *(("pass", 1), ("fail", 1), ("warn", 2), ("blocked", 1)),
        *(("not-observed", 1), ("not-applicable", 1)),
    ]
