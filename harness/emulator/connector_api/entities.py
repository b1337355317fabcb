"""The entities that the emulator returns: complete, consistent, the same for the same id."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pytest_mews.emulator.connector_api.entity_builders import (
    ASSUMED_AGE,
    OBJECT_KEYS,
    REFERENCES,
    build_object,
    format_utc,
    parent_of,
    service_ids,
)
from pytest_mews.emulator.connector_api.entity_values import (
    EntitySeed,
    JsonObject,
    fill_object,
)
from pytest_mews.emulator.connector_api.operations import read_documented

__all__ = [
    "ASSUMED_AGE",
    "build_configuration",
    "build_entity",
    "format_utc",
    "parent_of",
    "references",
    "service_ids",
    "with_unknown_fields",
]

DEPRECATED_RESERVATIONS = "reservations/getAll"
CONFIGURATION = "configuration/get"
UNKNOWN_NAME = "NewSinceYouLooked"  # the property and the value that `with_unknown_fields` adds


def build_entity(  # noqa: PLR0913 - what an entity depends on
    kind: str,
    id: str,  # noqa: A002 - as Mews calls it
    enterprise: str,
    *,
    created: datetime,
    updated: datetime,
    operation: str | None = None,
) -> JsonObject:
    """Build an entity with every documented property, valid against its schema.

    Two entities with the same id and `created` differ in `UpdatedUtc` alone. `UpdatedUtc` has
    whole seconds, as in every documented example, so a change shows if it is a second later.

    Args:
        kind: one of `mews.api_operations.ENTITIES`.
        id: the entity's `Id`.
        enterprise: the id of the enterprise that the entity belongs to; an enterprise belongs to
            itself.
        created: UTC.
        updated: UTC.
        operation: the operation that returns the entity. It decides the shape of reservations (the
            deprecated operation differs) and of enterprises (the configuration differs).

    """
    seed = EntitySeed(id, enterprise, format_utc(created))
    entity = build_object(_object_key(kind, operation), seed)
    if "UpdatedUtc" in entity:
        entity["UpdatedUtc"] = format_utc(updated)
    return entity


def build_configuration(
    enterprise: str, *, created: datetime, updated: datetime, now: datetime
) -> JsonObject:
    """Build the response of `configuration/get`.

    Args:
        enterprise: the id of the enterprise whose AccessToken the request has.
        created: when the enterprise was created, UTC.
        updated: when it changed last, UTC.
        now: UTC.

    """
    seed = EntitySeed(service_ids(enterprise)[0], enterprise, format_utc(now))
    service = fill_object("services#service", seed)
    return {
        "NowUtc": format_utc(now),
        "Enterprise": build_entity(
            "enterprise",
            enterprise,
            enterprise,
            created=created,
            updated=updated,
            operation=CONFIGURATION,
        ),
        "Service": service | {"CreatedUtc": format_utc(created), "UpdatedUtc": format_utc(created)},
        "PaymentCardStorage": None,
        "IsIdentityDocumentNumberRequired": False,
    }


def with_unknown_fields(entity: JsonObject) -> JsonObject:
    """Copy an entity and add properties and enumeration values that are not documented.

    Each documented object gets one more property, each enumerated value is replaced, and each list
    of enumerated values gets one more. `Id` and datetimes stay as they are.
    """
    changed: JsonObject = _add_unknown("", copy.deepcopy(entity))
    return changed


def references(entity: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Yield kind and id of each entity that this one refers to and that an operation returns.

    Args:
        entity: as `build_entity` returns it.
        kind: the entity's kind.

    """
    for name, referenced_kind in REFERENCES.get(kind, {}).items():
        if isinstance(entity.get(name), str):
            yield referenced_kind, entity[name]


def _object_key(kind: str, operation: str | None) -> str:
    if kind == "reservation" and operation == DEPRECATED_RESERVATIONS:
        return "reservations#reservation-ver-2017-04-12"
    if kind == "enterprise" and operation == CONFIGURATION:
        return "configuration#enterprise"
    return OBJECT_KEYS[kind]


_OBJECTS = read_documented("objects")


def _property_names(*, enumerated: bool) -> frozenset[str]:
    """Return the names of the properties that are enumerations (else: dictionaries)."""
    return frozenset(
        documented["name"]
        for object_ in _OBJECTS.values()
        for documented in object_.get("properties", ())
        if documented.get("ref")
        and "properties" not in _OBJECTS[documented["ref"]]
        and ("enum" in _OBJECTS[documented["ref"]]) == enumerated
    )


_ENUMERATED, _DICTIONARIES = _property_names(enumerated=True), _property_names(enumerated=False)
_VALUES = frozenset(value for object_ in _OBJECTS.values() for value in object_.get("enum", ()))


def _add_unknown(name: str, node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return `node`, the value of the property `name`, with unknown properties and values."""
    if name in _DICTIONARIES:  # the enterprise chooses the names in it
        return node
    if isinstance(node, dict):
        return {key: _add_unknown(key, value) for key, value in node.items()} | {UNKNOWN_NAME: [{}]}
    if isinstance(node, list):
        if name in _ENUMERATED:
            return [*node, UNKNOWN_NAME]
        return [_add_unknown(name, item) for item in node]
    return UNKNOWN_NAME if name in _ENUMERATED and node in _VALUES else node
