"""Schemas compile into strategies of valid payloads, and whatever is not understood is a fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_mews.errors import HarnessError
from pytest_mews.model import Tenants
from pytest_mews.senders.connector import IdSource
from pytest_mews.senders.connector.ids import Placeholder, RelativeTime, fill
from pytest_mews.senders.connector.json_shapes import Constant, Text, parse
from pytest_mews.senders.connector.payload_schemas import KINDS, explain, load, validator
from pytest_mews.senders.connector.shape_strategies import canonical_example, templates


@pytest.mark.parametrize("profile", ["2022-08", "2026-04"])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_drawn_is_valid(kind: str, profile: str, tenants: Tenants) -> None:
    """Everything drawn from a schema validates against that schema, in every profile."""
    strategy = templates(parse(load(kind, profile)))

    @settings(database=None, deadline=None, max_examples=60)
    @given(strategy)
    def check(template: Any) -> None:  # noqa: ANN401 - JSON
        body = fill(template, IdSource(1, "compiling", 0, tenants))
        assert validator(kind, profile).is_valid(body), explain(kind, profile, body)

    check()


@pytest.mark.parametrize("optional", [True, False])
@pytest.mark.parametrize("null", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_exemplars_are_valid(kind: str, null: bool, optional: bool, tenants: Tenants) -> None:  # noqa: FBT001
    """The canonical forms are valid: fullest, barest, and with nulls."""
    template = canonical_example(parse(load(kind, "2026-04")), optional=optional, null=null)
    body = fill(template, IdSource(1, "compiling", 0, tenants))
    assert explain(kind, "2026-04", body) == []


def test_exemplars_show_the_documented_values() -> None:
    """Canonical names come from the schema's examples; times lie within the documented lag."""
    created = canonical_example(parse(load("integration", "2026-04")))
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
def test_what_is_not_understood_is_a_fault(schema: dict[str, Any]) -> None:
    """A keyword that compiling does not understand is a fault, never passed over."""
    with pytest.raises(HarnessError, match="can't draw"):
        parse(schema)


def test_a_fault_inside_is_found() -> None:
    """A wrong keyword deep in a schema is a fault too."""
    inner = {"type": "string", "contentEncoding": "base64", "examples": ["A"]}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["A"],
        "properties": {"A": {"type": "array", "items": {"anyOf": [inner, {"type": "null"}]}}},
    }
    with pytest.raises(HarnessError, match="can't draw string with contentEncoding"):
        parse(schema)


@settings(database=None, deadline=None)
@given(st.data())
def test_names_keep_their_lengths(data: st.DataObject) -> None:
    """Drawn text can be written as UTF-8 and keeps within its lengths."""
    drawn = data.draw(templates(Text("string", "A", 2, 5)))
    assert 2 <= len(drawn) <= 5
    assert drawn.encode().decode() == drawn


def test_unknown_slot_is_a_fault(tenants: Tenants) -> None:
    """A slot that nothing fills is a fault of the harness."""
    with pytest.raises(HarnessError, match="'rate-plan'"):
        fill(Placeholder("rate-plan"), IdSource(1, "compiling", 0, tenants))


def test_constants_are_drawn_from_their_values() -> None:
    """An enum's canonical value is its first."""
    assert canonical_example(parse({"enum": ["B", "A"]})) == "B"
    assert parse({"const": 1}) == Constant((1,))
