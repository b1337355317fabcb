"""How templates show text, moments and durations."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from pytest_mews.sanitize import capped, sanitize

MAX_TEXT = 600
_CODE = re.compile(r"`([^`<>]+)`")


def cap(text: str, limit: int = MAX_TEXT) -> str:
    """Cut a long text and say so."""
    return capped(text, limit)


def prose(text: str, limit: int = 1_500) -> Markup:
    """Return the text of a scenario file with text in backticks as code."""
    escaped = str(escape(sanitize(capped(text, limit))))
    return Markup(_CODE.sub(r"<code>\1</code>", escaped))  # noqa: S704 - escaped before


def sentence(text: str) -> str:
    """Capitalize the first letter, except of a URL, and end with a full stop."""
    first = text[:1] if re.match(r"https?://", text) else text[:1].upper()
    return first + text[1:] + "." * (not text.endswith("."))


def utc(moment: str) -> str:
    """Return a moment as `2026-11-23 20:01:07 UTC`."""
    return moment.replace("T", " ").replace("Z", " UTC")


def sanitize_output(value: object) -> object:
    """Sanitize whatever a template prints, except markup, which the harness made itself."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return sanitize(value)
    return value


def ms(duration_ms: float) -> str:
    """Return a duration with a suitable unit: `38 ms`, `6.80 s`, `3 min 0 s`."""
    if abs(duration_ms) < 999.5:  # noqa: PLR2004 - rounds to less than a second
        return f"{duration_ms:.0f} ms"
    seconds = duration_ms / 1000
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
