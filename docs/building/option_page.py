"""The page of options, from the table that pytest reads them from."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.options import OPTIONS, Option

PAGE = "reference/options.md"
INTRODUCTION = """\
# Options

The options of `pytest`, as `pytest --help` lists them in the group *certification of a Mews webhook
endpoint*. Each one is also a key of pytest's ini file ([pytest.ini, pyproject.toml or
tox.ini](https://docs.pytest.org/en/stable/reference/customize.html)). The command line has
precedence, then the environment (secrets only), then the ini file, then the default.
[Options and files](../options.md) explains the values that need more room.
"""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page."""
    yield PAGE, "\n".join([INTRODUCTION, *map(_section, OPTIONS)])


def _section(option: Option) -> str:
    value = f" {option.metavar}" if option.metavar else ""
    repeatable = "; repeatable, one value per line in an ini file" * (option.kind == "values")
    facts = [f"ini key `{option.dest}`{repeatable}"]
    facts += [f"environment variable `{option.env}`"] if option.env else []
    facts += [f"default `{option.default}`"] if option.default else []
    anchor = option.flag.lstrip("-")
    return f"## `{option.flag}{value}` {{ #{anchor} }}\n\n{option.help}\n\n*{'; '.join(facts)}*\n"
