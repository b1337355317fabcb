"""certification.sarif: valid SARIF 2.1.0 that GitHub takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hostile import HOSTILE
from jsonschema import Draft4Validator

from pytest_mews.model import Run, Verdict, Waiver
from pytest_mews.reports.sarif import to_sarif

SCHEMA = Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def validator() -> Draft4Validator:
    """The schema of SARIF 2.1.0."""
    return Draft4Validator(json.loads(SCHEMA.read_text("utf-8")))


def of(run: Run) -> dict[str, Any]:
    """The one run of the file."""
    (found,) = to_sarif(run)["runs"]
    return found


def test_it_is_valid(run: Run, validator: Draft4Validator) -> None:
    """A run with every verdict, and one with none, is what the schema of SARIF describes."""
    for each in (run, replace(run, results=())):
        plain = json.loads(json.dumps(to_sarif(each)))
        assert [error.json_path for error in validator.iter_errors(plain)] == []


def test_a_rule_for_each_scenario(run: Run) -> None:
    """Each rule leads to the documentation and says what to do."""
    rules = of(run)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [each.scenario.id for each in run.results]
    assert rules[0]["helpUri"] == run.results[0].scenario.sources[0].url
    assert "Put the message into a queue" in rules[0]["help"]["text"]


def test_only_what_failed_is_a_result(run: Run) -> None:
    """Failures are results with their level; what passed or was not observed is none."""
    results = {each["ruleId"]: each for each in of(run)["results"]}
    levels = {name: each["level"] for name, each in results.items()}
    assert levels == {
        "AUTH-02": "error",
        "BAT-02": "error",
        "PROC-03": "error",
        "RET-03": "error",
        "TWIN-01": "error",
        "EVT-04": "warning",
        "TLS-03": "warning",
        "INT-03": "note",
    }
    assert "TWIN-02" in results["TWIN-01"]["message"]["text"]
    rules = of(run)["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == name for name, each in results.items())


def test_a_waived_failure_is_suppressed(run: Run) -> None:
    """A waiver is a suppression with its reason; one that is not known says the reason alone."""
    (waived,) = [each for each in run.results if each.verdict is Verdict.WAIVED]
    waiver = Waiver("INT-03", "by hand", "ops", "2026-12-31")
    bare = replace(waived, waiver=None, reason="waived by ops")
    for result, said in ((bare, "waived by ops"), (replace(waived, waiver=waiver), "by hand")):
        (found,) = of(replace(run, results=(result,)))["results"]
        assert said in found["suppressions"][0]["justification"]


def test_a_fault_of_the_harness_is_no_result(run: Run) -> None:
    """It is a notification of the tool, whose execution did not succeed."""
    (invocation,) = of(run)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "RED-01" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    sound = replace(run, results=run.results[:3])
    assert of(sound)["invocations"][0]["executionSuccessful"] is True


def test_each_has_one_place_and_a_lasting_fingerprint(run: Run) -> None:
    """GitHub shows nothing without a place, and closes an alert by its fingerprint."""
    first, again = of(run)["results"], of(replace(run, seed=9))["results"]
    for one, other in zip(first, again, strict=True):
        (place,) = one["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == f"mews/{one['ruleId']}"
        assert one["partialFingerprints"] == other["partialFingerprints"]
    prints = [each["partialFingerprints"]["primaryLocationLineHash"] for each in first]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_answer_becomes_a_link(run: Run, validator: Draft4Validator, hostile: str) -> None:
    """Brackets of an answer are escaped, and the file stays valid."""
    results = tuple(replace(each, reason=hostile) for each in run.results)
    plain = json.loads(json.dumps(to_sarif(replace(run, results=results))))
    assert [error.json_path for error in validator.iter_errors(plain)] == []
    for each in plain["runs"][0]["results"]:
        assert "](" not in each["message"]["text"].replace("\\]", "")
