"""The Connector API schemas correspond to the documented data, and validate correctly."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytest_mews.emulator.connector_api import api_schemas
from pytest_mews.emulator.connector_api.operations import (
    OPERATIONS,
    Operation,
    find_misspelled,
    find_operation,
    read_documented,
)
from pytest_mews.mews.events import EVENTS

SCHEMAS = Path(__file__).parents[2] / "schemas"
GENERATOR = runpy.run_path(str(SCHEMAS / "generate_connector.py"), run_name="generator")
PARTS = ("requests", "responses", "entities")
DOCUMENTED = read_documented("operations")

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
    "products/getAll": {
        *("Ordering", "ConsumptionMoment", "IsDefault", "Charging", "Posting", "Pricing"),
        *("ExcludePriceFromOffer", "Breakdown", "NetValue", "Value", "Fee"),
    },
    "services/getAll": {"Names", "Ordering"},
}


def invalid_properties(part: api_schemas.Part, operation: str, instance: object) -> set[str]:
    """Return the names of the properties that a schema rejects."""
    names = set()
    for error in api_schemas.validator(part, operation).iter_errors(instance):
        missing = getattr(error.kind, "property", None)
        names.add(str(missing or [step for step in error.instance_path if step != 0][-1]))
    return names


def test_schemas_are_generated() -> None:
    """No schema was edited, and none belongs to an operation that no longer exists."""
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
    """Every file is a schema of the dialect that it names, and its `$id` has its path."""
    for path in (SCHEMAS / "connector" / part).rglob("*.json"):
        schema = json.loads(path.read_text("utf-8"))
        Draft202012Validator.check_schema(schema)
        assert schema["$id"].endswith(
            f"/schemas/connector/{path.relative_to(SCHEMAS / 'connector')}"
        )


@pytest.mark.parametrize("name", OPERATIONS)
def test_documented_requests_are_valid(name: str) -> None:
    """The documentation's example of every request is valid."""
    assert invalid_properties("requests", name, DOCUMENTED[name]["example_request"]) == set()


@pytest.mark.parametrize("name", OPERATIONS)
def test_documented_responses_are_valid_except_known_contradictions(name: str) -> None:
    """Where an example contradicts the documented table, `CONTRADICTIONS` lists it."""
    names = invalid_properties("responses", name, DOCUMENTED[name]["example_response"])
    assert names == CONTRADICTIONS.get(name, set())


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
def test_documented_limit_is_enforced(change: dict[str, Any], name: str) -> None:
    """A request one step over a documented limit is invalid."""
    request = DOCUMENTED["customers/getAll"]["example_request"] | change
    names = invalid_properties("requests", "customers/getAll", request)
    assert names and names <= {name, "1"}  # noqa: PT018 - each says little alone


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
def test_allowed_change_is_valid(change: dict[str, Any]) -> None:
    """Values at a limit, null for optional properties, and unknown properties are valid."""
    request = DOCUMENTED["customers/getAll"]["example_request"] | change
    assert invalid_properties("requests", "customers/getAll", request) == set()


def test_scheduled_and_actual_start_exclude_each_other() -> None:
    """A request can't filter by both; null doesn't count as a filter."""
    validator = api_schemas.validator("requests", "reservations/getAll/2023-06-06")
    interval = {"StartUtc": "2026-01-01T00:00:00Z", "EndUtc": "2026-01-02T00:00:00Z"}
    request = DOCUMENTED["reservations/getAll/2023-06-06"]["example_request"]
    assert validator.is_valid(request | {"ActualStartUtc": None})
    assert not validator.is_valid(request | {"ActualStartUtc": interval})


def test_deprecated_reservations_need_an_interval_for_states() -> None:
    """The deprecated operation requires `StartUtc` and `EndUtc` with `States`."""
    validator = api_schemas.validator("requests", "reservations/getAll")
    request = dict(DOCUMENTED["reservations/getAll"]["example_request"])
    assert not validator.is_valid(request | {"StartUtc": None})
    del request["States"]
    assert validator.is_valid(request | {"StartUtc": None, "EndUtc": None})


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=str)
def test_operation_names_documented_properties(operation: Operation) -> None:
    """What the emulator assumes of an operation is in the documented data."""
    request = {property_["name"] for property_ in DOCUMENTED[operation.name]["request"]}
    response = {property_["name"] for property_ in DOCUMENTED[operation.name]["response"]}
    assert operation.collection is None or operation.collection in response
    assert operation.ids_property is None or operation.ids_property in request
    assert {request_property for request_property, _ in operation.intervals} <= request
    assert (operation.colliding is not None) == ("CollidingUtc" in request)


def test_every_event_has_a_current_operation() -> None:
    """Each event's entity can be fetched with an operation that is not deprecated."""
    current = {
        operation.kind
        for operation in OPERATIONS.values()
        if not operation.deprecated and operation.collection
    }
    assert {event.entity for event in EVENTS.values()} - {None} <= current


def test_operation_is_found_by_its_exact_path() -> None:
    """A path in another case or with a trailing slash is recognised as misspelled."""
    customers = OPERATIONS["customers/getAll"]
    assert find_operation("/api/connector/v1/customers/getAll") == customers
    assert find_misspelled("/api/connector/v1/customers/getAll") is None
    for path in ("/api/connector/v1/customers/getAll/", "/API/Connector/v1/Customers/getall"):
        assert find_operation(path) is None
        assert find_misspelled(path) == customers
    assert find_operation("/api/connector/v1/customers") is None
    assert find_misspelled("/api/connector/v1/customers") is None


def test_both_versions_of_reservations_are_distinguished() -> None:
    """The path without a version is the deprecated operation, not a misspelled path."""
    old, new = "/api/connector/v1/reservations/getAll", "reservations/getAll/2023-06-06"
    assert [find_operation(old), find_misspelled(old + "/")] == [
        OPERATIONS["reservations/getAll"]
    ] * 2
    assert OPERATIONS["reservations/getAll"].deprecated
    assert not OPERATIONS[new].deprecated
