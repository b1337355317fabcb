"""Commands in the documentation that certify are those of `mews certify`, with its options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_mews.command.certify_command import command

ROOT = Path(__file__).parents[2]
PAGES = [
    page for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")) if page.name != "options.md"
]
OPTIONS = {spelling for parameter in command.params for spelling in parameter.opts} | {"--help"}
CODE = re.compile(r"^ *```.*?^ *```|^    .*?$", re.MULTILINE | re.DOTALL)
# A command goes on while a line ends with a backslash, or the next one begins with an option.
COMMAND = re.compile(r"mews certify (?:.*\\\n|.*\n(?= *--))*.*")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def commands(page: Path) -> list[str]:
    """Return the commands of a page that certify, without what is in quotes."""
    blocks = CODE.findall(page.read_text("utf-8"))
    return [QUOTED.sub("", found) for block in blocks for found in COMMAND.findall(block)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_of_commands_exist(page: Path) -> None:
    """Each option is one of `mews certify`, in its short spelling."""
    for line in commands(page):
        named = set(re.findall(r"(?<=\s)--[a-z-]+", line))
        assert named <= OPTIONS, line
        assert not [name for name in named if name.startswith("--mews-")], line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_not_those_of_pytest(page: Path) -> None:
    """docs/options.md says how the two relate, and has those of pytest."""
    blocks = CODE.findall(page.read_text("utf-8"))
    assert not [block for block in blocks if "pytest --mews-" in block and "docker" not in block]


def test_commands_are_seen() -> None:
    """The tests above see one over several lines."""
    seen = [line for page in PAGES for line in commands(page)]
    assert len(seen) > 40
    assert any("--fail-on new" in line and "--baseline" in line for line in seen)
