"""docs/processing.md and the examples that it links to agree with the code."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from pytest_mews.command.emulator_command import DEFAULT_ADDRESS
from pytest_mews.config import tenants
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import Scenario, Stage
from pytest_mews.model.api_call import SLOW_S, ApiCall, ApiFault
from pytest_mews.options import OPTIONS
from pytest_mews.scenarios import loader

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "processing.md").read_text("utf-8")
EXAMPLES = ROOT / "examples"
PROCESSING = [
    scenario for scenario in loader.load_scenarios() if scenario.stage is Stage.PROCESSING
]


def rows() -> dict[str, str]:
    """Read the table of scenarios: its lines by id."""
    found = re.findall(r"^\| `([A-Z]+-\d+)` \|.*$", DOCS, re.MULTILINE)
    return {name: line for name in found for line in DOCS.splitlines() if f"| `{name}` |" in line}


def test_every_scenario_of_the_stage_has_a_row() -> None:
    """The table has exactly the scenarios of the stage, in their order."""
    assert list(rows()) == [scenario.id for scenario in PROCESSING]


@pytest.mark.parametrize("scenario", PROCESSING, ids=lambda scenario: scenario.id)
def test_a_row_names_the_level(scenario: Scenario) -> None:
    """The level of a scenario is in its row unless it is a MUST."""
    assert scenario.level == "MUST" or f"({scenario.level})" in rows()[scenario.id]


@pytest.mark.parametrize("scenario", PROCESSING, ids=lambda scenario: scenario.id)
def test_longer_timeouts_are_documented(scenario: Scenario) -> None:
    """A scenario that multiplies --mews-fetch-timeout is named with its factor."""
    (timeouts,) = re.findall(r"## Timeouts\n\n(.*?)\n\n", DOCS, re.DOTALL)
    factors = [getattr(step, "timeout_factor", 1) for step in scenario.steps]
    parts = re.split(r"(two|three|six)\s+times", timeouts)  # each number after its scenarios
    named = [
        factor for text, factor in zip(parts[::2], parts[1::2], strict=False) if scenario.id in text
    ]
    assert named == {1: [], 2: ["two"], 3: ["three"], 6: ["six"]}[max(factors)]


def test_options_and_figures_are_those_of_the_code() -> None:
    """Options, defaults, limits and faults."""
    flags = {option.flag: option.default for option in OPTIONS}
    assert set(re.findall(r"--mews-[a-z-]+", DOCS)) <= set(flags)
    assert f"{flags['--mews-fetch-timeout']}\nseconds by default" in DOCS
    assert (
        f"{REQUESTS_PER_TOKEN} requests per AccessToken within {REQUEST_WINDOW_S} seconds" in DOCS
    )
    assert f"takes {SLOW_S:g} s" in DOCS
    assert f"--api {DEFAULT_ADDRESS}" in DOCS
    assert set(re.findall(r"ApiFault\.([A-Z_]+)", DOCS)) <= set(ApiFault.__members__)


def test_every_property_of_a_call_is_named() -> None:
    """The section about calls.jsonl lists them."""
    (section,) = re.findall(r"## The log of requests\n(.*)", DOCS, re.DOTALL)
    assert [field.name for field in fields(ApiCall) if f"`{field.name}`" not in section] == []


def test_tokens_are_the_built_in_ones() -> None:
    """The document and the examples have the emulator's default tenants."""
    (shown,) = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    built_in = tomllib.loads(tenants.tenants_template())
    assert tomllib.loads(shown) == {**built_in, "enterprise": built_in["enterprise"][:1]}
    fastapi = (EXAMPLES / "fastapi_partner" / "tenants.toml").read_text("utf-8")
    express = (EXAMPLES / "express_partner" / "tenants.json").read_text("utf-8")
    assert tomllib.loads(fastapi) == built_in
    assert json.loads(express)["enterprise"] == built_in["enterprise"]
    found = re.findall(r"MEWS_CLIENT_TOKEN[=:] ?([0-9A-F-]+)", DOCS)
    assert set(found) == {built_in["client_token"]}
