"""Lists that are cut: the first items, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence


def first_lines(lines: Sequence[str], limit: int) -> list[str]:
    """Return lines; of many, the first ones, and a last line `and 7 more`."""
    more = _more(lines, limit)
    return [*lines[:limit], more] if more else list(lines)


def first_of(names: Sequence[str], limit: int) -> str:
    """Return names as text: `A, B, C`; of many, `A, B and 7 more`."""
    return " ".join(filter(None, (", ".join(names[:limit]), _more(names, limit))))


def _more(items: Sequence[str], limit: int) -> str:
    return f"and {len(items) - limit} more" if len(items) > limit else ""
