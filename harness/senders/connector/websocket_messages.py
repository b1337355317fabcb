"""Messages on the WebSocket: the shapes of their events, plans, and generators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import Message, WebhookKind
from pytest_mews.model.command_trace import COMMAND, PENDING, PROCESSED
from pytest_mews.senders.connector.batch import event_template as general_event_template
from pytest_mews.senders.connector.batch import message_template as general_message_template
from pytest_mews.senders.connector.json_shapes import (
    Array,
    Either,
    Literal,
    Record,
    is_nullable,
    parse_schema,
)
from pytest_mews.senders.connector.message_plans import build_message, without_duplicates
from pytest_mews.senders.connector.payload_schemas import load_schema
from pytest_mews.senders.connector.random_text import undocumented_names
from pytest_mews.senders.connector.shape_strategies import canonical_example, templates
from pytest_mews.senders.connector.subscription import general_events, websocket_events
from pytest_mews.senders.connector.unknown_content import (
    TYPE_NAMES,
    UNKNOWN_PROPERTY,
)
from pytest_mews.senders.ids import IdSource, Template, fill
from pytest_mews.senders.plan import NO_PLANS, Plan, Plans, Target

RESERVATION, SERVICE_ORDER_UPDATED = "Reservation", "ServiceOrderUpdated"
UNKNOWN_TYPE = "TaskCreated"
UNKNOWN_PROPERTY_VALUES: tuple[Any, ...] = ("later", 7, True, None, ["later"], {"Id": 7})
FINAL_COMMAND_STATES = ("Processed", "Cancelled", "Error")
ANY_FINAL = "any-final"  # in `state`: one case for each of these
MAX_LISTED_TYPES = 3  # a description with more types only counts them

Entry = tuple[str, str]  # a type and a state; the state is empty for a type without states


def states_of(profile: str, event_type: str) -> tuple[str, ...]:
    """List the states of a type of event in its schema; none if the type has no state."""
    state = event_shapes(profile)[event_type].find("State")
    return () if state is None or not isinstance(state.shape, Literal) else state.shape.values


@cache
def event_shapes(profile: str) -> Mapping[str, Record]:
    """Return the shape of each documented type of event."""
    message = parse_schema(load_schema("websocket", profile))
    assert isinstance(message, Record)
    events = message.find("Events")
    assert events is not None
    assert isinstance(events.shape, Array)
    assert isinstance(events.shape.items, Either)
    shapes: dict[str, Record] = {}
    for shape in events.shape.items.options:
        assert isinstance(shape, Record)
        event_type = shape.find("Type")
        assert event_type is not None
        assert isinstance(event_type.shape, Literal)
        shapes[event_type.shape.values[0]] = shape
    return shapes


@cache
def event_template(profile: str, event_type: str, state: str) -> dict[str, Template]:
    """Return the template of an event with all properties; callers must not change it."""
    template: dict[str, Template] = canonical_example(event_shapes(profile)[event_type])
    return template | {"State": state} if state else template


@dataclass(frozen=True)
class WebSocketMessages:
    """A plan for messages from templates; every entity has its own id."""

    templates: tuple[Template, ...] = field(hash=False)
    description: str

    def describe(self) -> str:
        """Return the description."""
        return self.description

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Fill the placeholders of the templates."""
        return tuple(
            _build_message(fill(template, ids), ids, self.description)
            for template in self.templates
        )


@dataclass(frozen=True)
class WebSocketBatch:
    """A plan for a number of events that a seed chooses, in one or several messages.

    Attributes:
        profile: the name of the delivery profile.
        size: the number of events.
        types: the types to choose from. The first events have one type each, in this order.
        seed: determines the types and states of the others.
        events_per_message: the maximum number of events in a message.
        processed: whether commands are already processed; otherwise they are pending.

    """

    profile: str
    size: int
    types: tuple[str, ...]
    seed: int
    events_per_message: int
    processed: bool = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The events, in order."""
        random = Random(self.seed)  # noqa: S311 - must be repeatable
        types = [*self.types, *random.choices(self.types, k=self.size)][: self.size]
        return tuple(
            (event_type, PROCESSED if self.processed else PENDING)
            if event_type == COMMAND
            else (
                event_type,
                random.choice(states_of(self.profile, event_type) or ("",)),
            )
            for event_type in types
        )

    def describe(self) -> str:
        """Count the events by type, and the messages."""
        description = _count_types(event_type for event_type, _ in self.entries)
        messages = -(-self.size // self.events_per_message)
        return description if messages == 1 else f"{description}, in {messages:,} messages"

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the messages; each event is about its own entity."""
        events = [event_template(self.profile, *entry) for entry in self.entries]
        size = self.events_per_message
        parts = [events[start : start + size] for start in range(0, len(events), size)]
        return tuple(
            _build_message(
                fill({"Events": part}, ids), ids, _count_types(event["Type"] for event in part)
            )
            for part in parts
        )


