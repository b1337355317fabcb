"""What Mews documents is held against the scenarios: docs/requirements.toml has the facts."""

from __future__ import annotations

import re
import runpy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.model import Basis, Stage
from pytest_mews.scenarios import loader

DOCS = Path(__file__).parents[2] / "docs"
SOURCE = (DOCS / "requirements.toml").read_text("utf-8")
DATA = tomllib.loads(SOURCE)
FACTS, FAILURES = DATA["fact"], DATA["failure"]
STAGES = {scenario.id: scenario.stage for scenario in loader.load_scenarios()}
RENDER = runpy.run_path(str(DOCS / "generate_requirements.py"))["render"]

Entry = Mapping[str, Any]
every_fact = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["id"])
every_failure = pytest.mark.parametrize("failure", FAILURES, ids=lambda each: str(each["number"]))


@pytest.mark.parametrize("scenario", STAGES)
def test_every_scenario_tests_a_fact(scenario: str) -> None:
    """A scenario that tests nothing documented or inferred has no place in the catalogue."""
    assert [fact["id"] for fact in FACTS if scenario in fact.get("scenarios", ())]


@every_fact
def test_a_fact_is_tested_or_says_why_not(fact: Entry) -> None:
    """A fact names scenarios or a reason: one of them, never both."""
    assert bool(fact.get("scenarios")) != bool(fact.get("untested"))
    assert fact.get("untested", "Not yet: ").startswith(("Not yet: ", "Can't be tested: "))


@every_fact
def test_scenarios_of_a_fact_exist(fact: Entry) -> None:
    """A fact names scenarios of the catalogue, each once, and of the stage where it shows."""
    named = fact.get("scenarios", [])
    assert len(set(named)) == len(named)
    assert {name: STAGES.get(name) for name in named} == dict.fromkeys(named, Stage(fact["stage"]))


@every_fact
def test_a_fact_is_complete(fact: Entry) -> None:
    """A fact has its text, its page, and no property or value that is not agreed upon."""
    required = {"id", "text", "page", "revision", "basis", "stage"}
    assert required <= set(fact) <= required | {"scenarios", "untested"}
    assert fact["text"].endswith(".")
    assert fact.get("untested", ".").endswith(".")
    assert Basis(fact["basis"])
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*(/[a-z]+(-[a-z]+)*)?", fact["page"])
    assert re.fullmatch(r"(20\d\d-[01]\d)?", fact["revision"])


def test_facts_have_ids_of_their_own() -> None:
    """No id or text occurs twice in a section, and every section has facts."""
    ids = [fact["id"] for fact in FACTS]
    assert all(re.fullmatch(r"[A-Z]-\d\d", name) for name in ids)
    assert len(set(ids)) == len(ids)
    assert len({(fact["id"][0], fact["text"]) for fact in FACTS}) == len(FACTS)
    assert list(dict.fromkeys(name[0] for name in ids)) == list(DATA["sections"])


def test_all_failures_of_real_integrations_are_there() -> None:
    """There are sixteen, numbered."""
    assert [failure["number"] for failure in FAILURES] == list(range(1, 17))


@every_failure
def test_a_failure_is_told_or_says_why_not(failure: Entry) -> None:
    """A failure names scenarios that exist, or what is not tested, or both for its two parts."""
    assert set(failure) <= {"number", "text", "scenarios", "untested"}
    assert failure.get("scenarios") or failure.get("untested")
    assert set(failure.get("scenarios", ())) <= set(STAGES)


def test_the_page_is_up_to_date() -> None:
    """docs/requirements.md is what the generator makes of the facts."""
    remedy = "run .venv/bin/python docs/generate_requirements.py"
    assert (DOCS / "requirements.md").read_text("utf-8") == RENDER(SOURCE), remedy


def test_the_page_lists_everything() -> None:
    """Every fact and failure has its row, and every fact that is not tested its reason."""
    page = RENDER(SOURCE)
    for fact in FACTS:
        assert f"\n| {fact['id']} | {fact['text']} |" in page
        assert fact.get("untested", "") in page.partition("## What is not tested")[2]
    for failure in FAILURES:
        assert f"\n| {failure['number']}. {failure['text']} |" in page


SMALL = """
[sections]
T = "Transport"
[[fact]]
id = "T-01"
text = "A | B."
page = "events/wh-faq"
revision = "2025-07"
basis = "inferred"
stage = "delivery"
scenarios = ["REC-01"]
[[fact]]
id = "T-02"
text = "C."
page = "events/wh-faq"
revision = ""
basis = "documented"
stage = "streaming"
untested = "Can't be tested: why."
[[failure]]
number = 1
text = "D."
scenarios = ["REC-01"]
untested = "Half of it."
"""


def test_the_page_of_two_facts() -> None:
    """The generator counts, links sources and scenarios, escapes bars and groups reasons."""
    page = RENDER(SMALL)
    counts = "1 of 2 facts are tested (delivery 1 of 1, processing 0 of 0, streaming 0 of 1), "
    assert f"{counts}0 not yet, 1 can't be" in page
    assert "0 of 1 real failures are fully tested, 1 partly" in page
    source = "[events/wh-faq](https://docs.mews.com/connector-api/events/wh-faq)"
    scenario = "[REC-01](../scenarios/reception/REC-01.toml)"
    rest = f"*inferred* from {source} | 2025-07 | delivery | {scenario} |"
    assert f"| T-01 | A \\| B. | {rest}" in page
    assert f"| T-02 | C. | {source} |  | streaming | not tested |" in page
    assert f"| 1. D. | {scenario} | Half of it. |" in page
    assert page.endswith("### Streaming\n\n- T-02: Can't be tested: why.\n")
