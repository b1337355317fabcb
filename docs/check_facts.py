"""Print the facts whose page has changed since it was read, by a checkout of Mews's documentation.

    make facts DOCS=FOLDER
    .venv/bin/python docs/check_facts.py FOLDER [--record DATE]

FOLDER has the pages as Markdown files: a checkout of MewsSystems/open-api-docs, or its folder
connector-api. No network is needed. Once facts.toml says what the pages say, `--record DATE` notes
the pages as read: DATE is that of the checkout's last commit.

Exit status: 0 if no page has changed, 1 if one has, 4 if FOLDER has no pages or DATE is no date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from pytest_mews.mews.facts import Fact, load_facts
from pytest_mews.mews.read_pages import READ_PAGES, ReadPage, digest_of

DATA = Path(__file__).parents[1] / "harness" / "mews" / "read_pages.toml"
HEADER = """\
# The pages of the facts as they were when they were read. docs/check_facts.py writes this file with
# --record, and prints the facts whose page has changed since.
#
# date: of the last commit of the checkout that was read. digest: of the page's words. A fact may be
# newer than the date of its page, if it was taken from elsewhere: then the newer page has another
# digest, and the check asks somebody to read it.
"""
PLACES = ("", "connector-api")  # of the pages within a checkout: two repositories have had them


class CheckError(Exception):
    """FOLDER has no pages, or DATE is no date: the message says what to do."""


def find_pages(folder: Path, facts: Sequence[Fact]) -> Path:
    """Return the folder of the pages of facts within a checkout.

    Raises:
        CheckError: there are none.

    """
    for place in PLACES:
        if any((folder / place / f"{fact.source.page}.md").is_file() for fact in facts):
            return folder / place
    raise CheckError(
        f"{str(folder)!r} has no page of the documentation, such as events/wh-faq.md. Give the "
        "folder of a checkout of MewsSystems/open-api-docs."
    )


def read_page(pages: Path, page: str) -> str | None:
    """Return the text of a page; None if it is gone."""
    for path in (pages / f"{page}.md", pages / page / "README.md"):
        if path.is_file():
            return path.read_text("utf-8")
    return None


def describe_change(page: str, text: str | None, known: Mapping[str, ReadPage]) -> str:
    """Return what happened to a page since it was read; empty if nothing did."""
    if page not in known:
        return "was never read"
    if text is None:
        return f"is gone; read as of {known[page].date}"
    changed = digest_of(text) != known[page].digest
    return f"has changed; read as of {known[page].date}" if changed else ""


def changed_facts(
    pages: Path, facts: Sequence[Fact], known: Mapping[str, ReadPage]
) -> dict[str, list[Fact]]:
    """Return the facts to read again, by page, with what happened to it: `page has changed; …`."""
    changed = {}
    for page in sorted({fact.source.page for fact in facts}):
        change = describe_change(page, read_page(pages, page), known)
        if change:
            changed[f"{page} {change}"] = [fact for fact in facts if fact.source.page == page]
    return changed


def record(pages: Path, facts: Sequence[Fact], known: Mapping[str, ReadPage], day: str) -> str:
    """Return the content of the data file with all pages of a checkout as read.

    A page that has not changed keeps its date.

    Raises:
        CheckError: `day` is no date.

    """
    try:
        date.fromisoformat(day)
    except ValueError:
        raise CheckError(f"--record: {day!r} is no date. Give one such as 2026-10-01.") from None
    blocks = [HEADER]
    for page in sorted({fact.source.page for fact in facts}):
        text = read_page(pages, page)
        if text is not None:
            is_unchanged = not describe_change(page, text, known)
            read = known[page].date if is_unchanged else day
            blocks.append(f'["{page}"]\ndate = "{read}"\ndigest = "{digest_of(text)}"\n')
    return "\n".join(blocks)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the facts, or write the data file; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    parser.add_argument("--record", metavar="DATE", help="note all pages as read, as of this day")
    options = parser.parse_args(arguments)
    facts = tuple(load_facts().values())
    try:
        pages = find_pages(options.folder, facts)
        if options.record is not None:
            DATA.write_text(record(pages, facts, READ_PAGES, options.record), "utf-8")
            return 0
    except CheckError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 4
    changed = changed_facts(pages, facts, READ_PAGES)
    for change, its_facts in changed.items():
        sys.stdout.write(f"{change}\n")
        for fact in its_facts:
            anchor = f" ({fact.source.anchor})" * bool(fact.source.anchor)
            sys.stdout.write(f"  {fact.id} {fact.text}{anchor}\n")
    count = sum(map(len, changed.values()))
    sys.stdout.write(f"{count} of {len(facts)} facts to read again, on {len(changed)} pages\n")
    return 1 if changed else 0


if __name__ == "__main__":
    raise SystemExit(main())
