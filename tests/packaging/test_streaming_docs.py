"""docs/streaming.md and the examples that it links to agree with the code."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from pytest_mews.checks import intervals, websocket_connection, websocket_reconnect
from pytest_mews.config import tenants
from pytest_mews.emulator.websocket import PATH
from pytest_mews.execution.clients import TIMEOUT_FACTOR
from pytest_mews.model import Level, Scenario, Stage
from pytest_mews.options import OPTIONS
from pytest_mews.scenarios import loader

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "streaming.md").read_text("utf-8")
EXAMPLES = ROOT / "examples"
STREAMING = [scenario for scenario in loader.load_scenarios() if scenario.stage is Stage.STREAMING]


def rows() -> dict[str, str]:
    """Read the table of scenarios: its lines by id."""
    found = re.findall(r"^\| `([A-Z]+-\d+)` \|.*$", DOCS, re.MULTILINE)
    return {name: line for name in found for line in DOCS.splitlines() if f"| `{name}` |" in line}


def test_every_scenario_of_the_stage_has_a_row() -> None:
    """The table has exactly the scenarios of the stage, in their order."""
    assert list(rows()) == [scenario.id for scenario in STREAMING]


@pytest.mark.parametrize("scenario", STREAMING, ids=lambda scenario: scenario.id)
def test_a_row_names_the_level(scenario: Scenario) -> None:
    """The level of a scenario is in its row unless it is a MUST."""
    assert (scenario.level is Level.SHOULD) == ("(SHOULD)" in rows()[scenario.id])


def test_inferred_scenarios_are_marked() -> None:
    """Only the scenarios that the documentation states have the basis `documented`."""
    documented = {"PRE-03", "PRE-04", "STR-01", "STR-02", "STR-03", "STR-05", "STR-21", "STR-23"}
    assert {
        scenario.id for scenario in STREAMING if scenario.basis == "documented"
    } == documented | {"STR-28", "STR-33", "STR-36"}


def test_options_and_figures_are_those_of_the_code() -> None:
    """Options, limits and the path."""
    assert set(re.findall(r"--mews-[a-z-]+", DOCS)) <= {option.flag for option in OPTIONS}
    assert f"`{PATH}`" in DOCS
    assert (websocket_reconnect.MAX_HANDSHAKES, TIMEOUT_FACTOR) == (5, 3)
    assert websocket_connection.MAX_READ_MS == 5_000
    assert "five handshakes" in DOCS
    assert f"{intervals.EQUAL_SHARE:.0%}".replace("%", " %") in DOCS
    assert f"{intervals.EQUAL_MS:g} ms" in DOCS


def test_the_examples_have_the_built_in_tokens() -> None:
    """The example clients start with the tokens that the harness uses without a tenants file."""
    built_in = tomllib.loads(tenants.tenants_template())
    python, node = (EXAMPLES / f"{name}_websocket_client" for name in ("python", "node"))
    assert tomllib.loads((python / "tenants.toml").read_text("utf-8")) == built_in
    written = json.loads((node / "tenants.json").read_text("utf-8"))
    assert written["enterprise"] == built_in["enterprise"]
