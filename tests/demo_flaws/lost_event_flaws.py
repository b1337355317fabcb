"""Flaws that lose events: the partner acknowledges them but doesn't fetch their entities.

Each function returns the options of a new partner, which are sound except for one flaw.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from importlib.resources import files

from pytest_mews.demo.partner_state import changes_of
from pytest_mews.demo.processing.entity_readers import (
    Batch,
    EntityReader,
    FetchPages,
    entity_readers,
)
from pytest_mews.demo.processing.processing_flaws import fetches_only
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.service import Request, Response, respond
from pytest_mews.demo.webhook_bodies import (
    Document,
    InvalidBodyError,
    entity_kind_of,
    events_of,
    parse_json,
)

RACE_S = 0.5  # two messages about an entity within this time race
ENTERPRISE_IDS = ("EnterpriseId", "IntegrationId")
INCOMPLETE: Document = {"EnterpriseId": "", "IntegrationId": "", "Events": []}
"""Stands in the queue of a partner for an incomplete message."""
PART_SIZE = 20  # ids in one request
QUEUE_SIZE, QUEUE_S = 8, 2.0  # messages, in that time; a busy machine sends nine of them in it


def deduplicates_by_id() -> ProcessingOptions:
    """Treats events with the same id as duplicates, even if their discriminators differ."""

    def without_shared_ids(events: list[Document]) -> list[Document]:
        first_discriminators: dict[str, str] = {}
        known = [event for event in events if entity_kind_of(event)]
        for event in known:
            first_discriminators.setdefault(event["Value"]["Id"], event["Discriminator"])
        return [
            event
            for event in known
            if first_discriminators[event["Value"]["Id"]] == event["Discriminator"]
        ]

    return fetches_only(without_shared_ids)


def drops_second_update() -> ProcessingOptions:
    """Fetches each entity only once, after its first event."""
    fetched: set[tuple[str, str]] = set()

    def select_changes(document: Document) -> list[tuple[str, str]]:
        new = [change for change in changes_of(document) if change not in fetched]
        fetched.update(new)
        return new

    return ProcessingOptions(select_changes=select_changes)


def takes_updates_for_creation() -> ProcessingOptions:
    """Ignores CustomerUpdated in the messages after the CustomerAdded of the same customer."""
    added: set[str] = set()

    def select_changes(document: Document) -> list[tuple[str, str]]:
        known = set(added)
        events = [event for event in events_of(document) if entity_kind_of(event)]
        added.update(
            event["Value"]["Id"] for event in events if event["Discriminator"] == "CustomerAdded"
        )
        changes = changes_of(document)
        return [(kind, id_) for kind, id_ in changes if kind != "customers" or id_ not in known]

    return ProcessingOptions(select_changes=select_changes)


def unknown_event_drops_batch() -> ProcessingOptions:
    """Fetches nothing of a batch with an unknown event."""
    return fetches_only(lambda events: events if all(map(entity_kind_of, events)) else [])


def null_event_kills_worker() -> ProcessingOptions:
    """Answers 202 to a batch with a null event, and fetches nothing from then on."""
    alive = True

    def select_changes(document: Document) -> list[tuple[str, str]]:
        nonlocal alive
        alive = alive and None not in events_of(document)
        return changes_of(document) if alive else []

    return ProcessingOptions(select_changes=select_changes)


def incomplete_action_kills_worker() -> ProcessingOptions:
    """Answers 202 to an action with incomplete Data, and fetches nothing from then on."""
    return _dies_of_incomplete_message()


def incomplete_batch_kills_worker() -> ProcessingOptions:
    """Answers 202 to a batch without its enterprise's ids, and fetches nothing from then on."""
    return _dies_of_incomplete_message()


def _dies_of_incomplete_message() -> ProcessingOptions:
    alive = True

    def select_changes(document: Document) -> list[tuple[str, str]]:
        nonlocal alive
        alive = alive and document is not INCOMPLETE
        return changes_of(document) if alive else []

    return ProcessingOptions(select_changes=select_changes)


def ignores_message_added() -> ProcessingOptions:
    """Fetches nothing after MessageAdded."""
    return _ignores_events("MessageAdded")


def ignores_payment_updated() -> ProcessingOptions:
    """Fetches nothing after PaymentUpdated."""
    return _ignores_events("PaymentUpdated")


def loses_concurrent_updates(clock: Callable[[], float] = time.monotonic) -> ProcessingOptions:
    """Doesn't fetch an entity that two messages name at the same time."""
    last_named: dict[tuple[str, str], float] = {}
    lost: set[tuple[str, str]] = set()

    def select_changes(document: Document) -> list[tuple[str, str]]:
        changes, now = changes_of(document), clock()
        lost.update(change for change in changes if now - last_named.get(change, -RACE_S) < RACE_S)
        last_named.update(dict.fromkeys(changes, now))
        return changes

    def without_lost(read: EntityReader) -> EntityReader:
        def read_others(fetch_pages: FetchPages, batch: Batch) -> Iterable[Document]:
            ids = frozenset(
                entity_id for entity_id in batch.ids if (batch.entity_kind, entity_id) not in lost
            )
            lost.difference_update((batch.entity_kind, entity_id) for entity_id in batch.ids)
            return read(fetch_pages, replace(batch, ids=ids)) if ids else ()

        return read_others

    readers = {entity: without_lost(read) for entity, read in entity_readers().items()}
    return ProcessingOptions(select_changes=select_changes, readers=readers, batch_window_s=RACE_S)


