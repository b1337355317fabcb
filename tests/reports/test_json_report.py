"""certification.json: its schema, its bounds, its names."""

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
    Change,
    ScenarioChange,
    Comparison,
    Evidence,
    Level,
    RateLimitUsage,
    Readiness,
    Run,
    Sample,
    ScenarioResult,
    Stage,
    Transcript,
    Verdict,
    Waiver,
    WaiverState,
    WaiverUse,
)
from pytest_mews.reports import WrittenReport, evidence_selection, to_json
from pytest_mews.reports.evidence_selection import key_delivery


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema."""
    text = files("pytest_mews.schemas").joinpath("report.schema.json").read_text("utf-8")
    return json.loads(text)


def invalid(schema: dict[str, Any], data: object) -> list[str]:
    """What the schema objects to."""
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]


def only(run: Run, result: ScenarioResult) -> dict[str, Any]:
    """The scenario's entry in the report of a run that has no other."""
    [entry] = to_json(replace(run, results=(result,)))["scenarios"]
    return entry


def with_deliveries(count: int, *, failing: int) -> ScenarioResult:
    """A result whose trial has many deliveries, one of which failed."""
    deliveries = tuple(
        sample_run.delivery(
            f"m{index}",
            sample_run.message(1),
            sample_run.exchange(index, 5, 500 if index == failing else 200),
        )
        for index in range(count)
    )
    trial = Evidence("first-failing", "many", (), Transcript(deliveries))
    return replace(sample_run.slow_batches(), evidence=(trial,))


def test_schema_itself_is_valid(schema: dict[str, Any]) -> None:
    """The published schema is a JSON Schema of the dialect it names."""
    Draft202012Validator.check_schema(schema)


def test_every_verdict_validates(written: WrittenReport, schema: dict[str, Any]) -> None:
    """The file of a run with every verdict is what the schema describes."""
    assert invalid(schema, json.loads(written.json.read_text("ascii"))) == []


def test_schema_rejects_what_it_should(run: Run, schema: dict[str, Any]) -> None:
    """The schema is not so lax that it accepts an unknown verdict or a missing seed."""
    data = to_json(run)
    del data["seed"]
    data["scenarios"][0]["verdict"] = "great"
    assert len(invalid(schema, data)) == 2


def test_format_one_can_grow(run: Run, schema: dict[str, Any]) -> None:
    """A property that format 1 does not have yet does not make a report invalid."""
    data = to_json(run) | {"later": True}
    data["scenarios"][0]["later"] = 1
    assert invalid(schema, data) == []


@pytest.mark.parametrize("readiness", list(Readiness))
def test_empty_and_interrupted_runs_validate(
    run: Run, schema: dict[str, Any], readiness: Readiness
) -> None:
    """A run without a scenario or a stage, stopped early, validates at every readiness."""
    empty = replace(run, results=(), stages=(), readiness=readiness, interrupted=True)
    data = to_json(empty)
    assert invalid(schema, data) == []
    assert data["interrupted"] is True
    assert data["readiness"] == readiness.value


def test_names_of_the_design(run: Run) -> None:
    """The names that readers were promised are there with the values of the run."""
    data = to_json(run)
    assert data["format"] == 1
    assert data["stages"]["delivery"]["readiness"] == "not-ready"
    assert data["stages"]["delivery"]["counts"]["fail"] == 2
    entry = next(one for one in data["scenarios"] if one["id"] == "BAT-02")
    assert entry["verdict"] == "fail"
    assert entry["level"] == "MUST"
    assert entry["sources"][0]["url"].startswith("https://docs.mews.com/connector-api/")
    attempts = entry["evidence"][0]["deliveries"][0]["attempts"]
    assert [attempt["relative_ms"] for attempt in attempts] == [0, 6800, 13600]
    assert [attempt["exchanges"][0]["status"] for attempt in attempts] == [None, None, 503]


def test_at_most_three_trials(run: Run) -> None:
    """Of many trials the three most telling are kept, by their role."""
    result = sample_run.slow_batches()
    trials = [replace(result.evidence[0], role=role) for role in ("example",) * 4]
    smallest = replace(result.evidence[0], role="smallest-failing")
    entry = only(run, replace(result, evidence=(*trials, smallest)))
    assert [trial["role"] for trial in entry["evidence"]] == [
        "smallest-failing",
        "example",
        "example",
    ]


def test_at_most_twelve_deliveries_and_the_failed_one_is_kept(run: Run) -> None:
    """A failing delivery is kept wherever it stood, and what is left out is counted."""
    [trial] = only(run, with_deliveries(500, failing=499))["evidence"]
    labels = [delivery["label"] for delivery in trial["deliveries"]]
    assert labels == [*(f"m{index}" for index in range(11)), "m499"]
    assert trial["deliveries_left_out"] == 488


