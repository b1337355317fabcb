"""General Webhooks of any size: events expanded from a seed, rolled over beyond the limit.

Lists drawn event by event stay tiny however long they may be, so a batch is drawn as its size and
a seed. A seed makes no repeats: those are drawn by themselves, and shrink to none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from random import Random

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.ids import IdSource, Template, fill
from pytest_mews.senders.connector.json_shapes import Constant, Record, Sequence, parse
from pytest_mews.senders.connector.payload_schemas import load
from pytest_mews.senders.connector.plan import Target, write
from pytest_mews.senders.connector.shape_strategies import canonical_example

ADDED, UPDATED = "CustomerAdded", "CustomerUpdated"
MOST_ECHOES = 3
MOST_LISTED = 3  # types that a phrase names; more are counted

Entry = tuple[str, int]  # a discriminator, and which of the message's entities it is about


@dataclass(frozen=True)
class RepeatedEvent:
    """An event more: `source`'s again, or its id under another `name`, put in at index `at`."""

    source: int
    at: int
    name: str | None = None


@dataclass(frozen=True)
class EventList:
    """Events one by one."""

    profile: str
    entries: tuple[Entry, ...]
    limit: int

    def describe(self) -> str:
        """Count the events by discriminator."""
        return describe(self.entries, self.limit)

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the events, each entity with an id of its own."""
        return write_events(self, mint)


@dataclass(frozen=True)
class Batch:
    """Events by number and seed.

    Attributes:
        profile: whose schema they follow.
        size: the number of events, echoes included.
        names: the discriminators that they are chosen from.
        seed: decides which event has which.
        paired: whether a CustomerAdded brings its CustomerUpdated (events/wh-general).
        limit: at most so many events in a message.
        echoes: the repeated and shared ids.

    """

    profile: str
    size: int
    names: tuple[str, ...]
    seed: int
    paired: bool
    limit: int
    echoes: tuple[RepeatedEvent, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The events one by one."""
        random = Random(self.seed)  # noqa: S311 - to be repeatable is the point
        room = self.size - len(self.echoes)
        entries: list[Entry] = []
        for number in range(room):
            if len(entries) == room:
                break
            name = random.choice(self.names)
            pair = [(ADDED, number), (UPDATED, number)]
            chosen = pair if self.paired and name == ADDED else [(name, number)]
            entries += chosen[-(room - len(entries)) :]  # no room for both: every Added is Updated
        for echo in self.echoes:
            name, number = entries[echo.source]
            entries.insert(echo.at, (echo.name or name, number))
        return tuple(entries)

    def describe(self) -> str:
        """Count the events by discriminator."""
        return describe(self.entries, self.limit)

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the events, each entity with an id of its own."""
        return write_events(self, mint)


@dataclass(frozen=True)
class BatchSequence:
    """Batches one after the other, each a message or more, in turn for so many enterprises."""

    batches: tuple[Batch | EventList, ...]
    enterprises: int = 1

    def describe(self) -> str:
        """Count the batches, and say how large they are."""
        sizes = sorted({len(batch.entries) for batch in self.batches})
        events = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
        events += " event" if sizes == [1] else " events"
        whose = f", for {self.enterprises:,} enterprises in turn" if self.enterprises > 1 else ""
        return f"{len(self.batches):,} batches of {events}{whose}"

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the batches, in order."""
        mints = [mint, *(mint.of(number) for number in range(2, self.enterprises + 1))]
        return tuple(
            message
            for batch, whose in zip(self.batches, cycle(mints), strict=False)
            for message in batch.build(whose)
        )


def describe(entries: tuple[Entry, ...], limit: int) -> str:
    """Say how many events there are and of what, what is repeated, and whether it rolls over."""
    counts = Counter(name for name, _ in entries)
    total = len(entries)
    listed = ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())  # noqa: RUF001
    phrase = f"1 event: {listed}" if total == 1 else f"{total} events: {listed}"
    if len(counts) > MOST_LISTED:
        phrase = f"{total} events of {len(counts)} types"
    if again := total - len(set(entries)):
        phrase += f"; {again} sent again"
    names: dict[int, set[str]] = {}
    for name, number in entries:
        names.setdefault(number, set()).add(name)
    if ids := sum(len(each) > 1 and each != {ADDED, UPDATED} for each in names.values()):
        phrase += f"; {ids} {'id' if ids == 1 else 'ids'} under several discriminators"
    if total > limit:
        phrase += f"; in {-(-total // limit)} messages"
    return phrase


def write_events(plan: EventList | Batch, mint: IdSource) -> tuple[Message, ...]:
    """Write a plan's events into as many messages as the limit asks for, in order."""
    entities: dict[int, dict[str, str]] = {}
    events = [
        fill(event_template(plan.profile, name), mint, entities.setdefault(number, {}))
        for name, number in plan.entries
    ]
    phrase = plan.describe()
    parts = [events[start : start + plan.limit] for start in range(0, len(events), plan.limit)]
    return tuple(
        write(
            WebhookKind.GENERAL,
            fill({**message_template(plan.profile), "Events": part}, mint),
            phrase if len(parts) == 1 else f"{phrase} (message {number} of {len(parts)})",
        )
        for number, part in enumerate(parts, 1)
    )


def message_template(profile: str, *names: str) -> dict[str, Template]:
    """Give the template of a General Webhook with one event for each name."""
    template: dict[str, Template] = canonical_example(_message(profile))
    return {**template, "Events": [event_template(profile, name) for name in names]}


@cache
def event_template(profile: str, name: str) -> Template:
    """Give the template of an event; an unknown name is welcome."""
    events = _message(profile).find("Events")
    assert events is not None
    assert isinstance(events.shape, Sequence)
    assert isinstance(events.shape.items, Record)
    return canonical_example(events.shape.items.having("Discriminator", Constant((name,))))


@cache
def _message(profile: str) -> Record:
    shape = parse(load("general", profile))
    assert isinstance(shape, Record)
    return shape


@st.composite
def draw_batches(draw: DrawFn, subject: Target, least: int, most: int) -> Batch:
    """Draw a batch of `least` to `most` events; it shrinks to few events of one discriminator."""
    known = subject.general
    size = draw(st.integers(least, most))
    # A yes or no for each shrinks one by one; a list of names gets stuck with several.
    chosen = [name for name in known if draw(st.booleans())]
    names = chosen or [known[0]]
    echo = st.builds(
        RepeatedEvent,
        st.integers(0, max(0, size - 1 - MOST_ECHOES)),
        st.integers(0, size - 1),
        st.sampled_from([None, *(name for name in names if name != ADDED)]),
    )
    echoes = draw(st.lists(echo, max_size=min(MOST_ECHOES, size - 1)))
    # Last, and only where it decides something: each shrinking step costs a delivery.
    seed = draw(st.integers(0, 2**16 - 1)) if len(names) > 1 else 0
    return Batch(
        subject.profile,
        size,
        tuple(names),
        seed,
        paired=UPDATED in known,
        limit=subject.batch_limit,
        echoes=tuple(echoes),
    )
