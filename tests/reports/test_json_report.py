"""certification.json: schema, bounds, names."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
import sample_run
from jsonschema import Draft202012Validator

from pytest_mews.model import (
    AttemptRecord,
    Change,
    Comparison,
    Evidence,
    Level,
    RateLimitUsage,
    Readiness,
    Run,
    ScenarioChange,
    ScenarioResult,
    Stage,
    Transcript,
    Verdict,
    Waiver,
    WaiverState,
    WaiverUse,
    evidence_selection,
)
from pytest_mews.model.evidence_selection import key_delivery
from pytest_mews.reports import WrittenReport, to_json


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema."""
    text = files("pytest_mews.schemas").joinpath("report.schema.json").read_text("utf-8")
    return json.loads(text)


def schema_errors(schema: dict[str, Any], data: object) -> list[str]:
    """Return the errors of validating data against the schema."""
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]


def scenario_entry(run: Run, result: ScenarioResult) -> dict[str, Any]:
    """Return the scenario's entry in the report of a run without other scenarios."""
    [entry] = to_json(replace(run, results=(result,)))["scenarios"]
    return entry


def with_deliveries(count: int, *, failing: int) -> ScenarioResult:
    """Return a result with many deliveries, one of which failed."""
    deliveries = tuple(
        sample_run.delivery(
            f"m{index}",
            sample_run.message(1),
            sample_run.exchange(index, 5, 500 if index == failing else 200),
        )
        for index in range(count)
    )
    evidence = Evidence("first-failing", "many", (), Transcript(deliveries))
    return replace(sample_run.slow_batches(), evidence=(evidence,))


def test_schema_is_valid(schema: dict[str, Any]) -> None:
    """The published schema is valid against the dialect that it names."""
    Draft202012Validator.check_schema(schema)


def test_every_verdict_validates(written: WrittenReport, schema: dict[str, Any]) -> None:
    """The file of a run with every verdict is valid."""
    assert schema_errors(schema, json.loads(written.json.read_text("ascii"))) == []


def test_schema_rejects_invalid_data(run: Run, schema: dict[str, Any]) -> None:
    """The schema rejects an unknown verdict and a missing seed."""
    data = to_json(run)
    del data["seed"]
    data["scenarios"][0]["verdict"] = "great"
    assert len(schema_errors(schema, data)) == 2


def test_format_one_can_grow(run: Run, schema: dict[str, Any]) -> None:
    """A property that format 1 doesn't have yet doesn't make a report invalid."""
    data = to_json(run) | {"later": True}
    data["scenarios"][0]["later"] = 1
    assert schema_errors(schema, data) == []


@pytest.mark.parametrize("readiness", list(Readiness))
def test_empty_and_interrupted_runs_validate(
    run: Run, schema: dict[str, Any], readiness: Readiness
) -> None:
    """An interrupted run without scenarios and stages is valid with every readiness."""
    empty = replace(run, results=(), stages=(), readiness=readiness, interrupted=True)
    data = to_json(empty)
    assert schema_errors(schema, data) == []
    assert data["interrupted"] is True
    assert data["readiness"] == readiness.value


def test_promised_names(run: Run) -> None:
    """The file has the names that the documentation promises, with the run's values."""
    data = to_json(run)
    assert data["format"] == 1
    assert data["stages"]["delivery"]["readiness"] == "not-ready"
    assert data["stages"]["delivery"]["counts"]["fail"] == 2
    entry = next(entry for entry in data["scenarios"] if entry["id"] == "BAT-02")
    assert entry["verdict"] == "fail"
    assert entry["level"] == "MUST"
    assert entry["sources"][0]["url"].startswith("https://docs.mews.com/connector-api/")
    attempts = entry["evidence"][0]["deliveries"][0]["attempts"]
    assert [attempt["relative_ms"] for attempt in attempts] == [0, 6800, 13600]
    assert [attempt["exchanges"][0]["status"] for attempt in attempts] == [None, None, 503]