def test_the_delivery_that_broke_an_expectation_is_kept_and_named(run: Run) -> None:
    """One that was accepted and should not have been wins a place before those not delivered."""
    result = with_deliveries(500, failing=3)
    found = replace(sample_run.finding("a 4xx answer", "200"), delivery=400)
    trial = replace(result.evidence[0], findings=(found,))
    assert key_delivery(trial) is trial.transcript.deliveries[400]
    [shown] = only(run, replace(result, evidence=(trial,)))["evidence"]
    place = shown["findings"][0]["delivery"]
    assert shown["deliveries"][place]["label"] == "m400"
    assert len(shown["deliveries"]) == 12


def test_a_broken_must_is_shown_before_a_broken_should(run: Run) -> None:
    """Of two broken expectations the stronger one's delivery is shown; what was met names none."""
    result = with_deliveries(3, failing=0)
    must = replace(sample_run.finding("2xx", "500"), delivery=2)
    should = replace(must, level=Level.SHOULD, delivery=1)
    met = sample_run.finding("2xx", "200", met=True)
    trial = replace(result.evidence[0], findings=(met, should, must))
    assert key_delivery(trial) is trial.transcript.deliveries[2]
    [shown] = only(run, replace(result, evidence=(trial,)))["evidence"]
    assert [each["delivery"] for each in shown["findings"]] == [None, 1, 2]


def test_large_bodies_are_cut_and_say_so(run: Run) -> None:
    """A message over 20 kB and an answer over 2 kB are cut, with their true size beside them."""
    answer = sample_run.exchange(0, 5, 500, b"x" * 9_000)
    delivery = sample_run.delivery("m", sample_run.message(500), answer)
    trial = Evidence("first-failing", "large", (), Transcript((delivery,)))
    entry = only(run, replace(sample_run.slow_batches(), evidence=(trial,)))
    [shown] = entry["evidence"][0]["deliveries"]
    body = shown["message"]["body"]
    assert len(body["text"]) == 20_000
    assert body["size"] == len(delivery.message.body)
    assert "20,000 of" in body["note"]
    body = shown["attempts"][0]["exchanges"][0]["response_body"]
    assert len(body["text"]) == 2_000
    assert "2,000 of 9,000 bytes" in body["note"]


def test_capped_capture_says_so(run: Run) -> None:
    """A body that was already capped when it was captured is not passed off as whole."""
    answer = replace(sample_run.exchange(0, 5, 500, b"x" * 100), response_size=10_000_000)
    delivery = sample_run.delivery("m", sample_run.message(1), answer)
    trial = Evidence("first-failing", "large", (), Transcript((delivery,)))
    entry = only(run, replace(sample_run.slow_batches(), evidence=(trial,)))
    exchange = entry["evidence"][0]["deliveries"][0]["attempts"][0]["exchanges"][0]
    assert "100 of 10,000,000 bytes" in exchange["response_body"]["note"]


def test_binary_body_comes_back_from_base64(run: Run) -> None:
    """Bytes that are not text are there as base64, so that nothing is lost."""
    raw = b"\xff\xfe\x00\x80"
    message = replace(sample_run.message(1), body=raw)
    delivery = sample_run.delivery("m", message, sample_run.exchange(0, 5))
    trial = Evidence("first-failing", "odd", (), Transcript((delivery,)))
    entry = only(run, replace(sample_run.slow_batches(), evidence=(trial,)))
    body = entry["evidence"][0]["deliveries"][0]["message"]["body"]
    assert base64.b64decode(body["base64"]) == raw
    assert "not UTF-8" in body["note"]


def test_delivery_without_attempts_is_not_delivered(run: Run) -> None:
    """A delivery that was scheduled and never attempted is shown, not a crash."""
    delivery = sample_run.delivery("m", sample_run.message(1))
    trial = Evidence("first-failing", "stopped", (), Transcript((delivery,)))
    entry = only(run, replace(sample_run.slow_batches(), evidence=(trial,)))
    assert entry["evidence"][0]["deliveries"][0]["delivered"] is False


def test_requests_and_chain_of_a_processing_scenario(run: Run) -> None:
    """What was asked and what was fetched is there, relative to the first delivery."""
    [trial] = only(run, sample_run.unfetched_entity())["evidence"]
    refused, *_, nameless = trial["calls"]
    assert refused["relative_ms"] == 50
    assert (refused["status"], refused["fault"], refused["retry_after_s"]) == (
        429,
        "429-with-retry-after",
        1,
    )
    assert (refused["requested_count"], refused["returned_count"]) == (5, 0)
    assert refused["enterprise_id"] == sample_run.ENTERPRISE
    assert nameless["request_problems"] == ["client-without-version"]
    assert [link["fetched_ms"] for link in trial["fetches"]] == [2064.0] * 3 + [2094.0] * 2 + [None]
    assert [link["relative_ms"] for link in trial["fetches"]] == [0.0] * 6


