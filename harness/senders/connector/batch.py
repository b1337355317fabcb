"""Plans for General Webhooks of any size: events chosen by a seed, split at the batch limit.

Hypothesis keeps lists that it draws item by item short, whatever their maximum. So a batch is drawn
as a size and a seed. Repeated events are drawn separately, so that they shrink to none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import cycle
from random import Random

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.json_shapes import Array, Literal, Record, parse_schema
from pytest_mews.senders.connector.message_plans import build_message
from pytest_mews.senders.connector.payload_schemas import load_schema
from pytest_mews.senders.connector.shape_strategies import canonical_example
from pytest_mews.senders.connector.subscription import general_events
from pytest_mews.senders.ids import IdSource, Template, fill
from pytest_mews.senders.plan import Target

CUSTOMER_ADDED, CUSTOMER_UPDATED = "CustomerAdded", "CustomerUpdated"
MAX_REPEATED_EVENTS = 3
MAX_LISTED_TYPES = 3  # a description with more types only counts them

Entry = tuple[str, int]  # a discriminator, and the index of the entity that the event is about


@dataclass(frozen=True)
class RepeatedEvent:
    """An additional event about an entity that the batch already has an event about.

    Attributes:
        source_index: the index of the event that is repeated.
        index: where the additional event is inserted.
        discriminator: the discriminator of the additional event; None for that of the source.

    """

    source_index: int
    index: int
    discriminator: str | None = None


@dataclass(frozen=True)
class EventList:
    """A plan for the listed events, split into messages at the batch limit."""

    profile: str
    entries: tuple[Entry, ...]
    batch_limit: int

    @property
    def size(self) -> int:
        """The number of events."""
        return len(self.entries)

    def describe(self) -> str:
        """Count the events by discriminator."""
        return describe_events(self.entries, self.batch_limit)

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the messages; each entity has its own id."""
        return build_messages(self, ids)


@dataclass(frozen=True)
class Batch:
    """A plan for a number of events that a seed chooses.

    Attributes:
        profile: the name of the delivery profile.
        size: the number of events, including repeated events.
        discriminators: the discriminators to choose from.
        seed: determines the discriminator of each event.
        customer_pairs: whether each CustomerAdded is followed by the CustomerUpdated of the same
            customer (events/wh-general).
        batch_limit: the maximum number of events in a message.
        repeated_events: events that repeat an event, or its id.

    """

    profile: str
    size: int
    discriminators: tuple[str, ...]
    seed: int
    customer_pairs: bool
    batch_limit: int
    repeated_events: tuple[RepeatedEvent, ...] = ()

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The events, in order."""
        random = Random(self.seed)  # noqa: S311 - must be repeatable
        size = self.size - len(self.repeated_events)
        entries: list[Entry] = []
        for entity in range(size):
            if len(entries) == size:
                break
            discriminator = random.choice(self.discriminators)
            if self.customer_pairs and discriminator == CUSTOMER_ADDED:
                chosen = [(CUSTOMER_ADDED, entity), (CUSTOMER_UPDATED, entity)]
            else:
                chosen = [(discriminator, entity)]
            # Without space for a pair, only its CustomerUpdated is taken.
            entries += chosen[-(size - len(entries)) :]
        for repeated in self.repeated_events:
            discriminator, entity = entries[repeated.source_index]
            entries.insert(repeated.index, (repeated.discriminator or discriminator, entity))
        return tuple(entries)

    def describe(self) -> str:
        """Count the events by discriminator."""
        return describe_events(self.entries, self.batch_limit)

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the messages; each entity has its own id."""
        return build_messages(self, ids)