def test_at_most_three_evidence(run: Run) -> None:
    """Of more evidence, the first three by role are kept."""
    result = sample_run.slow_batches()
    examples = [replace(result.evidence[0], role="example") for _ in range(4)]
    smallest = replace(result.evidence[0], role="smallest-failing")
    entry = scenario_entry(run, replace(result, evidence=(*examples, smallest)))
    assert [evidence["role"] for evidence in entry["evidence"]] == [
        "smallest-failing",
        "example",
        "example",
    ]


def test_at_most_twelve_deliveries_with_the_failed_one(run: Run) -> None:
    """A failed delivery is kept wherever it is, and omitted deliveries are counted."""
    [evidence] = scenario_entry(run, with_deliveries(500, failing=499))["evidence"]
    labels = [delivery["label"] for delivery in evidence["deliveries"]]
    assert labels == [*(f"m{index}" for index in range(11)), "m499"]
    assert evidence["deliveries_left_out"] == 488


def test_delivery_of_an_unmet_finding_is_kept(run: Run) -> None:
    """A delivery that was wrongly accepted is kept before deliveries that failed."""
    result = with_deliveries(500, failing=3)
    unmet = replace(sample_run.finding("a 4xx response", "200"), broken_attempts=((400, 0),))
    evidence = replace(result.evidence[0], findings=(unmet,))
    assert key_delivery(evidence) is evidence.transcript.deliveries[400]
    [data] = scenario_entry(run, replace(result, evidence=(evidence,)))["evidence"]
    index = data["findings"][0]["delivery"]
    assert data["deliveries"][index]["label"] == "m400"
    assert len(data["deliveries"]) == 12


def test_delivery_of_a_must_precedes_that_of_a_should(run: Run) -> None:
    """The delivery of the highest unmet level is shown; a met finding has no delivery."""
    result = with_deliveries(3, failing=0)
    must = replace(sample_run.finding("2xx", "500"), broken_attempts=((2, 0),))
    should = replace(must, level=Level.SHOULD, broken_attempts=((1, 0),))
    met = sample_run.finding("2xx", "200", met=True)
    evidence = replace(result.evidence[0], findings=(met, should, must))
    assert key_delivery(evidence) is evidence.transcript.deliveries[2]
    [data] = scenario_entry(run, replace(result, evidence=(evidence,)))["evidence"]
    assert [finding["delivery"] for finding in data["findings"]] == [None, 1, 2]


def test_large_bodies_are_cut_and_say_so(run: Run) -> None:
    """A message over 20 kB and a response over 2 kB are cut, with their true size."""
    exchange = sample_run.exchange(0, 5, 500, b"x" * 9_000)
    delivery = sample_run.delivery("m", sample_run.message(500), exchange)
    evidence = Evidence("first-failing", "large", (), Transcript((delivery,)))
    entry = scenario_entry(run, replace(sample_run.slow_batches(), evidence=(evidence,)))
    [data] = entry["evidence"][0]["deliveries"]
    body = data["message"]["body"]
    assert len(body["text"]) == 20_000
    assert body["size"] == len(delivery.message.body)
    assert "20,000 of" in body["note"]
    body = data["attempts"][0]["exchanges"][0]["response_body"]
    assert len(body["text"]) == 2_000
    assert "2,000 of 9,000 bytes" in body["note"]


def test_truncated_capture_says_so(run: Run) -> None:
    """A body that was truncated when it was captured is not shown as complete."""
    exchange = replace(sample_run.exchange(0, 5, 500, b"x" * 100), response_size=10_000_000)
    delivery = sample_run.delivery("m", sample_run.message(1), exchange)
    evidence = Evidence("first-failing", "large", (), Transcript((delivery,)))
    entry = scenario_entry(run, replace(sample_run.slow_batches(), evidence=(evidence,)))
    data = entry["evidence"][0]["deliveries"][0]["attempts"][0]["exchanges"][0]
    assert "100 of 10,000,000 bytes" in data["response_body"]["note"]


