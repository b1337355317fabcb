"""The committed sample report and the page about reports are complete, valid and small.

They are generated at a release (`make docs`), so no test compares them with the current code.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.demo import PARTNER_KINDS
from tests.report_reader import validate_report

DOCS = Path(__file__).parents[2] / "docs"
SAMPLE = DOCS / "sample"
SCREENSHOTS = sorted((DOCS / "reading").glob("*.png"))


class Outline(HTMLParser):
    """The anchors of a page, and the targets of its links within the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an anchor, and a link to one."""
        attributes = {name: value or "" for name, value in attrs}
        self.ids.add(attributes.get("id", ""))
        if attributes.get("href", "").startswith("#"):
            self.targets.add(attributes["href"].removeprefix("#"))


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """The committed data, which matches its schema."""
    return validate_report(SAMPLE / "certification.json")


def test_page_has_every_scenario_of_the_data(data: dict[str, Any]) -> None:
    """Each scenario has its stable anchors, and every link within the page leads somewhere."""
    page = Outline((SAMPLE / "certification.html").read_text("utf-8"))
    names = {entry["id"] for entry in data["scenarios"]}
    assert names | {f"{name}-details" for name in names} <= page.ids
    assert page.targets - page.ids == set()


def test_sample_is_of_a_flawed_partner(data: dict[str, Any]) -> None:
    """The sample shows a failure, and its seed is fixed."""
    assert data["target"] == "demo:body-limit"
    assert data["readiness"] == "not-ready"
    assert data["seed"] == 2026


def test_reading_page_shows_ten_flaws() -> None:
    """Its flaws exist, each with a screenshot, a problem and a fix."""
    text = (DOCS / "reading-the-report.md").read_text("utf-8")
    names = re.findall(r"^`demo:([\w-]+)`", text, re.MULTILINE)
    assert len(set(names)) == 10
    assert set(names) <= set(PARTNER_KINDS)
    assert [path.stem for path in SCREENSHOTS] == sorted(names)
    problems = re.findall(r"\*\*Problem:\*\* (.+?)\. \*\*Fix:\*\* \w", text)
    assert len(set(problems)) == 10


@pytest.mark.parametrize("path", SCREENSHOTS, ids=lambda path: path.stem)
def test_screenshots_are_small(path: Path) -> None:
    """A screenshot of a first screen is a PNG of at most 100 kB."""
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) <= 100_000


def test_committed_files_are_small() -> None:
    """Sample and screenshots together stay under 4 MB, about 23 kB per scenario."""
    committed = [*SAMPLE.iterdir(), *SCREENSHOTS]
    assert sum(path.stat().st_size for path in committed) < 4_000_000
