"""`certification.sarif`: SARIF 2.1.0, one rule for each scenario, one result for each problem.

SARIF is about places in files, and GitHub shows no result without one. A certification sees an
endpoint and no source: the place is the scenario (`mews/RET-02`), which is no file of anybody's
repository, and line 1 of it means nothing.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from pytest_mews.model import Run, Scenario, ScenarioResult, Verdict
from pytest_mews.reports.problems import Problem, problems
from pytest_mews.reports.sanitize import capped, sanitize
from pytest_mews.reports.severity import severity_of

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
HOME = "https://docs.mews.com/connector-api/"
TEXT = 2_000


def to_sarif(run: Run) -> dict[str, Any]:
    """Give the run as what `json.dump` takes."""
    scenarios = [result.scenario for result in run.results]
    rules = {scenario.id: place for place, scenario in enumerate(scenarios)}
    found = problems(run)
    faults = [each.result for each in found if each.result.verdict is Verdict.ERROR]
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
                        "rules": [_rule(scenario) for scenario in scenarios],
                    }
                },
                "automationDetails": {"id": "pytest-mews/"},
                "invocations": [_invocation(run, faults)],
                "columnKind": "utf16CodeUnits",
                "results": [
                    *(_problem(run, each, rules) for each in found if each.result not in faults),
                    *(_waived(each, rules) for each in waived),
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


def _rule(scenario: Scenario) -> dict[str, Any]:
    says = "\n".join(f"{each.summary} ({each.url}, {each.dated})" for each in scenario.sources)
    return {
        "id": scenario.id,
        "name": re.sub(r"\W", "", scenario.title.title()),
        "shortDescription": {"text": _text(scenario.title)},
        "fullDescription": {"text": _text(scenario.why)},
        "helpUri": scenario.sources[0].url if scenario.sources else HOME,
        "help": {"text": _text(f"{scenario.remedy}\n{says}")},
        "defaultConfiguration": {"level": "error" if scenario.level == "MUST" else "warning"},
        "properties": {"tags": [scenario.stage.value, scenario.level.value, scenario.basis.value]},
    }


def _problem(run: Run, problem: Problem, rules: dict[str, int]) -> dict[str, Any]:
    also = f" The same holds for {', '.join(problem.also)}." if problem.also else ""
    return _result(problem.result, rules, severity_of(run, problem.result).value, also)


def _waived(result: ScenarioResult, rules: dict[str, int]) -> dict[str, Any]:
    waiver = result.waiver
    said = f"{waiver.reason} ({waiver.owner}, until {waiver.expires})" if waiver else result.reason
    suppression = {"kind": "external", "status": "accepted", "justification": _text(said)}
    return {**_result(result, rules, "note"), "suppressions": [suppression]}


def _result(
    result: ScenarioResult, rules: dict[str, int], level_: str, also: str = ""
) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "ruleId": scenario.id,
        "ruleIndex": rules[scenario.id],
        "level": level_,
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
        # One alert per scenario, that GitHub closes when a later run does not have it.
        "partialFingerprints": {
            "primaryLocationLineHash": hashlib.sha256(scenario.id.encode()).hexdigest()[:16] + ":1"
        },
        "properties": {"verdict": result.verdict.value},
    }


def _invocation(run: Run, faults: Sequence[ScenarioResult]) -> dict[str, Any]:
    return {
        "executionSuccessful": not faults and not run.interrupted,
        "startTimeUtc": run.started_utc,
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": _text(f"{each.scenario.id}: {each.reason}")}}
            for each in faults
        ],
    }


def _text(text: str) -> str:
    """Show untrusted text; brackets are escaped, since SARIF reads `[words](address)` as a link."""
    return re.sub(r"([\\\[\]])", r"\\\1", capped(sanitize(text), TEXT)) or "-"
