"""Phrases of causes: how attempts failed, how often, how long."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_mews.causes.observations import DOWN, Symptom
from pytest_mews.model import Outcome
from pytest_mews.model.listing import first_of

MOST = 0.55  # a share up to this is "one in two"


def describe_symptom(symptom: Symptom, limit_ms: float) -> str:
    """Return how attempts failed, after "is" or "are": `answered 503`."""
    if symptom.outcome is Outcome.TIMEOUT_ANSWER:
        return f"not answered within {limit_ms / 1000:g} s"
    if symptom.outcome is Outcome.CONNECTION_REFUSED:
        return "refused a connection"
    if symptom.outcome in DOWN:
        return "cut off without an answer"
    if symptom.outcome is Outcome.PROTOCOL_ERROR:
        return "answered with something that is not HTTP"
    if symptom.status is None:
        return f"not delivered ({symptom.outcome})"
    return f"answered {symptom.status}"


def of(part: int, whole: int) -> str:
    """Return `17 of 51`, or `all 51`."""
    return f"all {whole:,}" if part == whole and whole > 1 else f"{part:,} of {whole:,}"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `50th`."""
    is_teen = number // 10 % 10 == 1
    suffix = "th" if is_teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{suffix}"


def one_in(part: int, whole: int) -> str:
    """Return a share in words: `one in three`, `80% of`."""
    share = part / whole
    if share > MOST:
        return f"{share:.0%} of"
    words = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 10: "ten", 20: "twenty"}
    number = round(1 / share)
    if number in {9, 11}:
        number = 10
    elif 17 <= number <= 23:  # noqa: PLR2004 - about twenty
        number = 20
    return f"one in {words.get(number, str(number))}"


def seconds(ms: float) -> str:
    """Return a duration: `40 ms`, `0.3 s`, `12 s`."""
    if ms < 100:  # noqa: PLR2004 - then tenths of a second say nothing
        return f"{ms:.0f} ms"
    return f"{ms / 1000:.1f} s" if ms < 10_000 else f"{ms / 1000:,.0f} s"  # noqa: PLR2004


def listed(names: Sequence[str], limit: int = 4) -> str:
    """Return names as text: `A, B and C`; of many, the first and how many more there are."""
    if len(names) > limit:
        return first_of(names, limit)
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
