"""What the twin finds wrong with a request's body."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.emulator.connector_api.validation import Problem, _words, check
from pytest_mews.model.api_call import RequestProblem

SECRET = "SECRET-VALUE"
REQUEST = {
    "ClientToken": "c",
    "AccessToken": "a",
    "Client": "Sample Client 1.0.0",
    "Extent": {"Customers": True},
    "Limitation": {"Count": 100},
}


def faults(change: dict[str, Any], operation: str = "customers/getAll") -> list[tuple[str, str]]:
    """Check a sound request after a change; a value of `...` takes the property out."""
    body = {key: value for key, value in (REQUEST | change).items() if value is not ...}
    return [(each.misstep, each.message) for each in check(OPERATIONS[operation], body)]


def interval(start: str, end: str) -> dict[str, str]:
    """Write an interval."""
    return {"StartUtc": start, "EndUtc": end}


def test_a_sound_request_has_no_fault() -> None:
    """Ids, an interval, a cursor and a property that nobody documented are all right."""
    change = {
        "CustomerIds": ["x"] * 1000,
        "UpdatedUtc": interval("2026-01-01T00:00:00Z", "2026-03-31T23:59:59.5+00:00"),
        "Limitation": {"Count": 1000, "Cursor": "x"},
        "Whatever": 1,
    }
    assert faults(change) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Limitation": ...}, "Limitation is required."),
        ({"Limitation": {}}, "Limitation.Count is required."),
        ({"Limitation": {"Count": 0}}, "Limitation.Count must be at least 1."),
        ({"Limitation": {"Count": 1001}}, "Limitation.Count must be at most 1000."),
        ({"Limitation": {"Count": "9"}}, "Limitation.Count must be of type integer."),
        ({"CustomerIds": ["x"] * 1001}, "CustomerIds may have at most 1000 items."),
        ({"CustomerIds": ["x", 7]}, "CustomerIds[1] must be of type string."),
        ({"ActivityStates": ["No"]}, "ActivityStates[0] must be one of Active, Deleted."),
        ({"UpdatedUtc": {"StartUtc": "2026-01-01T00:00:00Z"}}, "UpdatedUtc.EndUtc is required."),
        (
            {"UpdatedUtc": interval("2026-01-01", "2026-01-02T00:00:00Z")},
            "UpdatedUtc.StartUtc must be a datetime in ISO 8601, such as 2026-01-31T12:00:00Z.",
        ),
        (
            {"UpdatedUtc": interval("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z")},
            "UpdatedUtc must lie between two datetimes that exist.",
        ),
        (
            {"UpdatedUtc": interval("2026-01-01T00:00:00Z", "2026-04-05T00:00:00Z")},
            "UpdatedUtc may be at most 3 months long.",
        ),
        ({"Client": 4}, "Client must be a string."),
    ],
)
def test_an_invalid_body_is_refused_by_property(change: dict[str, Any], message: str) -> None:
    """Each fault names the property and the rule, once."""
    assert faults(change) == [(RequestProblem.INVALID_BODY, message)]


@pytest.mark.parametrize(
    ("end", "faulty"), [("2026-02-01T00:00:00Z", False), ("2026-02-02T00:00:00Z", True)]
)
def test_messages_may_be_read_for_a_month(end: str, *, faulty: bool) -> None:
    """The limit is that of the operation, and its longest reading is let pass."""
    change = {"MessageThreadIds": ["x"], "CreatedUtc": interval("2026-01-01T00:00:00Z", end)}
    fault = (RequestProblem.INVALID_BODY, "CreatedUtc may be at most 1 month long.")
    assert faults(change, "messages/getAll") == [fault] * faulty


@pytest.mark.parametrize("body", [None, [], "text", 7, True])
def test_a_body_is_an_object(body: object) -> None:
    """JSON of another type is one fault."""
    (fault,) = check(OPERATIONS["customers/getAll"], body)
    assert fault == Problem(RequestProblem.INVALID_BODY, "The body must be a JSON object.")


@pytest.mark.parametrize("client", [..., None, "", "  "])
def test_a_nameless_client_is_refused(client: object) -> None:
    """Whoever does not say who is calling is told so, once."""
    assert [misstep for misstep, _ in faults({"Client": client})] == [RequestProblem.NO_CLIENT]


def test_a_client_without_a_version_is_answered_all_the_same() -> None:
    """A name without a digit bears no version; Mews would answer."""
    assert faults({"Client": "Sample Client"})[0][0] == RequestProblem.CLIENT_WITHOUT_VERSION
    assert not check(OPERATIONS["customers/getAll"], REQUEST | {"Client": "Sample"})[0].refused


@pytest.mark.parametrize("token", [..., None, 7, ""])
@pytest.mark.parametrize("name", ["ClientToken", "AccessToken"])
def test_tokens_are_not_judged(name: str, token: object) -> None:
    """A token that is missing or odd is a matter of whose it is: nothing of a body's."""
    assert faults({name: token}) == []


