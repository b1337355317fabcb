"""What the twin answers with: complete, consistent entities, the same for the same id."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from pytest_mews.emulator.connector_api.entity_builders import KEYS, RELATIVES, make, thread_of, utc
from pytest_mews.emulator.connector_api.entity_values import EntitySeed, JsonObject, fill, make_id
from pytest_mews.emulator.connector_api.operations import read

__all__ = ["configuration", "entity", "relatives", "thread_of", "utc", "with_unknown_fields"]

OLD_RESERVATIONS = "reservations/getAll"
CONFIGURATION = "configuration/get"
UNKNOWN = "NewSinceYouLooked"  # what `strangers` puts where a name or value is expected


def entity(  # noqa: PLR0913 - what an entity depends on
    kind: str,
    id: str,  # noqa: A002 - as Mews calls it
    enterprise: str,
    *,
    created: datetime,
    updated: datetime,
    operation: str | None = None,
) -> JsonObject:
    """Make an entity with every documented property, valid against its schema.

    Two with the same id and creation are equal but for `UpdatedUtc`, which says when it changed:
    whole seconds, as in every documented example, so a later change is one second later or more.

    Args:
        kind: one of `documented.KINDS`.
        id: its `Id`.
        enterprise: the id of the enterprise that it belongs to; of an enterprise, its own.
        created: UTC.
        updated: UTC.
        operation: which operation answers with it, where that decides its shape (the deprecated
            reservations; an enterprise in the configuration).

    """
    made = _made(_key(kind, operation), id, enterprise, utc(created))
    # A copy, for it is shared: deep enough, since nobody writes below the first level.
    whole = dict(made)
    if "UpdatedUtc" in whole:
        whole["UpdatedUtc"] = utc(updated)
    return whole


def configuration(
    enterprise: str, *, created: datetime, updated: datetime, now: datetime
) -> JsonObject:
    """Make the whole answer of `configuration/get`.

    Args:
        enterprise: the id of the enterprise whose AccessToken asked.
        created: when the enterprise was.
        updated: when it changed last.
        now: UTC.

    """
    service = fill(
        "services#service", EntitySeed(make_id(f"{enterprise}/service"), enterprise, utc(now))
    )
    return {
        "NowUtc": utc(now),
        "Enterprise": entity(
            "enterprise",
            enterprise,
            enterprise,
            created=created,
            updated=updated,
            operation=CONFIGURATION,
        ),
        "Service": service | {"CreatedUtc": utc(created), "UpdatedUtc": utc(created)},
        "PaymentCardStorage": None,
        "IsIdentityDocumentNumberRequired": False,
    }


def with_unknown_fields(entity: JsonObject) -> JsonObject:
    """Copy an entity with properties and enumeration values that the documentation does not know.

    Every documented object in it has one property more; every enumerated value is unknown, and
    every list of such values has an unknown one. `Id` and datetimes stay what they are.
    """
    changed: JsonObject = _estrange("", copy.deepcopy(entity))
    return changed


def relatives(whole: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Give kind and id of the entities that one of a kind names and that can be asked for."""
    for name, other in RELATIVES.get(kind, {}).items():
        if isinstance(whole.get(name), str):
            yield other, whole[name]


@lru_cache(maxsize=20_000)
def _made(key: str, id: str, enterprise: str, created: str) -> Mapping[str, Any]:  # noqa: A002
    return MappingProxyType(make(key, EntitySeed(id, enterprise, created)))


def _key(kind: str, operation: str | None) -> str:
    if kind == "reservation" and operation == OLD_RESERVATIONS:
        return "reservations#reservation-ver-2017-04-12"
    if kind == "enterprise" and operation == CONFIGURATION:
        return "configuration#enterprise"
    return KEYS[kind]


_OBJECTS = read("objects")


def _names(*, enumerated: bool) -> frozenset[str]:
    """Name the properties that are enumerations, or those that are dictionaries."""
    return frozenset(
        each["name"]
        for documented in _OBJECTS.values()
        for each in documented.get("properties", ())
        if each.get("ref")
        and "properties" not in _OBJECTS[each["ref"]]
        and ("enum" in _OBJECTS[each["ref"]]) == enumerated
    )


_ENUMERATED, _DICTIONARIES = _names(enumerated=True), _names(enumerated=False)
_VALUES = frozenset(value for each in _OBJECTS.values() for value in each.get("enum", ()))


def _estrange(name: str, node: Any) -> Any:  # noqa: ANN401 - JSON
    if name in _DICTIONARIES:  # the names in it are the enterprise's own
        return node
    if isinstance(node, dict):
        return {key: _estrange(key, value) for key, value in node.items()} | {UNKNOWN: [{}]}
    if isinstance(node, list):
        return [*node, UNKNOWN] if name in _ENUMERATED else [_estrange(name, each) for each in node]
    return UNKNOWN if name in _ENUMERATED and node in _VALUES else node
