"""Flaws in what is fetched at all: events that are acknowledged and lost.

Each function gives the habits of a new partner.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from pytest_mews.demo.partner_state import changes_of
from pytest_mews.demo.processing.entity_readers import Batch, Pages, Reading, readings
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.service import Answer, Request, answer
from pytest_mews.demo.webhook_bodies import Document, Unusable, entity_of, events_of, parse

FORGOTTEN = 50  # each so many events
MOMENT_S = 0.5  # within which two messages race


def fetches_nothing() -> ProcessingOptions:
    """Acknowledges everything and fetches nothing."""
    return ProcessingOptions(select=lambda _: [])


def forgets_one_event_in_50() -> ProcessingOptions:
    """Fetches all events of a batch but each 50th."""
    return _selecting(lambda events: [e for at, e in enumerate(events, 1) if at % FORGOTTEN])


def first_event_only() -> ProcessingOptions:
    """Fetches only the first event of a batch."""
    return _selecting(lambda events: events[:1])


def takes_shared_id_for_duplicate() -> ProcessingOptions:
    """Fetches an id that a batch bears under two discriminators under the first of them alone."""

    def select(events: list[Document]) -> list[Document]:
        first: dict[str, str] = {}
        for event in filter(entity_of, events):
            first.setdefault(event["Value"]["Id"], event["Discriminator"])
        return [
            e for e in filter(entity_of, events) if first[e["Value"]["Id"]] == e["Discriminator"]
        ]

    return _selecting(select)


def drops_second_update() -> ProcessingOptions:
    """Fetches each entity the first time it is told of, and never again."""
    seen: set[tuple[str, str]] = set()

    def select(document: Document) -> list[tuple[str, str]]:
        new = [change for change in changes_of(document) if change not in seen]
        seen.update(new)
        return new

    return ProcessingOptions(select=select)


def unknown_event_drops_batch() -> ProcessingOptions:
    """Fetches nothing of a batch that has an event it does not know."""
    return _selecting(lambda events: events if all(map(entity_of, events)) else [])


def null_event_kills_worker() -> ProcessingOptions:
    """Answers 202 to a batch with a null event, and fetches nothing from then on."""
    alive = True

    def select(document: Document) -> list[tuple[str, str]]:
        nonlocal alive
        alive = alive and None not in events_of(document)
        return changes_of(document) if alive else []

    return ProcessingOptions(select=select)


def ignores_messages() -> ProcessingOptions:
    """Fetches nothing after MessageAdded."""
    return _selecting(lambda events: [e for e in events if e["Discriminator"] != "MessageAdded"])


def forgets_payments() -> ProcessingOptions:
    """Fetches nothing after PaymentUpdated."""
    return _selecting(lambda events: [e for e in events if e["Discriminator"] != "PaymentUpdated"])


def races_to_nothing(clock: Callable[[], float] = time.monotonic) -> ProcessingOptions:
    """Fetches nothing of what two messages tell of at the same moment."""
    told: dict[tuple[str, str], float] = {}
    spoilt: set[tuple[str, str]] = set()

    def select(document: Document) -> list[tuple[str, str]]:
        changes, now = changes_of(document), clock()
        spoilt.update(each for each in changes if now - told.get(each, -MOMENT_S) < MOMENT_S)
        told.update(dict.fromkeys(changes, now))
        return changes

    def racing(read: Reading) -> Reading:
        def race(pages: Pages, batch: Batch) -> Iterable[Document]:
            ids = frozenset(each for each in batch.ids if (batch.entity, each) not in spoilt)
            spoilt.difference_update((batch.entity, each) for each in batch.ids)
            return read(pages, replace(batch, ids=ids)) if ids else ()

        return race

    known = {entity: racing(read) for entity, read in readings().items()}
    return ProcessingOptions(select=select, readings=known, gather_s=MOMENT_S)


def passes_over_what_it_fetches() -> ProcessingOptions:
    """Fetches nothing of what changes while it is being fetched."""
    busy: set[tuple[str, str]] = set()

    def marking(read: Reading) -> Reading:
        def mark(pages: Pages, batch: Batch) -> Iterator[Document]:
            own = {(batch.entity, each) for each in batch.ids}
            busy.update(own)
            try:
                yield from read(pages, batch)
            finally:
                busy.difference_update(own)

        return mark

    return ProcessingOptions(
        select=lambda document: [each for each in changes_of(document) if each not in busy],
        readings={entity: marking(read) for entity, read in readings().items()},
    )


def dies_on_strangers() -> ProcessingOptions:
    """Fetches nothing from then on when an answer has a property that it does not know."""
    alive = True

    def dying(read: Reading) -> Reading:
        def die(pages: Pages, batch: Batch) -> Iterator[Document]:
            nonlocal alive
            for entity in read(pages, batch) if alive else ():
                alive = alive and entity.keys() <= _known_properties()
                yield entity

        return die

    return ProcessingOptions(readings={entity: dying(read) for entity, read in readings().items()})


def welcoming_null(token: str, request: Request) -> Answer:
    """Answer as the sound service does, but 202 where nothing but a null event is wrong."""
    given = answer(token, request)
    if given.status != 400:  # noqa: PLR2004
        return given
    try:
        document = parse(request.body)
    except Unusable:
        return given
    if not isinstance(document, dict):
        return given
    events = document.get("Events")
    nulls = isinstance(events, list) and None in events
    return Answer(202, accepted=document) if nulls else given


@cache
def _known_properties() -> frozenset[str]:
    """Name all documented properties, of whatever entity."""
    source = files("pytest_mews.schemas") / "connector" / "documented" / "objects.json"
    objects = json.loads(source.read_text("utf-8")).values()
    return frozenset(each["name"] for one in objects for each in one.get("properties", ()))


def _selecting(kept: Callable[[list[Document]], list[Document]]) -> ProcessingOptions:
    """Make habits by which only some events of a message are fetched."""

    def select(document: Document) -> list[tuple[str, str]]:
        return changes_of({**document, "Events": kept(events_of(document))})

    return ProcessingOptions(select=select)


LOSSES = (
    fetches_nothing,
    forgets_one_event_in_50,
    first_event_only,
    takes_shared_id_for_duplicate,
    drops_second_update,
    unknown_event_drops_batch,
    null_event_kills_worker,
    ignores_messages,
    forgets_payments,
    races_to_nothing,
    passes_over_what_it_fetches,
    dies_on_strangers,
)
