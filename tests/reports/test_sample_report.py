"""The committed sample report, and the page about reports, are as today's code makes them.

Times, ids and figures differ from run to run: structure is compared. `make docs` writes them anew;
`.venv/bin/python docs/generate_reading.py sample` the sample alone.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sample_run

from pytest_mews.demo import NAMES
from pytest_mews.reports import to_json
from pytest_mews.reports.html_report import to_html
from pytest_mews.scenarios import loader

DOCS = Path(__file__).parents[2] / "docs"
SAMPLE = DOCS / "sample"
PICTURES = sorted((DOCS / "reading").glob("*.png"))
ANEW = "run `.venv/bin/python docs/generate_reading.py sample`"
# Properties of a scenario, and of a run, in some runs only.
OPTIONAL = {"waiver", "verdict_without_waiver", "replay", "answer_times"}
OPTIONAL_OF_RUN = {"waivers", "comparison", "rate_limit_usage"}


class Outline(HTMLParser):
    """The skeleton of a page: headings of the page's own, and anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.ids: set[str] = set()
        self.navigation: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an anchor, and where we are."""
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag in {"h1", "h2", "nav"}:
            self._inside.append(tag)
        if tag == "a" and "nav" in self._inside:
            self.navigation.append(given.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        """Leave a heading or the navigation."""
        if tag in self._inside:
            del self._inside[self._inside.index(tag) :]

    def handle_data(self, data: str) -> None:
        """Note how a heading begins; a verdict may follow within it."""
        if self._inside == ["h2"]:
            self.headings.append(data.strip())
            self._inside.append("rest of it")


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
def today() -> str:
    """A page as it is rendered now, without what only some runs have."""
    return to_html(sample_run.run())


def test_sample_has_the_sections_of_today(page: str, today: str) -> None:
    """Headings and navigation are those that a report has now."""
    sample, now = Outline(page), Outline(today)
    stages = {"Delivery", "Processing", "Streaming"}
    changes = {"New failures", "Still failing", "Fixed", "No longer observed"}
    expected = [each for each in now.headings if each not in changes]
    assert sample.headings == expected, ANEW
    assert stages <= set(sample.headings)
    assert sample.navigation == now.navigation, ANEW


def test_sample_has_the_parts_of_a_problem_of_today(page: str, today: str) -> None:
    """What is told of a failed delivery has the parts that it has now, in their order."""
    assert parts(page, "REC-04") == parts(today, "EVT-04"), ANEW


def parts(text: str, name: str) -> list[str]:
    """The headings within one problem."""
    article = text[text.index(f'id="{name}-problem"') :].partition("</article>")[0]
    return re.findall(r"<h4>([\w ]+?) *<", article)


def test_sample_has_every_scenario_of_today(page: str, data: dict[str, Any]) -> None:
    """Each scenario of the catalogue has its stable anchors and its entry under its title."""
    ids = Outline(page).ids
    entries = {each["id"]: each["title"] for each in data["scenarios"]}
    assert entries == {each.id: each.title for each in loader.load_scenarios()}, ANEW
    for name in entries:
        assert {name, f"{name}-details"} <= ids, ANEW


def test_sample_data_is_valid(data: dict[str, Any]) -> None:
    """The data keeps the schema of its format."""
    schema = json.loads(files("pytest_mews.schemas").joinpath("report.schema.json").read_text())
    jsonschema.validate(data, schema)


def test_sample_data_has_the_properties_of_today(data: dict[str, Any]) -> None:
    """The run and each scenario have the properties that are written now."""
    now = to_json(sample_run.run())
    assert set(data) - OPTIONAL_OF_RUN == set(now) - OPTIONAL_OF_RUN, ANEW
    properties = {key for each in now["scenarios"] for key in each} - OPTIONAL
    for each in data["scenarios"]:
        assert set(each) - OPTIONAL == properties, ANEW


def test_sample_is_of_a_flawed_partner(data: dict[str, Any]) -> None:
    """The sample shows a failure, and its seed is fixed."""
    assert data["target"] == "demo:body-limit"
    assert data["readiness"] == "not-ready"
    assert data["seed"] == 2026


def test_reading_page_is_of_today() -> None:
    """Its partners exist, each with a picture, and it says what their scenarios say now."""
    text = (DOCS / "reading-the-report.md").read_text("utf-8")
    names = re.findall(r"^`demo:([\w-]+)`", text, re.MULTILINE)
    assert len(set(names)) == 10
    assert set(names) <= set(NAMES)
    assert [path.stem for path in PICTURES] == sorted(names)
    told = re.findall(
        r"\*\*Wrong:\*\* ([A-Z]+-\d+) (.*?)\. \*\*To do:\*\* (.*)$", text, re.MULTILINE
    )
    known = {each.id: (each.title, each.remedy) for each in loader.load_scenarios()}
    assert len(told) == 10
    for name, title, remedy in told:
        assert known[name] == (title, remedy), "run `make docs`"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_pictures_are_small(path: Path) -> None:
    """A first screen is a PNG of at most 100 kB."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) <= 100_000


def test_what_is_committed_is_small() -> None:
    """The sample and the pictures together stay under 3.5 MB, some 20 kB for a scenario."""
    committed = [*SAMPLE.iterdir(), *PICTURES]
    assert sum(path.stat().st_size for path in committed) < 3_500_000