def test_binary_body_is_restored_from_base64(run: Run) -> None:
    """Bytes that are not text are also written as base64, so nothing is lost."""
    content = b"\xff\xfe\x00\x80"
    message = replace(sample_run.message(1), body=content)
    delivery = sample_run.delivery("m", message, sample_run.exchange(0, 5))
    evidence = Evidence("first-failing", "odd", (), Transcript((delivery,)))
    entry = scenario_entry(run, replace(sample_run.slow_batches(), evidence=(evidence,)))
    body = entry["evidence"][0]["deliveries"][0]["message"]["body"]
    assert base64.b64decode(body["base64"]) == content
    assert "not UTF-8" in body["note"]


def test_delivery_without_attempts_is_not_delivered(run: Run) -> None:
    """A delivery that was scheduled but never attempted is written as not delivered."""
    delivery = sample_run.delivery("m", sample_run.message(1))
    evidence = Evidence("first-failing", "stopped", (), Transcript((delivery,)))
    entry = scenario_entry(run, replace(sample_run.slow_batches(), evidence=(evidence,)))
    assert entry["evidence"][0]["deliveries"][0]["delivered"] is False


def test_calls_and_fetches_of_a_processing_scenario(run: Run) -> None:
    """The file has calls and fetches, relative to the first delivery."""
    [evidence] = scenario_entry(run, sample_run.unfetched_entity())["evidence"]
    rate_limited, *_, without_version = evidence["calls"]
    assert rate_limited["relative_ms"] == 50
    assert (rate_limited["status"], rate_limited["fault"], rate_limited["retry_after_s"]) == (
        429,
        "429-with-retry-after",
        1,
    )
    assert (rate_limited["requested_count"], rate_limited["returned_count"]) == (5, 0)
    assert rate_limited["enterprise_id"] == sample_run.ENTERPRISE
    assert without_version["request_problems"] == ["client-without-version"]
    fetches = evidence["fetches"]
    assert [fetch["fetched_ms"] for fetch in fetches] == [2064.0] * 3 + [2094.0] * 2 + [None]
    assert [fetch["relative_ms"] for fetch in fetches] == [0.0] * 6


def test_many_calls_and_fetches_are_bounded(run: Run, schema: dict[str, Any]) -> None:
    """Calls, their ids and fetches are bounded, and the omitted ones are counted."""
    result = sample_run.unfetched_entity()
    delivery = sample_run.delivery("m", sample_run.message(500), sample_run.exchange(0, 5))
    ids = [event.entity_id for event in delivery.message.events]
    calls = tuple(sample_run.call(number, number, *ids[:-1]) for number in range(1, 200))
    evidence = Evidence("example", "many", (), Transcript((delivery,), calls=calls))
    result = replace(result, evidence=(evidence,))
    [data] = scenario_entry(run, result)["evidence"]
    assert (len(data["calls"]), data["calls_left_out"]) == (60, 139)
    first = data["calls"][0]
    assert (len(first["requested_ids"]), first["requested_count"]) == (10, 499)
    assert (len(data["fetches"]), data["fetches_left_out"]) == (60, 440)
    assert data["fetches"][-1]["entity_id"] == ids[-1]
    assert schema_errors(schema, to_json(replace(run, results=(result,)))) == []


def test_delivery_stage_has_no_calls_and_fetches(run: Run) -> None:
    """The harness doesn't wait for what a message of the Delivery stage leads to."""
    result = sample_run.unfetched_entity()
    scenario = replace(result.scenario, stage=Stage.DELIVERY)
    [evidence] = scenario_entry(run, replace(result, scenario=scenario))["evidence"]
    assert (evidence["calls"], evidence["fetches"]) == ([], [])


