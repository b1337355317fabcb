"""Draw words for messages on the WebSocket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model.command_trace import COMMAND, PENDING
from pytest_mews.senders.connector.ids import Template
from pytest_mews.senders.connector.json_shapes import nullable
from pytest_mews.senders.connector.plan import NO_PLANS, Plan, Plans, Target, unique
from pytest_mews.senders.connector.shape_strategies import canonical_example, templates
from pytest_mews.senders.connector.websocket_plans import (
    BINARY,
    GARBAGE,
    RESERVATION,
    UPDATED,
    Entry,
    Garbage,
    Mixed,
    Shared,
    Streamed,
)
from pytest_mews.senders.connector.websocket_shapes import (
    event_template,
    in_state,
    states,
    variants,
)

UNKNOWN, EXTRA = "TaskCreated", "AddedLater"
EXTRA_VALUES: tuple[Any, ...] = ("later", 7, True, None, ["later"], {"Id": 7})


def websocket_event(subject: Target, *, all_null: bool = False) -> Plans:
    """Send one event in a message: each type in each state, fullest, barest, with null; then any.

    Args:
        subject: what for.
        all_null: whether only such are sent as have null for every optional property, also where
            nothing documented shows it.

    """
    plans: list[Plan] = []
    for kind in subject.streamed:
        shape = variants(subject.profile)[kind]
        optional = [each.name for each in shape.properties if not each.required]
        if optional and all_null:
            event = canonical_example(shape) | dict.fromkeys(optional)
            plans.append(_lone(f"{kind} with null for {', '.join(optional)}", event))
        if all_null:
            continue
        plans += [
            _lone(f"{kind} {state}".strip(), in_state(shape, state))
            for state in states(subject.profile, kind) or ("",)
        ]
        if optional:
            bare = canonical_example(shape, optional=False)
            plans.append(_lone(f"{kind} without {', '.join(optional)}", bare))
        if any(nullable(each.shape) for each in shape.properties):
            event = canonical_example(shape, null=True)
            names = ", ".join(name for name, value in event.items() if value is None)
            plans.append(_lone(f"{kind} with null for {names}", event))
    if not plans or all_null:
        return Plans(tuple(plans))
    kinds = [variants(subject.profile)[kind] for kind in subject.streamed]
    drawn = st.one_of([templates(each) for each in kinds])
    return Plans(unique(plans), drawn.map(lambda event: _lone(event["Type"], event)))


def websocket_single_events(subject: Target) -> Plans:
    """Send one message for each subscribed type, each with one event; a command to carry out."""
    types = subject.streamed
    if not types:
        return NO_PLANS
    events = [{"Events": [event_template(subject.profile, *each)]} for each in _plain(types)]
    return Plans((Streamed(tuple(events), f"{', '.join(types)}, each alone"),))


def same_entity_on_both_channels(subject: Target) -> Plans:
    """Send a webhook and an event about one and the same reservation."""
    if RESERVATION not in subject.streamed or UPDATED not in subject.general:
        return NO_PLANS
    return Plans((Shared(subject.profile),))


def websocket_batch(subject: Target, *, max_events: int = 50) -> Plans:
    """Send several events in one message, every subscribed type among them; then `max_events` at most.

    Commands in it are to be carried out.

    Args:
        subject: what for.
        max_events: the most events.

    """
    types = subject.streamed
    if not types:
        return NO_PLANS
    least = max(2, len(types))

    def plan(size: int, order: Sequence[str], number: int) -> Plan:
        return Mixed(subject.profile, size, tuple(order), number, each=size)

    fixed = (plan(least, types, 0), plan(least, types[::-1], 0), plan(max_events, types, 0))
    seeds = st.integers(0, 2**16 - 1)
    drawn = st.builds(plan, st.integers(least, max_events), st.permutations(types), seeds)
    return Plans(unique(fixed), drawn)


def websocket_burst(
    subject: Target, *, events: int = 1000, each: Sequence[int] = (1, 50, 1000)
) -> Plans:
    """Send many events without a pause; commands among them need nothing more to be done.

    Args:
        subject: what for.
        events: how many.
        each: how many of them are in a message, one case each.

    """
    types = subject.streamed
    return Plans(
        tuple(Mixed(subject.profile, events, types, 0, size, idle=True) for size in each)
        if types
        else ()
    )


def websocket_unknown_type(subject: Target) -> Plans:
    """Send an event of a type that is not documented: alone, and between known ones."""
    types = subject.streamed
    if not types:
        return NO_PLANS

    def plan(name: str, at: int) -> Plan:
        known = [event_template(subject.profile, *entry) for entry in _plain(types)]
        stranger = {"Type": name, "Id": known[0]["Id"], "State": "Open"}
        events = [*known[:at], stranger, *known[at:]]
        return Streamed(
            ({"Events": events},), f"{name}, unknown, as event {at + 1} of {len(events)}"
        )

    alone = {"Type": UNKNOWN, "Id": event_template(subject.profile, types[0], "")["Id"]}
    documented = set(variants(subject.profile))
    names = st.from_regex(r"[A-Z][a-z]{1,8}([A-Z][a-z]{1,8}){1,2}", fullmatch=True)
    drawn = st.builds(
        plan, names.filter(lambda name: name not in documented), st.integers(0, len(types))
    )
    fixed = (
        _lone(f"{UNKNOWN}, unknown, alone", alone),
        plan(UNKNOWN, 0),
        plan(UNKNOWN, len(types)),
    )
    return Plans(fixed, drawn)


def websocket_unknown_property(subject: Target) -> Plans:
    """Send a valid message of all types with a property more, in an event or beside `Events`."""
    types = subject.streamed
    if not types:
        return NO_PLANS

    def plan(place: int, value: object) -> Plan:
        known = [deepcopy(event_template(subject.profile, *entry)) for entry in _plain(types)]
        whole: dict[str, Template] = {"Events": known}
        (whole if place == len(types) else known[place])[EXTRA] = value
        where = "beside Events" if place == len(types) else f"in {types[place]}"
        return Streamed((whole,), f"{EXTRA} {where}: {type(value).__name__}")

    places = range(len(types) + 1)
    rounds = max(len(places), len(EXTRA_VALUES))
    fixed = [
        plan(places[n % len(places)], EXTRA_VALUES[n % len(EXTRA_VALUES)]) for n in range(rounds)
    ]
    return Plans(tuple(fixed))


def websocket_unreadable(subject: Target) -> Plans:
    """Send frames that no client can make sense of: no JSON, another shape, a binary frame."""
    if not subject.streamed:
        return NO_PLANS
    return Plans((*(Garbage(body, phrase) for phrase, body in GARBAGE.items()), BINARY))


def websocket_commands(
    subject: Target, *, count: int = 1, state: str = PENDING, separate: bool = False
) -> Plans:
    """Send commands for devices.

    Args:
        subject: what for.
        count: how many.
        state: theirs; `any-over` makes one case of each that leaves nothing to do.
        separate: whether each comes in a message of its own.

    Raises:
        ScenarioMistake: there is no such state.

    """
    known = states(subject.profile, COMMAND)
    over = ("Processed", "Cancelled", "Error")
    if state != "any-final" and state not in known:
        raise ScenarioFileError(
            "commands: state", state, "is no state", f"Known: {', '.join(known)}"
        )
    if COMMAND not in subject.streamed:
        return NO_PLANS

    def plan(name: str) -> Plan:
        events = [event_template(subject.profile, COMMAND, name)] * count
        parts = [[each] for each in events] if separate else [events]
        phrase = f"{count} × {COMMAND}" if count > 1 else COMMAND  # noqa: RUF001 - a times sign
        return Streamed(tuple({"Events": part} for part in parts), f"{phrase} {name}")

    return Plans(tuple(plan(name) for name in (over if state == "any-final" else (state,))))


def _plain(types: Iterable[str]) -> Iterator[Entry]:
    """Give an entry for each type: commands to carry out, the others in their first state."""
    return ((kind, PENDING if kind == COMMAND else "") for kind in types)


def _lone(phrase: str, event: Template) -> Streamed:
    return Streamed(({"Events": [event]},), phrase)
