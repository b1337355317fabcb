"""Generators for content that a receiver doesn't know but must accept."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle, islice
from typing import Any

from hypothesis import strategies as st

from pytest_mews.model import WebhookKind
from pytest_mews.senders.connector.batch import EventList, message_template
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.message_plans import TemplateMessage, parse_kind
from pytest_mews.senders.connector.payload_schemas import ALL_REVISIONS, discriminators
from pytest_mews.senders.connector.random_text import characters, undocumented_names
from pytest_mews.senders.connector.shape_strategies import canonical_example
from pytest_mews.senders.connector.subscription import general_events, integration_actions
from pytest_mews.senders.ids import Template
from pytest_mews.senders.plan import NO_PLANS, Plan, Plans, Target

UNKNOWN_EVENT = "BillUpdated"
UNKNOWN_PROPERTY = "AddedLater"
UNKNOWN_PROPERTY_VALUES: tuple[Any, ...] = ("later", 7, 0.5, True, None, ["later"], {"Id": 7})
TYPE_NAMES = {
    str: "a string",
    int: "an integer",
    float: "a fraction",
    bool: "a boolean",
    type(None): "null",
    list: "an array",
    dict: "an object",
}
MAX_KNOWN_EVENTS = 4  # beside an unknown event

Path = tuple[str | int, ...]


def unknown_event(target: Target, *, with_known: bool = False) -> Plans:
    """Generate an event whose discriminator is not documented, alone and among known events.

    Args:
        target: what to generate for.
        with_known: whether there is always a known event in the same message.

    """
    min_known = int(with_known)
    if not general_events(target) or target.batch_limit <= min_known:
        return NO_PLANS

    def plan(unknown: str, known: list[str], index: int) -> Plan:
        names = [*known[:index], unknown, *known[index:]]
        entries = tuple((name, entity) for entity, name in enumerate(names))
        return EventList(target.profile, entries, target.batch_limit)

    documented = set(discriminators(ALL_REVISIONS))
    max_known = min(MAX_KNOWN_EVENTS, target.batch_limit - 1)
    strategy = st.builds(
        plan,
        undocumented_names(documented),
        st.lists(st.sampled_from(general_events(target)), min_size=min_known, max_size=max_known),
        st.integers(0, max_known),
    )
    known = [general_events(target)[0], general_events(target)[-1]][:max_known]
    alone = () if with_known else (plan(UNKNOWN_EVENT, [], 0),)
    return Plans((*alone, plan(UNKNOWN_EVENT, known, 1)), strategy)


def null_event(target: Target) -> Plans:
    """Generate a batch of two events and a null: between them, before them, after them."""
    if not general_events(target):
        return NO_PLANS
    names = (general_events(target)[0], general_events(target)[-1])

    def plan(index: int, position: str) -> Plan:
        template = message_template(target.profile, *names)
        events: list[Template] = list(template["Events"])
        events.insert(index, None)
        description = f"2 events and a null {position} them"
        return TemplateMessage(WebhookKind.GENERAL, {**template, "Events": events}, description)

    return Plans((plan(1, "between"), plan(0, "before"), plan(2, "after")))


def unknown_property(target: Target, *, kind: str = "general") -> Plans:
    """Generate a valid message with an undocumented property: in each object, of each JSON type.

    Random cases have any name and value.

    Args:
        target: what to generate for.
        kind: the kind of webhook, `general` or `integration`. The message has the first subscribed
            event or action.

    Raises:
        ScenarioFileError: there is no such kind.

    """
    valid = _valid_message(target, parse_kind("unknown-property", kind))
    if valid is None:
        return NO_PLANS
    objects = dict(_objects(valid))

    def plan(path: Path, name: str, value: object) -> Plan:
        changed = deepcopy(valid)
        dict(_objects(changed))[path][name] = value
        place = ".".join(map(str, path)) or "the body"
        description = f"{kind} webhook, {name} ({TYPE_NAMES[type(value)]}) added to {place}"
        return TemplateMessage(WebhookKind(kind), changed, description)

    count = max(len(UNKNOWN_PROPERTY_VALUES), len(objects))
    pairs = islice(zip(cycle(objects), cycle(UNKNOWN_PROPERTY_VALUES), strict=False), count)
    documented = {name for properties in objects.values() for name in properties}
    strategy = st.builds(
        plan,
        st.sampled_from(list(objects)),
        undocumented_names(documented),
        _json_values(),
    )
    return Plans(tuple(plan(path, UNKNOWN_PROPERTY, value) for path, value in pairs), strategy)


def _valid_message(target: Target, kind: WebhookKind) -> Template:
    """Return a valid message with all properties; None if nothing of the kind is subscribed to."""
    is_general = kind is WebhookKind.GENERAL
    names = general_events(target) if is_general else integration_actions(target)
    if not names:
        return None
    if is_general:
        return deepcopy(message_template(target.profile, names[0]))
    return canonical_example(action_shape(target.profile, names[0]))


def _objects(node: Template, path: Path = ()) -> Iterator[tuple[Path, dict[str, Template]]]:
    """Yield every object in a template with its path, outermost first."""
    children: list[tuple[str | int, Template]] = []
    if isinstance(node, dict):
        yield path, node
        children = list(node.items())
    if isinstance(node, list):
        children = list(enumerate(node))
    for key, child in children:
        yield from _objects(child, (*path, key))


def _json_values() -> st.SearchStrategy[Any]:
    text = st.text(characters(), max_size=40)
    number = st.one_of(
        st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
    )
    scalar = st.one_of(st.none(), st.booleans(), number, text)
    return st.recursive(
        scalar,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)
        ),
        max_leaves=6,
    )
