"""The pages of the documentation site, assembled once for all tests that look at them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILDING = ROOT / "docs" / "building"


@cache
def site_pages() -> Mapping[str, str]:
    """Return the text of each page by its path."""
    sys.path.insert(0, str(BUILDING))
    try:
        import assemble  # noqa: PLC0415 - a program, not a package
    finally:
        sys.path.remove(str(BUILDING))
    pages: Mapping[str, str] = assemble.assemble()
    return pages
