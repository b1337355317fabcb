"""certification.sarif: valid SARIF 2.1.0 that GitHub accepts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hostile_texts import HOSTILE_TEXTS
from jsonschema import Draft4Validator

from pytest_mews.model import Run, Verdict, Waiver
from pytest_mews.reports.sarif import to_sarif

SCHEMA = Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def validator() -> Draft4Validator:
    """The schema of SARIF 2.1.0."""
    return Draft4Validator(json.loads(SCHEMA.read_text("utf-8")))


def sarif_run(run: Run) -> dict[str, Any]:
    """Return the only run of the file."""
    (data,) = to_sarif(run)["runs"]
    return data


def test_file_is_valid(run: Run, validator: Draft4Validator) -> None:
    """A run with every verdict and a run without results match the schema of SARIF."""
    for sample in (run, replace(run, results=())):
        data = json.loads(json.dumps(to_sarif(sample)))
        assert [error.json_path for error in validator.iter_errors(data)] == []


def test_each_scenario_is_a_rule(run: Run) -> None:
    """Each rule links to the documentation and has the remedy."""
    rules = sarif_run(run)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [result.scenario.id for result in run.results]
    assert rules[0]["helpUri"] == run.results[0].scenario.sources[0].url
    assert "Put the message into a queue" in rules[0]["help"]["text"]


def test_only_problems_are_results(run: Run) -> None:
    """Failures are results with their level; passed and unobserved scenarios are not."""
    results = {result["ruleId"]: result for result in sarif_run(run)["results"]}
    levels = {rule_id: result["level"] for rule_id, result in results.items()}
    assert levels == {
        "AUTH-02": "error",
        "BAT-02": "error",
        "PROC-03": "error",
        "RET-03": "error",
        "PROC-11": "error",
        "EVT-04": "warning",
        "TLS-03": "warning",
        "INT-03": "note",
    }
    assert "PROC-12" in results["PROC-11"]["message"]["text"]
    rules = sarif_run(run)["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == rule_id for rule_id, result in results.items())


def test_waived_failure_is_suppressed(run: Run) -> None:
    """A waiver is a suppression with its reason, or that of the result if it is unknown."""
    (waived,) = [result for result in run.results if result.verdict is Verdict.WAIVED]
    waiver = Waiver("INT-03", "by hand", "ops", "2026-12-31")
    without_waiver = replace(waived, waiver=None, reason="waived by ops")
    with_waiver = replace(waived, waiver=waiver)
    for result, text in ((without_waiver, "waived by ops"), (with_waiver, "by hand")):
        (data,) = sarif_run(replace(run, results=(result,)))["results"]
        assert text in data["suppressions"][0]["justification"]


def test_harness_error_is_a_notification(run: Run) -> None:
    """A harness error is a notification of the tool, whose execution was not successful."""
    (invocation,) = sarif_run(run)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "RED-01" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    passed = replace(run, results=run.results[:3])
    assert sarif_run(passed)["invocations"][0]["executionSuccessful"] is True


def test_each_result_has_a_location_and_a_stable_fingerprint(run: Run) -> None:
    """GitHub needs a location to show a result, and a fingerprint to close its alert."""
    results = sarif_run(run)["results"]
    later_results = sarif_run(replace(run, seed=9))["results"]
    for result, later in zip(results, later_results, strict=True):
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == f"mews/{result['ruleId']}"
        assert result["partialFingerprints"] == later["partialFingerprints"]
    fingerprints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]
    assert len(set(fingerprints)) == len(fingerprints)


@pytest.mark.parametrize("hostile_text", HOSTILE_TEXTS)
def test_hostile_text_is_no_link(run: Run, validator: Draft4Validator, hostile_text: str) -> None:
    """Brackets in a response are escaped, and the file stays valid."""
    results = tuple(replace(result, reason=hostile_text) for result in run.results)
    data = json.loads(json.dumps(to_sarif(replace(run, results=results))))
    assert [error.json_path for error in validator.iter_errors(data)] == []
    for result in data["runs"][0]["results"]:
        assert "](" not in result["message"]["text"].replace("\\]", "")
