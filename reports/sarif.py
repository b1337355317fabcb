"""`certification.sarif`: SARIF 2.1.0, causes and the problems that no cause explains, by level.

There is one rule for each scenario and for each kind of cause in the run.

SARIF results have locations in files, and GitHub shows no result without one. A certification
tests an endpoint and sees no source code, so the location is the scenario (`mews/RET-02`): not a
file of any repository, and its line 1 has no meaning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.model import CauseKind, Run, ScenarioResult, Verdict
from pytest_mews.reports.cause_reports import CauseReport, fix_groups
from pytest_mews.reports.headline import readiness_phrase
from pytest_mews.reports.problems import Problem, severity_of
from pytest_mews.sanitize import capped, sanitize

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
HOME = "https://docs.mews.com/connector-api/"
MAX_TEXT = 2_000


def to_sarif(run: Run) -> dict[str, Any]:
    """Return the run as an object for `json.dump`."""
    scenarios = [result.scenario for result in run.results]
    rule_indexes = {scenario.id: index for index, scenario in enumerate(scenarios)}
    groups = fix_groups(run)
    kinds = list(dict.fromkeys(report.cause.kind for group in groups for report in group.causes))
    errors = [
        problem.result
        for group in groups
        for problem in group.problems
        if problem.result.verdict is Verdict.ERROR
    ]
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
                        "rules": [
                            *(_rule(result) for result in run.results),
                            *map(_cause_rule, kinds),
                        ],
                    }
                },
                "automationDetails": {"id": "pytest-mews/"},
                "invocations": [_invocation(run, errors)],
                "columnKind": "utf16CodeUnits",
                "results": [
                    *(
                        result
                        for group in groups
                        for result in (
                            *(
                                _cause_result(
                                    report, len(scenarios) + kinds.index(report.cause.kind)
                                )
                                for report in group.causes
                            ),
                            *(
                                _problem_result(run, problem, rule_indexes)
                                for problem in group.problems
                                if problem.result not in errors
                            ),
                        )
                    ),
                    *(_waived_result(result, rule_indexes) for result in waived),
                ],
                "properties": {
                    "readiness": run.readiness,
                    "readiness_text": readiness_phrase(run),
                    "target": run.target,
                    "profile": run.profile.name,
                    "seed": run.seed,
                },
            }
        ],
    }


def _rule(result: ScenarioResult) -> dict[str, Any]:
    scenario = result.scenario
    facts = "\n".join(
        f"{fact.text} ({fact.basis}: {fact.source.url}, {fact.source.revision_text})"
        for fact in scenario.facts
    )
    return {
        "id": scenario.id,
        "name": re.sub(r"\W", "", scenario.title.title()),
        "shortDescription": {"text": _text(scenario.title)},
        "fullDescription": {"text": _text(scenario.why)},
        "helpUri": scenario.sources[0].url if scenario.sources else HOME,
        "help": {"text": _text(f"{result.remedy}\n{facts}")},
        "defaultConfiguration": {"level": "error" if scenario.level == "MUST" else "warning"},
        "properties": {"tags": [scenario.stage.value, scenario.level.value, scenario.basis.value]},
    }


def to_sarif_text(run: Run) -> str:
    """Return the content of the file, in ASCII, as that of `certification.json`."""
    return json.dumps(to_sarif(run), indent=1, ensure_ascii=True)


def _cause_rule(kind: CauseKind) -> dict[str, Any]:
    return {
        "id": f"cause/{kind.value}",
        "name": re.sub(r"\W", "", kind.value.replace("-", " ").title()),
        "shortDescription": {"text": _text(f"Cause: {load_kind_texts()[kind].title}")},
        "helpUri": HOME,
        "help": {"text": _text(f"`mews explain {kind.value}` says what to change.")},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["cause"]},
    }


def _cause_result(report: CauseReport, rule_index: int) -> dict[str, Any]:
    """Return the result of a cause, at the location of the scenario that shows it best."""
    cause = report.cause
    text = f"{cause.summary} Fix: {cause.remedy} It {report.explains_text}."
    located = _located(cause.shown_by, f"{cause.kind.value} {cause.shown_by}")
    return {
        "ruleId": f"cause/{cause.kind.value}",
        "ruleIndex": rule_index,
        "level": report.severity.value,
        "message": {"text": _text(text)},
        **located,
        "properties": {
            "explains": list(cause.explains),
            "concerns": [concern.value for concern in report.concerns],
        },
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
        **_located(scenario.id, scenario.id),
        "properties": {
            "verdict": result.verdict.value,
            "concern": result.scenario.concern.value,
        },
    }


def _located(scenario_id: str, fingerprint: str) -> dict[str, Any]:
    """Return a location, and the fingerprint of an alert that later runs can close."""
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
    return {
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": f"mews/{scenario_id}"},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": f"mews::{scenario_id}", "kind": "scenario"}
                ],
            }
        ],
        # One alert per scenario, which GitHub closes if a later run does not have it.
        "partialFingerprints": {"primaryLocationLineHash": f"{digest}:1"},
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
