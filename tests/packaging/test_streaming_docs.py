"""docs/streaming.md, and the examples that it leads to, agree with the code."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from pytest_mews.checks import websocket_connection, websocket_reconnect
from pytest_mews.config import tenants
from pytest_mews.emulator.websocket import PATH
from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket
from pytest_mews.execution.clients import PATIENCE
from pytest_mews.model import Level, Scenario, Stage
from pytest_mews.options import OPTIONS
from pytest_mews.scenarios import loader

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "streaming.md").read_text("utf-8")
EXAMPLES = ROOT / "examples"
STREAMING = [each for each in loader.load() if each.stage is Stage.STREAMING]


def rows() -> dict[str, str]:
    """Read the table of scenarios: its lines by id."""
    found = re.findall(r"^\| `([A-Z]+-\d+)` \|.*$", DOCS, re.MULTILINE)
    return {name: line for name in found for line in DOCS.splitlines() if f"| `{name}` |" in line}


def test_every_scenario_of_the_stage_has_a_row() -> None:
    """None is missing, none is made up."""
    assert list(rows()) == [each.id for each in STREAMING]


@pytest.mark.parametrize("scenario", STREAMING, ids=lambda scenario: scenario.id)
def test_a_row_says_what_is_no_must(scenario: Scenario) -> None:
    """The obligation of a scenario is in its row unless it is a MUST."""
    assert (scenario.level is Level.SHOULD) == ("(SHOULD)" in rows()[scenario.id])


def test_what_is_not_documented_says_so() -> None:
    """The documentation is the source of a scenario, or its file says that it is inferred."""
    documented = {"PRE-03", "PRE-04", "STR-01", "STR-02", "STR-03", "STR-05", "STR-21", "STR-23"}
    assert {each.id for each in STREAMING if each.basis == "documented"} == documented | {"STR-28"}


def test_options_and_figures_are_those_of_the_code() -> None:
    """Options, limits and the path."""
    assert set(re.findall(r"--mews-[a-z-]+", DOCS)) <= {option.flag for option in OPTIONS}
    assert f"`{PATH}`" in DOCS
    assert (websocket_reconnect.STORM, websocket_connection.PROMPT_MS, PATIENCE) == (5, 5_000, 3)
    assert "five handshakes" in DOCS
    assert f"{websocket_reconnect.ALIKE:.0%}".replace("%", " %") in DOCS
    assert f"{websocket_reconnect.ALIKE_MS:g} ms" in DOCS


def test_what_the_fixture_has_is_what_is_told() -> None:
    """Each name in the table is one of its attributes."""
    (table,) = re.findall(r"\| what it has \| for \|\n\|---\|---\|\n((?:\|.*\n)+)", DOCS)
    named = re.findall(
        r"`([a-z_]+)[(`]", "".join(line.split("|")[1] for line in table.splitlines())
    )
    own = {name for name in dir(MewsWebSocket) if not name.startswith("_")}
    assert own <= {*named, "server", "tenants"}
    assert set(named) <= own | {"server", "tenants"}


def test_the_examples_have_the_built_in_tokens() -> None:
    """What they are started with is what the harness takes without a tenants file."""
    built_in = tomllib.loads(tenants.template())
    python, node = (EXAMPLES / f"{name}_websocket_client" for name in ("python", "node"))
    assert tomllib.loads((python / "tenants.toml").read_text("utf-8")) == built_in
    written = json.loads((node / "tenants.json").read_text("utf-8"))
    assert written["enterprise"] == built_in["enterprise"]
    for folder in (python, node):
        text = (folder / "README.md").read_text("utf-8")
        assert f"MEWS_CLIENT_TOKEN={built_in['client_token']}" in text
