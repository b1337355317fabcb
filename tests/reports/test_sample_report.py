"""The committed sample report and the page about reports match the current code.

Times, ids and figures differ between runs, so the tests compare structure. `make docs` writes both
again, `.venv/bin/python docs/generate_reading.py sample` only the sample.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sample_run

from pytest_mews.checks import api_reachability, remedies
from pytest_mews.demo import NAMES
from pytest_mews.reports import to_json
from pytest_mews.reports.html_report import to_html
from pytest_mews.scenarios import loader

DOCS = Path(__file__).parents[2] / "docs"
SAMPLE = DOCS / "sample"
SCREENSHOTS = sorted((DOCS / "reading").glob("*.png"))
OUTDATED = "run `.venv/bin/python docs/generate_reading.py sample`"
# Properties that only some scenarios, and only some runs, have.
OPTIONAL = {"waiver", "verdict_without_waiver", "replay", "answer_times"}
OPTIONAL_OF_RUN = {"waivers", "comparison", "rate_limit_usage"}


class Outline(HTMLParser):
    """The structure of a page: headings, anchors and navigation."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.ids: set[str] = set()
        self.navigation: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an anchor or a link of the navigation."""
        attributes = dict(attrs)
        self.ids.add(attributes.get("id") or "")
        if tag in {"h1", "h2", "nav"}:
            self._inside.append(tag)
        if tag == "a" and "nav" in self._inside:
            self.navigation.append(attributes.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        """Leave a heading or the navigation."""
        if tag in self._inside:
            del self._inside[self._inside.index(tag) :]

    def handle_data(self, data: str) -> None:
        """Record the start of a heading; a verdict may follow within it."""
        if self._inside == ["h2"]:
            self.headings.append(data.strip())
            self._inside.append("rest of the heading")


@pytest.fixture(scope="module")
def page() -> str:
    """The committed page."""
    return (SAMPLE / "certification.html").read_text("utf-8")


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """The committed data."""
    loaded: dict[str, Any] = json.loads((SAMPLE / "certification.json").read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def current_page() -> str:
    """The page of the sample run, rendered by the current code."""
    return to_html(sample_run.run())


def test_sample_has_the_current_sections(page: str, current_page: str) -> None:
    """Headings and navigation are those of a current report."""
    sample, current = Outline(page), Outline(current_page)
    stages = {"Delivery", "Processing", "Streaming"}
    changes = {"New failures", "Still failing", "Fixed", "No longer observed"}
    expected = [heading for heading in current.headings if heading not in changes]
    assert sample.headings == expected, OUTDATED
    assert stages <= set(sample.headings)
    assert sample.navigation == current.navigation, OUTDATED


def test_sample_has_the_current_parts_of_a_problem(page: str, current_page: str) -> None:
    """A failed delivery has the parts of a current report, in their order."""
    assert problem_parts(page, "REC-04") == problem_parts(current_page, "EVT-04"), OUTDATED


def problem_parts(text: str, scenario_id: str) -> list[str]:
    """Return the headings within one problem."""
    article = text[text.index(f'id="{scenario_id}-problem"') :].partition("</article>")[0]
    return re.findall(r"<h4>([\w ]+?) *<", article)


def test_sample_has_every_current_scenario(page: str, data: dict[str, Any]) -> None:
    """Each scenario has its stable anchors and an entry with its title."""
    ids = Outline(page).ids
    titles = {entry["id"]: entry["title"] for entry in data["scenarios"]}
    assert titles == {scenario.id: scenario.title for scenario in loader.load_scenarios()}, OUTDATED
    for scenario_id in titles:
        assert {scenario_id, f"{scenario_id}-details"} <= ids, OUTDATED


def test_sample_data_is_valid(data: dict[str, Any]) -> None:
    """The data is valid against the schema of its format."""
    schema = json.loads(files("pytest_mews.schemas").joinpath("report.schema.json").read_text())
    jsonschema.validate(data, schema)


def test_sample_data_has_the_current_properties(data: dict[str, Any]) -> None:
    """The run and each scenario have the properties of a current report."""
    current = to_json(sample_run.run())
    assert set(data) - OPTIONAL_OF_RUN == set(current) - OPTIONAL_OF_RUN, OUTDATED
    properties = {key for entry in current["scenarios"] for key in entry} - OPTIONAL
    for entry in data["scenarios"]:
        assert set(entry) - OPTIONAL == properties, OUTDATED


def test_sample_is_of_a_flawed_partner(data: dict[str, Any]) -> None:
    """The sample shows a failure, and its seed is fixed."""
    assert data["target"] == "demo:body-limit"
    assert data["readiness"] == "not-ready"
    assert data["seed"] == 2026


def test_reading_page_is_current() -> None:
    """Its flaws exist, each with a screenshot, and it quotes the current scenarios."""
    text = (DOCS / "reading-the-report.md").read_text("utf-8")
    names = re.findall(r"^`demo:([\w-]+)`", text, re.MULTILINE)
    assert len(set(names)) == 10
    assert set(names) <= set(NAMES)
    assert [path.stem for path in SCREENSHOTS] == sorted(names)
    problems = re.findall(
        r"\*\*Problem:\*\* ([A-Z]+-\d+) (.*?)\. \*\*Fix:\*\* (.*)$", text, re.MULTILINE
    )
    scenarios = {scenario.id: scenario for scenario in loader.load_scenarios()}
    assert len(problems) == 10
    for scenario_id, title, remedy in problems:
        scenario = scenarios[scenario_id]
        assert title == scenario.title, "run `make docs`"
        assert remedy in {scenario.remedy, *observation_remedies()}, "run `make docs`"


def observation_remedies() -> Iterator[str]:
    """Yield the remedies that checks determine from what they observed."""
    for module in (remedies, api_reachability):
        for value in vars(module).values():
            if isinstance(value, str):
                yield value
            elif isinstance(value, Mapping):
                yield from map(str, value.values())


@pytest.mark.parametrize("path", SCREENSHOTS, ids=lambda path: path.stem)
def test_screenshots_are_small(path: Path) -> None:
    """A screenshot of a first screen is a PNG of at most 100 kB."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) <= 100_000


def test_committed_files_are_small() -> None:
    """Sample and screenshots together stay under 3.5 MB, about 20 kB per scenario."""
    committed = [*SAMPLE.iterdir(), *SCREENSHOTS]
    assert sum(path.stat().st_size for path in committed) < 3_500_000
