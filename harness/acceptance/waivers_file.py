"""Reads waivers files, and writes a template for one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_mews.config.config_file import ConfigFile
from pytest_mews.errors import did_you_mean
from pytest_mews.model import Scenario, ScenarioResult, Waiver

OPTION = "--mews-waivers"
TEMPLATE_FILE = "waivers-template.toml"  # in the report's folder
_PLACEHOLDER = "FILL IN"
_DAYS = 90  # how long a new waiver is valid; our own figure
_KEYS = ("scenario", "reason", "owner", "expires")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_REMEDY = "Each [[waiver]] table needs scenario, reason, owner and expires."
_FILE_REMEDY = "Give the path of a TOML file; --mews-waivers-template writes one to start from."


def load(path: Path, scenarios: Collection[Scenario]) -> tuple[Waiver, ...]:
    """Read a waivers file; it may be empty.

    Args:
        path: the file.
        scenarios: all scenarios.

    Raises:
        UsageError: the file can't be read or is not TOML; or a waiver lacks a key, still has a
            placeholder, names an unknown scenario or a preflight, or occurs twice.

    """
    file = ConfigFile(OPTION, path, _REMEDY)
    document = file.read_toml(_FILE_REMEDY)
    file.reject_unknown_keys("the file", document, ("waiver",))
    known = {scenario.id: scenario for scenario in scenarios}
    places: dict[str, str] = {}
    waivers = []
    for number, table in enumerate(file.tables(document, "waiver"), 1):
        waiver = _waiver(file, number, table, known)
        place = f"waiver {number}"
        if waiver.scenario_id in places:
            file.fail(
                f"waives {waiver.scenario_id} in {places[waiver.scenario_id]} and in {place}",
                "Leave one of them out.",
            )
        places[waiver.scenario_id] = place
        waivers.append(waiver)
    return tuple(waivers)


def _waiver(
    file: ConfigFile, number: int, table: Mapping[str, Any], known: Mapping[str, Scenario]
) -> Waiver:
    scenario = file.string(f"waiver {number}", table, "scenario")
    place = f"waiver {number} ({scenario})"
    if scenario not in known:
        problem = f"names no scenario in waiver {number}: {scenario!r}"
        file.fail(problem, did_you_mean(scenario, list(known), "mews scenarios"))
    if known[scenario].precondition:
        file.fail(
            f"waives a preflight in {place}",
            "Remove it: if the preflight fails, no other scenario can run.",
        )
    file.reject_unknown_keys(place, table, _KEYS)
    return Waiver(
        scenario,
        _line(file, place, table, "reason"),
        _line(file, place, table, "owner"),
        _expiry(file, place, table),
    )


def _line(file: ConfigFile, place: str, table: Mapping[str, Any], key: str) -> str:
    """Return the text of a key as one line."""
    text = " ".join(file.string(place, table, key).split())
    if text.startswith(_PLACEHOLDER):
        file.fail(f"still has a placeholder as `{key}` in {place}: {text!r}", "Fill it in.")
    if not text.isprintable():
        file.fail(f"has control characters in the `{key}` of {place}", "Write plain text.")
    return text


def _expiry(file: ConfigFile, place: str, table: Mapping[str, Any]) -> str:
    if "expires" not in table:
        file.fail(f"lacks `expires` in {place}")
    value = table["expires"]
    is_date = isinstance(value, date) and not isinstance(value, datetime)
    day = value.isoformat() if is_date else value
    if not (isinstance(day, str) and _DATE.fullmatch(day) and _is_date(day)):
        file.fail(
            f"has an `expires` in {place} that is not a date",
            "Give the last day on which it is valid, such as 2027-01-31.",
        )
    return day


def _is_date(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def waivers_template(
    failures: Iterable[ScenarioResult], waivers: Iterable[Waiver], today: date
) -> str:
    """Return the text of a waivers file for these failures, with placeholders to fill in.

    Args:
        failures: the results to waive.
        waivers: the current waivers; an entry mentions that the one for its scenario has expired.
        today: the waivers are valid for 90 days from this day on.

    """
    expired = {waiver.scenario_id: waiver.expires for waiver in waivers}
    last = today + timedelta(_DAYS)
    entries = [_entry(failure, expired.get(failure.scenario.id), last) for failure in failures]
    return (
        "# Waivers for pytest-mews. Keep this beside your tests, not in the report's folder, fill\n"
        "# in the placeholders, remove what you are going to fix, and pass --mews-waivers FILE.\n"
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
        lines.append(f"# Your waiver expired on {expired}: fix the failure, or replace the waiver.")
    lines += [
        "[[waiver]]",
        f'scenario = "{scenario.id}"',
        f'reason = "{_PLACEHOLDER}: why it is accepted for now"',
        f'owner = "{_PLACEHOLDER}: who is responsible"',
        f"expires = {last.isoformat()} # the last day on which it is valid",
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Return a text as one line that is valid in a TOML comment."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)
