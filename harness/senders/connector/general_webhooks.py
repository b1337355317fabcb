"""Draw words for valid General Webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources import files

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import WebhookKind
from pytest_mews.senders.connector.batch import (
    ADDED,
    UPDATED,
    Batch,
    BatchSequence,
    EventList,
    draw_batches,
    message_template,
)
from pytest_mews.senders.connector.payload_schemas import discriminators
from pytest_mews.senders.connector.plan import NO_PLANS, Plan, Plans, Target, TemplateMessage

PEAK_SIZES = (1, 2, 1, 5, 1, 3, 1, 20, 2, 1)  # events; most messages are small


def single_event(subject: Target, *, event: str | None = None) -> Plans:
    """Send the canonical message: one event.

    Args:
        subject: what for.
        event: its discriminator; the first subscribed one when absent.

    """
    everything = discriminators(subject.profile)
    if event is not None and event not in everything:
        remedy = f"Known: {', '.join(everything)}"
        raise ScenarioFileError("one: event", event, "is not documented", remedy)
    chosen = [name for name in subject.general if event in {None, name}]
    return Plans(_alone(subject, chosen[:1]))


def one_per_event_type(subject: Target) -> Plans:
    """Send one message with one event for every subscribed discriminator."""
    return Plans(_alone(subject, subject.general))


def repeated_updates(subject: Target, *, times: int = 3) -> Plans:
    """Send messages one after the other about one and the same entity; `times` of them."""
    return Plans(_one_each(subject, [0] * times))


def customer_added_and_updated(subject: Target, *, separate: bool = False) -> Plans:
    """Send what a created customer yields: an Added and an Updated event with the same id.

    Args:
        subject: what for.
        separate: whether they come in two messages, in either order: a retry may turn it round.

    """
    if not {ADDED, UPDATED} <= set(subject.general) or (subject.batch_limit == 1 and not separate):
        return NO_PLANS
    limit = 1 if separate else subject.batch_limit
    both = ((ADDED, 0), (UPDATED, 0))
    orders = (both, both[::-1]) if separate else (both,)
    return Plans(tuple(EventList(subject.profile, order, limit) for order in orders))


def message_sequence(subject: Target, *, messages: int = 50) -> Plans:
    """Send so many messages, one event each, of all tenants in turn, each about its own entity."""
    if not subject.general:
        return NO_PLANS
    alone = EventList(subject.profile, ((subject.general[0], 0),), limit=1)
    return Plans((BatchSequence((alone,) * messages, len(subject.tenants.enterprises)),))


def peak_minute(subject: Target) -> Plans:
    """Send the messages of a minute's peak: small batches of mixed sizes, in one fixed order.

    They are of all tenants in turn.
    """
    sizes = (PEAK_SIZES[n % len(PEAK_SIZES)] for n in range(subject.peak))
    return _row(subject, sizes, len(subject.tenants.enterprises))


def growing_batches(subject: Target, *, rounds: int = 3, sizes: Sequence[int] = ()) -> Plans:
    """Send batches of growing size up to the limit, smallest first, in so many rounds.

    Args:
        subject: what for.
        rounds: how often.
        sizes: those below the limit, which comes last in any case; 1, 2, 50 and half the limit
            when absent.

    """
    limit = subject.batch_limit
    asked = {*(sizes or (1, 2, 50, limit // 2)), limit}
    chosen = sorted(size for size in asked if 1 <= size <= limit)
    return _row(subject, chosen * rounds) if len(chosen) > 1 else NO_PLANS


def _row(subject: Target, sizes: Iterable[int], enterprises: int = 1) -> Plans:
    known, limit = subject.general, subject.batch_limit
    batches = tuple(
        Batch(subject.profile, min(size, limit), known, number, UPDATED in known, limit)
        for number, size in enumerate(sizes)
    )
    return Plans((BatchSequence(batches, enterprises),)) if known else NO_PLANS


def over_limit(subject: Target, *, sizes: Sequence[int] = (1_100, 1_500)) -> Plans:
    """Send batches beyond the profile's limit in one message each: Mews may raise the limit.

    Drawn ones lie between the limit and the largest of `sizes`, so that the size from which on
    batches are refused is found.
    """
    if not subject.general:
        return NO_PLANS
    most, least = max(sizes), subject.batch_limit + 1
    whole = replace(subject, batch_limit=most)
    drawn = draw_batches(whole, least, most) if least <= most else None
    return Plans(
        tuple(
            Batch(subject.profile, size, subject.general, 0, UPDATED in subject.general, size)
            for size in sizes
        ),
        drawn,
    )


def documented_example(subject: Target) -> Plans:
    """Send the documented example, with the tenant's ids and only what is subscribed to."""
    source = files("pytest_mews.schemas") / "examples" / "general.json"
    documented = json.loads(source.read_text("utf-8"))
    events = [event for event in documented["Events"] if event["Discriminator"] in subject.general]
    if not events:
        return NO_PLANS
    template = {**message_template(subject.profile), "Events": events}
    phrase = f"the documented example, {len(events)} of {len(documented['Events'])} events"
    return Plans((TemplateMessage(WebhookKind.GENERAL, template, phrase),))


