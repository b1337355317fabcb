"""Which requests give the entities that changed: one reading per kind of entity.

A reading asks for pages and gives the entities of them. By id where Mews allows it (exact, and no
clock is involved), else by an interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Document = Mapping[str, Any]
Pages = Callable[[str, str, Document], Iterable[Document]]
"""Gives every entity of an operation's answer: its name, its collection, the request's filters."""

MOST = 1000  # ids in a request, and items on a page
LAG = timedelta(minutes=15)  # from a change to its webhook; Mews says typically 2 to 5 minutes
SKEW = timedelta(seconds=5)  # between Mews's clock and ours
THREADS = timedelta(days=80)  # an interval is at most 3 months long


@dataclass(frozen=True)
class Batch:
    """What one reading is about.

    Attributes:
        enterprise_id: whose entities they are.
        entity: of which kind, a key of `readings()`.
        ids: at most as many as a request may name.
        since: when the first of their events came.
        failures: how often reading them has failed in a row.

    """

    enterprise_id: str
    entity: str
    ids: frozenset[str]
    since: datetime
    failures: int = 0


Reading = Callable[[Pages, Batch], Iterable[Document]]


def by_id(operation: str, collection: str, ids: str, **more: object) -> Reading:
    """Read by id; `ids` is the property that names them, `more` what else the request needs."""

    def read(pages: Pages, batch: Batch) -> Iterable[Document]:
        return pages(operation, collection, {ids: sorted(batch.ids), **more})

    return read


def by_interval(operation: str, collection: str, **more: object) -> Reading:
    """Read whatever was updated since the last such reading that succeeded."""
    bookmark = Bookmark()

    def read(pages: Pages, batch: Batch) -> Iterator[Document]:
        now = datetime.now(UTC)
        interval = within(bookmark.start(batch), now + SKEW)
        yield from pages(operation, collection, {"UpdatedUtc": interval, **more})
        bookmark.move(batch, now)

    return read


def messages() -> Reading:
    """Read the messages added since the last reading: no operation takes a message's id.

    `messages/getAll` wants the threads, which are found first; what is missed are messages in
    threads that are older than the longest interval.
    """
    bookmark = Bookmark()

    def read(pages: Pages, batch: Batch) -> Iterator[Document]:
        now = datetime.now(UTC)
        lately = {"CreatedUtc": within(now - THREADS, now + SKEW)}
        found = pages("messageThreads/getAll", "MessageThreads", lately)
        added = {"CreatedUtc": within(bookmark.start(batch), now + SKEW)}
        for threads in _portions(sorted({thread["Id"] for thread in found})):
            yield from pages("messages/getAll", "Messages", {"MessageThreadIds": threads, **added})
        bookmark.move(batch, now)

    return read


class Bookmark:
    """Up to when each enterprise was read."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def start(self, batch: Batch) -> datetime:
        """Say from when on to read for a batch."""
        until = self._until.get(batch.enterprise_id)
        return batch.since - LAG if until is None else until - SKEW

    def move(self, batch: Batch, until: datetime) -> None:
        """Note a reading that succeeded."""
        self._until[batch.enterprise_id] = max(until, self._until.get(batch.enterprise_id, until))


def readings() -> dict[str, Reading]:
    """Make a reading for every kind of entity, as new: those by interval remember."""
    return {
        "reservations": by_id("reservations/getAll/2023-06-06", "Reservations", "ReservationIds"),
        "resources": by_id(
            "resources/getAll", "Resources", "ResourceIds", Extent={"Resources": True}
        ),
        "messages": messages(),
        "resourceBlocks": by_id("resourceBlocks/getAll", "ResourceBlocks", "ResourceBlockIds"),
        "customers": by_id(
            "customers/getAll",
            "Customers",
            "CustomerIds",
            Extent={"Customers": True, "Addresses": True},
        ),
        "payments": by_id("payments/getAll", "Payments", "PaymentIds"),
    }


def within(start: datetime, end: datetime) -> dict[str, str]:
    """Write a time interval; both ends must be UTC, and its end is rounded up to a second."""
    return {"StartUtc": _written(start), "EndUtc": _written(end + timedelta(seconds=1))}


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _portions(ids: list[str]) -> Iterator[list[str]]:
    return (ids[at : at + MOST] for at in range(0, len(ids), MOST))
