"""Shapes → templates: any template as a Hypothesis strategy, or one canonical example."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pytest_mews.senders.connector.json_shapes import (
    NULL,
    Array,
    Either,
    Literal,
    Record,
    Shape,
    Text,
    is_nullable,
)
from pytest_mews.senders.connector.random_text import characters, email_addresses
from pytest_mews.senders.ids import Placeholder, RelativeTime, Template

# The usual delay from an event to its message is up to 2 to 5 minutes (events/communicate).
USUAL_AGE_S, MAX_AGE_S = 120, 300
MAX_TEXT_LENGTH = 80  # characters in a random string


def canonical_example(  # noqa: PLR0911 - one for each shape
    shape: Shape, *, optional: bool = True, null: bool = False
) -> Template:
    """Return the canonical template of a shape: with the documented examples, if there are any.

    Args:
        shape: the shape.
        optional: whether to include optional properties.
        null: whether to use null wherever the shape allows it.

    """
    if null and is_nullable(shape):
        return None
    match shape:
        case Literal(values):
            return values[0]
        case Text(format="date-time"):
            return RelativeTime(USUAL_AGE_S)
        case Text():
            return shape.example
        case Placeholder():
            return shape
        case Array(items):
            return [canonical_example(items, optional=optional, null=null)]
        case Either(options):
            return canonical_example(options[0], optional=optional, null=null)
        case Record(properties):
            return {
                member.name: canonical_example(member.shape, optional=optional, null=null)
                for member in properties
                if member.required or optional
            }


def templates(shape: Shape) -> SearchStrategy[Template]:
    """Generate any template of a shape; it shrinks towards few properties and simple values."""
    match shape:
        case Literal(values):
            return st.sampled_from(values)
        case Text():
            return _texts(shape)
        case Placeholder():
            return st.just(shape)
        case Array(items, min_items):
            return st.lists(templates(items), min_size=min_items, max_size=min_items + 4)
        case Either(options):
            null_first = sorted(options, key=lambda option: option != NULL)
            return st.one_of([templates(option) for option in null_first])
        case Record():
            return _records(shape)


def _records(shape: Record) -> SearchStrategy[Template]:
    required = {p.name: templates(p.shape) for p in shape.properties if p.required}
    optional = {p.name: templates(p.shape) for p in shape.properties if not p.required}
    order = [member.name for member in shape.properties]

    def in_order(values: dict[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in order if name in values}

    return st.fixed_dictionaries(required, optional=optional).map(in_order)


def _texts(shape: Text) -> SearchStrategy[Template]:
    if shape.format == "email":
        return email_addresses()
    if shape.format == "date-time":
        return st.integers(0, MAX_AGE_S).map(RelativeTime)
    max_size = min(shape.max_length, MAX_TEXT_LENGTH)
    return st.text(characters(), min_size=shape.min_length, max_size=max_size)
