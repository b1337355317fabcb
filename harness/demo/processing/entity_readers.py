"""The requests that return changed entities: one reader for each kind of entity.

A reader asks for the pages of an operation and yields the entities on them. It reads by id if Mews
has a filter for ids (exact, and independent of clocks), otherwise by interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_mews.mews.events import EVENTS, Channel
from pytest_mews.mews.limits import IDS_PER_REQUEST

Document = Mapping[str, Any]
FetchPages = Callable[[str, str, Document], Iterable[Document]]
"""Yields the entities on all pages, for an operation, its collection, and the filters."""

WEBHOOK_DELAY = timedelta(minutes=15)  # after the change; Mews says typically 2 to 5 minutes
CLOCK_SKEW = timedelta(seconds=1)  # between Mews's clock and ours
# What a request has to ask for: the parts of an entity that the service needs, and deleted
# entities, which the response leaves out otherwise.
PARAMETERS: Mapping[str, Document] = {
    "resources": {"Extent": {"Resources": True, "Inactive": True}},
    "resourceBlocks": {"ActivityStates": ["Active", "Deleted"]},
    "customers": {"Extent": {"Customers": True, "Addresses": True}},
}
THREAD_INTERVAL = timedelta(days=80)  # an interval can be up to 3 months long


@dataclass(frozen=True)
class Batch:
    """The ids that a reader fetches at once.

    Attributes:
        enterprise_id: the owner of the entities.
        entity_kind: a key of `entity_readers()`.
        ids: no more than fit into one request.
        since: when the first of their events arrived.
        failures: the number of consecutive failures to read the batch.
        reductions: how often Mews asked for smaller requests.

    """

    enterprise_id: str
    entity_kind: str
    ids: frozenset[str]
    since: datetime
    failures: int = 0
    reductions: int = 0

    @property
    def halves(self) -> tuple[frozenset[str], ...]:
        """The ids in two parts; one part if there is only one id."""
        ordered = sorted(self.ids)
        middle = (len(ordered) + 1) // 2
        parts = (frozenset(ordered[:middle]), frozenset(ordered[middle:]))
        return tuple(part for part in parts if part) or (self.ids,)


EntityReader = Callable[[FetchPages, Batch], Iterable[Document]]


def by_id(operation: str, collection: str, id_filter: str, **parameters: object) -> EntityReader:
    """Return a reader that fetches by id.

    Args:
        operation: for example `customers/getAll`.
        collection: the property of the response that contains the entities.
        id_filter: the property of the request that contains the ids.
        parameters: other properties that the request needs.

    """

    def read(fetch_pages: FetchPages, batch: Batch) -> Iterable[Document]:
        return fetch_pages(operation, collection, {id_filter: sorted(batch.ids), **parameters})

    return read


def by_interval(operation: str, collection: str, **parameters: object) -> EntityReader:
    """Return a reader that fetches everything updated since it last succeeded."""
    bookmark = Bookmark()

    def read(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
        now = datetime.now(UTC)
        interval = time_interval(bookmark.start(batch), now + CLOCK_SKEW)
        yield from fetch_pages(operation, collection, {"UpdatedUtc": interval, **parameters})
        bookmark.advance(batch, now)

    return read


def messages_by_thread() -> EntityReader:
    """Return a reader of the messages added since it last succeeded.

    No operation takes the id of a message, and `messages/getAll` needs the ids of threads. The
    reader therefore finds the threads first. It misses messages in threads that are older than the
    longest interval.
    """
    bookmark = Bookmark()

    def read(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
        now = datetime.now(UTC)
        recent = {"CreatedUtc": time_interval(now - THREAD_INTERVAL, now + CLOCK_SKEW)}
        threads = fetch_pages("messageThreads/getAll", "MessageThreads", recent)
        thread_ids = sorted({thread["Id"] for thread in threads})
        added = {"CreatedUtc": time_interval(bookmark.start(batch), now + CLOCK_SKEW)}
        for start in range(0, len(thread_ids), IDS_PER_REQUEST):
            filters = {"MessageThreadIds": thread_ids[start : start + IDS_PER_REQUEST], **added}
            yield from fetch_pages("messages/getAll", "Messages", filters)
        bookmark.advance(batch, now)

    return read


def products_by_service() -> EntityReader:
    """Return a reader of products by id.

    `products/getAll` requires the ids of services, which a product event doesn't name. The reader
    asks for the services each time, so that it knows one that was added since.
    """

    def read(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
        services = fetch_pages("services/getAll", "Services", {})
        service_ids = sorted({service["Id"] for service in services})
        for start in range(0, len(service_ids), IDS_PER_REQUEST):
            filters = {
                "ServiceIds": service_ids[start : start + IDS_PER_REQUEST],
                "ProductIds": sorted(batch.ids),
            }
            yield from fetch_pages("products/getAll", "Products", filters)

    return read


class Bookmark:
    """The time up to which a reader has read each enterprise."""

    def __init__(self) -> None:
        self._read_until: dict[str, datetime] = {}

    def start(self, batch: Batch) -> datetime:
        """Return the time from which to read for a batch."""
        read_until = self._read_until.get(batch.enterprise_id)
        return batch.since - WEBHOOK_DELAY if read_until is None else read_until - CLOCK_SKEW

    def advance(self, batch: Batch, read_until: datetime) -> None:
        """Move the bookmark after a successful read; it never goes back."""
        previous = self._read_until.get(batch.enterprise_id, read_until)
        self._read_until[batch.enterprise_id] = max(read_until, previous)


def entity_readers() -> dict[str, EntityReader]:
    """Create a reader for each kind of entity; each set has its own bookmarks."""
    readers = {"messages": messages_by_thread()}
    for event in EVENTS.values():
        if event.channel is Channel.GENERAL and event.is_fetchable_by_id:
            operation = event.operations[0]
            kind = operation.name.partition("/")[0]
            assert operation.collection is not None
            assert operation.ids is not None
            readers[kind] = by_id(
                operation.name, operation.collection, operation.ids, **PARAMETERS.get(kind, {})
            )
    return readers | {"products": products_by_service()}


def time_interval(start: datetime, end: datetime) -> dict[str, str]:
    """Return a time interval for a filter, with its end rounded up; both times must be UTC."""
    return {"StartUtc": _to_seconds(start), "EndUtc": _to_seconds(end + timedelta(seconds=1))}


def _to_seconds(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
