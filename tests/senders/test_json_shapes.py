"""Schemas become strategies for valid payloads, and an unsupported keyword is an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mews.errors import HarnessError
from pytest_mews.model import Tenants
from pytest_mews.senders import IdSource
from pytest_mews.senders.connector.json_shapes import Literal, Text, parse_schema
from pytest_mews.senders.connector.payload_schemas import (
    KINDS,
    load_schema,
    validation_errors,
    validator,
)
from pytest_mews.senders.connector.shape_strategies import canonical_example, templates
from pytest_mews.senders.ids import Placeholder, RelativeTime, fill


@pytest.mark.parametrize("profile", ["2022-08", "2026-04", "2026-08"])
@pytest.mark.parametrize("kind", KINDS)
def test_generated_payloads_are_valid(kind: str, profile: str, tenants: Tenants) -> None:
    """Everything generated from a schema is valid under that schema, in every profile."""
    strategy = templates(parse_schema(load_schema(kind, profile)))

    @settings(database=None, deadline=None, max_examples=60)
    @given(strategy)
    def check(template: Any) -> None:  # noqa: ANN401 - JSON
        body = fill(template, IdSource(1, "shapes", 0, tenants))
        assert validator(kind, profile).is_valid(body), validation_errors(kind, profile, body)

    check()


@pytest.mark.parametrize("optional", [True, False])
@pytest.mark.parametrize("null", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_canonical_examples_are_valid(
    kind: str,
    null: bool,  # noqa: FBT001
    optional: bool,  # noqa: FBT001
    tenants: Tenants,
) -> None:
    """Canonical examples are valid with and without optional properties, and with nulls."""
    template = canonical_example(
        parse_schema(load_schema(kind, "2026-04")), optional=optional, null=null
    )
    body = fill(template, IdSource(1, "shapes", 0, tenants))
    assert validation_errors(kind, "2026-04", body) == []


def test_canonical_examples_have_the_documented_values() -> None:
    """Canonical names are the schema's examples; datetimes are within the documented lag."""
    created = canonical_example(parse_schema(load_schema("integration", "2026-04")))
    assert created["Data"]["CreatedUtc"] == RelativeTime(120)
    assert created["Data"]["Integration"] == {
        "Id": Placeholder("integration-id"),
        "Name": "WebhookTEST",
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number"},
        {"type": "integer", "minimum": 1},
        {"type": "string"},
        {"type": "string", "pattern": "^A+$", "examples": ["A"]},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "email", "pattern": "^A+$", "examples": ["a@a.example"]},
        {"type": ["string", "null"], "examples": ["A"]},
        {"type": "array", "items": {"type": "null"}, "maxItems": 3},
        {"type": "array", "items": {"type": "null"}, "uniqueItems": True},
        {"type": "object", "properties": {}, "required": []},
        {"type": "object", "properties": {}, "required": [], "additionalProperties": True},
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"oneOf": [{"type": "null"}], "type": "null"},
        {"allOf": [{"type": "null"}]},
        {"not": {"type": "null"}},
        {"$ref": "#/$defs/id"},
        {},
    ],
    ids=str,
)
def test_unsupported_schemas_are_errors(schema: dict[str, Any]) -> None:
    """An unsupported keyword is an error and is never ignored."""
    with pytest.raises(HarnessError, match="can't generate"):
        parse_schema(schema)


def test_unsupported_keyword_in_a_nested_schema_is_an_error() -> None:
    """An unsupported keyword deep in a schema is an error too."""
    inner = {"type": "string", "contentEncoding": "base64", "examples": ["A"]}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["A"],
        "properties": {"A": {"type": "array", "items": {"anyOf": [inner, {"type": "null"}]}}},
    }
    with pytest.raises(HarnessError, match="can't generate string with contentEncoding"):
        parse_schema(schema)


@settings(database=None, deadline=None)
@given(st.data())
def test_texts_respect_their_lengths(data: st.DataObject) -> None:
    """Random text can be encoded as UTF-8 and is within its lengths."""
    text = data.draw(templates(Text("string", "A", 2, 5)))
    assert 2 <= len(text) <= 5
    assert text.encode().decode() == text


def test_unknown_placeholder_is_an_error(tenants: Tenants) -> None:
    """A placeholder with an unknown name is an error of the harness."""
    with pytest.raises(HarnessError, match="'rate-plan'"):
        fill(Placeholder("rate-plan"), IdSource(1, "shapes", 0, tenants))


def test_first_value_of_an_enum_is_canonical() -> None:
    """The canonical value of an enum is its first."""
    assert canonical_example(parse_schema({"enum": ["B", "A"]})) == "B"
    assert parse_schema({"const": 1}) == Literal((1,))
