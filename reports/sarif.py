"""`certification.sarif`: SARIF 2.1.0, one rule for each scenario, one result for each problem.

SARIF results have locations in files, and GitHub shows no result without one. A certification
tests an endpoint and sees no source code, so the location is the scenario (`mews/RET-02`): not a
file of any repository, and its line 1 has no meaning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from pytest_mews.model import Run, ScenarioResult, Verdict
from pytest_mews.reports.problems import Problem, find_problems, severity_of
from pytest_mews.reports.sanitize import capped, sanitize

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
HOME = "https://docs.mews.com/connector-api/"
MAX_TEXT = 2_000


def to_sarif(run: Run) -> dict[str, Any]:
    """Return the run as an object for `json.dump`."""
    scenarios = [result.scenario for result in run.results]
    rule_indexes = {scenario.id: index for index, scenario in enumerate(scenarios)}
    problems = find_problems(run)
    errors = [problem.result for problem in problems if problem.result.verdict is Verdict.ERROR]
    waived = [result for result in run.results if result.verdict is Verdict.WAIVED]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pytest-mews",
                        "version": run.version,
                        "informationUri": HOME,
                        "rules": [_rule(result) for result in run.results],
                    }
                },
                "automationDetails": {"id": "pytest-mews/"},
                "invocations": [_invocation(run, errors)],
                "columnKind": "utf16CodeUnits",
                "results": [
                    *(
                        _problem_result(run, problem, rule_indexes)
                        for problem in problems
                        if problem.result not in errors
                    ),
                    *(_waived_result(result, rule_indexes) for result in waived),
                ],
                "properties": {
                    "readiness": run.readiness,
                    "target": run.target,
                    "profile": run.profile.name,
                    "seed": run.seed,
                },
            }
        ],
    }


def _rule(result: ScenarioResult) -> dict[str, Any]:
    scenario = result.scenario
    sources = "\n".join(
        f"{source.summary} ({source.url}, {source.revision_text})" for source in scenario.sources
    )
    return {
        "id": scenario.id,
        "name": re.sub(r"\W", "", scenario.title.title()),
        "shortDescription": {"text": _text(scenario.title)},
        "fullDescription": {"text": _text(scenario.why)},
        "helpUri": scenario.sources[0].url if scenario.sources else HOME,
        "help": {"text": _text(f"{result.remedy}\n{sources}")},
        "defaultConfiguration": {"level": "error" if scenario.level == "MUST" else "warning"},
        "properties": {"tags": [scenario.stage.value, scenario.level.value, scenario.basis.value]},
    }


def _problem_result(run: Run, problem: Problem, rule_indexes: dict[str, int]) -> dict[str, Any]:
    ids = ", ".join(problem.same_reason)
    also = f" Other scenarios with the same reason: {ids}." if ids else ""
    return _result(problem.result, rule_indexes, severity_of(run, problem.result).value, also)


def _waived_result(result: ScenarioResult, rule_indexes: dict[str, int]) -> dict[str, Any]:
    waiver = result.waiver
    reason = (
        f"{waiver.reason} ({waiver.owner}, until {waiver.expires})" if waiver else result.reason
    )
    suppression = {"kind": "external", "status": "accepted", "justification": _text(reason)}
    return {**_result(result, rule_indexes, "note"), "suppressions": [suppression]}


def _result(
    result: ScenarioResult, rule_indexes: dict[str, int], level: str, also: str = ""
) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "ruleId": scenario.id,
        "ruleIndex": rule_indexes[scenario.id],
        "level": level,
        "message": {"text": _text(result.reason or scenario.title) + also},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": f"mews/{scenario.id}"},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": f"mews::{scenario.id}", "kind": "scenario"}
                ],
            }
        ],
        # One alert per scenario, which GitHub closes if a later run does not have it.
        "partialFingerprints": {
            "primaryLocationLineHash": hashlib.sha256(scenario.id.encode()).hexdigest()[:16] + ":1"
        },
        "properties": {"verdict": result.verdict.value},
    }


def _invocation(run: Run, errors: Sequence[ScenarioResult]) -> dict[str, Any]:
    return {
        "executionSuccessful": not errors and not run.interrupted,
        "startTimeUtc": run.started_utc,
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": _text(f"{result.scenario.id}: {result.reason}")},
            }
            for result in errors
        ],
    }


def _text(text: str) -> str:
    """Escape brackets of untrusted text: SARIF reads `[words](address)` as a link."""
    return re.sub(r"([\\\[\]])", r"\\\1", capped(sanitize(text), MAX_TEXT)) or "-"
