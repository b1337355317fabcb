"""Write the tables of docs/command.md from the subcommands of `mews` and their options.

.venv/bin/python docs/generate_command.py

A table is between a line `<!-- options: NAME -->`, or `<!-- subcommands -->`, and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from pytest_mews.command.main import mews
from pytest_mews.command.subcommand import SUMMARIES, TableOption

PAGE = Path(__file__).parent / "command.md"
_SUBCOMMANDS = re.compile(r"(<!-- subcommands -->\n).*?(<!-- end -->)", re.DOTALL)
_OPTIONS = re.compile(r"(<!-- options: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render_page(text: str) -> str:
    """Return docs/command.md with new tables."""
    rows = "".join(f"| [`{name}`](#{_anchor(name)}) | {SUMMARIES[name]} |\n" for name in SUMMARIES)
    text = _SUBCOMMANDS.sub(lambda found: f"{found[1]}{rows}{found[2]}", text)
    return _OPTIONS.sub(lambda found: f"{found[1]}\n{_table(found[2])}\n{found[3]}", text)


def _anchor(name: str) -> str:
    return "mews-scenarios-mews-explain" if name in {"scenarios", "explain"} else f"mews-{name}"


def _table(name: str) -> str:
    return "| option | meaning |\n|---|---|\n" + "".join(_rows(name))


def _rows(name: str) -> Iterator[str]:
    """Yield a row for each option; `mews certify` has those of the table in the README."""
    command = mews.get_command(click.Context(mews), name)
    assert command is not None
    context = click.Context(command)
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or (
            name == "certify" and isinstance(parameter, TableOption)
        ):
            continue
        record = parameter.get_help_record(context)
        if record is not None:
            typed, text = (part.replace("|", "\\|") for part in record)
            yield f"| `{typed}` | {' '.join(text.split())} |\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(render_page(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
