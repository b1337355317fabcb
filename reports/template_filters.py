"""How templates show text, moments and durations."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from pytest_mews.reports.sanitize import capped, sanitize

TEXT = 600
_CODE = re.compile(r"`([^`<>]+)`")


def cap(text: str, limit: int = TEXT) -> str:
    """Cut a long text, and say so."""
    return capped(text, limit)


def prose(text: str, limit: int = 1_500) -> Markup:
    """Show what a scenario file says, with what stands in backticks as code."""
    safe = str(escape(sanitize(capped(text, limit))))
    return Markup(_CODE.sub(r"<code>\1</code>", safe))  # noqa: S704 - escaped before


def sentence(text: str) -> str:
    """Begin with a capital letter, unless that is an address's, and end with a full stop."""
    first = text[:1] if re.match(r"https?://", text) else text[:1].upper()
    return first + text[1:] + "." * (not text.endswith("."))


def utc(moment: str) -> str:
    """Tell a moment as people do: `2026-11-23 20:01:07 UTC`."""
    return moment.replace("T", " ").replace("Z", " UTC")


def shown(value: object) -> object:
    """Make whatever a template prints safe to look at; markup of ours stays as it is."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return sanitize(value)
    return value


def ms(moment: float) -> str:
    """A duration in ms for people: `38 ms`, `6.80 s`, `3 min 0 s`."""
    if abs(moment) < 999.5:  # noqa: PLR2004 - what rounds to less than a second
        return f"{moment:.0f} ms"
    seconds = moment / 1000
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
