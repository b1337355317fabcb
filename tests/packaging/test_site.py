"""The documentation site has every page that messages and reports name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

import pytest_mews
from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.options import OPTIONS
from pytest_mews.scenarios.loader import load_scenarios
from tests.packaging.site_pages import ROOT, site_pages

SHIPPED = [
    *ROOT.glob("harness/**/*.py"),
    *ROOT.glob("reports/**/*.py"),
    ROOT / "scenarios/loader.py",
]
TEXTS = [*SHIPPED, *ROOT.glob("scenarios/*/*.toml"), *ROOT.glob("reports/templates/*")]


def named_pages() -> Iterator[tuple[str, str]]:
    """Yield the page and the anchor of each call of `name_page` with constants."""
    for path in SHIPPED:
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "name_page(" in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "name_page":
                values = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                if len(values) == len(node.args):
                    yield str(values[0]), str(values[1]) if len(values) > 1 else ""


def anchors(page: str) -> set[str]:
    """Return the anchors of a page: those of its headings, and explicit ones."""
    text = site_pages()[f"{page}.md"]
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }
    return slugs | set(re.findall(r'id="([^"]+)"', text)) | set(re.findall(r"\{ #(\S+) \}", text))


@pytest.mark.parametrize(("page", "anchor"), sorted(set(named_pages())))
def test_a_page_that_a_message_names_exists(page: str, anchor: str) -> None:
    """The page is on the site and in a checkout, and has the anchor."""
    assert f"{page}.md" in site_pages()
    assert (ROOT / "docs" / f"{page}.md").is_file()
    assert not anchor or anchor in anchors(page)


def test_messages_name_some_pages() -> None:
    """The test above sees the calls."""
    assert {"processing", "streaming"} <= {page for page, _ in named_pages()}


def test_every_scenario_has_a_page() -> None:
    """It says what the scenario is, what to change, and what it rests on."""
    for scenario in load_scenarios():
        text = site_pages()[f"reference/scenarios/{scenario.id}.md"]
        assert scenario.title in text
        assert scenario.remedy in text
        assert all(fact.source.url in text for fact in scenario.facts)


def test_every_kind_of_cause_is_on_its_page() -> None:
    """Each has an anchor and the texts of `mews explain`."""
    page = site_pages()["causes.md"]
    for kind, text in load_kind_texts().items():
        assert kind in anchors("causes")
        texts = (text.title, text.measured, text.claims, text.remedy, *text.remedies.values())
        assert all(part in page for part in texts), kind


def test_every_option_is_on_its_page() -> None:
    """The reference has each option with its help."""
    text = site_pages()["reference/options.md"]
    assert all(f"`{option.flag}" in text and option.help in text for option in OPTIONS)


def test_every_public_name_is_on_the_page_of_the_api() -> None:
    """The reference has each name that the package exports."""
    text = site_pages()["reference/python-api.md"]
    assert all(f"::: pytest_mews.{name}\n" in text for name in pytest_mews.__all__)


def test_every_decision_is_listed() -> None:
    """The page of decisions links to each one."""
    text = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    names = {path.name for path in ROOT.glob("docs/decisions/*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((.+?)\)", text)) == names


def test_nothing_links_to_a_reserved_name() -> None:
    """A name under .example leads nowhere; schemas have such identifiers, which nobody follows."""
    assert not [path for path in TEXTS if "pytest-mews.example" in path.read_text("utf-8")]


def test_no_message_names_a_file_of_the_documentation() -> None:
    """`name_page` does, without an address of the site; comments and docstrings may."""
    for path in TEXTS:
        text = path.read_text("utf-8")
        if path.suffix == ".py":
            tree = ast.parse(text)
            docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            strings = [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docstrings
            ]
            text = "\n".join(strings)
        else:
            text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
        assert not re.findall(r"\bdocs/[\w/-]+\.md", text), path
