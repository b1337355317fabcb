"""What was said to have changed is fetched: many ids in one request, until it has worked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from connector import MOST, TOO_MANY, Ask, Connector, Document, Failed, pages

# By kind of entity: the operation, its collection, the property that names ids, what else it needs.
READINGS: dict[str, tuple[str, str, str, Document]] = {
    "reservations": ("reservations/getAll/2023-06-06", "Reservations", "ReservationIds", {}),
    "resources": (
        "resources/getAll",
        "Resources",
        "ResourceIds",
        {"Extent": {"Resources": True}},
    ),
    "resourceBlocks": ("resourceBlocks/getAll", "ResourceBlocks", "ResourceBlockIds", {}),
    "customers": (
        "customers/getAll",
        "Customers",
        "CustomerIds",
        {"Extent": {"Customers": True, "Addresses": True}},
    ),
    "payments": ("payments/getAll", "Payments", "PaymentIds", {}),
}
GATHER_S = 0.2  # so long ids are collected, so that one request is about many
LAG = timedelta(minutes=15)  # from a message of a guest's to its webhook; Mews says 2 to 5 minutes
SKEW = timedelta(minutes=1)  # between Mews's clock and ours
THREADS = timedelta(days=80)  # an interval of threads is at most 3 months long
MONTH = timedelta(days=30)  # one of messages at most 1 month

Lane = tuple[str, str]  # enterprise id and kind of entity
logger = logging.getLogger("partner")


class Fetcher:
    """Fetches what changed.

    Args:
        connector: makes the requests.
        credential: gives an enterprise's access token of this moment; None where there is none.
        keep: takes each entity: enterprise id, kind, and the entity itself.

    """

    def __init__(
        self,
        connector: Connector,
        credential: Callable[[str], str | None],
        keep: Callable[[str, str, Document], None],
    ) -> None:
        self._connector, self._credential, self._keep = connector, credential, keep
        self._changed: dict[Lane, set[str]] = {}  # what no request has been made for yet
        self._gathering: set[Lane] = set()
        self._resume: dict[str, float] = {}  # until when Mews wants to hear nothing, by enterprise
        self._started = datetime.now(UTC)
        self._messages_until: dict[str, datetime] = {}  # up to when they were read, by enterprise
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, enterprise_id: str, kind: str, ids: Iterable[str]) -> None:
        """Note what changed. An id that is told twice until it is fetched is fetched once."""
        lane = (enterprise_id, kind)
        self._changed.setdefault(lane, set()).update(ids)
        if lane not in self._gathering:
            self._gathering.add(lane)
            self._start(self._gather(lane))

    def wake(self, enterprise_id: str) -> None:
        """Fetch what has waited for an access token."""
        for owner, kind in list(self._changed):
            if owner == enterprise_id:
                self.note(owner, kind, ())

    async def close(self) -> None:
        """End everything that is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _gather(self, lane: Lane) -> None:
        await asyncio.sleep(GATHER_S)
        self._gathering.remove(lane)
        if self._credential(lane[0]) is None:
            return  # it stays where it is until `wake`
        # Gone before the request is made: a change that is told meanwhile is new again.
        for portion in portions(self._changed.pop(lane)):
            self._start(self._fetch(lane, portion))

    async def _fetch(self, lane: Lane, ids: list[str]) -> None:
        """Fetch some ids, trying again until it has worked or can't work."""
        owner, kind = lane
        failures = 0
        while self._credential(owner) is not None:
            await asyncio.sleep(self._resume.get(owner, 0.0) - now_s())
            try:
                async for entity in self._read(owner, kind, ids):
                    self._keep(owner, kind, entity)
            except Failed as failure:
                if not failure.passes:
                    logger.error("%s of %s can't be fetched: %s", kind, owner, failure)  # noqa: TRY400
                    return
                pause_s = failure.pause_s(failures)
                logger.warning("%s of %s: %s, again in %.1f s", kind, owner, failure, pause_s)
                if failure.status == TOO_MANY:  # the limit is one for all requests of an enterprise
                    self._resume[owner] = max(now_s() + pause_s, self._resume.get(owner, 0.0))
                await asyncio.sleep(pause_s)
                failures += 1
            else:
                return
        self._changed.setdefault(lane, set()).update(ids)  # switched off: it waits for `wake`

    def _read(self, owner: str, kind: str, ids: list[str]) -> AsyncIterator[Document]:
        async def ask(operation: str, body: Document) -> Document:
            token = self._credential(owner)  # anew: a key may be replaced between two pages
            if token is None:
                raise Failed(None)
            return await self._connector.call(operation, token, body)

        if kind == "messages":
            return self._read_messages(ask, owner)
        operation, collection, names, more = READINGS[kind]
        return pages(ask, operation, collection, {names: ids, **more})

    async def _read_messages(self, ask: Ask, owner: str) -> AsyncIterator[Document]:
        """Read the messages since the last time: no operation takes the id of a message."""
        now = datetime.now(UTC)
        threads = {"CreatedUtc": within(now - THREADS, now + SKEW)}
        found = pages(ask, "messageThreads/getAll", "MessageThreads", threads)
        since = self._messages_until.get(owner, self._started - LAG) - SKEW
        lately = {"CreatedUtc": within(max(since, now - MONTH), now + SKEW)}
        for portion in portions({thread["Id"] async for thread in found}):
            filters = {"MessageThreadIds": portion, **lately}
            async for message in pages(ask, "messages/getAll", "Messages", filters):
                yield message
        self._messages_until[owner] = now

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # asyncio alone would let it be collected
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("A fetch broke", exc_info=task.exception())


def portions(ids: set[str]) -> list[list[str]]:
    """Divide ids by how many a request may name."""
    listed = sorted(ids)
    return [listed[at : at + MOST] for at in range(0, len(listed), MOST)]


def within(start: datetime, end: datetime) -> Document:
    """Write a time interval; both ends must be UTC."""
    return {"StartUtc": f"{start:%Y-%m-%dT%H:%M:%SZ}", "EndUtc": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def now_s() -> float:
    """Read a clock that never goes back."""
    return asyncio.get_running_loop().time()
