"""Draw words for valid General Webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources import files

from pytest_mews.errors import ScenarioMistake
from pytest_mews.model import Kind
from pytest_mews.senders.connector.batch import (
    ADDED,
    UPDATED,
    Batch,
    Listed,
    Row,
    draw_batches,
    message_template,
)
from pytest_mews.senders.connector.payload_schemas import discriminators
from pytest_mews.senders.connector.plan import NOTHING, Filled, Plan, Plans, Subject

PEAK_SIZES = (1, 2, 1, 5, 1, 3, 1, 20, 2, 1)  # events; most messages are small


def one(subject: Subject, *, event: str | None = None) -> Plans:
    """Send the canonical message: one event.

    Args:
        subject: what for.
        event: its discriminator; the first subscribed one when absent.

    """
    everything = discriminators(subject.profile)
    if event is not None and event not in everything:
        remedy = f"Known: {', '.join(everything)}"
        raise ScenarioMistake("one: event", event, "is not documented", remedy)
    chosen = [name for name in subject.general if event in {None, name}]
    return Plans(_alone(subject, chosen[:1]))


def each_event(subject: Subject) -> Plans:
    """Send one message with one event for every subscribed discriminator."""
    return Plans(_alone(subject, subject.general))


def updates(subject: Subject, *, times: int = 3) -> Plans:
    """Send messages one after the other about one and the same entity; `times` of them."""
    return Plans(_one_each(subject, [0] * times))


def pair(subject: Subject, *, apart: bool = False) -> Plans:
    """Send what a created customer yields: an Added and an Updated event with the same id.

    Args:
        subject: what for.
        apart: whether they come in two messages, in either order: a retry may turn it round.

    """
    if not {ADDED, UPDATED} <= set(subject.general) or (subject.batch_limit == 1 and not apart):
        return NOTHING
    limit = 1 if apart else subject.batch_limit
    both = ((ADDED, 0), (UPDATED, 0))
    orders = (both, both[::-1]) if apart else (both,)
    return Plans(tuple(Listed(subject.profile, order, limit) for order in orders))


def stream(subject: Subject, *, messages: int = 50) -> Plans:
    """Send so many messages, one event each, of all tenants in turn, each about its own entity."""
    if not subject.general:
        return NOTHING
    alone = Listed(subject.profile, ((subject.general[0], 0),), limit=1)
    return Plans((Row((alone,) * messages, len(subject.tenants.enterprises)),))


def peak(subject: Subject) -> Plans:
    """Send the messages of a minute's peak: small batches of mixed sizes, in one fixed order.

    They are of all tenants in turn.
    """
    sizes = (PEAK_SIZES[n % len(PEAK_SIZES)] for n in range(subject.peak))
    return _row(subject, sizes, len(subject.tenants.enterprises))


def ramp(subject: Subject, *, rounds: int = 3, sizes: Sequence[int] = ()) -> Plans:
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
    return _row(subject, chosen * rounds) if len(chosen) > 1 else NOTHING


def _row(subject: Subject, sizes: Iterable[int], enterprises: int = 1) -> Plans:
    known, limit = subject.general, subject.batch_limit
    batches = tuple(
        Batch(subject.profile, min(size, limit), known, number, UPDATED in known, limit)
        for number, size in enumerate(sizes)
    )
    return Plans((Row(batches, enterprises),)) if known else NOTHING


def oversize(subject: Subject, *, sizes: Sequence[int] = (1_100, 1_500)) -> Plans:
    """Send batches beyond the profile's limit in one message each: Mews may raise the limit.

    Drawn ones lie between the limit and the largest of `sizes`, so that the size from which on
    batches are refused is found.
    """
    if not subject.general:
        return NOTHING
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


def example(subject: Subject) -> Plans:
    """Send the documented example, with the tenant's ids and only what is subscribed to."""
    source = files("pytest_mews.schemas") / "examples" / "general.json"
    documented = json.loads(source.read_text("utf-8"))
    events = [event for event in documented["Events"] if event["Discriminator"] in subject.general]
    if not events:
        return NOTHING
    template = {**message_template(subject.profile), "Events": events}
    phrase = f"the documented example, {len(events)} of {len(documented['Events'])} events"
    return Plans((Filled(Kind.GENERAL, template, phrase),))


def batch(
    subject: Subject, *, least: int = 1, most: int | str = "limit", over: bool = False
) -> Plans:
    """Send any number of events at once, with repeats and shared ids among them.

    Args:
        subject: what for.
        least: the fewest events.
        most: the most events; "limit" for as many as fit into a message.
        over: whether more may come than fit into one message; the rest rolls over into another.
            With `most` at "limit" there are up to twice as many.

    Raises:
        ScenarioMistake: nothing lies between the numbers.

    """
    limit = subject.batch_limit
    if most != "limit" and (not isinstance(most, int) or not 1 <= least <= most):
        remedy = 'Give whole numbers with 1 ≤ least ≤ most, or most = "limit"'
        raise ScenarioMistake("batch: least, most", f"{least}, {most}", "can't be", remedy)
    asked = max(least, 2 * limit) if isinstance(most, str) else most
    largest = asked if over else min(asked, limit)
    if not subject.general or least > largest:
        return NOTHING
    ends = {least, *(() if isinstance(most, str) else (largest,))}
    fixed = [plan for plan in _boundaries(subject, ends) if least <= len(plan.entries) <= largest]
    return Plans(tuple(fixed), draw_batches(subject, least, largest))


def _boundaries(subject: Subject, ends: set[int]) -> list[Listed | Batch]:
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
        *(Listed(subject.profile, entries, limit) for entries in small),
        *(Batch(subject.profile, size, known, 0, paired, limit) for size in sizes),
    ]


def _one_each(subject: Subject, entities: list[int]) -> tuple[Plan, ...]:
    if not subject.general:
        return ()
    entries = tuple((subject.general[0], entity) for entity in entities)
    return (Listed(subject.profile, entries, limit=1),)


def _alone(subject: Subject, names: tuple[str, ...] | list[str]) -> tuple[Plan, ...]:
    limit = subject.batch_limit
    return tuple(Listed(subject.profile, ((name, 0),), limit) for name in names)
