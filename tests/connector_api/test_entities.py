"""The emulator's entities are complete, valid and reproducible."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_mews.emulator.connector_api import api_schemas
from pytest_mews.emulator.connector_api.entities import (
    UNKNOWN_NAME,
    build_configuration,
    build_entity,
    with_unknown_fields,
)
from pytest_mews.emulator.connector_api.entity_builders import thread_id_of
from pytest_mews.emulator.connector_api.entity_values import make_id
from pytest_mews.emulator.connector_api.operations import OPERATIONS, Operation, read_documented

ENTERPRISE = make_id("enterprise")
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UPDATED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
IDS = tuple(make_id(str(number)) for number in range(50))
OTHER_LISTS = {"CustomerProducts": []}  # required in one response, and deprecated
LISTED = [operation for operation in OPERATIONS.values() if operation.collection]


def build(kind: str, id_: str, operation: str | None = None) -> dict[str, Any]:
    """Build an entity of `ENTERPRISE`."""
    return build_entity(
        kind, id_, ENTERPRISE, created=CREATED, updated=UPDATED, operation=operation
    )


def build_all(operation: Operation) -> list[dict[str, Any]]:
    """Build the entities that an operation returns for `IDS`."""
    assert operation.kind
    return [build(operation.kind, id_, operation.name) for id_ in IDS]


@pytest.mark.parametrize("operation", LISTED, ids=lambda operation: operation.name)
def test_entities_are_valid_and_complete(operation: Operation) -> None:
    """Each has every documented property, and the response with them is valid."""
    entities = build_all(operation)
    body = OTHER_LISTS | {operation.collection: entities, "Cursor": entities[-1]["Id"]}
    assert [*api_schemas.validator("responses", operation.name).iter_errors(body)] == []
    response = {
        property_["name"]: property_
        for property_ in read_documented("operations")[operation.name]["response"]
    }
    assert operation.collection
    documented = read_documented("objects")[response[operation.collection]["ref"]]["properties"]
    names = {property_["name"] for property_ in documented}
    assert all(set(entity) == names for entity in entities)
    assert [entity["Id"] for entity in entities] == list(IDS)
    json.dumps(entities, allow_nan=False)


@pytest.mark.parametrize("operation", LISTED, ids=lambda operation: operation.name)
def test_change_moves_updated_utc_alone(operation: Operation) -> None:
    """The same id gives the same entity again; a change affects `UpdatedUtc` alone."""
    assert operation.kind
    before = build(operation.kind, IDS[0], operation.name)
    assert before == build(operation.kind, IDS[0], operation.name)
    after = build_entity(
        operation.kind,
        IDS[0],
        ENTERPRISE,
        created=CREATED,
        updated=UPDATED + timedelta(seconds=1),
        operation=operation.name,
    )
    changed = {name for name in before if before[name] != after[name]}
    assert changed == ({"UpdatedUtc"} if "UpdatedUtc" in before else set())
    assert before["CreatedUtc"] == "2026-01-02T03:04:05Z"


def test_entity_is_a_copy() -> None:
    """Changing a property of an entity doesn't affect the next one with the same id."""
    build("command", IDS[0])["State"] = "Processed"
    assert build("command", IDS[0])["State"] == "Pending"


def test_optional_property_is_null_for_some_ids() -> None:
    """A partner gets both null and values."""
    emails = Counter(build("customer", id_)["Email"] is None for id_ in IDS)
    assert set(emails) == {True, False}


def test_both_versions_of_a_reservation_agree() -> None:
    """The deprecated shape has the same values under its own names."""
    for id_ in IDS:
        new, old = (
            build("reservation", id_, name)
            for name in ("reservations/getAll/2023-06-06", "reservations/getAll")
        )
        shared = (new.keys() & old.keys()) - {"State", "Origin", "Options"}
        assert {name: new[name] for name in shared} == {name: old[name] for name in shared}
        assert old["State"].replace("Enq", "Inq") == new["State"]
        assert old["Origin"] == new["Origin"] + (new["CommanderOrigin"] or "")
        assert old["OwnerId"] == new["AccountId"]


