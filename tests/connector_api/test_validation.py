"""The problems that validation finds in a request's body."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from pytest_mews.emulator.connector_api import api_schemas
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.emulator.connector_api.validation import Problem, _describe, validate
from pytest_mews.model.api_call import RequestProblem
from tests.connector_api.emulator_client import call_operation, make_connector_api

SERVED = {
    operation.name: frozenset(api_schemas.load("requests", operation.name)["properties"])
    for operation in OPERATIONS.values()
    if operation.is_served
}

SECRET = "SECRET-VALUE"
REQUEST = {
    "ClientToken": "c",
    "AccessToken": "a",
    "Client": "Sample Client 1.0.0",
    "Extent": {"Customers": True},
    "Limitation": {"Count": 100},
}


def problems_after(
    change: dict[str, Any], operation: str = "customers/getAll"
) -> list[tuple[str, str]]:
    """Validate `REQUEST` after a change; a value of `...` removes the property."""
    body = {key: value for key, value in (REQUEST | change).items() if value is not ...}
    return [(problem.kind, problem.message) for problem in validate(OPERATIONS[operation], body)]


def interval(start: str, end: str) -> dict[str, str]:
    """Build an interval."""
    return {"StartUtc": start, "EndUtc": end}


def test_valid_request_has_no_problem() -> None:
    """Ids, an interval, a cursor and an undocumented property are valid."""
    change = {
        "CustomerIds": ["x"] * 1000,
        "UpdatedUtc": interval("2026-01-01T00:00:00Z", "2026-03-31T23:59:59.5+00:00"),
        "Limitation": {"Count": 1000, "Cursor": "x"},
        "Whatever": 1,
    }
    assert problems_after(change) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Limitation": ...}, "Limitation is required."),
        ({"Limitation": {}}, "Limitation.Count is required."),
        ({"Limitation": {"Count": 0}}, "Limitation.Count must be at least 1."),
        ({"Limitation": {"Count": 1001}}, "Limitation.Count must be at most 1000."),
        ({"Limitation": {"Count": "9"}}, "Limitation.Count must be of type integer."),
        ({"CustomerIds": ["x", 7]}, "CustomerIds[1] must be of type string."),
        ({"ActivityStates": ["No"]}, "ActivityStates[0] must be one of Active, Deleted."),
        ({"UpdatedUtc": {"StartUtc": "2026-01-01T00:00:00Z"}}, "UpdatedUtc.EndUtc is required."),
        (
            {"UpdatedUtc": interval("2026-01-01", "2026-01-02T00:00:00Z")},
            "UpdatedUtc.StartUtc must be a datetime in ISO 8601, such as 2026-01-31T12:00:00Z.",
        ),
        (
            {"UpdatedUtc": interval("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")},
            "UpdatedUtc must start and end with a valid datetime.",
        ),
        (
            {"UpdatedUtc": interval("2026-01-01T00:00:00Z", "2026-04-05T00:00:00Z")},
            "UpdatedUtc may be at most 3 months long.",
        ),
        ({"Client": 4}, "Client must be a string."),
    ],
)
def test_invalid_property_has_one_problem(change: dict[str, Any], message: str) -> None:
    """Its message names the property and the rule."""
    assert problems_after(change) == [(RequestProblem.INVALID_BODY, message)]


def test_a_list_that_is_too_long_is_told_from_other_invalid_bodies() -> None:
    """Whoever looks at the causes need not read the message."""
    message = "CustomerIds may have at most 1000 items."
    assert problems_after({"CustomerIds": ["x"] * 1001}) == [
        (RequestProblem.INVALID_BODY, message),
        (RequestProblem.TOO_MANY_ITEMS, message),
    ]


@pytest.mark.parametrize(
    ("end", "is_problem"), [("2026-02-01T00:00:00Z", False), ("2026-02-02T00:00:00Z", True)]
)
def test_messages_interval_is_limited_to_a_month(end: str, *, is_problem: bool) -> None:
    """The operation has its own limit; a month is taken as 31 days."""
    change = {"MessageThreadIds": ["x"], "CreatedUtc": interval("2026-01-01T00:00:00Z", end)}
    problem = (RequestProblem.INVALID_BODY, "CreatedUtc may be at most 1 month long.")
    assert problems_after(change, "messages/getAll") == [problem] * is_problem


@pytest.mark.parametrize(
    ("change", "is_problem"),
    [
        ({}, True),
        ({"PaymentIds": []}, True),
        ({"EnterpriseIds": ["x"], "Currency": "EUR"}, True),
        ({"PaymentIds": ["x"]}, False),
        ({"UpdatedUtc": interval("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")}, False),
    ],
)
def test_payments_need_a_filter(change: dict[str, object], *, is_problem: bool) -> None:
    """What only names the enterprise or the currency selects nothing."""
    problem = (RequestProblem.INVALID_BODY, "At least one filter is required.")
    body = {"CustomerIds": ..., "Extent": ..., **change}
    assert problems_after(body, "payments/getAll") == [problem] * is_problem


@pytest.mark.parametrize("body", [None, [], "text", 7, True])
def test_body_must_be_an_object(body: object) -> None:
    """JSON of another type is one problem."""
    (problem,) = validate(OPERATIONS["customers/getAll"], body)
    assert problem == Problem(RequestProblem.INVALID_BODY, "The body must be a JSON object.")


@pytest.mark.parametrize("client", [..., None, "", "  "])
def test_missing_client_is_one_problem(client: object) -> None:
    """`Client` is missing, null or blank."""
    assert [kind for kind, _ in problems_after({"Client": client})] == [RequestProblem.NO_CLIENT]


def test_client_without_version_is_not_rejected() -> None:
    """A `Client` without a digit contains no version; the problem is only recorded."""
    assert (
        problems_after({"Client": "Sample Client"})[0][0] == RequestProblem.CLIENT_WITHOUT_VERSION
    )
    assert not validate(OPERATIONS["customers/getAll"], REQUEST | {"Client": "Sample"})[
        0
    ].is_rejected


@pytest.mark.parametrize("token", [..., None, 7, ""])
@pytest.mark.parametrize("name", ["ClientToken", "AccessToken"])
def test_tokens_are_not_validated(name: str, token: object) -> None:
    """A missing or invalid token is not a problem of the body."""
    assert problems_after({name: token}) == []


@pytest.mark.parametrize(
    ("operation", "extent", "names"),
    [
        ("customers/getAll", {"Customers": True, "Documents": True}, ["Documents"]),
        ("customers/getAll", {"Customers": True, "Documents": False}, []),
        ("resources/getAll", {"ResourceFeatures": True, "ResourceCategories": True}, None),
        ("resources/getAll", {"Resources": True, "Inactive": True}, []),
        ("resourceBlocks/getAll", {"Inactive": True}, ["Inactive"]),
        ("resourceBlocks/getAll", {"Inactive": False}, []),
    ],
)
def test_deprecated_extent_is_a_problem_if_requested(
    operation: str, extent: dict[str, bool], names: list[str] | None
) -> None:
    """A deprecated flag counts only if it is true."""
    names = sorted(extent) if names is None else names
    expected = [
        (RequestProblem.DEPRECATED_EXTENT, f"Extent.{name} is deprecated.") for name in names
    ]
    assert problems_after({"Extent": extent}, operation) == expected


def test_deprecated_operation_is_not_rejected() -> None:
    """The deprecated reservations are a problem that is only recorded."""
    body = REQUEST | {"ServiceIds": ["x"], "Extent": {"Reservations": True}}
    (problem,) = validate(OPERATIONS["reservations/getAll"], body)
    assert problem.kind is RequestProblem.DEPRECATED_OPERATION
    assert not problem.is_rejected


def test_leap_second_of_deprecated_reservations_is_a_problem() -> None:
    """A leap second has a valid format, but is not a datetime that can be compared."""
    change = {"ServiceIds": ["x"], "StartUtc": "2016-12-31T23:59:60Z"}
    problem = (RequestProblem.INVALID_BODY, "StartUtc must be a valid datetime.")
    assert problem in problems_after(change, "reservations/getAll")


def test_mutually_exclusive_properties_are_one_problem() -> None:
    """The message names both."""
    day = interval("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    problems = problems_after(
        {"ScheduledEndUtc": day, "ActualEndUtc": day}, "reservations/getAll/2023-06-06"
    )
    message = "ScheduledEndUtc and ActualEndUtc can't be used together."
    assert problems == [(RequestProblem.INVALID_BODY, message)]


def test_message_never_quotes_a_value() -> None:
    """A value in the wrong place may be a secret."""
    change = dict.fromkeys(
        ("Extent", "Limitation", "UpdatedUtc", "CustomerIds", "ActivityStates"), SECRET
    )
    problems = problems_after(
        change | {"Emails": [{SECRET: SECRET}], "FirstNames": {SECRET: SECRET}}
    )
    assert len(problems) == 7
    assert all(SECRET not in message for _, message in problems)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"multipleOf": 2}, "The body is not valid (multipleOf)."),
        ({"not": {}}, "The body is not valid (not)."),
    ],
)
def test_other_schema_keyword_is_named(schema: dict[str, Any], message: str) -> None:
    """A keyword without a sentence of its own still leads to a message."""
    (error,) = jsonschema_rs.iter_errors(schema, 7)
    assert _describe(error) == message


@pytest.mark.parametrize("operation", sorted(SERVED))
def test_a_property_of_another_operation_has_no_effect(operation: str) -> None:
    """Only what an operation documents is validated, so only that is read."""
    foreign = frozenset().union(*SERVED.values()) - SERVED[operation]
    assert "TimeFilter" in foreign or operation == "reservations/getAll"
    for value in (True, "x", [[]], {"StartUtc": "x"}):
        expected, _ = call_operation(make_connector_api(), operation)
        call, _ = call_operation(make_connector_api(), operation, **dict.fromkeys(foreign, value))
        assert (call.status, call.returned_ids) == (expected.status, expected.returned_ids)
