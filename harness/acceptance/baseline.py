"""The certification.json of an earlier run, read for what a comparison needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from pytest_mews.config.config_file import ConfigFile
from pytest_mews.model import Level, Readiness, Verdict
from pytest_mews.reports import FORMAT

OPTION = "--mews-baseline"
_REMEDY = "Give a certification.json that pytest-mews wrote."
_SAID = 200  # characters of what the schema says


@dataclass(frozen=True)
class BaselineResult:
    """What the baseline says about a scenario.

    Attributes:
        title: for a scenario that is no longer known.
        shown: its verdict.
        verdict: what that would have been without a waiver.
        breaks_must: whether a MUST was seen broken.

    """

    title: str
    shown: Verdict
    verdict: Verdict
    breaks_must: bool


@dataclass(frozen=True)
class Baseline:
    """An earlier run; `scenarios` by id, `circumstances` by what they are called."""

    name: str
    started_utc: str
    version: str
    interrupted: bool
    circumstances: Mapping[str, str]
    scenarios: Mapping[str, BaselineResult]


def load(path: Path) -> Baseline:
    """Read an earlier report.

    Raises:
        UsageMistake: the file can't be read, is not JSON, is of another format, or breaks
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
        file.fail("is no report: it says no `format`")
    if data["format"] != FORMAT:
        given = str(data["format"])[:_SAID]
        file.fail(f"has format {given}; this version reads format {FORMAT}")
    schema = json.loads((files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8"))
    if not jsonschema_rs.validator_for(schema).is_valid(data):
        breach = best_match(Draft202012Validator(schema).iter_errors(data))
        said = "it" if breach is None else f"{breach.json_path}: {breach.message}"[:_SAID]
        file.fail(f"breaks the report's schema: {said}")
    return Baseline(
        path.name,
        data["started_utc"],
        data["version"],
        data["interrupted"],
        _circumstances(data),
        {each["id"]: _before(each) for each in data["scenarios"]},
    )


def _circumstances(data: Mapping[str, Any]) -> Mapping[str, str]:
    profile, stages = data["profile"], data["stages"]
    return run_conditions(
        version=data["version"],
        target=data["target"],
        integration_target=data["integration_target"],
        profile=profile["name"],
        overrides=[
            f"{each['name']}={each['value']}"
            for each in profile["parameters"]
            if each["origin"] == "overridden"
        ],
        time_scale=data["time_scale"],
        strict=data["strict"],
        seed=data["seed"],
        events=data["events"],
        stages=[name for name in stages if stages[name]["readiness"] != Readiness.NOT_OBSERVED],
    )


def run_conditions(  # noqa: PLR0913 - all that two runs must have in common
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
    """Word what two runs must have in common for a change to be the endpoint's alone."""
    apart = integration_target != target
    return {
        "version of pytest-mews": version,
        "target": target,
        "integration target": integration_target if apart else "the same as the target",
        "profile": " ".join([profile, *sorted(overrides)]),
        "time scale": f"{time_scale:g}",
        "strictness": "strict" if strict else "not strict",
        "seed, which draws the cases": str(seed),
        "events": ", ".join(sorted(events)),
        "stages": ", ".join(sorted(stages)) or "none",
    }


def _before(scenario: Mapping[str, Any]) -> BaselineResult:
    shown = Verdict(scenario["verdict"])
    # one that was waived failed, whether or not the report says how
    verdict = (
        Verdict(scenario.get("verdict_without_waiver", "fail"))
        if shown is Verdict.WAIVED
        else shown
    )
    must = any(
        not finding["met"] and finding["level"] == Level.MUST
        for trial in scenario["evidence"]
        for finding in trial["findings"]
    )
    breaks = verdict is Verdict.FAIL or (verdict is Verdict.FLAKY and must)
    return BaselineResult(scenario["title"], shown, verdict, breaks)
