"""A plausible value for every documented property, the same whenever it is asked for.

A value depends on the entity's id and the property's name alone: so two shapes of one entity
agree on what they share, and a property may be null for one entity and filled for another.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pytest_mews.emulator.connector_api.operations import read

JsonObject = dict[str, Any]

_OBJECTS = read("objects")

# What strings look like; any other is its property's name and a number.
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "Title": ("Mister", "Miss"),
    "FirstName": ("Ada", "Grace", "Ole", "Zoë", "José", "Łucja", "李"),
    "LastName": ("Smith", "Nguyễn", "O'Neill", "Dvořák", "García", "van Dijk"),
    "NationalityCode": ("CZ", "US", "FR", "JP"),
    "BirthCountryCode": ("CZ", "US", "FR", "JP"),
    "CountryCode": ("CZ", "GB", "FR"),
    "CountrySubdivisionCode": ("GB-ENG", "CZ-10"),
    "BirthCountrySubdivisionCode": ("GB-ENG", "CZ-10"),
    "LanguageCode": ("en-US", "cs-CZ", "fr-FR"),
    "PreferredLanguageCode": ("en-US", "cs-CZ", "fr-FR"),
    "DefaultLanguageCode": ("en-US",),
    "BirthDate": ("1983-12-31", "2000-02-29"),
    "Email": ("guest@example.com",),
    "Phone": ("+420 123 456 789",),
    "Currency": ("EUR", "GBP"),
    "TimeZoneIdentifier": ("Europe/Budapest", "America/New_York"),
    "StartTime": ("PT14H",),
    "EndTime": ("PT12H",),
    "AccountingEditableHistoryInterval": ("P0M7DT0H0M0S",),
    "OperationalEditableHistoryInterval": ("P0M5DT0H0M0S",),
    "EditableHistoryInterval": ("P0M7DT0H0M0S",),
    "WebsiteUrl": ("https://hotel.example",),
    "LegalEnvironmentCode": ("DE-2020-1",),
    "TaxEnvironmentCode": ("DE-2020-1",),
    "AccommodationEnvironmentCode": ("DE",),
    "AccountingEnvironmentCode": ("DE",),
    "BusinessDayClosingOffset": ("PT6H",),
    "OriginalSender": ("Ada Nguyễn", "Front desk"),
    "Subject": ("Your stay", "Re: 到着時刻"),
    "Notes": ("", "Late arrival.", "Nut allergy — 要注意\nSecond line."),
}


@dataclass(frozen=True)
class EntitySeed:
    """What an entity's values grow from.

    Attributes:
        id: the entity's.
        enterprise: the id of the enterprise that it belongs to.
        created: when, as the API writes it.

    """

    id: str
    enterprise: str
    created: str

    def pick(self, name: str, among: int) -> int:
        """Choose a number below `among`, by the entity and a property's name."""
        return zlib.crc32(f"{self.id}/{name}".encode()) % among

    def relative(self, name: str) -> str:
        """Make the id of another entity that this one refers to."""
        return make_id(f"{self.id}/{name}")


def make_id(text: str) -> str:
    """Make an id, a GUID like those of the documentation's examples, from any text."""
    digits = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"  # version 4
    )


def fill(key: str, grain: EntitySeed) -> JsonObject:
    """Fill an object: every documented property is there, optional ones are null now and then.

    Args:
        key: the object's, as in the documented data: `customers#customer`.
        grain: what the values grow from.

    """
    return {name: value(grain) for name, value in _fillers(key).items()}


Filler = Callable[[EntitySeed], Any]


@cache
def _fillers(key: str) -> Mapping[str, Filler]:
    return {each["name"]: _filler(each) for each in _OBJECTS[key].get("properties", ())}


def _filler(documented: Mapping[str, Any]) -> Filler:
    name, optional = documented["name"], documented["contract"].startswith("optional")
    if optional and documented.get("deprecated"):
        return lambda _: None
    value = _value(name, documented)
    if documented["type"].startswith("array of "):
        item = value
        value = lambda grain: [item(grain)] if grain.pick(name, 4) else []  # noqa: E731
    if not optional:
        return value
    null = f"{name}/null"
    return lambda grain: value(grain) if grain.pick(null, 3) else None


def _value(name: str, documented: Mapping[str, Any]) -> Filler:
    ref, kind = documented.get("ref"), documented["type"].removeprefix("array of ")
    if ref is not None:
        choices = _OBJECTS[ref].get("enum")
        if choices:
            return lambda grain: choices[grain.pick(name, len(choices))]
        if "properties" not in _OBJECTS[ref]:
            text = "text" in _OBJECTS[ref]["title"]
            return lambda _: {"en-US": name} if text else {}
        return lambda grain: fill(
            ref, EntitySeed(grain.relative(name), grain.enterprise, grain.created)
        )
    if kind == "string":
        return _text(name)
    simple: Mapping[str, Filler] = {
        "boolean": lambda grain: grain.pick(name, 2) == 1,
        "integer": lambda grain: grain.pick(name, 4),
        "number": lambda grain: grain.pick(name, 100_000) / 100,
        "object": lambda _: {},
        "any": lambda _: None,
    }
    return simple[kind]


def _text(name: str) -> Filler:
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name.endswith("Utc"):
        return lambda grain: grain.created
    if name.removesuffix("s").endswith("Id"):
        return lambda grain: grain.relative(name)
    short = name[:6]  # the documentation limits some names to 11 characters
    choices = _TEXTS.get(name) or tuple(f"{short} {each}" for each in range(1000))
    return lambda grain: choices[grain.pick(name, len(choices))]


_SPECIAL: Mapping[str, Filler] = {
    "Id": lambda grain: grain.id,
    "EnterpriseId": lambda grain: grain.enterprise,
    "ChainId": lambda grain: make_id(f"{grain.enterprise}/chain"),
    "Number": lambda grain: str(grain.pick("Number", 10**9)),
}