@dataclass(frozen=True)
class SameEntityOnBothChannels:
    """A plan for a webhook and a WebSocket message about the same reservation."""

    profile: str

    def describe(self) -> str:
        """Name both events."""
        return (
            f"{SERVICE_ORDER_UPDATED} by webhook and {RESERVATION} on the WebSocket, "
            "about the same reservation"
        )

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the webhook, then the WebSocket message, with the same id."""
        template = event_template(self.profile, RESERVATION, "")
        shared: dict[str, str] = {}
        # Only the id of the reservation is shared; every other id in the event is a new one.
        shared_id = fill({"Id": template["Id"]}, ids, shared)
        websocket_event = fill(template, ids) | shared_id
        webhook = fill(general_message_template(self.profile), ids)
        general_event = fill(
            general_event_template(self.profile, SERVICE_ORDER_UPDATED), ids, shared
        )
        return (
            build_message(
                WebhookKind.GENERAL, {**webhook, "Events": [general_event]}, SERVICE_ORDER_UPDATED
            ),
            _build_message({"Events": [websocket_event]}, ids, RESERVATION),
        )


@dataclass(frozen=True)
class UnreadableFrame:
    """A plan for a text or binary frame that no client can interpret."""

    body: bytes
    description: str
    binary: bool = False

    def describe(self) -> str:
        """Return the description."""
        return self.description

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the message; it has no readable events."""
        return (
            Message(
                WebhookKind.WEBSOCKET,
                self.body,
                (),
                self.description,
                None if self.binary else "text",
                ids.tenant.id,
                binary=self.binary,
            ),
        )


UNREADABLE_FRAMES: Mapping[str, bytes] = {
    "an empty text": b"",
    "not JSON: a word": b"ping",
    "not JSON: truncated": b'{"Events":[{"Type":"Resource","Id":"5ee074b1-6c86-4',
    "an array instead of an object": b'[{"Type":"Resource"}]',
    "null": b"null",
    "an object without Events": b'{"Message":"hello"}',
    "Events null": b'{"Events":null}',
    "Events an object": b'{"Events":{"Type":"Resource"}}',
    "no events": b'{"Events":[]}',
    "a null event": b'{"Events":[null]}',
    "an event that is a number": b'{"Events":[7]}',
    "an event without Type": b'{"Events":[{"Id":"5ee074b1-6c86-48e8-915f-c7aa4702086f"}]}',
    "an event without Id": b'{"Events":[{"Type":"Resource","State":"Dirty"}]}',
    "an event whose Type is a number": b'{"Events":[{"Type":7,"Id":"5ee074b1-6c86-48e8-915f"}]}',
}
BINARY_FRAME = UnreadableFrame(bytes(range(256)), "a binary frame", binary=True)