def test_reservation_is_consistent() -> None:
    """Creation, start and end are in order; only canceled reservations have `CancelledUtc`."""
    for reservation in (build("reservation", id_) for id_ in IDS):
        assert reservation["CreatedUtc"] < reservation["ScheduledStartUtc"]
        assert reservation["ScheduledStartUtc"] < reservation["ScheduledEndUtc"]
        assert (reservation["CancelledUtc"] is None) == (reservation["State"] != "Canceled")
        assert (reservation["CommanderOrigin"] is None) == (reservation["Origin"] != "Commander")


def test_messages_share_threads_of_their_enterprise() -> None:
    """A message is always in the same thread; a thread has several messages."""
    ids = [make_id(f"message {number}") for number in range(500)]
    threads = Counter(thread_id_of(ENTERPRISE, id_) for id_ in ids)
    assert 1 < max(threads.values()) < 20
    assert build("message", ids[0])["MessageThreadId"] == thread_id_of(ENTERPRISE, ids[0])
    assert thread_id_of(make_id("another"), ids[0]) not in threads


def test_configuration_is_valid() -> None:
    """The response is valid and is about the enterprise of the request."""
    body = build_configuration(ENTERPRISE, created=CREATED, updated=UPDATED, now=UPDATED)
    assert [*api_schemas.validator("responses", "configuration/get").iter_errors(body)] == []
    assert body["Enterprise"]["Id"] == body["Service"]["EnterpriseId"] == ENTERPRISE
    assert body["NowUtc"] == "2026-02-03T04:05:06Z"


def test_enterprise_is_the_same_in_both_operations() -> None:
    """The list of enterprises and the configuration agree on the properties that they share."""
    listed, configured = (
        build("enterprise", ENTERPRISE, name)
        for name in ("enterprises/getAll", "configuration/get")
    )
    shared = listed.keys() & configured.keys()
    assert {name: listed[name] for name in shared} == {name: configured[name] for name in shared}
    assert listed["AddressId"] == listed["Address"]["Id"]


@pytest.mark.parametrize("operation", LISTED, ids=lambda operation: operation.name)
def test_unknown_property_is_in_every_object(operation: Operation) -> None:
    """Each object has one more property; documented values that are no enumeration stay."""
    known = build_all(operation)[0]
    before = copy.deepcopy(known)
    extended = with_unknown_fields(known)
    assert known == before
    assert all(UNKNOWN_NAME in object_ for object_ in objects(extended))
    assert known.keys() == extended.keys() - {UNKNOWN_NAME}
    unchanged = {"Id", "CreatedUtc", "UpdatedUtc"} & known.keys()
    assert {name: extended[name] for name in unchanged} == {name: known[name] for name in unchanged}


def test_unknown_fields_are_invalid_as_enumerations_alone() -> None:
    """The schemas reject unknown enumeration values, but accept unknown properties."""
    for operation in LISTED:
        body = OTHER_LISTS | {
            operation.collection: [with_unknown_fields(entity) for entity in build_all(operation)]
        }
        errors = list(api_schemas.validator("responses", operation.name).iter_errors(body))
        assert {error.kind.name for error in errors} <= {"enum", "anyOf"}
    customer = with_unknown_fields(build("customer", IDS[0]))
    assert UNKNOWN_NAME in customer["Classifications"]
    assert with_unknown_fields(build("resource", IDS[0]))["State"] == UNKNOWN_NAME


BY_LANGUAGE = {"Descriptions", "ExternalNames", "Directions", "Names", "ShortNames"}


def objects(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield every object in an entity, except texts by language and unknown values."""
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name != UNKNOWN_NAME and name not in BY_LANGUAGE:
                yield from objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects(item)
