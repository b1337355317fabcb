"""The page stays small however long the run, and says what it leaves out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sample_run
from markupsafe import Markup

from pytest_mews.model import Delivery, Evidence, Run, ScenarioResult, Stage, Transcript, Verdict
from pytest_mews.reports.html_report import OMITTED_EVIDENCE, SizeBudget, to_html

pytestmark = [pytest.mark.pictures, pytest.mark.slow]

SCENARIOS = 120
MAX_ELEMENTS = 40_000  # a browser lays out this many at once


def rejected_delivery(attempts: int) -> Delivery:
    """Return a message of 500 events that is rejected with a different response each time."""
    exchanges = (
        sample_run.exchange(number * 1800, 40, 503, f'{{"detail":"busy {number}"}}'.encode() * 60)
        for number in range(attempts)
    )
    return sample_run.delivery("batch", sample_run.message(500), *exchanges)


def largest_result(number: int) -> ScenarioResult:
    """Return a failing scenario of the Processing stage with as much evidence as possible."""
    rejected = tuple(rejected_delivery(12) for _ in range(8))
    accepted = sample_run.delivery(
        "m", sample_run.message(500), sample_run.exchange(number, 5), sample_run.exchange(9, 5)
    )
    calls = tuple(
        sample_run.call(index, 10.0 + index, event.entity_id)
        for index, event in enumerate(accepted.message.events[:250])
    )
    unmet = sample_run.finding("x" * 900, "y" * 900)
    transcript = Transcript((*rejected, accepted), calls=calls)
    evidence = tuple(
        Evidence(role, "500 events", (unmet,) * 4, transcript)
        for role in ("smallest-failing", "first-failing", "passed-on-retry")
    )
    scenario = sample_run.scenario(f"PROC-{number:03d}", "t" * 200, stage=Stage.PROCESSING)
    return ScenarioResult(scenario, Verdict.FAIL, "r" * 900, evidence=evidence, attempts=())


def count_elements(text: str) -> int:
    """Return the number of elements of a page."""
    return len(re.findall(r"<[a-zA-Z]", text))


def test_page_of_ten_thousand_attempts_is_small(run: Run) -> None:
    """The page of a run of 10,000 attempts, a quarter of them failed, has a bounded size."""
    rejected = rejected_delivery(4)
    failure = sample_run.slow_batches()
    evidence = replace(failure.evidence[0], transcript=Transcript((rejected,) * 25))
    results = tuple(
        replace(
            failure,
            scenario=replace(failure.scenario, id=f"REC-{index:02d}"),
            verdict=Verdict.FAIL if index % 4 == 0 else Verdict.PASS,
            evidence=(evidence,),
            attempts=sample_run.samples(100),
        )
        for index in range(100)
    )
    attempts = sum(
        len(delivery.attempts)
        for result in results
        for evidence in result.evidence
        for delivery in evidence.transcript.deliveries
    )
    assert attempts == 10_000
    text = to_html(replace(run, results=results))
    assert len(text.encode()) < 2_000_000
    assert count_elements(text) < MAX_ELEMENTS / 2


def test_largest_page_stays_under_five_megabytes(run: Run) -> None:
    """If every scenario fails with as much evidence as possible, some of it is left out."""
    result = largest_result(0)
    # The evidence of a quarter of them is more than the page may contain. The rest of the page has
    # all of them.
    without = replace(result, evidence=())
    results = tuple(
        replace(
            result if number % 4 == 0 else without,
            scenario=replace(result.scenario, id=f"PROC-{number:03d}"),
        )
        for number in range(SCENARIOS)
    )
    text = to_html(replace(run, results=results))
    assert len(text.encode()) < 5_000_000
    assert count_elements(text) < 2 * MAX_ELEMENTS
    assert "The evidence is left out here" in text
    assert text.count("Run it again") == SCENARIOS  # each has the commands to repeat it


def test_first_evidence_gets_the_size_budget() -> None:
    """Evidence that fits is included; evidence that doesn't fit uses nothing of the budget."""
    within_budget = SizeBudget(10)
    assert within_budget(Markup("1234567")) == "1234567"
    assert within_budget(Markup("89ab")) == OMITTED_EVIDENCE
    assert within_budget(Markup("89a")) == "89a"
    assert within_budget(Markup("b")) == OMITTED_EVIDENCE
