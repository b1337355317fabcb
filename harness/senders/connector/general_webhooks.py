"""Generators for valid General Webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources import files
from itertools import count

from pytest_mews.errors import ScenarioFileError
from pytest_mews.mews.events import EVENTS
from pytest_mews.model import WebhookKind
from pytest_mews.senders.connector.batch import (
    CUSTOMER_ADDED,
    CUSTOMER_UPDATED,
    Batch,
    BatchSequence,
    Entry,
    EventList,
    batches,
    message_template,
)
from pytest_mews.senders.connector.message_plans import TemplateMessage
from pytest_mews.senders.connector.payload_schemas import ALL_REVISIONS, discriminators
from pytest_mews.senders.connector.subscription import general_events
from pytest_mews.senders.plan import NO_PLANS, Plan, Plans, Target

ENTITY_ID = "bfee2c44-1f84-4326-a862-5289598f6e2d"  # from the documented example
PEAK_SIZES = (1, 2, 1, 5, 1, 3, 1, 20, 2, 1)  # events; most messages are small


def single_event(target: Target, *, event: str | None = None) -> Plans:
    """Generate one message with one event: the simplest valid message.

    Args:
        target: what to generate for.
        event: the discriminator; the first subscribed one if omitted.

    Raises:
        ScenarioFileError: no profile documents the discriminator.

    """
    documented = discriminators(ALL_REVISIONS)
    if event is not None and event not in documented:
        remedy = f"Known: {', '.join(documented)}."
        raise ScenarioFileError("single-event: event", event, "is not documented", remedy)
    chosen = [name for name in general_events(target) if event in {None, name}]
    return Plans(_one_event_each(target, chosen[:1]))


def one_per_event_type(target: Target) -> Plans:
    """Generate one message with one event for each subscribed discriminator, one case each."""
    return Plans(_one_event_each(target, general_events(target)))


def repeated_updates(target: Target, *, messages: int = 3) -> Plans:
    """Generate several messages with one event each, all about the same entity.

    Args:
        target: what to generate for.
        messages: the number of messages.

    """
    if not general_events(target):
        return NO_PLANS
    entry = (general_events(target)[0], 0)
    return Plans((EventList(target.profile, (entry,) * messages, batch_limit=1),))


def customer_added_and_updated(target: Target, *, separate: bool = False) -> Plans:
    """Generate a CustomerAdded and a CustomerUpdated event with the same id.

    Mews sends both when a customer is created (events/wh-general).

    Args:
        target: what to generate for.
        separate: whether the events are in two messages, in either order, since a retry can
            reverse it.

    """
    if not {CUSTOMER_ADDED, CUSTOMER_UPDATED} <= set(general_events(target)) or (
        target.batch_limit == 1 and not separate
    ):
        return NO_PLANS
    limit = 1 if separate else target.batch_limit
    pair = ((CUSTOMER_ADDED, 0), (CUSTOMER_UPDATED, 0))
    orders = (pair, pair[::-1]) if separate else (pair,)
    return Plans(tuple(EventList(target.profile, entries, limit) for entries in orders))


def deleted_entity(target: Target, *, alone: bool = False) -> Plans:
    """Generate a Deleted event among events about other entities, one case for each type.

    Args:
        target: what to generate for.
        alone: whether there are no other events.

    """
    subscribed = general_events(target)
    others = [name for name in subscribed if not EVENTS[name].is_deletion][:2]
    messages = [
        [name] if alone else [*others[:1], name, *others[1:]] for name in _deletions(subscribed)
    ]
    return Plans(
        tuple(
            EventList(target.profile, tuple(zip(names, count(), strict=False)), target.batch_limit)
            for names in messages
            if len(names) <= target.batch_limit
        )
    )


def updated_and_deleted(target: Target, *, separate: bool = False) -> Plans:
    """Generate an Updated and a Deleted event about one entity, in either order.

    Args:
        target: what to generate for.
        separate: whether they are in two messages, the Deleted one first: order is not promised.

    """
    subscribed = general_events(target)
    limit = 1 if separate else target.batch_limit
    cases = []
    for deleted in _deletions(subscribed):
        for updated in subscribed:
            event = EVENTS[updated]
            if event.entity == EVENTS[deleted].entity and not event.is_deletion:
                late: tuple[Entry, ...] = ((deleted, 0), (updated, 0))
                orders = (late,) if separate else (late[::-1], late)
                cases += [EventList(target.profile, entries, limit) for entries in orders]
    return NO_PLANS if limit == 1 and not separate else Plans(tuple(cases))


def deprecated_entities(target: Target) -> Plans:
    """Generate a message that still has the deprecated property `Entities` beside its events.

    Until August 2022 it had the entities themselves, by kind. Nothing says that it is never sent.
    """
    names = general_events(target)
    if not names:
        return NO_PLANS
    template = message_template(target.profile, *names[:2])
    plans = []
    for description, entities in (
        ("with an empty Entities", {}),
        ("with Entities", {"ServiceOrders": [{"Id": ENTITY_ID, "State": "Confirmed"}]}),
    ):
        body = {**template, "Entities": entities}
        plans.append(
            TemplateMessage(WebhookKind.GENERAL, body, f"{len(names[:2])} events, {description}")
        )
    return Plans(tuple(plans))


def distinct_entities(target: Target, *, events: int = 2, first: str = "", types: int = 0) -> Plans:
    """Generate events about different entities, of the subscribed types in turn, in one message.

    So a request about an entity belongs to its one event, and a second one is a retry. What exceeds
    the batch limit is in further messages.

    Args:
        target: what to generate for.
        events: the number of events.
        first: the type of the first event; by default the first subscribed one.
        types: how many types there are at most; 0 for all.

    """
    subscribed = general_events(target)
    if first in subscribed:
        subscribed = (first, *(name for name in subscribed if name != first))
    elif first or not subscribed:
        return NO_PLANS
    subscribed = subscribed[: types or len(subscribed)]
    entries = tuple((subscribed[n % len(subscribed)], n) for n in range(events))
    return Plans((EventList(target.profile, entries, target.batch_limit),))


def message_sequence(target: Target, *, messages: int = 50, all_enterprises: bool = True) -> Plans:
    """Generate many messages with one event each, for all enterprises in turn.

    Each event is about its own entity.

    Args:
        target: what to generate for.
        messages: the number of messages.
        all_enterprises: whether they are for all enterprises, or for the first one only.

    """
    if not general_events(target):
        return NO_PLANS
    single = EventList(target.profile, ((general_events(target)[0], 0),), batch_limit=1)
    enterprises = len(target.tenants.enterprises) if all_enterprises else 1
    return Plans((BatchSequence((single,) * messages, enterprises),))


def peak_minute(target: Target) -> Plans:
    """Generate the messages of a peak minute: batches of 1 to 20 events, for all tenants in turn.

    `--mews-peak-rate` and `--mews-time-scale` determine the number of messages. The sizes are the
    same in every run; most are small.
    """
    sizes = (PEAK_SIZES[n % len(PEAK_SIZES)] for n in range(target.peak_messages))
    return _batch_sequence(target, sizes, len(target.tenants.enterprises))


def growing_batches(target: Target, *, rounds: int = 3, sizes: Sequence[int] = ()) -> Plans:
    """Generate batches of growing size up to the batch limit, in several rounds.

    Args:
        target: what to generate for.
        rounds: how often the sizes are repeated.
        sizes: the numbers of events below the limit, which always comes last; 1, 2, 50 and half
            the limit if omitted. Sizes above the limit are ignored.

    """
    limit = target.batch_limit
    candidates = {*(sizes or (1, 2, 50, limit // 2)), limit}
    chosen = sorted(size for size in candidates if 1 <= size <= limit)
    return _batch_sequence(target, chosen * rounds) if len(chosen) > 1 else NO_PLANS


def _batch_sequence(target: Target, sizes: Iterable[int], enterprises: int = 1) -> Plans:
    subscribed, limit = general_events(target), target.batch_limit
    sequence = tuple(
        Batch(
            target.profile,
            min(size, limit),
            subscribed,
            seed,
            CUSTOMER_UPDATED in subscribed,
            limit,
        )
        for seed, size in enumerate(sizes)
    )
    return Plans((BatchSequence(sequence, enterprises),)) if subscribed else NO_PLANS


def over_limit(target: Target, *, sizes: Sequence[int] = (1_100, 1_500)) -> Plans:
    """Generate messages with more events than the profile's batch limit, which Mews may raise.

    Random cases have between the limit and the largest of `sizes`, to find the size from which the
    endpoint refuses batches.

    Args:
        target: what to generate for.
        sizes: the numbers of events, one fixed case each.

    """
    subscribed = general_events(target)
    if not subscribed:
        return NO_PLANS
    min_size, max_size = target.batch_limit + 1, max(sizes)
    unlimited = replace(target, batch_limit=max_size)
    fixed = tuple(
        Batch(target.profile, size, subscribed, 0, CUSTOMER_UPDATED in subscribed, size)
        for size in sizes
    )
    random = batches(unlimited, min_size, max_size) if min_size <= max_size else None
    return Plans(fixed, random, exceeds_limit=True)


def documented_example(target: Target) -> Plans:
    """Generate the documented example message, with the ids of the tenant.

    Events that the integration is not subscribed to are left out. The entity ids are those of the
    documentation.
    """
    source = files("pytest_mews.schemas") / "examples" / "general.json"
    example = json.loads(source.read_text("utf-8"))
    events = [
        event for event in example["Events"] if event["Discriminator"] in general_events(target)
    ]
    if not events:
        return NO_PLANS
    template = {**message_template(target.profile), "Events": events}
    description = f"the documented example, {len(events)} of {len(example['Events'])} events"
    return Plans((TemplateMessage(WebhookKind.GENERAL, template, description),))


def batch(
    target: Target,
    *,
    min_events: int = 1,
    max_events: int | str = "limit",
    over_limit: bool = False,
) -> Plans:
    """Generate batches of any size: boundary cases first, then random ones.

    Some batches contain the same event twice, or one id under two discriminators.

    Args:
        target: what to generate for.
        min_events: the minimum number of events, at least 1.
        max_events: the maximum number of events, or "limit" for the profile's batch limit.
        over_limit: whether a case can have more events than fit into one message; the rest is sent
            in a second one. With `max_events = "limit"` there are up to twice as many events.

    Raises:
        ScenarioFileError: the numbers are not 1 ≤ min_events ≤ max_events.

    """
    limit = target.batch_limit
    if max_events != "limit" and (
        not isinstance(max_events, int) or not 1 <= min_events <= max_events
    ):
        remedy = 'Give whole numbers with 1 ≤ min_events ≤ max_events, or max_events = "limit"'
        raise ScenarioFileError(
            "batch: min_events, max_events", f"{min_events}, {max_events}", "is not a range", remedy
        )
    upper = max(min_events, 2 * limit) if isinstance(max_events, str) else max_events
    max_size = upper if over_limit else min(upper, limit)
    if not general_events(target) or min_events > max_size:
        return NO_PLANS
    ends = {min_events, *(() if isinstance(max_events, str) else (max_size,))}
    fixed = [plan for plan in _boundary_cases(target, ends) if min_events <= plan.size <= max_size]
    return Plans(tuple(fixed), batches(target, min_events, max_size), exceeds_limit=over_limit)


def _boundary_cases(target: Target, sizes: set[int]) -> list[EventList | Batch]:
    """List the cases that often fail, and batches of the given sizes, smallest first."""
    subscribed, limit = general_events(target), target.batch_limit
    first, last = subscribed[0], subscribed[-1]
    lists: list[tuple[Entry, ...]] = [((first, 0),)]
    if {CUSTOMER_ADDED, CUSTOMER_UPDATED} <= set(subscribed):
        lists.append(((CUSTOMER_ADDED, 0), (CUSTOMER_UPDATED, 0)))
    lists.append(((first, 0), (first, 0)))
    if len(subscribed) > 1:
        lists.append(((first, 0), (subscribed[1], 0)))
    lists.append(((first, 0), (last, 1)))
    larger_sizes = sorted({50, limit - 1, limit, limit + 1, *sizes} - {0, 1, 2})
    return [
        *(EventList(target.profile, entries, limit) for entries in lists),
        *(
            Batch(target.profile, size, subscribed, 0, CUSTOMER_UPDATED in subscribed, limit)
            for size in larger_sizes
        ),
    ]


def _deletions(names: Iterable[str]) -> list[str]:
    return [name for name in names if EVENTS[name].is_deletion]


def _one_event_each(target: Target, names: Sequence[str]) -> tuple[Plan, ...]:
    limit = target.batch_limit
    return tuple(EventList(target.profile, ((name, 0),), limit) for name in names)