def full_queue_drops_messages(clock: Callable[[], float] = time.monotonic) -> ProcessingOptions:
    """Forgets what arrives while its queue is full, and answers as ever."""
    queued_at: deque[float] = deque(maxlen=QUEUE_SIZE)

    def select_changes(document: Document) -> list[tuple[str, str]]:
        now = clock()
        if len(queued_at) == QUEUE_SIZE and now - queued_at[0] < QUEUE_S:
            return []
        queued_at.append(now)
        return changes_of(document)

    return ProcessingOptions(select_changes=select_changes)


def loses_one_id_of_20() -> ProcessingOptions:
    """Divides ids into requests of 20, and leaves out the last one of each full request."""

    def divide(read: EntityReader) -> EntityReader:
        def read_parts(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
            ids = sorted(batch.ids)
            for start in range(0, len(ids), PART_SIZE):
                part = ids[start : start + PART_SIZE]
                if len(part) == PART_SIZE:
                    del part[-1]
                yield from read(fetch_pages, replace(batch, ids=frozenset(part)))

        return read_parts

    readers = entity_readers()
    # Messages are fetched by interval, not by their ids.
    return ProcessingOptions(
        readers={
            entity: read if entity == "messages" else divide(read)
            for entity, read in readers.items()
        }
    )


def forgets_queue_at_restart() -> ProcessingOptions:
    """Keeps what it has to fetch in memory only, so that a restart loses it."""
    return ProcessingOptions(forgets_at_restart=True)


def loses_update_during_fetch() -> ProcessingOptions:
    """Ignores an event about an entity that it is just fetching."""
    fetching: set[tuple[str, str]] = set()

    def marking(read: EntityReader) -> EntityReader:
        def read_and_mark(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
            changes = {(batch.entity_kind, entity_id) for entity_id in batch.ids}
            fetching.update(changes)
            try:
                yield from read(fetch_pages, batch)
            finally:
                fetching.difference_update(changes)

        return read_and_mark

    return ProcessingOptions(
        select_changes=lambda document: [
            change for change in changes_of(document) if change not in fetching
        ],
        readers={entity: marking(read) for entity, read in entity_readers().items()},
    )


def dies_on_unknown_fields() -> ProcessingOptions:
    """Fetches nothing more once a response has an unknown property."""
    alive = True

    def dying(read: EntityReader) -> EntityReader:
        def read_while_alive(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
            nonlocal alive
            for entity in read(fetch_pages, batch) if alive else ():
                alive = alive and entity.keys() <= _documented_properties()
                yield entity

        return read_while_alive

    return ProcessingOptions(
        readers={entity: dying(read) for entity, read in entity_readers().items()}
    )


def accept_incomplete_action(token: str, request: Request) -> Response:
    """Respond as the sound service does, but answer 202 to an action with incomplete Data."""
    return _accept_refused(
        token, request, lambda document: isinstance(document.get("Data"), dict), INCOMPLETE
    )


def accept_incomplete_batch(token: str, request: Request) -> Response:
    """Respond as the sound service does, but answer 202 to a batch without its enterprise's ids."""
    return _accept_refused(
        token,
        request,
        lambda document: (
            bool(document.get("Events"))
            and not all(isinstance(document.get(name), str) for name in ENTERPRISE_IDS)
        ),
        INCOMPLETE,
    )


def accept_null_event(token: str, request: Request) -> Response:
    """Respond as the sound service does, but answer 202 to a batch with a null event."""
    return _accept_refused(
        token,
        request,
        lambda document: isinstance(document.get("Events"), list) and None in document["Events"],
    )


def _accept_refused(
    token: str,
    request: Request,
    is_accepted: Callable[[Document], bool],
    accepted: Document | None = None,
) -> Response:
    """Answer 202 to some of what the sound service refuses; accept the body, or what is given."""
    response = respond(token, request)
    if response.status != HTTPStatus.BAD_REQUEST:
        return response
    try:
        document = parse_json(request.body)
    except InvalidBodyError:
        return response
    if isinstance(document, dict) and is_accepted(document):
        return Response(202, accepted=accepted or document)
    return response


@cache
def _documented_properties() -> frozenset[str]:
    """Return the names of all documented properties, of any entity."""
    resource = files("pytest_mews.schemas") / "connector" / "documented" / "objects.json"
    objects = json.loads(resource.read_text("utf-8")).values()
    return frozenset(
        documented_property["name"]
        for documented_object in objects
        for documented_property in documented_object.get("properties", ())
    )


def _ignores_events(discriminator: str) -> ProcessingOptions:
    return fetches_only(
        lambda events: [event for event in events if event["Discriminator"] != discriminator]
    )


LOST_EVENT_FLAWS = (
    deduplicates_by_id,
    drops_second_update,
    takes_updates_for_creation,
    unknown_event_drops_batch,
    ignores_message_added,
    ignores_payment_updated,
    loses_concurrent_updates,
    full_queue_drops_messages,
    loses_one_id_of_20,
    forgets_queue_at_restart,
    loses_update_during_fetch,
    dies_on_unknown_fields,
)
