"""The remedy for an unknown name."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def did_you_mean(unknown: str, names: Sequence[str]) -> str:
    """Suggest the closest name, ignoring case, and list all names."""
    names_by_lower = {name.lower(): name for name in names}
    matches = get_close_matches(unknown.lower(), names_by_lower, n=1)
    suggestion = f"Did you mean {names_by_lower[matches[0]]}? " if matches else ""
    return f"{suggestion}There are: {', '.join(names)}."
