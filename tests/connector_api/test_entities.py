"""The twin's entities are complete, valid, and the same whenever they are asked for."""

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
    UNKNOWN,
    configuration,
    entity,
    thread_of,
    with_unknown_fields,
)
from pytest_mews.emulator.connector_api.entity_values import make_id
from pytest_mews.emulator.connector_api.operations import OPERATIONS, Operation, read

ENTERPRISE = make_id("enterprise")
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UPDATED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
IDS = tuple(make_id(str(number)) for number in range(50))
LISTED = [each for each in OPERATIONS.values() if each.collection]


def made(kind: str, id_: str, operation: str | None = None) -> dict[str, Any]:
    """Make an entity of our enterprise."""
    return entity(kind, id_, ENTERPRISE, created=CREATED, updated=UPDATED, operation=operation)


def all_of(operation: Operation) -> list[dict[str, Any]]:
    """Make what an operation answers with, for fifty ids."""
    assert operation.kind
    return [made(operation.kind, each, operation.name) for each in IDS]


@pytest.mark.parametrize("operation", LISTED, ids=lambda each: each.name)
def test_entities_are_valid_and_complete(operation: Operation) -> None:
    """Each has every documented property, and the answer with them meets its schema."""
    found = all_of(operation)
    listing = {operation.collection: found, "Cursor": found[-1]["Id"]}
    assert [*api_schemas.validator("responses", operation.name).iter_errors(listing)] == []
    response = {each["name"]: each for each in read("operations")[operation.name]["response"]}
    assert operation.collection
    documented = read("objects")[response[operation.collection]["ref"]]["properties"]
    assert all(set(each) == {one["name"] for one in documented} for each in found)
    assert [each["Id"] for each in found] == list(IDS)
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("operation", LISTED, ids=lambda each: each.name)
def test_entities_are_the_same_but_for_their_last_change(operation: Operation) -> None:
    """The same id gives the same entity again; a change moves `UpdatedUtc` and nothing else."""
    assert operation.kind
    before = made(operation.kind, IDS[0], operation.name)
    assert before == made(operation.kind, IDS[0], operation.name)
    after = entity(
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


def test_an_entity_may_be_changed_by_its_reader() -> None:
    """The first level is a copy: what a state writes into it stays its own."""
    made("command", IDS[0])["State"] = "Processed"
    assert made("command", IDS[0])["State"] == "Pending"


def test_optional_properties_are_null_for_some_and_filled_for_others() -> None:
    """A partner meets both."""
    emails = Counter(made("customer", each)["Email"] is None for each in IDS)
    assert set(emails) == {True, False}


def test_two_versions_of_a_reservation_agree() -> None:
    """The deprecated shape says the same in its own words."""
    for each in IDS:
        new, old = (
            made("reservation", each, name)
            for name in ("reservations/getAll/2023-06-06", "reservations/getAll")
        )
        shared = (new.keys() & old.keys()) - {"State", "Origin", "Options"}
        assert {name: new[name] for name in shared} == {name: old[name] for name in shared}
        assert old["State"].replace("Enq", "Inq") == new["State"]
        assert old["Origin"] == new["Origin"] + (new["CommanderOrigin"] or "")
        assert old["OwnerId"] == new["AccountId"]


def test_reservations_make_sense() -> None:
    """They end after they start, after they were made; only canceled ones were canceled."""
    for each in (made("reservation", one) for one in IDS):
        assert each["CreatedUtc"] < each["ScheduledStartUtc"] < each["ScheduledEndUtc"]
        assert (each["CancelledUtc"] is None) == (each["State"] != "Canceled")
        assert (each["CommanderOrigin"] is None) == (each["Origin"] != "Commander")


def test_messages_share_threads_of_their_enterprise() -> None:
    """A message is always in the same thread; many messages leave several in one."""
    ids = [make_id(f"message {number}") for number in range(500)]
    threads = Counter(thread_of(ENTERPRISE, each) for each in ids)
    assert 1 < max(threads.values()) < 20
    assert made("message", ids[0])["MessageThreadId"] == thread_of(ENTERPRISE, ids[0])
    assert thread_of(make_id("another"), ids[0]) not in threads


def test_the_configuration_is_valid() -> None:
    """The whole answer meets its schema and is about the enterprise that asked."""
    answer = configuration(ENTERPRISE, created=CREATED, updated=UPDATED, now=UPDATED)
    assert [*api_schemas.validator("responses", "configuration/get").iter_errors(answer)] == []
    assert answer["Enterprise"]["Id"] == answer["Service"]["EnterpriseId"] == ENTERPRISE
    assert answer["NowUtc"] == "2026-02-03T04:05:06Z"


def test_an_enterprise_is_the_same_in_both_operations() -> None:
    """The list of enterprises and the configuration agree on what they share."""
    listed, configured = (
        made("enterprise", ENTERPRISE, name) for name in ("enterprises/getAll", "configuration/get")
    )
    shared = listed.keys() & configured.keys()
    assert {name: listed[name] for name in shared} == {name: configured[name] for name in shared}
    assert listed["AddressId"] == listed["Address"]["Id"]


@pytest.mark.parametrize("operation", LISTED, ids=lambda each: each.name)
def test_strangers_are_in_every_object(operation: Operation) -> None:
    """Each object has a property more; what is documented and no enumeration stays as it was."""
    known = all_of(operation)[0]
    before = copy.deepcopy(known)
    strange = with_unknown_fields(known)
    assert known == before
    assert all(UNKNOWN in each for each in objects(strange))
    assert known.keys() == strange.keys() - {UNKNOWN}
    kept = {"Id", "CreatedUtc", "UpdatedUtc"} & known.keys()
    assert {name: strange[name] for name in kept} == {name: known[name] for name in kept}


def test_strangers_break_only_enumerations() -> None:
    """A schema objects to unknown values alone: unknown properties are always to be expected."""
    for operation in LISTED:
        listing = {operation.collection: [with_unknown_fields(each) for each in all_of(operation)]}
        errors = list(api_schemas.validator("responses", operation.name).iter_errors(listing))
        assert {error.kind.name for error in errors} <= {"enum", "anyOf"}
    customer = with_unknown_fields(made("customer", IDS[0]))
    assert UNKNOWN in customer["Classifications"]
    assert with_unknown_fields(made("resource", IDS[0]))["State"] == UNKNOWN


def objects(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Find every object in an entity but texts by language and what strangers are worth."""
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name not in {UNKNOWN, "Descriptions", "ExternalNames", "Directions"}:
                yield from objects(value)
    elif isinstance(node, list):
        for each in node:
            yield from objects(each)
