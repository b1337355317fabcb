"""Flaws that concern deleted entities, and products with the services that they need.

The first two change the response, the others what a new partner fetches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pytest_mews.demo.partner_state import changes_of
from pytest_mews.demo.processing.api_client import ApiResponse
from pytest_mews.demo.processing.backoff import OK
from pytest_mews.demo.processing.entity_readers import (
    Batch,
    EntityReader,
    FetchPages,
    by_id,
    by_interval,
    entity_readers,
)
from pytest_mews.demo.processing.fetcher import FetchError
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.webhook_bodies import Document, entity_kind_of, events_of
from pytest_mews.mews.events import EVENTS

RETRY_PAUSE_S = 0.2


def refuses_late_updates() -> Behaviour:
    """Answers 404 to a message with an event about an entity that was deleted before."""
    deleted = DeletedEntities()

    def behave(token: str, request: Request) -> Response:
        response = respond(token, request)
        return Response(404) if deleted.has_late_event(response.accepted) else response

    return behave


def rejects_entities(document: Document) -> Response | None:
    """Answers 400 to a message with the deprecated property Entities."""
    return Response(400) if "Entities" in document else None


def missing_entity_kills_worker() -> ProcessingOptions:
    """Asks for active resources only, and fetches nothing more once one is missing."""
    return _dies_of_missing(_with_active_resources())


def missing_block_kills_worker() -> ProcessingOptions:
    """Asks for active resource blocks only, and fetches nothing more once one is missing."""
    blocks = by_id("resourceBlocks/getAll", "ResourceBlocks", "ResourceBlockIds")
    return _dies_of_missing(entity_readers() | {"resourceBlocks": blocks})


def _dies_of_missing(readers: Mapping[str, EntityReader]) -> ProcessingOptions:
    alive = True

    def dying(read: EntityReader) -> EntityReader:
        def read_while_alive(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
            nonlocal alive
            found: set[str] = set()
            for entity in read(fetch_pages, batch) if alive else ():
                found.add(entity["Id"])
                yield entity
            alive = alive and (batch.entity_kind == "messages" or batch.ids <= found)

        return read_while_alive

    return ProcessingOptions(readers={kind: dying(read) for kind, read in readers.items()})


def retries_empty_answers() -> ProcessingOptions:
    """Asks for active resources only, and asks again until it gets one."""

    def insisting(read: EntityReader) -> EntityReader:
        def read_all(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
            found: set[str] = set()
            for entity in read(fetch_pages, batch):
                found.add(entity["Id"])
                yield entity
            if not batch.ids <= found:
                raise FetchError(ApiResponse(OK))

        return read_all

    readers = _with_active_resources()
    return ProcessingOptions(
        readers=readers | {"resources": insisting(readers["resources"])},
        retry_pause_s=lambda _response, _failures: RETRY_PAUSE_S,
    )


def late_update_kills_worker() -> ProcessingOptions:
    """Fetches nothing more once an entity that was deleted is updated."""
    deleted = DeletedEntities()
    alive = True

    def select_changes(document: Document) -> list[tuple[str, str]]:
        nonlocal alive
        alive = not deleted.has_late_event(document) and alive
        return changes_of(document) if alive else []

    return ProcessingOptions(select_changes=select_changes)


def asks_for_active_blocks() -> ProcessingOptions:
    """Fetches resource blocks by interval, without the deleted ones."""
    reader = by_interval("resourceBlocks/getAll", "ResourceBlocks")
    return ProcessingOptions(readers=entity_readers() | {"resourceBlocks": reader})


def asks_for_reservations_in_house() -> ProcessingOptions:
    """Fetches reservations by interval, without the canceled ones."""
    states = ["Confirmed", "Started", "Processed"]
    reader = by_interval("reservations/getAll/2023-06-06", "Reservations", States=states)
    return ProcessingOptions(readers=entity_readers() | {"reservations": reader})


def looks_up_services_once() -> ProcessingOptions:
    """Asks for the services of an enterprise once, and never again."""
    services: dict[str, list[str]] = {}

    def read(fetch_pages: FetchPages, batch: Batch) -> Iterable[Document]:
        if batch.enterprise_id not in services:
            found = fetch_pages("services/getAll", "Services", {})
            services[batch.enterprise_id] = [service["Id"] for service in found]
        filters = {"ServiceIds": services[batch.enterprise_id], "ProductIds": sorted(batch.ids)}
        return fetch_pages("products/getAll", "Products", filters)

    return ProcessingOptions(readers=entity_readers() | {"products": read})


def products_without_services() -> ProcessingOptions:
    """Asks for products by their ids alone, which Mews rejects."""
    reader = by_id("products/getAll", "Products", "ProductIds")
    return ProcessingOptions(readers=entity_readers() | {"products": reader})


class DeletedEntities:
    """The entities that messages have deleted so far."""

    def __init__(self) -> None:
        self._deleted: set[tuple[str | None, str]] = set()

    def has_late_event(self, document: Document | None) -> bool:
        """Note what a message deletes; return whether it has an event about a deleted entity."""
        late = False
        for event in events_of(document):
            kind = entity_kind_of(event)
            if kind is None:
                continue
            key = (kind, event["Value"]["Id"])
            if EVENTS[event["Discriminator"]].is_deletion:
                self._deleted.add(key)
            else:
                late = late or key in self._deleted
        return late


def _with_active_resources() -> dict[str, EntityReader]:
    active = by_id("resources/getAll", "Resources", "ResourceIds", Extent={"Resources": True})
    return entity_readers() | {"resources": active}


DELETION_FLAWS: tuple[Callable[[], ProcessingOptions], ...] = (
    missing_entity_kills_worker,
    missing_block_kills_worker,
    retries_empty_answers,
    late_update_kills_worker,
    asks_for_active_blocks,
    asks_for_reservations_in_house,
    looks_up_services_once,
    products_without_services,
)
