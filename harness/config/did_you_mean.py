"""The last sentence of a mistake about an unknown name."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """Offer the known name that is closest, in whatever case, and list them all."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(given.lower(), by_lower, n=1)
    hint = f"Did you mean {by_lower[close[0]]}? " if close else ""
    return f"{hint}There are: {', '.join(known)}."
