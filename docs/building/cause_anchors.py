"""Anchors in the table of causes, by which the report links to a kind of cause."""

from __future__ import annotations

import re

PAGE = "causes.md"
_ROW = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)


def fill(markdown: str) -> str:
    """Give each row of the table an anchor with the name of its kind."""
    return _ROW.sub(r'| <span id="\1">`\1`</span> |', markdown)
