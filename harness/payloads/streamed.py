"""Draw words for messages on the WebSocket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

from hypothesis import strategies as st

from mews_harness.errors import ScenarioMistake
from mews_harness.model import Kind, Message
from mews_harness.model.trace import COMMAND, PENDING, PROCESSED
from mews_harness.payloads.batch import event_template as event_template_of_webhook
from mews_harness.payloads.batch import message_template
from mews_harness.payloads.compiling import exemplar, templates
from mews_harness.payloads.mint import Mint, Template, fill
from mews_harness.payloads.plan import NOTHING, Plan, Plans, Subject, unique, write
from mews_harness.payloads.schema import load
from mews_harness.payloads.shape import Constant, Either, Record, nullable, parse
from mews_harness.payloads.shape import Sequence as Several

RESERVATION, UPDATED = "Reservation", "ServiceOrderUpdated"
UNKNOWN, EXTRA = "TaskCreated", "AddedLater"
EXTRA_VALUES: tuple[Any, ...] = ("later", 7, True, None, ["later"], {"Id": 7})
LISTED = 3  # types that a phrase names one by one

Entry = tuple[str, str]  # a type and a state; the state of a type that has none is empty


@dataclass(frozen=True)
class Streamed:
    """Messages from templates, each with its events; every entity has an id of its own."""

    templates: tuple[Template, ...] = field(hash=False)
    phrase: str

    def describe(self) -> str:
        """Say what is sent."""
        return self.phrase

    def build(self, mint: Mint) -> tuple[Message, ...]:
        """Fill the slots."""
        return tuple(_message(fill(each, mint), mint, self.phrase) for each in self.templates)


@dataclass(frozen=True)
class Mixed:
    """Events by number and seed, in one message or in many.

    Attributes:
        profile: whose schema they follow.
        size: the number of events.
        types: those that they are chosen from; the first so many events have one each.
        seed: decides the type and state of the others.
        each: events in a message.
        idle: whether commands are such that nothing is left to do about them.

    """

    profile: str
    size: int
    types: tuple[str, ...]
    seed: int
    each: int
    idle: bool = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The events one by one; a command is one to carry out, unless all are idle."""
        random = Random(self.seed)  # noqa: S311 - to be repeatable is the point
        chosen = [*self.types, *random.choices(self.types, k=self.size)][: self.size]
        return tuple(
            (kind, PROCESSED if self.idle else PENDING)
            if kind == COMMAND
            else (kind, random.choice(states(self.profile, kind) or ("",)))
            for kind in chosen
        )

    def describe(self) -> str:
        """Count the events by type, and the messages."""
        phrase = _counted(kind for kind, _ in self.entries)
        number = -(-self.size // self.each)
        return phrase if number == 1 else f"{phrase}, in {number:,} messages"

    def build(self, mint: Mint) -> tuple[Message, ...]:
        """Write the events, each about an entity of its own."""
        events = [event_template(self.profile, *entry) for entry in self.entries]
        parts = [events[at : at + self.each] for at in range(0, len(events), self.each)]
        return tuple(
            _message(fill({"Events": part}, mint), mint, _counted(one["Type"] for one in part))
            for part in parts
        )


@dataclass(frozen=True)
class Shared:
    """A webhook and an event on the WebSocket about one reservation; `profile` is theirs."""

    profile: str

    def describe(self) -> str:
        """Say what is sent."""
        return f"{UPDATED} by webhook and {RESERVATION} on the WebSocket, about one reservation"

    def build(self, mint: Mint) -> tuple[Message, ...]:
        """Write both with the same id."""
        known: dict[str, str] = {}
        # The id of the reservation alone is shared: a slot of its own for each other id.
        event = fill({"Id": event_template(self.profile, RESERVATION, "")["Id"]}, mint, known)
        whole = fill(event_template(self.profile, RESERVATION, ""), mint) | event
        webhook = fill(message_template(self.profile), mint)
        told = fill(event_template_of_webhook(self.profile, UPDATED), mint, known)
        return (
            write(Kind.GENERAL, {**webhook, "Events": [told]}, UPDATED),
            _message({"Events": [whole]}, mint, RESERVATION),
        )


@dataclass(frozen=True)
class Garbage:
    """Bytes of which no client can make sense, as a text or a binary frame."""

    body: bytes
    phrase: str
    binary: bool = False

    def describe(self) -> str:
        """Say what is wrong."""
        return self.phrase

    def build(self, mint: Mint) -> tuple[Message, ...]:
        """Write the message; it names nothing."""
        owner = mint.tenant.id
        return (
            Message(
                Kind.WEBSOCKET,
                self.body,
                (),
                self.phrase,
                None if self.binary else "text",
                owner,
                binary=self.binary,
            ),
        )


def socket_event(subject: Subject, *, nulls: bool = False) -> Plans:
    """Send one event in a message: each type in each state, fullest, barest, with null; then any.

    Args:
        subject: what for.
        nulls: whether only such are sent as have null for every optional property, also where
            nothing documented shows it.

    """
    plans: list[Plan] = []
    for kind in subject.streamed:
        shape = _variants(subject.profile)[kind]
        optional = [each.name for each in shape.properties if not each.required]
        if optional and nulls:
            event = exemplar(shape) | dict.fromkeys(optional)
            plans.append(_lone(f"{kind} with null for {', '.join(optional)}", event))
        if nulls:
            continue
        plans += [
            _lone(f"{kind} {state}".strip(), _in_state(shape, state))
            for state in states(subject.profile, kind) or ("",)
        ]
        if optional:
            bare = exemplar(shape, optional=False)
            plans.append(_lone(f"{kind} without {', '.join(optional)}", bare))
        if any(nullable(each.shape) for each in shape.properties):
            event = exemplar(shape, null=True)
            names = ", ".join(name for name, value in event.items() if value is None)
            plans.append(_lone(f"{kind} with null for {names}", event))
    if not plans or nulls:
        return Plans(tuple(plans))
    kinds = [_variants(subject.profile)[kind] for kind in subject.streamed]
    drawn = st.one_of([templates(each) for each in kinds])
    return Plans(unique(plans), drawn.map(lambda event: _lone(event["Type"], event)))


def socket_alone(subject: Subject) -> Plans:
    """Send one message for each subscribed type, each with one event; a command to carry out."""
    types = subject.streamed
    if not types:
        return NOTHING
    events = [{"Events": [event_template(subject.profile, *each)]} for each in _plain(types)]
    return Plans((Streamed(tuple(events), f"{', '.join(types)}, each alone"),))


def both_channels(subject: Subject) -> Plans:
    """Send a webhook and an event about one and the same reservation."""
    if RESERVATION not in subject.streamed or UPDATED not in subject.general:
        return NOTHING
    return Plans((Shared(subject.profile),))


def socket_batch(subject: Subject, *, most: int = 50) -> Plans:
    """Send several events in one message, every subscribed type among them; then `most` at most.

    Commands in it are to be carried out.

    Args:
        subject: what for.
        most: the most events.

    """
    types = subject.streamed
    if not types:
        return NOTHING
    least = max(2, len(types))

    def plan(size: int, order: Sequence[str], number: int) -> Plan:
        return Mixed(subject.profile, size, tuple(order), number, each=size)

    fixed = (plan(least, types, 0), plan(least, types[::-1], 0), plan(most, types, 0))
    seeds = st.integers(0, 2**16 - 1)
    drawn = st.builds(plan, st.integers(least, most), st.permutations(types), seeds)
    return Plans(unique(fixed), drawn)


def socket_burst(
    subject: Subject, *, events: int = 1000, each: Sequence[int] = (1, 50, 1000)
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


def socket_unknown(subject: Subject) -> Plans:
    """Send an event of a type that is not documented: alone, and between known ones."""
    types = subject.streamed
    if not types:
        return NOTHING

    def plan(name: str, at: int) -> Plan:
        known = [event_template(subject.profile, *entry) for entry in _plain(types)]
        stranger = {"Type": name, "Id": known[0]["Id"], "State": "Open"}
        events = [*known[:at], stranger, *known[at:]]
        return Streamed(
            ({"Events": events},), f"{name}, unknown, as event {at + 1} of {len(events)}"
        )

    alone = {"Type": UNKNOWN, "Id": event_template(subject.profile, types[0], "")["Id"]}
    documented = set(_variants(subject.profile))
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


def socket_extra(subject: Subject) -> Plans:
    """Send a valid message of all types with a property more, in an event or beside `Events`."""
    types = subject.streamed
    if not types:
        return NOTHING

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


def socket_garbage(subject: Subject) -> Plans:
    """Send frames that no client can make sense of: no JSON, another shape, a binary frame."""
    if not subject.streamed:
        return NOTHING
    return Plans((*(Garbage(body, phrase) for phrase, body in GARBAGE.items()), BINARY))


def commands(
    subject: Subject, *, count: int = 1, state: str = PENDING, apart: bool = False
) -> Plans:
    """Send commands for devices.

    Args:
        subject: what for.
        count: how many.
        state: theirs; `any-over` makes one case of each that leaves nothing to do.
        apart: whether each comes in a message of its own.

    Raises:
        ScenarioMistake: there is no such state.

    """
    known = states(subject.profile, COMMAND)
    over = ("Processed", "Cancelled", "Error")
    if state != "any-over" and state not in known:
        raise ScenarioMistake("commands: state", state, "is no state", f"Known: {', '.join(known)}")
    if COMMAND not in subject.streamed:
        return NOTHING

    def plan(name: str) -> Plan:
        events = [event_template(subject.profile, COMMAND, name)] * count
        parts = [[each] for each in events] if apart else [events]
        phrase = f"{count} × {COMMAND}" if count > 1 else COMMAND  # noqa: RUF001 - a times sign
        return Streamed(tuple({"Events": part} for part in parts), f"{phrase} {name}")

    return Plans(tuple(plan(name) for name in (over if state == "any-over" else (state,))))


def states(profile: str, kind: str) -> tuple[str, ...]:
    """List the documented states of a type of event; none where it bears none."""
    found = _variants(profile)[kind].find("State")
    return () if found is None or not isinstance(found.shape, Constant) else found.shape.values


@cache
def event_template(profile: str, kind: str, state: str) -> dict[str, Template]:
    """Give the fullest template of an event; not to be changed."""
    return _in_state(_variants(profile)[kind], state)


GARBAGE: Mapping[str, bytes] = {
    "an empty text": b"",
    "no JSON: a word": b"ping",
    "no JSON: cut off": b'{"Events":[{"Type":"Resource","Id":"5ee074b1-6c86-4',
    "a list instead of an object": b'[{"Type":"Resource"}]',
    "null": b"null",
    "an object without Events": b'{"Message":"hello"}',
    "Events that are null": b'{"Events":null}',
    "Events that are an object": b'{"Events":{"Type":"Resource"}}',
    "no events": b'{"Events":[]}',
    "an event that is null": b'{"Events":[null]}',
    "an event that is a number": b'{"Events":[7]}',
    "an event without Type": b'{"Events":[{"Id":"5ee074b1-6c86-48e8-915f-c7aa4702086f"}]}',
    "an event without Id": b'{"Events":[{"Type":"Resource","State":"Dirty"}]}',
    "a Type that is a number": b'{"Events":[{"Type":7,"Id":"5ee074b1-6c86-48e8-915f"}]}',
}
BINARY = Garbage(bytes(range(256)), "a binary frame", binary=True)


@cache
def _variants(profile: str) -> Mapping[str, Record]:
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


def _in_state(shape: Record, state: str) -> dict[str, Template]:
    template: dict[str, Template] = exemplar(shape)
    return template | {"State": state} if state else template


def _plain(types: Iterable[str]) -> Iterator[Entry]:
    """Give an entry for each type: commands to carry out, the others in their first state."""
    return ((kind, PENDING if kind == COMMAND else "") for kind in types)


def _lone(phrase: str, event: Template) -> Streamed:
    return Streamed(({"Events": [event]},), phrase)


def _counted(kinds: Iterable[str]) -> str:
    counts = Counter(kinds)
    total = sum(counts.values())
    listed = ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())  # noqa: RUF001 - a times sign
    if len(counts) > LISTED:
        return f"{total:,} events of {len(counts)} types"
    return f"1 event: {listed}" if total == 1 else f"{total:,} events: {listed}"


def _message(body: Any, mint: Mint, phrase: str) -> Message:  # noqa: ANN401 - JSON
    written = write(Kind.WEBSOCKET, body, phrase)
    return replace(written, enterprise_id=mint.tenant.id, content_type="text")