@pytest.mark.parametrize(
    ("operation", "extent", "named"),
    [
        ("customers/getAll", {"Customers": True, "Documents": True}, ["Documents"]),
        ("customers/getAll", {"Customers": True, "Documents": False}, []),
        ("resources/getAll", {"ResourceFeatures": True, "ResourceCategories": True}, None),
        ("resources/getAll", {"Resources": True, "Inactive": True}, []),
        ("resourceBlocks/getAll", {"Inactive": True}, ["Inactive"]),
        ("resourceBlocks/getAll", {"Inactive": False}, []),
    ],
)
def test_deprecated_extents_are_noted_when_asked_for(
    operation: str, extent: dict[str, bool], named: list[str] | None
) -> None:
    """A deprecated part of the answer counts only if it is asked for with true."""
    named = sorted(extent) if named is None else named
    expected = [
        (RequestProblem.DEPRECATED_EXTENT, f"Extent.{each} is deprecated.") for each in named
    ]
    assert faults({"Extent": extent}, operation) == expected


def test_the_deprecated_operation_is_noted_and_answered() -> None:
    """The old reservations are a fault that is not refused."""
    body = REQUEST | {"ServiceIds": ["x"], "Extent": {"Reservations": True}}
    (fault,) = check(OPERATIONS["reservations/getAll"], body)
    assert fault.misstep is RequestProblem.DEPRECATED_OPERATION
    assert not fault.refused


def test_the_old_interval_exists() -> None:
    """A leap second is valid in form, and no datetime that the twin could compare with."""
    change = {"ServiceIds": ["x"], "StartUtc": "2016-12-31T23:59:60Z"}
    fault = (RequestProblem.INVALID_BODY, "StartUtc must be a datetime that exists.")
    assert fault in faults(change, "reservations/getAll")


def test_properties_that_exclude_each_other_are_named() -> None:
    """Both are in the message."""
    day = interval("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    found = faults({"ScheduledEndUtc": day, "ActualEndUtc": day}, "reservations/getAll/2023-06-06")
    message = "ScheduledEndUtc and ActualEndUtc can't be used together."
    assert found == [(RequestProblem.INVALID_BODY, message)]


def test_no_message_quotes_a_value() -> None:
    """Whatever stands in a wrong place may be a secret."""
    change = dict.fromkeys(
        ("Extent", "Limitation", "UpdatedUtc", "CustomerIds", "ActivityStates"), SECRET
    )
    found = faults(change | {"Emails": [{SECRET: SECRET}], "FirstNames": {SECRET: SECRET}})
    assert len(found) == 7
    assert all(SECRET not in message for _, message in found)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"multipleOf": 2}, "The body is not valid (multipleOf)."),
        ({"not": {}}, "The body is not valid (not)."),
    ],
)
def test_a_rule_without_words_of_its_own_is_named(schema: dict[str, Any], message: str) -> None:
    """A schema that comes to use another keyword still leads to a sentence."""
    (error,) = jsonschema_rs.iter_errors(schema, 7)
    assert _words(error) == message
