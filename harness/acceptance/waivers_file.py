"""Waivers files: known deviations, each with a reason, an owner and a last day."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_mews.config.config_file import ConfigFile
from pytest_mews.config.did_you_mean import did_you_mean
from pytest_mews.model import Scenario, ScenarioResult, Waiver
from pytest_mews.model.scenario import PREFLIGHT

OPTION = "--mews-waivers"
TEMPLATE = "waivers-template.toml"  # in the report's folder
_PLACEHOLDER = "FILL IN"
_DAYS = 90  # our own figure: long enough to mend something, short enough to be remembered
_KEYS = ("scenario", "reason", "owner", "expires")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_REMEDY = "Give one [[waiver]] table each with scenario, reason, owner and expires."
_OTHERWISE = "Give the path of a TOML file; --mews-waivers-template writes one to start from."


def load(path: Path, scenarios: Collection[Scenario]) -> tuple[Waiver, ...]:
    """Read a waivers file; one without any waiver is allowed.

    Args:
        path: where it is.
        scenarios: the whole catalogue.

    Raises:
        UsageMistake: the file can't be read, is not TOML, or has a waiver that lacks something,
            was not filled in, is for no scenario or a preflight, or is there twice.

    """
    file = ConfigFile(OPTION, path, _REMEDY)
    document = file.toml(_OTHERWISE)
    file.reject_unknown_keys("the file", document, ("waiver",))
    known = [scenario.id for scenario in scenarios]
    places: dict[str, str] = {}
    waivers = []
    for number, table in enumerate(file.tables(document, "waiver"), 1):
        waiver = _waiver(file, number, table, known)
        place = f"waiver {number}"
        if waiver.scenario in places:
            file.fail(
                f"waives {waiver.scenario} in {places[waiver.scenario]} and in {place}",
                "Leave one of them out.",
            )
        places[waiver.scenario] = place
        waivers.append(waiver)
    return tuple(waivers)


def _waiver(
    file: ConfigFile, number: int, table: Mapping[str, Any], known: Sequence[str]
) -> Waiver:
    scenario = file.string(f"waiver {number}", table, "scenario")
    place = f"waiver {number} ({scenario})"
    if scenario not in known:
        file.fail(
            f"names no scenario in waiver {number}: {scenario!r}", did_you_mean(scenario, known)
        )
    if scenario.partition("-")[0] == PREFLIGHT:
        file.fail(
            f"waives a preflight in {place}",
            "Leave it out: nothing else can be judged where it fails.",
        )
    file.reject_unknown_keys(place, table, _KEYS)
    return Waiver(
        scenario,
        _words(file, place, table, "reason"),
        _words(file, place, table, "owner"),
        _day(file, place, table),
    )


def _words(file: ConfigFile, place: str, table: Mapping[str, Any], key: str) -> str:
    """Give a text as one line, as it is shown wherever the waiver is."""
    text = " ".join(file.string(place, table, key).split())
    if text.startswith(_PLACEHOLDER):
        file.fail(f"has a `{key}` in {place} that was not filled in: {text!r}", "Fill it in.")
    if not text.isprintable():
        file.fail(f"has control characters in the `{key}` of {place}", "Write plain text.")
    return text


def _day(file: ConfigFile, place: str, table: Mapping[str, Any]) -> str:
    if "expires" not in table:
        file.fail(f"lacks `expires` in {place}")
    given = table["expires"]
    is_date = isinstance(given, date) and not isinstance(given, datetime)
    day = given.isoformat() if is_date else given
    if not (isinstance(day, str) and _DAY.fullmatch(day) and _exists(day)):
        file.fail(
            f"has an `expires` in {place} that is not a date",
            "Give the last day on which it holds, such as 2027-01-31.",
        )
    return day


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def template(failures: Iterable[ScenarioResult], held: Iterable[Waiver], today: date) -> str:
    """Write a waivers file for these failures, to be filled in.

    Args:
        failures: what is to be waived.
        held: the waivers that there are; they are not repeated.
        today: from when on the waivers are to hold, for 90 days.

    """
    expired = {waiver.scenario: waiver.expires for waiver in held}
    last = today + timedelta(_DAYS)
    entries = [_entry(failure, expired.get(failure.scenario.id), last) for failure in failures]
    return (
        "# Waivers for pytest-mews. Keep this beside your tests, not in the report's folder, fill\n"
        "# in what says so, take out what you mean to mend, and give it with --mews-waivers FILE.\n"
        + ("".join(entries) or "#\n# There is no failure to waive.\n")
    )


def _entry(failure: ScenarioResult, expired: str | None, last: date) -> str:
    scenario = failure.scenario
    lines = [
        "",
        f"# {_plain(scenario.title)} ({failure.verdict}, {scenario.level})",
        f"# {_plain(failure.reason)}",
    ]
    if expired is not None:
        lines.append(f"# Your waiver for it expired on {expired}: mend it, or replace that one.")
    lines += [
        "[[waiver]]",
        f'scenario = "{scenario.id}"',
        f'reason = "{_PLACEHOLDER}: why it is accepted for now"',
        f'owner = "{_PLACEHOLDER}: who sees to it"',
        f"expires = {last.isoformat()} # the last day on which it holds",
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Give a text as one line that a TOML comment can bear."""
    line = " ".join(text.split())
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
