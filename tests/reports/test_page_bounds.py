"""However long the run, the page stays small, and says what it left out."""

from __future__ import annotations

import re
from dataclasses import replace

import sample_run
from markupsafe import Markup

from pytest_mews.model import Delivery, Evidence, Run, ScenarioResult, Stage, Transcript, Verdict
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.size_budget import LEFT_OUT, SizeBudget

SCENARIOS = 120
ELEMENTS = 40_000  # a browser lays out so many at once


def delivery(attempts: int) -> Delivery:
    """A message of 500 events that was refused again and again, each time otherwise."""
    exchanges = (
        sample_run.answered(n * 1800, 40, 503, f'{{"detail":"busy {n}"}}'.encode() * 60)
        for n in range(attempts)
    )
    return sample_run.delivery("batch", sample_run.message(500), *exchanges)


def huge(number: int) -> ScenarioResult:
    """A failing scenario of the Processing stage with as much evidence as there can be."""
    refused = tuple(delivery(12) for _ in range(8))
    sent = sample_run.delivery(
        "m", sample_run.message(500), sample_run.answered(number, 5), sample_run.answered(9, 5)
    )
    calls = tuple(
        sample_run.call(place, 10.0 + place, event.entity_id)
        for place, event in enumerate(sent.message.events[:250])
    )
    found = sample_run.finding("x" * 900, "y" * 900)
    trials = tuple(
        Evidence(role, "500 events", (found,) * 4, Transcript((*refused, sent), calls=calls))
        for role in ("smallest-failing", "first-failing", "passed-on-retry")
    )
    case = sample_run.scenario(f"PROC-{number:03d}", "t" * 200, stage=Stage.PROCESSING)
    return ScenarioResult(case, Verdict.FAIL, "r" * 900, evidence=trials, samples=())


def elements(text: str) -> int:
    """Count the elements of a page."""
    return len(re.findall(r"<[a-zA-Z]", text))


def test_ten_thousand_attempts_open_at_once(run: Run) -> None:
    """A run of 10,000 attempts, a quarter of them of failures, is a page of bounded size."""
    refused = delivery(4)
    failing = sample_run.slow_batches()
    trial = replace(failing.evidence[0], transcript=Transcript((refused,) * 25))
    results = tuple(
        replace(
            failing,
            scenario=replace(failing.scenario, id=f"REC-{index:02d}"),
            verdict=Verdict.FAIL if index % 4 == 0 else Verdict.PASS,
            evidence=(trial,),
            samples=sample_run.samples(100),
        )
        for index in range(100)
    )
    attempts = sum(
        len(delivery.attempts)
        for result in results
        for trial in result.evidence
        for delivery in trial.transcript.deliveries
    )
    assert attempts == 10_000
    text = to_html(replace(run, results=results))
    assert len(text.encode()) < 2_000_000
    assert elements(text) < ELEMENTS / 2


def test_worst_run_stays_under_five_megabytes(run: Run) -> None:
    """Where every scenario fails with all the evidence there can be, some of it is left out."""
    shared = huge(0)
    results = tuple(
        replace(shared, scenario=replace(shared.scenario, id=f"PROC-{number:03d}"))
        for number in range(SCENARIOS)
    )
    text = to_html(replace(run, results=results))
    assert len(text.encode()) < 5_000_000
    assert elements(text) < 2 * ELEMENTS
    assert "The evidence is left out here" in text
    assert text.count("Play it again") == SCENARIOS  # each can still be seen again


def test_ration_goes_to_what_comes_first() -> None:
    """What fits is let through and counted; what does not is named, and takes nothing."""
    ration = SizeBudget(10)
    assert ration(Markup("1234567")) == "1234567"
    assert ration(Markup("89ab")) == LEFT_OUT
    assert ration(Markup("89a")) == "89a"
    assert ration(Markup("b")) == LEFT_OUT