@dataclass(frozen=True)
class BatchSequence:
    """A plan for several batches in order, for the first `enterprises` tenants in turn."""

    batches: tuple[Batch | EventList, ...]
    enterprises: int = 1

    def describe(self) -> str:
        """Count the batches and give their sizes."""
        sizes = sorted({len(batch.entries) for batch in self.batches})
        events = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
        events += " event" if sizes == [1] else " events"
        enterprises = (
            f", for {self.enterprises:,} enterprises in turn" if self.enterprises > 1 else ""
        )
        return f"{len(self.batches):,} batches of {events}{enterprises}"

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the messages of all batches, in order."""
        sources = [ids, *(ids.for_enterprise(n) for n in range(2, self.enterprises + 1))]
        return tuple(
            message
            for batch, source in zip(self.batches, cycle(sources), strict=False)
            for message in batch.build(source)
        )


def describe_events(entries: tuple[Entry, ...], batch_limit: int) -> str:
    """Count the events by discriminator, the repeated events, the shared ids, and the messages."""
    counts = Counter(discriminator for discriminator, _ in entries)
    total = len(entries)
    types = ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())  # noqa: RUF001
    description = f"1 event: {types}" if total == 1 else f"{total} events: {types}"
    if len(counts) > MAX_LISTED_TYPES:
        description = f"{total} events of {len(counts)} types"
    if repeated := total - len(set(entries)):
        description += f"; {repeated} repeated"
    by_entity: dict[int, set[str]] = {}
    for discriminator, entity in entries:
        by_entity.setdefault(entity, set()).add(discriminator)
    if shared := sum(
        len(discriminators) > 1 and discriminators != {CUSTOMER_ADDED, CUSTOMER_UPDATED}
        for discriminators in by_entity.values()
    ):
        description += f"; {shared} {'id' if shared == 1 else 'ids'} under several discriminators"
    if total > batch_limit:
        description += f"; in {-(-total // batch_limit)} messages"
    return description


def build_messages(plan: EventList | Batch, ids: IdSource) -> tuple[Message, ...]:
    """Build the events of a plan, in as few messages as the batch limit allows, in order."""
    values_by_entity: dict[int, dict[str, str]] = {}
    events = [
        fill(
            event_template(plan.profile, discriminator),
            ids,
            values_by_entity.setdefault(entity, {}),
        )
        for discriminator, entity in plan.entries
    ]
    description = plan.describe()
    limit = plan.batch_limit
    parts = [events[start : start + limit] for start in range(0, len(events), limit)]
    return tuple(
        build_message(
            WebhookKind.GENERAL,
            {**fill(message_template(plan.profile), ids), "Events": part},
            description if len(parts) == 1 else f"{description} (message {number} of {len(parts)})",
        )
        for number, part in enumerate(parts, 1)
    )


def message_template(profile: str, *discriminators: str) -> dict[str, Template]:
    """Return the template of a General Webhook with one event for each discriminator."""
    template: dict[str, Template] = canonical_example(_message_shape(profile))
    return {**template, "Events": [event_template(profile, name) for name in discriminators]}


@cache
def event_template(profile: str, discriminator: str) -> Template:
    """Return the template of an event; the discriminator needn't be documented."""
    events = _message_shape(profile).find("Events")
    assert events is not None
    assert isinstance(events.shape, Array)
    assert isinstance(events.shape.items, Record)
    shape = events.shape.items.with_property("Discriminator", Literal((discriminator,)))
    return canonical_example(shape)


@cache
def _message_shape(profile: str) -> Record:
    shape = parse_schema(load_schema("general", profile))
    assert isinstance(shape, Record)
    return shape


def batches(target: Target, min_size: int, max_size: int) -> SearchStrategy[Batch]:
    """Generate a batch of `min_size` to `max_size` events.

    It shrinks towards few events with one discriminator.
    """
    return _batch(target, general_events(target), st.integers(min_size, max_size))


# Made once: Hypothesis takes longer to make a function for `composite` than to draw a small batch.
@st.composite
def _batch(
    draw: DrawFn, target: Target, subscribed: tuple[str, ...], sizes: SearchStrategy[int]
) -> Batch:
    size = draw(sizes)
    # A boolean for each discriminator shrinks one by one; a list of them stops at several.
    is_chosen = st.booleans()
    chosen = [name for name in subscribed if draw(is_chosen)]
    discriminators = chosen or [subscribed[0]]
    repeatable = [None, *(name for name in discriminators if name != CUSTOMER_ADDED)]
    repeated_events = tuple(
        RepeatedEvent(
            draw(_up_to(max(0, size - 1 - MAX_REPEATED_EVENTS))),
            draw(_up_to(size - 1)),
            repeatable[draw(_one_of(len(repeatable)))],
        )
        for _ in range(draw(_one_of(min(MAX_REPEATED_EVENTS + 1, size))))
    )
    # Drawn last, and only if it matters: each shrinking step costs a delivery.
    seed = draw(_up_to(2**16 - 1)) if len(discriminators) > 1 else 0
    return Batch(
        target.profile,
        size,
        tuple(discriminators),
        seed,
        customer_pairs=CUSTOMER_UPDATED in subscribed,
        batch_limit=target.batch_limit,
        repeated_events=repeated_events,
    )


# Hypothesis checks a new strategy for longer than it draws from it, hence the caches.


@cache
def _up_to(maximum: int) -> SearchStrategy[int]:
    return st.integers(0, maximum)


@cache
def _one_of(count: int) -> SearchStrategy[int]:
    """Generate a number below `count`; Hypothesis copies values between strategies of one kind."""
    return st.sampled_from(range(count))