def websocket_event(target: Target, *, all_null: bool = False) -> Plans:
    """Generate one message with one event: each subscribed type in each documented state.

    Each type is also sent without its optional properties, and with the documented nulls. Random
    cases are any event that the schema allows.

    Args:
        target: what to generate for.
        all_null: whether only events are generated in which all optional properties are null,
            although the documentation doesn't show null for all of them.

    """
    profile = target.profile
    plans: list[Plan] = []
    for event_type in websocket_events(target):
        shape = event_shapes(profile)[event_type]
        optional = [member.name for member in shape.properties if not member.required]
        if optional and all_null:
            event = canonical_example(shape) | dict.fromkeys(optional)
            plans.append(_one_event(f"{event_type} with null for {', '.join(optional)}", event))
        if all_null:
            continue
        plans += [
            _one_event(f"{event_type} {state}".strip(), event_template(profile, event_type, state))
            for state in states_of(profile, event_type) or ("",)
        ]
        if optional:
            event = canonical_example(shape, optional=False)
            plans.append(_one_event(f"{event_type} without {', '.join(optional)}", event))
        if any(is_nullable(member.shape) for member in shape.properties):
            event = canonical_example(shape, null=True)
            nulls = ", ".join(name for name, value in event.items() if value is None)
            plans.append(_one_event(f"{event_type} with null for {nulls}", event))
    if not plans or all_null:
        return Plans(tuple(plans))
    shapes = [event_shapes(profile)[event_type] for event_type in websocket_events(target)]
    events = st.one_of([templates(shape) for shape in shapes])
    return Plans(without_duplicates(plans), events.map(_one_event_of_type))


def websocket_single_events(target: Target, *, event: str | None = None) -> Plans:
    """Generate one message for each subscribed type, with one event each, all in one case.

    A command is pending.

    Args:
        target: what to generate for.
        event: the only type to generate; every subscribed one if omitted.

    """
    types = [name for name in websocket_events(target) if event in {None, name}]
    if not types:
        return NO_PLANS
    messages = [
        {"Events": [event_template(target.profile, *entry)]} for entry in _simplest_entries(types)
    ]
    description = f"{', '.join(types)}, one message each"
    return Plans((WebSocketMessages(tuple(messages), description),))


def same_entity_on_both_channels(target: Target) -> Plans:
    """Generate a webhook and a WebSocket message about the same reservation.

    The webhook has a ServiceOrderUpdated event, the WebSocket message a Reservation event.
    """
    if RESERVATION not in websocket_events(target) or SERVICE_ORDER_UPDATED not in general_events(
        target
    ):
        return NO_PLANS
    return Plans((SameEntityOnBothChannels(target.profile),))


def websocket_batch(target: Target, *, max_events: int = 50) -> Plans:
    """Generate one message with several events, at least one of every subscribed type.

    The fixed cases are one event of each type, in both orders, and the maximum number of events.
    Random cases have any number in between, in any order. Commands are pending.

    Args:
        target: what to generate for.
        max_events: the maximum number of events.

    """
    types = websocket_events(target)
    if not types:
        return NO_PLANS
    min_events = max(2, len(types))

    def plan(size: int, order: Sequence[str], seed: int) -> Plan:
        return WebSocketBatch(target.profile, size, tuple(order), seed, events_per_message=size)

    fixed = (
        plan(min_events, types, 0),
        plan(min_events, types[::-1], 0),
        plan(max_events, types, 0),
    )
    seeds = st.integers(0, 2**16 - 1)
    sizes = st.integers(min_events, max_events)
    return Plans(without_duplicates(fixed), st.builds(plan, sizes, st.permutations(types), seeds))


def websocket_burst(
    target: Target, *, events: int = 1000, events_per_message: Sequence[int] = (1, 50, 1000)
) -> Plans:
    """Generate many events that are sent without a pause. Commands are already processed.

    Args:
        target: what to generate for.
        events: the number of events.
        events_per_message: the maximum numbers of events in a message, one case each.

    """
    types = websocket_events(target)
    if not types:
        return NO_PLANS
    return Plans(
        tuple(
            WebSocketBatch(target.profile, events, types, 0, maximum, processed=True)
            for maximum in events_per_message
        )
    )


def websocket_unknown_type(target: Target) -> Plans:
    """Generate an event of a type that is not documented, alone and among known events."""
    types = websocket_events(target)
    if not types:
        return NO_PLANS

    def plan(unknown: str, index: int) -> Plan:
        known = [event_template(target.profile, *entry) for entry in _simplest_entries(types)]
        event = {"Type": unknown, "Id": known[0]["Id"], "State": "Open"}
        events = [*known[:index], event, *known[index:]]
        description = f"unknown type {unknown}, as event {index + 1} of {len(events)}"
        return WebSocketMessages(({"Events": events},), description)

    alone = {"Type": UNKNOWN_TYPE, "Id": event_template(target.profile, types[0], "")["Id"]}
    documented = set(event_shapes(target.profile))
    fixed = (
        _one_event(f"unknown type {UNKNOWN_TYPE}, alone", alone),
        plan(UNKNOWN_TYPE, 0),
        plan(UNKNOWN_TYPE, len(types)),
    )
    return Plans(fixed, st.builds(plan, undocumented_names(documented), st.integers(0, len(types))))


