"""A plausible and reproducible value for every documented property.

A value depends on the entity's id and the property's name alone. So two shapes of one entity agree
on the properties that they share, and a property can be null for one entity and set for another.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from pytest_mews.emulator.connector_api.operations import read_documented

JsonObject = dict[str, Any]

_OBJECTS = read_documented("objects")

# Values of string properties; any other string is the property's name and a number.
_STRINGS: Mapping[str, tuple[str, ...]] = {
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
    """What the values of an entity depend on.

    Attributes:
        id: the entity's id.
        enterprise: the id of the enterprise that it belongs to.
        created: when it was created, in the API's format.

    """

    id: str
    enterprise: str
    created: str

    def pick(self, name: str, count: int) -> int:
        """Return a number below `count` that depends on the entity's id and a property's name."""
        return zlib.crc32(f"{self.id}/{name}".encode()) % count

    def related_id(self, name: str) -> str:
        """Return the id of the entity that a property of this one refers to."""
        return make_id(f"{self.id}/{name}")


def make_id(text: str) -> str:
    """Return the GUID for a text, in the format of the documentation's examples."""
    digits = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"  # version 4
    )


def fill_object(
    key: str, seed: EntitySeed, known: Mapping[str, Any] = MappingProxyType({})
) -> JsonObject:
    """Return an object with every documented property; some optional ones are null.

    Args:
        key: the object's key in the documented data, such as `customers#customer`.
        seed: what the values depend on.
        known: values of properties, which replace the generated ones.

    """
    factories = _value_factories(key).items()
    return {name: known[name] if name in known else value(seed) for name, value in factories}


ValueFactory = Callable[[EntitySeed], Any]


@cache
def _value_factories(key: str) -> Mapping[str, ValueFactory]:
    properties = _OBJECTS[key].get("properties", ())
    return {documented["name"]: _property_factory(documented) for documented in properties}


def _property_factory(documented: Mapping[str, Any]) -> ValueFactory:
    name, optional = documented["name"], documented["contract"].startswith("optional")
    if optional and documented.get("deprecated"):
        return lambda _: None
    value = _value_factory(name, documented)
    if documented["type"].startswith("array of "):
        item = value
        value = lambda seed: [item(seed)] if seed.pick(name, 4) else []  # noqa: E731
    if not optional:
        return value
    null = f"{name}/null"
    return lambda seed: value(seed) if seed.pick(null, 3) else None


def _value_factory(name: str, documented: Mapping[str, Any]) -> ValueFactory:
    ref, kind = documented.get("ref"), documented["type"].removeprefix("array of ")
    if ref is not None:
        choices = _OBJECTS[ref].get("enum")
        if choices:
            return lambda seed: choices[seed.pick(name, len(choices))]
        if "properties" not in _OBJECTS[ref]:
            text = "text" in _OBJECTS[ref]["title"]
            return lambda _: {"en-US": name} if text else {}
        return lambda seed: fill_object(
            ref, EntitySeed(seed.related_id(name), seed.enterprise, seed.created)
        )
    if kind == "string":
        return _string_factory(name)
    simple: Mapping[str, ValueFactory] = {
        "boolean": lambda seed: seed.pick(name, 2) == 1,
        "integer": lambda seed: seed.pick(name, 4),
        "number": lambda seed: seed.pick(name, 100_000) / 100,
        "object": lambda _: {},
        "any": lambda _: None,
    }
    return simple[kind]


def _string_factory(name: str) -> ValueFactory:
    if name in _STRING_FACTORIES:
        return _STRING_FACTORIES[name]
    if name.endswith("Utc"):
        return lambda seed: seed.created
    if name.removesuffix("s").endswith("Id"):
        return lambda seed: seed.related_id(name)
    short = name[:6]  # the documentation limits some strings to 11 characters
    choices = _STRINGS.get(name) or tuple(f"{short} {number}" for number in range(1000))
    return lambda seed: choices[seed.pick(name, len(choices))]


_STRING_FACTORIES: Mapping[str, ValueFactory] = {
    "Id": lambda seed: seed.id,
    "EnterpriseId": lambda seed: seed.enterprise,
    "ChainId": lambda seed: make_id(f"{seed.enterprise}/chain"),
    "Number": lambda seed: str(seed.pick("Number", 10**9)),
}
