"""The facts about Mews: complete, each once, tested by scenarios, and shown on their page."""

from __future__ import annotations

import re
import runpy
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_mews.mews.facts import (
    Basis,
    Fact,
    Section,
    Source,
    Stage,
    load_facts,
    load_sections,
    parse_sections,
)
from pytest_mews.mews.review_points import JUDGED_FACTS
from pytest_mews.scenarios import loader

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FACTS = load_facts()
SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
GENERATOR = runpy.run_path(str(DOCS / "generate_requirements.py"))
FAILURES = GENERATOR["load_coverage"]().failures

every_failure = pytest.mark.parametrize("failure", FAILURES, ids=lambda each: str(each["number"]))


def test_a_fact_is_tested_or_says_why_not() -> None:
    """A scenario of its stage or the review's chapter tests a fact, or the fact says why not."""
    for fact in FACTS.values():
        testing = [scenario for scenario in SCENARIOS.values() if fact in scenario.facts]
        is_tested = any(scenario.stage is fact.stage for scenario in testing)
        assert is_tested or fact.id in JUDGED_FACTS or fact.untested, fact.id
        assert not (fact.untested and testing), fact.id
        assert fact.untested.startswith(("Not yet: ", "Can't be tested: ")) or not fact.untested, (
            fact.id
        )


def test_a_fact_is_complete() -> None:
    """A fact is a sentence with a page, an anchor or none, and a revision or none."""
    for fact in FACTS.values():
        assert re.fullmatch(r"[A-Z]-\d\d", fact.id), fact.id
        assert fact.text.endswith("."), fact.id
        assert not fact.untested or fact.untested.endswith("."), fact.id
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*(/[a-z]+(-[a-z]+)*)?", fact.source.page), fact.id
        assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", fact.source.anchor), fact.id
        assert re.fullmatch(r"(20\d\d-[01]\d)?", fact.source.revision), fact.id


def test_no_fact_stands_twice() -> None:
    """No id and no text occurs twice."""
    facts = [fact for section in load_sections() for fact in section.facts]
    assert len(FACTS) == len(facts)
    assert len({_normalized(fact.text) for fact in facts}) == len(facts)


def test_facts_are_not_repeated_in_scenario_files() -> None:
    """A scenario file names facts: neither `why` nor `remedy` is the text of one."""
    texts = {_normalized(fact.text): fact.id for fact in FACTS.values()}
    for path in (ROOT / "scenarios").glob("*/*.toml"):
        data = tomllib.loads(path.read_text("utf-8"))
        assert "source" not in data
        assert not {_normalized(data[key]) for key in ("why", "remedy")} & texts.keys()


def test_a_scenario_tests_facts_of_its_stage_and_basis() -> None:
    """At least one fact has the scenario's stage, and at least one its basis."""
    for name, scenario in SCENARIOS.items():
        assert scenario.stage in {fact.stage for fact in scenario.facts}, name
        assert scenario.basis in {fact.basis for fact in scenario.facts}, name


def test_a_fact_has_no_unknown_key() -> None:
    """A misspelled key in facts.toml is an error."""
    fact = {"id": "T-01", "text": "A.", "page": "p", "anchor": "", "revision": "", "stage": "x"}
    with pytest.raises(TypeError, match="colour"):
        parse_sections({"section": [{"title": "T", "fact": [{**fact, "colour": "red"}]}]})


def test_all_failures_of_real_integrations_are_there() -> None:
    """There are sixteen, numbered."""
    assert [failure["number"] for failure in FAILURES] == list(range(1, 17))


@every_failure
def test_a_failure_names_scenarios(failure: dict[str, object]) -> None:
    """A failure names existing scenarios, and may say what they don't see."""
    assert {"number", "text", "scenarios"} <= set(failure)
    assert set(failure) <= {"number", "text", "scenarios", "untested"}
    assert failure["scenarios"]
    assert set(failure["scenarios"]) <= set(SCENARIOS)  # type: ignore[call-overload]


def test_the_page_is_up_to_date() -> None:
    """docs/requirements.md is what the generator makes of the facts."""
    remedy = "run .venv/bin/python docs/generate_requirements.py"
    page = GENERATOR["load_coverage"]().render()
    assert (DOCS / "requirements.md").read_text("utf-8") == page, remedy


def test_the_page_lists_everything() -> None:
    """Every fact and failure has its row, and every fact that is not tested its reason."""
    page = (DOCS / "requirements.md").read_text("utf-8")
    for fact in FACTS.values():
        assert f"\n| {fact.id} | {fact.text} |" in page
        assert fact.untested in page.partition("## What is not tested")[2]
    for failure in FAILURES:
        assert f"\n| {failure['number']}. {failure['text']} |" in page


def test_the_page_of_two_facts() -> None:
    """The generator counts, links sources and scenarios, escapes bars and groups reasons."""
    source = Source("events/wh-faq", "a-heading", "2025-07")
    tested = Fact("T-01", "A | B.", source, Basis.INFERRED, Stage.DELIVERY)
    elsewhere = replace(source, anchor="", revision="")
    why = "Can't be tested: why."
    untested = Fact("T-02", "C.", elsewhere, Basis.DOCUMENTED, Stage.STREAMING, why)
    scenario = replace(SCENARIOS["REC-01"], facts=(tested,))
    failure = {"number": 1, "text": "D.", "scenarios": ["REC-01"], "untested": "Half of it."}
    sections = [Section("Transport", (tested, untested))]
    page = GENERATOR["Coverage"](sections, [scenario], [failure]).render()
    summary = "1 of 2 facts are tested (delivery 1 of 1, processing 0 of 0, streaming 0 of 1)"
    assert f"**{summary}, 0 not yet, 1 can't be; 0 of 1 real failures are fully tested" in page
    link = "[events/wh-faq](https://docs.mews.com/connector-api/events/wh-faq"
    file = "[REC-01](../scenarios/reception/REC-01.toml)"
    row = f"| T-01 | A \\| B. | *inferred* from {link}#a-heading) | 2025-07 | delivery | {file} |"
    assert row in page
    assert f"| T-02 | C. | {link}) |  | streaming | not tested |" in page
    assert f"| 1. D. | {file} | Half of it. |" in page
    assert page.endswith("### Streaming\n\n- T-02: Can't be tested: why.\n")


def _normalized(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
