"""The page of the Python API: what `pytest_mews` exports, and the fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest_mews

PAGE = "reference/python-api.md"
FIXTURES = ("mews_webhooks", "mews_api", "mews_websocket")
INTRODUCTION = """\
# Python API

For partners' own tests in Python: the fixtures, and the names that `pytest_mews` exports.
[In your own tests](../kit/index.md) has examples. Everything else
in the package is private and can change in any release.
"""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the page; the plugin mkdocstrings fills it from docstrings and annotations."""
    blocks = [INTRODUCTION, "## Fixtures"]
    blocks += [f"::: pytest_mews.plugin.{name}" for name in FIXTURES]
    blocks += ["## Names in `pytest_mews`"]
    blocks += [f"::: pytest_mews.{name}" for name in pytest_mews.__all__]
    yield PAGE, "\n\n".join(blocks) + "\n"