def websocket_unknown_property(target: Target) -> Plans:
    """Generate a valid message with an undocumented property, in an event or beside `Events`.

    The message has one event of each subscribed type. The values are of each JSON type.
    """
    types = websocket_events(target)
    if not types:
        return NO_PLANS

    def plan(place: int, value: object) -> Plan:
        events = [
            deepcopy(event_template(target.profile, *entry)) for entry in _simplest_entries(types)
        ]
        message: dict[str, Template] = {"Events": events}
        (message if place == len(types) else events[place])[UNKNOWN_PROPERTY] = value
        where = "beside Events" if place == len(types) else f"in {types[place]}"
        description = f"{UNKNOWN_PROPERTY} ({TYPE_NAMES[type(value)]}) added {where}"
        return WebSocketMessages((message,), description)

    places, values = range(len(types) + 1), UNKNOWN_PROPERTY_VALUES
    count = max(len(places), len(values))
    return Plans(
        tuple(plan(places[n % len(places)], values[n % len(values)]) for n in range(count))
    )


def websocket_unreadable(target: Target) -> Plans:
    """Generate frames that no client can interpret: not JSON, an invalid structure, binary."""
    if not websocket_events(target):
        return NO_PLANS
    text_frames = [
        UnreadableFrame(body, description) for description, body in UNREADABLE_FRAMES.items()
    ]
    return Plans((*text_frames, BINARY_FRAME))


def websocket_commands(
    target: Target, *, count: int = 1, state: str = PENDING, separate: bool = False
) -> Plans:
    """Generate device commands.

    Args:
        target: what to generate for.
        count: the number of commands.
        state: the state of the commands; "any-final" for one case with each state in which nothing
            is left to do: Processed, Cancelled, Error.
        separate: whether each command is in its own message.

    Raises:
        ScenarioFileError: there is no such state.

    """
    states = states_of(target.profile, COMMAND)
    if state != ANY_FINAL and state not in states:
        remedy = f"Known: {', '.join((*states, ANY_FINAL))}."
        raise ScenarioFileError("websocket-commands: state", state, "is not a state", remedy)
    if COMMAND not in websocket_events(target):
        return NO_PLANS

    def plan(state: str) -> Plan:
        events = [event_template(target.profile, COMMAND, state)] * count
        parts = [[event] for event in events] if separate else [events]
        commands = f"{count} × {COMMAND}" if count > 1 else COMMAND  # noqa: RUF001 - a times sign
        return WebSocketMessages(tuple({"Events": part} for part in parts), f"{commands} {state}")

    return Plans(
        tuple(plan(name) for name in (FINAL_COMMAND_STATES if state == ANY_FINAL else (state,)))
    )


def _simplest_entries(types: Iterable[str]) -> Iterator[Entry]:
    """Yield an entry for each type: pending commands, the others in their first state."""
    return ((name, PENDING if name == COMMAND else "") for name in types)


def _one_event_of_type(event: Template) -> WebSocketMessages:
    return _one_event(event["Type"], event)


def _one_event(description: str, event: Template) -> WebSocketMessages:
    return WebSocketMessages(({"Events": [event]},), description)


def _count_types(types: Iterable[str]) -> str:
    counts = Counter(types)
    total = sum(counts.values())
    listed = ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())  # noqa: RUF001 - a times sign
    if len(counts) > MAX_LISTED_TYPES:
        return f"{total:,} events of {len(counts)} types"
    return f"1 event: {listed}" if total == 1 else f"{total:,} events: {listed}"


def _build_message(body: Any, ids: IdSource, description: str) -> Message:  # noqa: ANN401 - JSON
    message = build_message(WebhookKind.WEBSOCKET, body, description)
    return replace(message, enterprise_id=ids.tenant.id, content_type="text")
