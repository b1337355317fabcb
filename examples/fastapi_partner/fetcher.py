"""Fetches changed entities: many ids in one request, with retries until it succeeds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from api_client import PAGE_SIZE, TOO_MANY_REQUESTS, ApiClient, ApiError, Call, Document, pages

# By kind of entity: operation, collection, property with the ids, other required parameters.
OPERATIONS: dict[str, tuple[str, str, str, Document]] = {
    "reservations": ("reservations/getAll/2023-06-06", "Reservations", "ReservationIds", {}),
    "resources": (
        "resources/getAll",
        "Resources",
        "ResourceIds",
        {"Extent": {"Resources": True}},
    ),
    "resourceBlocks": (
        "resourceBlocks/getAll",
        "ResourceBlocks",
        "ResourceBlockIds",
        {"ActivityStates": ["Active", "Deleted"]},  # a deletion is an update; the default is Active
    ),
    "customers": (
        "customers/getAll",
        "Customers",
        "CustomerIds",
        {"Extent": {"Customers": True, "Addresses": True}},
    ),
    "payments": ("payments/getAll", "Payments", "PaymentIds", {}),
}
BATCH_WINDOW_S = 0.2  # how long ids are collected, so that one request fetches many
WEBHOOK_DELAY = timedelta(minutes=15)  # after a guest's message; Mews says 2 to 5 minutes
CLOCK_SKEW = timedelta(minutes=1)  # between Mews's clock and ours
THREAD_INTERVAL = timedelta(days=80)  # an interval of threads can be up to 3 months long
MESSAGE_INTERVAL = timedelta(days=30)  # an interval of messages can be up to 1 month long

Key = tuple[str, str]  # enterprise id and kind of entity
logger = logging.getLogger("partner")


class Fetcher:
    """Fetches changed entities.

    Args:
        api_client: makes the requests.
        access_token: returns the current access token of an enterprise; None if it has none.
        store: takes each entity: enterprise id, kind, and the entity itself.

    """

    def __init__(
        self,
        api_client: ApiClient,
        access_token: Callable[[str], str | None],
        store: Callable[[str, str, Document], None],
    ) -> None:
        self._api_client, self._access_token, self._store = api_client, access_token, store
        self._changed: dict[Key, set[str]] = {}  # ids that no request has been made for yet
        self._collecting: set[Key] = set()
        self._paused_until_s: dict[str, float] = {}  # by enterprise, after a 429
        self._started_at = datetime.now(UTC)
        self._messages_read_until: dict[str, datetime] = {}  # by enterprise
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, enterprise_id: str, kind: str, ids: Iterable[str]) -> None:
        """Add changed ids. An id that is added twice before its fetch is fetched once."""
        key = (enterprise_id, kind)
        self._changed.setdefault(key, set()).update(ids)
        if key not in self._collecting:
            self._collecting.add(key)
            self._start(self._fetch_after_window(key))

    def resume(self) -> None:
        """Fetch the changes that have been waiting for an access token, where there is one now."""
        for owner_id, kind in list(self._changed):
            if self._access_token(owner_id) is not None:
                self.add(owner_id, kind, ())

    async def close(self) -> None:
        """Cancel all fetches."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch_after_window(self, key: Key) -> None:
        await asyncio.sleep(BATCH_WINDOW_S)
        self._collecting.remove(key)
        if self._access_token(key[0]) is None:
            return  # the ids wait for `resume`
        # Take the ids out before the request: an event during the request adds them again.
        for ids in chunks(self._changed.pop(key)):
            self._start(self._fetch(key, ids))

    async def _fetch(self, key: Key, ids: list[str]) -> None:
        """Fetch entities; retry until the request succeeds or can't succeed."""
        enterprise_id, kind = key
        failures = 0
        while self._access_token(enterprise_id) is not None:
            await asyncio.sleep(self._paused_until_s.get(enterprise_id, 0.0) - now_s())
            try:
                async for entity in self._read(enterprise_id, kind, ids):
                    self._store(enterprise_id, kind, entity)
            except ApiError as error:
                if error.asks_for_less and len(ids) > 1:
                    middle = len(ids) // 2
                    self._start(self._fetch(key, ids[middle:]))
                    ids = ids[:middle]
                elif not error.is_retryable:
                    logger.error("Can't fetch %s of %s: %s", kind, enterprise_id, error)  # noqa: TRY400
                    return
                pause_s = error.pause_s(failures)
                logger.warning(
                    "%s of %s: %s, retrying in %.1f s", kind, enterprise_id, error, pause_s
                )
                if error.status == TOO_MANY_REQUESTS:  # all requests of an enterprise share a limit
                    paused_until_s = self._paused_until_s.get(enterprise_id, 0.0)
                    self._paused_until_s[enterprise_id] = max(now_s() + pause_s, paused_until_s)
                await asyncio.sleep(pause_s)
                failures += 1
            else:
                return
        self._changed.setdefault(key, set()).update(ids)  # disabled: the ids wait for `resume`

    def _read(self, enterprise_id: str, kind: str, ids: list[str]) -> AsyncIterator[Document]:
        async def call(operation: str, body: Document) -> Document:
            # Get the token for each request: a key may be replaced between two pages.
            token = self._access_token(enterprise_id)
            if token is None:
                raise ApiError(None)
            return await self._api_client.call(operation, token, body)

        if kind == "messages":
            return self._read_messages(call, enterprise_id)
        if kind == "products":
            return self._read_products(call, ids)
        operation, collection, id_filter, parameters = OPERATIONS[kind]
        return pages(call, operation, collection, {id_filter: ids, **parameters})

    async def _read_products(self, call: Call, ids: list[str]) -> AsyncIterator[Document]:
        """Yield products: the request must name services, and a product event names none."""
        services = {
            service["Id"] async for service in pages(call, "services/getAll", "Services", {})
        }
        for service_ids in chunks(services):
            filters = {"ServiceIds": service_ids, "ProductIds": ids}
            async for product in pages(call, "products/getAll", "Products", filters):
                yield product

    async def _read_messages(self, call: Call, enterprise_id: str) -> AsyncIterator[Document]:
        """Yield the messages since the last read: no operation takes the id of a message."""
        now = datetime.now(UTC)
        recent = {"CreatedUtc": time_interval(now - THREAD_INTERVAL, now + CLOCK_SKEW)}
        threads = pages(call, "messageThreads/getAll", "MessageThreads", recent)
        thread_ids = {thread["Id"] async for thread in threads}
        read_until = self._messages_read_until.get(enterprise_id, self._started_at - WEBHOOK_DELAY)
        start = max(read_until - CLOCK_SKEW, now - MESSAGE_INTERVAL)
        added = {"CreatedUtc": time_interval(start, now + CLOCK_SKEW)}
        for ids in chunks(thread_ids):
            filters = {"MessageThreadIds": ids, **added}
            async for message in pages(call, "messages/getAll", "Messages", filters):
                yield message
        self._messages_read_until[enterprise_id] = now

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)  # asyncio has only a weak reference to the task
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("A fetch crashed", exc_info=task.exception())


def chunks(ids: set[str]) -> list[list[str]]:
    """Divide ids into lists that fit into one request."""
    ordered = sorted(ids)
    return [ordered[start : start + PAGE_SIZE] for start in range(0, len(ordered), PAGE_SIZE)]


def time_interval(start: datetime, end: datetime) -> Document:
    """Return a time interval for a filter; both times must be UTC."""
    return {"StartUtc": f"{start:%Y-%m-%dT%H:%M:%SZ}", "EndUtc": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def now_s() -> float:
    """Return the time of a monotonic clock."""
    return asyncio.get_running_loop().time()