def test_deliveries_beyond_the_maximum_are_counted(run: Run) -> None:
    """Of evidence with too many deliveries, the failed ones are kept and the others counted."""
    result = next(
        result for result in run.results if result.verdict is Verdict.FAIL and result.evidence
    )
    evidence = result.evidence[0]
    deliveries = evidence.transcript.deliveries * 700
    findings = tuple(
        replace(finding, met=False, broken_attempts=((len(deliveries) - 1, 0),))
        for finding in evidence.findings
    )
    transcript = replace(evidence.transcript, deliveries=deliveries)
    evidence = replace(evidence, findings=findings, transcript=transcript)
    limited = evidence_selection.limit_deliveries(evidence)
    maximum = evidence_selection.MAX_KEPT_DELIVERIES
    assert len(limited.transcript.deliveries) == maximum
    assert limited.transcript.omitted_deliveries == len(deliveries) - maximum
    assert {finding.delivery_index for finding in limited.findings} == {maximum - 1}
    assert evidence_selection.limit_deliveries(limited) is limited
    [data] = scenario_entry(run, replace(result, evidence=(limited,)))["evidence"]
    assert data["deliveries_left_out"] == len(deliveries) - len(data["deliveries"])


def test_waivers_and_comparison(run: Run, schema: dict[str, Any]) -> None:
    """Both are valid, and the comparison is absent without a baseline."""
    run = replace(run, waivers=(), comparison=None)
    data = to_json(run)
    assert data["waivers"] == []
    assert "comparison" not in data
    waiver = Waiver("EVT-01", "keys are rotated by hand", "ops", "2026-12-31")
    waived = replace(
        sample_run.slow_batches(),
        verdict=Verdict.WAIVED,
        waiver=waiver,
        verdict_without_waiver=Verdict.FAIL,
    )
    changes = (
        ScenarioChange("EVT-01", "Batches", Change.STILL_FAILING, Verdict.FAIL, Verdict.WAIVED),
        ScenarioChange("OLD-01", "Removed", Change.NEWLY_NOT_OBSERVED, Verdict.PASS, None),
        ScenarioChange("NEW-01", "Added", Change.NEW, None, Verdict.FAIL),
    )
    uses = [WaiverUse(waiver, state, Verdict.FAIL) for state in WaiverState]
    data = to_json(
        replace(
            run,
            results=(waived,),
            waivers=(*uses, WaiverUse(waiver, WaiverState.INCONCLUSIVE)),
            comparison=Comparison("old.json", run.started_utc, "0.1.0", ("seed",), changes),
        )
    )
    assert schema_errors(schema, data) == []
    [entry] = data["scenarios"]
    assert (entry["waiver"]["owner"], entry["verdict_without_waiver"]) == ("ops", "fail")
    assert data["waivers"][-1]["verdict"] is None
    verdicts = [change["before"] for change in data["comparison"]["changes"]]
    assert verdicts == ["fail", "pass", None]
    del data["comparison"]["remarks"]
    data["waivers"][0]["state"] = "lost"
    data["scenarios"][0]["verdict_without_waiver"] = "great"
    assert len(schema_errors(schema, data)) == 3


def test_rate_limit_usage_and_answer_times(run: Run, schema: dict[str, Any]) -> None:
    """The file has the figures of the page's pictures, if there are any."""
    usage = (RateLimitUsage("11111111-1111-4111-8111-111111111111", ((0, 2), (7, 1)), 3),)
    data = to_json(replace(run, rate_limit_usage=usage))
    assert schema_errors(schema, data) == []
    assert data["rate_limit_usage"] == [
        {"enterprise_id": usage[0].enterprise_id, "peak": 3, "requests": [[0, 2], [7, 1]]}
    ]
    answered = replace(
        run.results[0], attempts=tuple(AttemptRecord(1, 9, ms, 202) for ms in (2.0, 4.0))
    )
    figures = {"count": 2, "p50_ms": 3.0, "p95_ms": 3.9, "p99_ms": 3.98, "max_ms": 4.0}
    assert scenario_entry(run, answered)["answer_times"] == figures
    assert "answer_times" not in scenario_entry(run, replace(answered, attempts=()))