def test_many_requests_and_links_are_capped(run: Run, schema: dict[str, Any]) -> None:
    """Requests, their ids and the links are bounded, and what is left out is counted."""
    result = sample_run.unfetched_entity()
    sent = sample_run.delivery("m", sample_run.message(500), sample_run.exchange(0, 5))
    ids = [event.entity_id for event in sent.message.events]
    calls = tuple(sample_run.call(n, n, *ids[:-1]) for n in range(1, 1000))
    trial = Evidence("example", "many", (), Transcript((sent,), calls=calls))
    entry = only(run, replace(result, evidence=(trial,)))
    [shown] = entry["evidence"]
    assert (len(shown["calls"]), shown["calls_left_out"]) == (60, 939)
    assert (len(shown["calls"][0]["requested_ids"]), shown["calls"][0]["requested_count"]) == (
        10,
        499,
    )
    assert (len(shown["fetches"]), shown["fetches_left_out"]) == (60, 440)
    assert shown["fetches"][-1]["entity_id"] == ids[-1]
    assert invalid(schema, to_json(replace(run, results=(result,)))) == []


def test_other_stages_have_no_chain(run: Run) -> None:
    """Nobody waited for what a message of the Delivery stage leads to."""
    result = sample_run.unfetched_entity()
    delivery = replace(result.scenario, stage=Stage.DELIVERY)
    [trial] = only(run, replace(result, scenario=delivery))["evidence"]
    assert (trial["calls"], trial["fetches"]) == ([], [])


def test_deliveries_beyond_the_bound_are_counted(run: Run) -> None:
    """Of a trial with too many deliveries the telling ones are kept, the others counted."""
    result = next(each for each in run.results if each.verdict is Verdict.FAIL and each.evidence)
    trial = result.evidence[0]
    many = trial.transcript.deliveries * 700
    place = len(many) - 1
    findings = tuple(replace(one, met=False, delivery_index=place) for one in trial.findings)
    long = replace(trial, findings=findings, transcript=replace(trial.transcript, deliveries=many))
    kept = evidence_selection.limit_deliveries(long)
    assert len(kept.transcript.deliveries) == evidence_selection.MAX_KEPT_DELIVERIES
    assert kept.transcript.omitted_deliveries == len(many) - evidence_selection.MAX_KEPT_DELIVERIES
    assert {one.delivery_index for one in kept.findings} == {
        evidence_selection.MAX_KEPT_DELIVERIES - 1
    }
    assert evidence_selection.limit_deliveries(kept) is kept
    written = to_json(replace(run, results=(replace(result, evidence=(kept,)),)))
    (shown,) = written["scenarios"][0]["evidence"]
    assert shown["deliveries_left_out"] == len(many) - len(shown["deliveries"])


def test_waivers_and_comparison(run: Run, schema: dict[str, Any]) -> None:
    """They are there as the schema says, and absent where they were not asked for."""
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
        ScenarioChange("OLD-01", "Gone", Change.NEWLY_NOT_OBSERVED, Verdict.PASS, None),
        ScenarioChange("NEW-01", "Came", Change.NEW, None, Verdict.FAIL),
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
    assert invalid(schema, data) == []
    [entry] = data["scenarios"]
    assert (entry["waiver"]["owner"], entry["verdict_without_waiver"]) == ("ops", "fail")
    assert data["waivers"][-1]["verdict"] is None
    befores = [changed["before"] for changed in data["comparison"]["changes"]]
    assert befores == ["fail", "pass", None]
    del data["comparison"]["remarks"]
    data["waivers"][0]["state"] = "lost"
    data["scenarios"][0]["verdict_without_waiver"] = "great"
    assert len(invalid(schema, data)) == 3


def test_usage_and_answer_times(run: Run, schema: dict[str, Any]) -> None:
    """The figures behind the page's pictures are there for machines, where there are any."""
    usage = (RateLimitUsage("11111111-1111-4111-8111-111111111111", ((0, 2), (7, 1)), 3),)
    data = to_json(replace(run, rate_limit_usage=usage))
    assert invalid(schema, data) == []
    assert data["rate_limit_usage"] == [
        {"enterprise_id": usage[0].enterprise_id, "peak": 3, "requests": [[0, 2], [7, 1]]}
    ]
    answered = replace(run.results[0], samples=tuple(Sample(1, 9, ms, 202) for ms in (2.0, 4.0)))
    figures = {"count": 2, "p50_ms": 3.0, "p95_ms": 3.9, "p99_ms": 3.98, "max_ms": 4.0}
    assert only(run, answered)["answer_times"] == figures
    assert "answer_times" not in only(run, replace(answered, samples=()))
