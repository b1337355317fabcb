"""Shapes → templates: every one of them as a Hypothesis strategy, or one canonical form."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pytest_mews.senders.connector.ids import Placeholder, RelativeTime, Template
from pytest_mews.senders.connector.json_shapes import (
    NULL,
    Constant,
    Either,
    Record,
    Sequence,
    Shape,
    Text,
    nullable,
)

# Minutes may pass between an event and its message: typically up to 2 to 5 (events/communicate).
USUAL_AGE_S, OLDEST_AGE_S = 120, 300


def canonical_example(shape: Shape, *, optional: bool = True, null: bool = False) -> Template:  # noqa: PLR0911 - one a shape
    """Give the canonical template: with the documented examples wherever there are any.

    Args:
        shape: of what.
        optional: whether optional properties are there.
        null: whether whatever may be null is.

    """
    if null and nullable(shape):
        return None
    match shape:
        case Constant(values):
            return values[0]
        case Text(form="date-time"):
            return RelativeTime(USUAL_AGE_S)
        case Text():
            return shape.example
        case Placeholder():
            return shape
        case Sequence(items):
            return [canonical_example(items, optional=optional, null=null)]
        case Either(options):
            return canonical_example(options[0], optional=optional, null=null)
        case Record(properties):
            return {
                each.name: canonical_example(each.shape, optional=optional, null=null)
                for each in properties
                if each.required or optional
            }


def templates(shape: Shape) -> SearchStrategy[Template]:
    """Draw any template of a shape; it shrinks towards the barest and simplest."""
    match shape:
        case Constant(values):
            return st.sampled_from(values)
        case Text():
            return _text(shape)
        case Placeholder():
            return st.just(shape)
        case Sequence(items, least):
            return st.lists(templates(items), min_size=least, max_size=least + 4)
        case Either(options):
            simplest_first = sorted(options, key=lambda option: option != NULL)
            return st.one_of([templates(option) for option in simplest_first])
        case Record():
            return _record(shape)


def _record(shape: Record) -> SearchStrategy[Template]:
    required = {each.name: templates(each.shape) for each in shape.properties if each.required}
    optional = {each.name: templates(each.shape) for each in shape.properties if not each.required}
    order = [each.name for each in shape.properties]

    def in_order(drawn: dict[str, Any]) -> dict[str, Any]:
        return {name: drawn[name] for name in order if name in drawn}

    return st.fixed_dictionaries(required, optional=optional).map(in_order)


def _text(shape: Text) -> SearchStrategy[Template]:
    if shape.form == "email":
        # jsonschema-rs refuses some of the internationalised domains that Hypothesis draws.
        return st.emails().filter(lambda address: "xn--" not in address.lower())
    if shape.form == "date-time":
        return st.integers(0, OLDEST_AGE_S).map(RelativeTime)
    # Surrogates can't be written in UTF-8; all else may stand in the name of a hotel.
    return st.text(st.characters(codec="utf-8"), min_size=shape.least, max_size=min(shape.most, 80))
