"""Reads the certification.json of an earlier run, to compare the current run with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_mews.config.config_file import ConfigFile
from pytest_mews.model import Level, Readiness, Verdict
from pytest_mews.model.run import REPORT_FORMAT
from pytest_mews.schemas.violations import find_violation

OPTION = "--mews-baseline"
EVENTS = "events"  # the label of the subscribed events among the conditions of a run
_REMEDY = "Give a certification.json that pytest-mews wrote."
_MAX_MESSAGE = 200  # characters of a schema error


@dataclass(frozen=True)
class BaselineResult:
    """The result of a scenario in the baseline.

    Attributes:
        title: the title of the scenario, which this version may not know.
        verdict: the verdict.
        verdict_without_waiver: the verdict that it would have had without a waiver.
        breaks_must: whether an expectation of level MUST was not met.

    """

    title: str
    verdict: Verdict
    verdict_without_waiver: Verdict
    breaks_must: bool


@dataclass(frozen=True)
class Baseline:
    """An earlier run; `scenarios` by id, `run_conditions` by label (see `run_conditions`)."""

    name: str
    started_utc: str
    version: str
    interrupted: bool
    run_conditions: Mapping[str, str]
    scenarios: Mapping[str, BaselineResult]


def load(path: Path) -> Baseline:
    """Read the report of an earlier run.

    Raises:
        UsageError: the file can't be read, is not JSON, has another format, or does not match
            schemas/report.schema.json.

    """
    file = ConfigFile(OPTION, path, _REMEDY)
    try:
        data = json.loads(file.read_text(_REMEDY))
    except ValueError as error:
        file.fail(f"is not JSON: {error}")
    except RecursionError:
        file.fail("is nested too deeply")
    if not isinstance(data, dict) or "format" not in data:
        file.fail("is not a report: it has no `format`")
    if data["format"] != REPORT_FORMAT:
        report_format = str(data["format"])[:_MAX_MESSAGE]
        file.fail(f"has format {report_format}; this version reads format {REPORT_FORMAT}")
    try:
        mismatch = find_violation("report", data)
    except RecursionError:
        file.fail("is nested too deeply")
    if mismatch is not None:
        detail = f": {mismatch.json_path}: {mismatch.message}"
        file.fail(f"does not match the report's schema{detail[:_MAX_MESSAGE]}")
    return Baseline(
        path.name,
        data["started_utc"],
        data["version"],
        data["interrupted"],
        _run_conditions(data),
        {scenario["id"]: _baseline_result(scenario) for scenario in data["scenarios"]},
    )


def _run_conditions(data: Mapping[str, Any]) -> Mapping[str, str]:
    profile, stages = data["profile"], data["stages"]
    return run_conditions(
        version=data["version"],
        target=data["target"],
        integration_target=data["integration_target"],
        profile=profile["name"],
        overrides=[
            f"{parameter['name']}={parameter['value']}"
            for parameter in profile["parameters"]
            if parameter["origin"] == "overridden"
        ],
        time_scale=data["time_scale"],
        strict=data["strict"],
        seed=data["seed"],
        events=data["events"],
        stages=[name for name in stages if stages[name]["readiness"] != Readiness.NOT_OBSERVED],
    )


def run_conditions(  # noqa: PLR0913 - everything that two runs must have in common
    *,
    version: str,
    target: str,
    integration_target: str,
    profile: str,
    overrides: Iterable[str],
    time_scale: float,
    strict: bool,
    seed: int,
    events: Iterable[str],
    stages: Iterable[str],
) -> Mapping[str, str]:
    """Return the conditions, by label, under which a run was made.

    A change between two runs is due to the endpoint alone only if their conditions are the same.
    """
    return {
        "version of pytest-mews": version,
        "target": target,
        "integration target": (
            integration_target if integration_target != target else "the same as the target"
        ),
        "profile": " ".join([profile, *sorted(overrides)]),
        "time scale": f"{time_scale:g}",
        "strictness": "strict" if strict else "not strict",
        "seed": str(seed),
        EVENTS: ", ".join(sorted(events)),
        "stages": ", ".join(sorted(stages)) or "none",
    }


def _baseline_result(scenario: Mapping[str, Any]) -> BaselineResult:
    verdict = without_waiver = Verdict(scenario["verdict"])
    if verdict is Verdict.WAIVED:
        without_waiver = Verdict(scenario.get("verdict_without_waiver", "fail"))
    must_not_met = any(
        not finding["met"] and finding["level"] == Level.MUST
        for evidence in scenario["evidence"]
        for finding in evidence["findings"]
    )
    breaks_must = without_waiver is Verdict.FAIL or (
        without_waiver is Verdict.FLAKY and must_not_met
    )
    return BaselineResult(scenario["title"], verdict, without_waiver, breaks_must)
