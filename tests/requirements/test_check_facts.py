"""`make facts`: which facts to read again, shown with two small checkouts."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_mews.mews.facts import Basis, Fact, Source, Stage, load_facts
from pytest_mews.mews.read_pages import READ_PAGES, ReadPage, digest_of

CHECK = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "check_facts.py"))
PAGES = {
    "events/wh-faq": "# Webhook FAQ\n\nThe server must answer within 5 seconds.\n",
    "events/wh-general": "# General webhooks\n\nProcess asynchronously.\n",
    "operations": "# API operations\n",
}


def fact(number: int, page: str) -> Fact:
    """Return a fact of a page."""
    source = Source(page, "", "")
    return Fact(f"T-{number:02}", f"Fact {number}.", source, Basis.DOCUMENTED, Stage.DELIVERY)


FACTS = (
    fact(1, "events/wh-faq"),
    fact(2, "events/wh-faq"),
    fact(3, "events/wh-general"),
    fact(4, "operations"),
)
KNOWN = {page: ReadPage("2026-08-07", digest_of(text)) for page, text in PAGES.items()}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, dict[str, str]], Path]:
    """Return a function that writes a checkout with these pages and returns its folder."""

    def write_checkout(name: str, pages: dict[str, str]) -> Path:
        for page, text in pages.items():
            file = f"{page}/README.md" if page == "operations" else f"{page}.md"
            path = tmp_path / name / "connector-api" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path / name

    return write_checkout


def changed(folder: Path) -> dict[str, list[str]]:
    """Return the ids of the facts to read again, by what happened to their page."""
    pages = CHECK["find_pages"](folder, FACTS)
    found = CHECK["changed_facts"](pages, FACTS, KNOWN)
    return {change: [each.id for each in facts] for change, facts in found.items()}


def test_facts_of_a_changed_page_are_found(
    write: Callable[[str, dict[str, str]], Path],
) -> None:
    """Of two checkouts, the one with another word on a page has the facts of that page."""
    assert changed(write("then", PAGES)) == {}
    later = PAGES | {"events/wh-faq": PAGES["events/wh-faq"].replace("5", "10")}
    assert changed(write("now", later)) == {
        "events/wh-faq has changed; read as of 2026-08-07": ["T-01", "T-02"]
    }


def test_white_space_is_no_change(write: Callable[[str, dict[str, str]], Path]) -> None:
    """Wrapped lines say the same."""
    wrapped = {page: text.replace(" ", "\n  ") for page, text in PAGES.items()}
    assert changed(write("wrapped", wrapped)) == {}


def test_a_page_that_is_gone_is_a_change(write: Callable[[str, dict[str, str]], Path]) -> None:
    """A page may have moved; one that was never read must be read."""
    folder = write("less", {"events/wh-faq": PAGES["events/wh-faq"], "events/new": "# New\n"})
    assert list(changed(folder)) == [
        "events/wh-general is gone; read as of 2026-08-07",
        "operations is gone; read as of 2026-08-07",
    ]
    pages = CHECK["find_pages"](folder, FACTS)
    never = CHECK["changed_facts"](pages, [fact(5, "events/new")], KNOWN)
    assert list(never) == ["events/new was never read"]


def test_recording_notes_what_was_read(write: Callable[[str, dict[str, str]], Path]) -> None:
    """Afterwards nothing has changed; a page that had not changed keeps its day."""
    pages = CHECK["find_pages"](write("now", PAGES | {"operations": "# Operations\n"}), FACTS)
    text = CHECK["record"](pages, FACTS, KNOWN, "2026-10-01")
    assert text.count("2026-08-07") == 2
    assert f'["operations"]\ndate = "2026-10-01"\ndigest = "{digest_of("# Operations")}"' in text
    with pytest.raises(CHECK["CheckError"], match="'yesterday' is no date"):
        CHECK["record"](pages, FACTS, KNOWN, "yesterday")


def test_the_command(
    write: Callable[[str, dict[str, str]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints the facts with their pages and exits with 1; a folder without pages is refused."""
    main = CHECK["main"]
    assert main([str(write("other", PAGES))]) == 1
    output = capsys.readouterr().out
    assert "events/wh-faq has changed; read as of 2026-08-07\n  T-01 " in output
    assert f" of {len(load_facts())} facts to read again, on " in output
    assert main([str(Path(__file__).parent)]) == 4
    error = capsys.readouterr().err
    assert "has no page of the documentation, such as events/wh-faq.md" in error
    assert "MewsSystems/open-api-docs" in error


def test_no_page_is_kept_without_a_fact() -> None:
    """The data has only pages that a fact is from; the command reports one that it lacks."""
    assert set(READ_PAGES) <= {each.source.page for each in load_facts().values()}
