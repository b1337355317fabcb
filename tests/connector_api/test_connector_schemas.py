"""The schemas of the Connector API are what the documented data says, and say it right."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytest_mews.emulator.connector_api import api_schemas
from pytest_mews.emulator.connector_api.operations import (
    EVENT_KINDS,
    KINDS,
    OPERATIONS,
    Operation,
    find,
    nearly,
    read,
)

SCHEMAS = Path(__file__).parents[2] / "schemas"
GENERATOR = runpy.run_path(str(SCHEMAS / "generate_connector.py"), run_name="generator")
PARTS = ("requests", "responses", "entities")
DOCUMENTED = read("operations")

# Where a documented example contradicts the documented table, which the schemas follow.
CONTRADICTIONS = {
    "reservations/getAll": {
        *("ChainId", "HasOtaEmail", "Options", "IsActive", "PreferredSpaceFeatures"),
        *("CreatorProfileId", "UpdaterProfileId", "OwnerId", "AssignedSpaceLocked"),
        *("AdultCount", "ChildCount", "CompanionIds"),
    },
    "messageThreads/getAll": {"IsResolved"},
    "payments/getAll": {"SettlementUtc"},
    "configuration/get": {
        *("AccommodationEnvironmentCode", "AccountingEnvironmentCode", "TaxEnvironmentCode"),
        "Service",
    },
    "enterprises/getAll": {"EditableHistoryInterval"},
}


def wrong(part: api_schemas.Part, operation: str, instance: object) -> set[str]:
    """Name the properties that a schema objects to."""
    names = set()
    for error in api_schemas.validator(part, operation).iter_errors(instance):
        missing = getattr(error.kind, "property", None)
        names.add(str(missing or [step for step in error.instance_path if step != 0][-1]))
    return names


def test_schemas_are_what_the_generator_makes() -> None:
    """Nobody edited a schema, and none is left over from an operation that is gone."""
    on_file = {
        str(path.relative_to(SCHEMAS / "connector")): path.read_text("utf-8")
        for part in PARTS
        for path in (SCHEMAS / "connector" / part).rglob("*.json")
    }
    rendered = GENERATOR["render"]()
    assert sorted(on_file) == sorted(rendered)
    assert on_file == rendered


@pytest.mark.parametrize("part", PARTS)
def test_schemas_are_json_schema(part: str) -> None:
    """Every file is a schema of the dialect that it names, under the `$id` of its place."""
    for path in (SCHEMAS / "connector" / part).rglob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        Draft202012Validator.check_schema(schema)
        assert schema["$id"].endswith(
            f"/schemas/connector/{path.relative_to(SCHEMAS / 'connector')}"
        )


@pytest.mark.parametrize("name", OPERATIONS)
def test_documented_requests_are_valid(name: str) -> None:
    """The documentation's own example of every request passes."""
    assert wrong("requests", name, DOCUMENTED[name]["example_request"]) == set()


@pytest.mark.parametrize("name", OPERATIONS)
def test_documented_answers_are_valid_but_for_known_contradictions(name: str) -> None:
    """The documentation's example of every answer breaks its own table only where we know it."""
    found = wrong("responses", name, DOCUMENTED[name]["example_response"])
    assert found == CONTRADICTIONS.get(name, set())


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"CustomerIds": ["a"] * 1001}, "CustomerIds"),
        ({"CustomerIds": [7]}, "CustomerIds"),
        ({"CompanyIds": ["a", "b"]}, "CompanyIds"),
        ({"ActivityStates": ["Asleep"]}, "ActivityStates"),
        ({"Extent": None}, "Extent"),
        ({"Limitation": {"Count": 0}}, "Count"),
        ({"Limitation": {"Count": 1001}}, "Count"),
        ({"Limitation": {"Cursor": None}}, "Count"),
        ({"UpdatedUtc": {"StartUtc": "2026-01-01T00:00:00Z"}}, "UpdatedUtc"),
        ({"UpdatedUtc": {"StartUtc": "yesterday", "EndUtc": "today"}}, "UpdatedUtc"),
        ({"LanguageCode": 4}, "LanguageCode"),
    ],
)
def test_a_documented_limit_is_kept(change: dict[str, Any], name: str) -> None:
    """A request one step over a documented limit is not valid."""
    request = DOCUMENTED["customers/getAll"]["example_request"] | change
    found = wrong("requests", "customers/getAll", request)
    assert found and found <= {name, "1"}  # noqa: PT018 - either says little alone


