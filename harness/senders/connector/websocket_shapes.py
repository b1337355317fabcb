"""The shapes of the events on the WebSocket, by type and state."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pytest_mews.senders.connector.ids import Template
from pytest_mews.senders.connector.json_shapes import Constant, Either, Record, parse
from pytest_mews.senders.connector.json_shapes import Sequence as Several
from pytest_mews.senders.connector.payload_schemas import load
from pytest_mews.senders.connector.shape_strategies import canonical_example


def states(profile: str, kind: str) -> tuple[str, ...]:
    """List the documented states of a type of event; none where it bears none."""
    found = variants(profile)[kind].find("State")
    return () if found is None or not isinstance(found.shape, Constant) else found.shape.values


@cache
def event_template(profile: str, kind: str, state: str) -> dict[str, Template]:
    """Give the fullest template of an event; not to be changed."""
    return in_state(variants(profile)[kind], state)


@cache
def variants(profile: str) -> Mapping[str, Record]:
    """Give the shape of each type of event."""
    shape = parse(load("websocket", profile))
    assert isinstance(shape, Record)
    events = shape.find("Events")
    assert events is not None
    assert isinstance(events.shape, Several)
    assert isinstance(events.shape.items, Either)
    found: dict[str, Record] = {}
    for each in events.shape.items.options:
        assert isinstance(each, Record)
        kind = each.find("Type")
        assert kind is not None
        assert isinstance(kind.shape, Constant)
        found[kind.shape.values[0]] = each
    return found


def in_state(shape: Record, state: str) -> dict[str, Template]:
    """Give the fullest template of a shape; where a state is given, in that one."""
    template: dict[str, Template] = canonical_example(shape)
    return template | {"State": state} if state else template
