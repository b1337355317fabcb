"""Draw words for what a receiver must take although it does not know it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle, islice
from typing import Any

from hypothesis import strategies as st

from pytest_mews.model import WebhookKind
from pytest_mews.senders.connector.batch import EventList, message_template
from pytest_mews.senders.connector.ids import Template
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.payload_schemas import NEWEST, discriminators
from pytest_mews.senders.connector.plan import (
    NO_PLANS,
    Plan,
    Plans,
    Target,
    TemplateMessage,
    known_kind,
)
from pytest_mews.senders.connector.shape_strategies import canonical_example

UNKNOWN_EVENT = "BillUpdated"
EXTRA = "AddedLater"
EXTRA_VALUES: tuple[Any, ...] = ("later", 7, 0.5, True, None, ["later"], {"Id": 7})
TYPES = {
    str: "a string",
    int: "an integer",
    float: "a fraction",
    bool: "a boolean",
    type(None): "null",
    list: "a list",
    dict: "an object",
}
PASCAL_CASE = r"[A-Z][a-z]{1,8}([A-Z][a-z]{1,8}){1,2}"
MOST_OTHERS = 4

Path = tuple[str | int, ...]


def unknown_event(subject: Target, *, with_known: bool = False) -> Plans:
    """Send an event whose discriminator is not documented, or not yet: alone, and among others.

    Args:
        subject: what for.
        with_known: whether it always comes beside a known one.

    """
    least = int(with_known)
    if not subject.general or subject.batch_limit <= least:
        return NO_PLANS

    def among(name: str, others: list[str], at: int) -> Plan:
        names = [*others[:at], name, *others[at:]]
        entries = tuple((each, number) for number, each in enumerate(names))
        return EventList(subject.profile, entries, subject.batch_limit)

    documented = set(discriminators(NEWEST))
    room = min(MOST_OTHERS, subject.batch_limit - 1)
    drawn = st.builds(
        among,
        st.from_regex(PASCAL_CASE, fullmatch=True).filter(lambda name: name not in documented),
        st.lists(st.sampled_from(subject.general), min_size=least, max_size=room),
        st.integers(0, room),
    )
    others = [subject.general[0], subject.general[-1]][:room]
    alone = () if with_known else (among(UNKNOWN_EVENT, [], 0),)
    return Plans((*alone, among(UNKNOWN_EVENT, others, 1)), drawn)


def null_event(subject: Target) -> Plans:
    """Send a batch with a null in the place of an event: in the middle, first, and last."""
    if not subject.general:
        return NO_PLANS
    names = (subject.general[0], subject.general[-1])

    def plan(place: int, words: str) -> Plan:
        template = message_template(subject.profile, *names)
        events: list[Template] = list(template["Events"])
        events.insert(place, None)
        phrase = f"2 events and a null {words}"
        return TemplateMessage(WebhookKind.GENERAL, {**template, "Events": events}, phrase)

    return Plans((plan(1, "between them"), plan(0, "before them"), plan(2, "after them")))


def unknown_property(subject: Target, *, kind: str = "general") -> Plans:
    """Send a valid message with a property more, at each level and with each type of value.

    Args:
        subject: what for.
        kind: `general` or `integration`; of the latter the first subscribed action.

    Raises:
        ScenarioMistake: there is no such kind.

    """
    base = _valid(subject, known_kind("unknown-property", kind))
    if base is None:
        return NO_PLANS
    levels = dict(_objects(base))

    def plan(path: Path, name: str, value: object) -> Plan:
        changed = deepcopy(base)
        dict(_objects(changed))[path][name] = value
        place = ".".join(map(str, path)) or "the body"
        phrase = f"{kind} webhook, {name} ({TYPES[type(value)]}) added to {place}"
        return TemplateMessage(WebhookKind(kind), changed, phrase)

    rounds = max(len(EXTRA_VALUES), len(levels))
    pairs = zip(cycle(levels), cycle(EXTRA_VALUES), strict=False)
    taken = {name for properties in levels.values() for name in properties}
    drawn = st.builds(
        plan,
        st.sampled_from(list(levels)),
        st.from_regex(PASCAL_CASE, fullmatch=True).filter(lambda name: name not in taken),
        _values(),
    )
    return Plans(tuple(plan(path, EXTRA, value) for path, value in islice(pairs, rounds)), drawn)


def _valid(subject: Target, kind: WebhookKind) -> Template:
    """Give the fullest valid message of a kind; None where nothing of it is subscribed to."""
    names = subject.general if kind is WebhookKind.GENERAL else subject.integration
    if not names:
        return None
    if kind is WebhookKind.GENERAL:
        return deepcopy(message_template(subject.profile, names[0]))
    return canonical_example(action_shape(subject.profile, names[0]))


def _objects(node: Template, path: Path = ()) -> Iterator[tuple[Path, dict[str, Template]]]:
    """Find every object in a template, outermost first."""
    children: list[tuple[str | int, Template]] = []
    if isinstance(node, dict):
        yield path, node
        children = list(node.items())
    if isinstance(node, list):
        children = list(enumerate(node))
    for key, child in children:
        yield from _objects(child, (*path, key))


def _values() -> st.SearchStrategy[Any]:
    text = st.text(st.characters(codec="utf-8"), max_size=40)
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