def batch(
    subject: Target,
    *,
    min_events: int = 1,
    max_events: int | str = "limit",
    over_limit: bool = False,
) -> Plans:
    """Send any number of events at once, with repeats and shared ids among them.

    Args:
        subject: what for.
        min_events: the fewest events.
        max_events: the most events; "limit" for as many as fit into a message.
        over_limit: whether more may come than fit into one message; the rest rolls over into another.
            With `max_events` at "limit" there are up to twice as many.

    Raises:
        ScenarioMistake: nothing lies between the numbers.

    """
    limit = subject.batch_limit
    if max_events != "limit" and (
        not isinstance(max_events, int) or not 1 <= min_events <= max_events
    ):
        remedy = 'Give whole numbers with 1 ≤ min_events ≤ max_events, or max_events = "limit"'
        raise ScenarioFileError(
            "batch: min_events, max_events", f"{min_events}, {max_events}", "can't be", remedy
        )
    asked = max(min_events, 2 * limit) if isinstance(max_events, str) else max_events
    largest = asked if over_limit else min(asked, limit)
    if not subject.general or min_events > largest:
        return NO_PLANS
    ends = {min_events, *(() if isinstance(max_events, str) else (largest,))}
    fixed = [
        plan for plan in _boundaries(subject, ends) if min_events <= len(plan.entries) <= largest
    ]
    return Plans(tuple(fixed), draw_batches(subject, min_events, largest))


def _boundaries(subject: Target, ends: set[int]) -> list[EventList | Batch]:
    """List the cases most often got wrong, smallest first, whatever their size."""
    known, limit = subject.general, subject.batch_limit
    paired = UPDATED in known
    small: list[tuple[tuple[str, int], ...]] = [
        ((known[0], 0),),
        *([((ADDED, 0), (UPDATED, 0))] if {ADDED, UPDATED} <= set(known) else []),
        ((known[0], 0), (known[0], 0)),
        *([((known[0], 0), (known[1], 0))] if len(known) > 1 else []),
        ((known[0], 0), (known[-1], 1)),
    ]
    sizes = sorted({50, limit - 1, limit, limit + 1, *ends} - {0, 1, 2})
    return [
        *(EventList(subject.profile, entries, limit) for entries in small),
        *(Batch(subject.profile, size, known, 0, paired, limit) for size in sizes),
    ]


def _one_each(subject: Target, entities: list[int]) -> tuple[Plan, ...]:
    if not subject.general:
        return ()
    entries = tuple((subject.general[0], entity) for entity in entities)
    return (EventList(subject.profile, entries, limit=1),)


def _alone(subject: Target, names: tuple[str, ...] | list[str]) -> tuple[Plan, ...]:
    limit = subject.batch_limit
    return tuple(EventList(subject.profile, ((name, 0),), limit) for name in names)