@pytest.mark.parametrize(
    "change",
    [
        {"CustomerIds": ["a"] * 1000},
        {"CustomerIds": None, "UpdatedUtc": None, "ActivityStates": None},
        {"Limitation": {"Count": 1000, "Cursor": None}},
        {"Tomorrow": True},
        {"LanguageCode": None, "CultureCode": None},
    ],
)
def test_what_is_allowed_passes(change: dict[str, Any]) -> None:
    """Limits themselves, null for what is optional, and unknown properties are valid."""
    request = DOCUMENTED["customers/getAll"]["example_request"] | change
    assert wrong("requests", "customers/getAll", request) == set()


def test_reservations_can_be_filtered_by_one_kind_of_start_alone() -> None:
    """The scheduled and the actual start can't be asked for together, null is not asking."""
    validator = api_schemas.validator("requests", "reservations/getAll/2023-06-06")
    interval = {"StartUtc": "2026-01-01T00:00:00Z", "EndUtc": "2026-01-02T00:00:00Z"}
    request = DOCUMENTED["reservations/getAll/2023-06-06"]["example_request"]
    assert validator.is_valid(request | {"ActualStartUtc": None})
    assert not validator.is_valid(request | {"ActualStartUtc": interval})


def test_old_reservations_need_an_interval_for_their_states() -> None:
    """The deprecated operation wants `StartUtc` and `EndUtc` where states are asked for."""
    validator = api_schemas.validator("requests", "reservations/getAll")
    request = dict(DOCUMENTED["reservations/getAll"]["example_request"])
    assert not validator.is_valid(request | {"StartUtc": None})
    del request["States"]
    assert validator.is_valid(request | {"StartUtc": None, "EndUtc": None})


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=str)
def test_operations_name_real_properties(operation: Operation) -> None:
    """What the twin believes of an operation is in the documented data."""
    request = {each["name"] for each in DOCUMENTED[operation.name]["request"]}
    response = {each["name"] for each in DOCUMENTED[operation.name]["response"]}
    assert operation.collection is None or operation.collection in response
    assert operation.ids is None or operation.ids in request
    assert {asked for asked, _ in operation.intervals} <= request
    assert (operation.colliding is not None) == ("CollidingUtc" in request)
    assert operation.kind in KINDS


def test_every_event_leads_to_an_operation_in_force() -> None:
    """Each discriminator's entity can be fetched with an operation that is not deprecated."""
    current = {each.kind for each in OPERATIONS.values() if not each.deprecated and each.collection}
    assert set(EVENT_KINDS.values()) <= current


def test_a_path_is_found_only_as_it_is_documented() -> None:
    """Another case or a last slash is no operation, but the one that was meant is known."""
    customers = OPERATIONS["customers/getAll"]
    assert find("/api/connector/v1/customers/getAll") == customers
    assert nearly("/api/connector/v1/customers/getAll") is None
    for path in ("/api/connector/v1/customers/getAll/", "/API/Connector/v1/Customers/getall"):
        assert find(path) is None
        assert nearly(path) == customers
    assert find("/api/connector/v1/customers") is None
    assert nearly("/api/connector/v1/customers") is None


def test_the_two_versions_of_reservations_are_told_apart() -> None:
    """The path without a version is the deprecated operation, not a misspelling of the other."""
    old, new = "/api/connector/v1/reservations/getAll", "reservations/getAll/2023-06-06"
    assert [find(old), nearly(old + "/")] == [OPERATIONS["reservations/getAll"]] * 2
    assert OPERATIONS["reservations/getAll"].deprecated
    assert not OPERATIONS[new].deprecated
