"""Fetches changed entities: many ids in one request, with retries until it succeeds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from api_client import PAGE_SIZE, TOO_MANY_REQUESTS, ApiClient, ApiError, Call, Document, read
from storage import Storage

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
Item = TypeVar("Item", int, str)
logger = logging.getLogger("partner")


class Fetcher:
    """Fetches what has changed.

    Args:
        api_client: makes the requests.
        storage: has the changes and the access tokens, and takes the entities.

    """

    def __init__(self, api_client: ApiClient, storage: Storage) -> None:
        self._api_client, self._storage = api_client, storage
        self._requested: set[int] = set()  # the numbers of changes that a request is made for
        self._collecting: set[Key] = set()
        self._paused_until_s: dict[str, float] = {}  # by enterprise, after a 429
        self._started_at = datetime.now(UTC)
        self._tasks: set[asyncio.Task[None]] = set()

    def fetch(self, enterprise_id: str, kind: str) -> None:
        """Fetch what has changed; what changes again before its request is fetched once."""
        key = (enterprise_id, kind)
        if key not in self._collecting:
            self._collecting.add(key)
            self._start(self._fetch_after_window(key))

    def resume(self) -> None:
        """Fetch the changes that have been waiting for an access token, where there is one now."""
        for enterprise_id, kind in self._storage.changed_kinds():
            self.fetch(enterprise_id, kind)

    async def close(self) -> None:
        """Cancel all fetches."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch_after_window(self, key: Key) -> None:
        await asyncio.sleep(BATCH_WINDOW_S)
        self._collecting.remove(key)
        # What changes again during its request has another number then, and is fetched again.
        changes = self._storage.changes(*key)
        for part in chunks(changes.keys() - self._requested):
            self._requested.update(part)
            self._start(self._fetch(key, {number: changes[number] for number in part}))

    async def _fetch(self, key: Key, changes: dict[int, str]) -> None:
        """Fetch entities; retry until the request succeeds or can't succeed."""
        enterprise_id, kind = key
        failures = 0
        try:
            while self._storage.access_token(enterprise_id) is not None:
                await asyncio.sleep(self._paused_until_s.get(enterprise_id, 0.0) - now_s())
                started_at = datetime.now(UTC)
                try:
                    entities = await self._read(enterprise_id, kind, sorted(changes.values()))
                except ApiError as error:
                    if error.asks_for_less and len(changes) > 1:
                        numbers = sorted(changes)
                        rest = numbers[len(numbers) // 2 :]
                        self._start(
                            self._fetch(key, {number: changes.pop(number) for number in rest})
                        )
                    elif not error.is_retryable:
                        logger.error("Can't fetch %s of %s: %s", kind, enterprise_id, error)  # noqa: TRY400
                        with self._storage.transaction():
                            self._storage.remove_changes(changes)
                        return
                    await self._pause(key, error, failures)
                    failures += 1
                else:
                    with self._storage.transaction():
                        for entity in entities:
                            self._storage.store(enterprise_id, kind, entity)
                        self._storage.remove_changes(changes)
                        if kind == "messages":
                            self._storage.set_messages_read_until(enterprise_id, started_at)
                    return
        finally:
            # An enterprise that is disabled: its changes wait for `resume`.
            self._requested.difference_update(changes)

    async def _pause(self, key: Key, error: ApiError, failures: int) -> None:
        enterprise_id, kind = key
        pause_s = error.pause_s(failures)
        logger.warning("%s of %s: %s, retrying in %.1f s", kind, enterprise_id, error, pause_s)
        if error.status == TOO_MANY_REQUESTS:  # all requests of an enterprise share a limit
            paused_until_s = self._paused_until_s.get(enterprise_id, 0.0)
            self._paused_until_s[enterprise_id] = max(now_s() + pause_s, paused_until_s)
        await asyncio.sleep(pause_s)

    async def _read(self, enterprise_id: str, kind: str, ids: list[str]) -> list[Document]:
        async def call(operation: str, body: Document) -> Document:
            # Get the token for each request: a key may be replaced between two pages.
            token = self._storage.access_token(enterprise_id)
            if token is None:
                raise ApiError(None)
            return await self._api_client.call(operation, token, body)

        if kind == "messages":
            return await self._read_messages(call, enterprise_id)
        if kind == "products":
            return await self._read_products(call, ids)
        operation, collection, id_filter, parameters = OPERATIONS[kind]
        return await read(call, operation, collection, {id_filter: ids, **parameters})

    async def _read_products(self, call: Call, ids: list[str]) -> list[Document]:
        """Return products: the request must name services, and a product event names none."""
        services = await read(call, "services/getAll", "Services", {})
        products = []
        for service_ids in chunks(service["Id"] for service in services):
            filters = {"ServiceIds": service_ids, "ProductIds": ids}
            products += await read(call, "products/getAll", "Products", filters)
        return products

    async def _read_messages(self, call: Call, enterprise_id: str) -> list[Document]:
        """Return the messages since the last read: no operation takes the id of a message."""
        now = datetime.now(UTC)
        recent = {"CreatedUtc": time_interval(now - THREAD_INTERVAL, now + CLOCK_SKEW)}
        threads = await read(call, "messageThreads/getAll", "MessageThreads", recent)
        read_until = self._storage.messages_read_until(enterprise_id)
        start = (read_until or self._started_at - WEBHOOK_DELAY) - CLOCK_SKEW
        start = max(start, now - MESSAGE_INTERVAL)
        added = {"CreatedUtc": time_interval(start, now + CLOCK_SKEW)}
        messages = []
        for ids in chunks(thread["Id"] for thread in threads):
            filters = {"MessageThreadIds": ids, **added}
            messages += await read(call, "messages/getAll", "Messages", filters)
        return messages

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)  # asyncio has only a weak reference to the task
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("A fetch crashed", exc_info=task.exception())


def chunks(items: Iterable[Item]) -> list[list[Item]]:
    """Divide ids or numbers into lists that fit into one request."""
    ordered = sorted(set(items))
    return [ordered[start : start + PAGE_SIZE] for start in range(0, len(ordered), PAGE_SIZE)]


def time_interval(start: datetime, end: datetime) -> Document:
    """Return a time interval for a filter; both times must be UTC."""
    return {"StartUtc": f"{start:%Y-%m-%dT%H:%M:%SZ}", "EndUtc": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def now_s() -> float:
    """Return the time of a monotonic clock."""
    return asyncio.get_running_loop().time()
