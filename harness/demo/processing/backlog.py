"""The changes that a partner still has to fetch, and when each of them is due.

The backlog groups changed ids by enterprise and kind of entity, so that it contains an id once,
however many events name it. A worker takes ids out before it makes the request: an event that
arrives during the request adds the id again. Changes that can't be fetched now stay in the backlog
and occupy no worker: those of an enterprise that isn't connected yet or is disabled, and those
whose request failed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from pytest_mews.demo.partner_state import PartnerState, apply_message, is_known
from pytest_mews.demo.processing.entity_readers import Batch
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.webhook_bodies import Document

Key = tuple[str, str]
"""Enterprise id and kind of entity."""


@dataclass(frozen=True)
class _PendingBatch:
    """Changes that are being collected: since when, and when they are due."""

    since: datetime
    due_s: float


class Backlog:
    """The state of a partner, and when each change is due; thread-safe.

    Args:
        state: only the backlog may use it from now on. What has changed in it is due at once.
        options: the behaviour of the partner.
        clock: a monotonic clock, in seconds.

    """

    def __init__(
        self,
        state: PartnerState,
        options: ProcessingOptions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state, self._options, self._clock = state, options, clock
        due_now = _PendingBatch(datetime.now(UTC), clock())
        self._pending = dict.fromkeys(state.changed, due_now)
        self._failed: list[tuple[float, Batch]] = []  # with the time of the retry
        self._paused_until: dict[str, float] = {}  # by enterprise, after a 429
        self._in_progress: list[Batch] = []
        self._closed = False
        self._turn = threading.Lock()  # of the worker that waits for the next batch
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._finished = threading.Condition(lock)

    def add(self, document: Document) -> None:
        """Add the changes of an accepted message."""
        with self._changed:
            if document.get("Action") in self._options.ignored_actions:
                return
            apply_message(self._state, document, self._options.select_changes)
            self._failed = [
                (due_s, batch) for due_s, batch in self._failed if self._is_known(batch)
            ]
            new = _PendingBatch(datetime.now(UTC), self._clock() + self._options.batch_window_s)
            pending = {} if self._options.restarts_window else self._pending
            self._pending = {key: pending.get(key, new) for key in self._state.changed}
            self._changed.notify()

    def take(self) -> Batch | None:
        """Wait for a batch that is due and take it; return None once the backlog is closed.

        One worker at a time waits for the next batch: a change wakes no other one.
        """
        with self._turn, self._changed:
            while not self._closed:
                now = self._clock()
                batch = self._take_due(now)
                if batch is not None:
                    self._in_progress.append(batch)
                    return batch
                self._changed.wait(self._seconds_until_due(now))
        return None

    def mark_done(self, batch: Batch) -> None:
        """Remove a batch that was fetched or given up."""
        with self._changed:
            self._in_progress.remove(batch)
            self._finished.notify_all()

    def retry_later(
        self,
        batch: Batch,
        pause_s: float = 0.0,
        *,
        pause_enterprise: bool = False,
        reduce: bool = False,
    ) -> None:
        """Return a batch after a failure.

        Args:
            batch: the batch whose request failed.
            pause_s: the seconds to wait before the retry.
            pause_enterprise: whether all other changes of the enterprise wait as well.
            reduce: whether to request less at a time.

        """
        with self._changed:
            self._in_progress.remove(batch)
            if not self._is_known(batch):  # the integration was deleted in the meantime
                self._finished.notify_all()
                return
            due_s = self._clock() + pause_s
            if pause_enterprise:
                paused_until = self._paused_until.get(batch.enterprise_id, due_s)
                self._paused_until[batch.enterprise_id] = max(due_s, paused_until)
            for ids in batch.halves if reduce else (batch.ids,):
                again = replace(
                    batch,
                    ids=ids,
                    failures=batch.failures + 1,
                    reductions=batch.reductions + int(reduce),
                )
                self._failed.append((due_s, again))
            self._changed.notify()

    def credential(self, enterprise_id: str) -> str | None:
        """Return the current access token of an enterprise; None if it has none."""
        with self._changed:
            return self._credential(enterprise_id)

    def enterprises(self) -> tuple[str, ...]:
        """Return the ids of the enterprises that are connected."""
        with self._changed:
            return tuple(
                integration.enterprise_id
                for integration in self._state.integrations.values()
                if integration.enterprise_id is not None
            )

    def wait_until_fetched(self, document: Document) -> None:
        """Wait until all changes of a message are fetched, or until the backlog is closed."""
        with self._finished:
            enterprise_id = document.get("EnterpriseId", "")
            changes = set(self._options.select_changes(document))
            while not self._closed and self._has_unfetched(enterprise_id, changes):
                self._finished.wait()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that can be fetched."""
        with self._changed:
            return self._count_unfetched() == 0

    def wait_until_below(self, limit: int) -> None:
        """Wait until fewer changes than a limit are unfetched, or until the backlog is closed.

        Changes that can't be fetched now don't count.
        """
        with self._finished:
            while not self._closed and self._count_unfetched() >= limit:
                self._finished.wait()

    def close(self) -> None:
        """Release every thread that waits; `take` returns None from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._finished.notify_all()

    def store(self) -> None:
        """Return to the state what is not fetched yet; the threads that fetch have ended."""
        with self._changed:
            for batch in self._open_batches():
                key = batch.enterprise_id, batch.entity_kind
                self._state.changed.setdefault(key, set()).update(batch.ids)

    def _credential(self, enterprise_id: str) -> str | None:
        return self._options.credential(self._state, enterprise_id)

    def _is_known(self, batch: Batch) -> bool:
        return is_known(self._state, batch.enterprise_id)

    def _take_due(self, now: float) -> Batch | None:
        for index, (due_s, batch) in enumerate(self._failed):
            if due_s <= now and self._may_fetch(batch.enterprise_id, now):
                del self._failed[index]
                return batch
        for key, pending in self._pending.items():
            if pending.due_s <= now and self._may_fetch(key[0], now):
                return self._take_pending(key, pending.since)
        return None

    def _take_pending(self, key: Key, since: datetime) -> Batch:
        changed = self._state.changed[key]
        ids = frozenset(islice(changed, self._options.max_ids))
        changed -= ids
        if not changed:
            del self._state.changed[key], self._pending[key]
        return Batch(*key, ids, since)

    def _may_fetch(self, enterprise_id: str, now: float) -> bool:
        paused = self._paused_until.get(enterprise_id, now) > now
        return not paused and self._credential(enterprise_id) is not None

    def _seconds_until_due(self, now: float) -> float | None:
        """Return the seconds until a batch is due; None if only a message can change that."""
        due_times = [(batch.enterprise_id, due_s) for due_s, batch in self._failed]
        due_times += [(key[0], pending.due_s) for key, pending in self._pending.items()]
        waits = [
            max(due_s, self._paused_until.get(enterprise_id, due_s)) - now
            for enterprise_id, due_s in due_times
            if self._credential(enterprise_id) is not None
        ]
        return max(0.0, min(waits)) if waits else None

    def _open_batches(self) -> list[Batch]:
        return [*self._in_progress, *(batch for _, batch in self._failed)]

    def _count_unfetched(self) -> int:
        """Return the number of changes that aren't fetched yet, but can be."""
        counts = [(batch.enterprise_id, len(batch.ids)) for batch in self._open_batches()]
        counts += [(key[0], len(ids)) for key, ids in self._state.changed.items()]
        return sum(
            count for enterprise_id, count in counts if self._credential(enterprise_id) is not None
        )

    def _has_unfetched(self, enterprise_id: str, changes: set[tuple[str, str]]) -> bool:
        """Return whether any of these changes isn't fetched yet, but can be."""
        if self._credential(enterprise_id) is None:
            return False
        unfetched = {
            (entity, entity_id)
            for (owner, entity), ids in self._state.changed.items()
            if owner == enterprise_id
            for entity_id in ids
        }
        unfetched |= {
            (batch.entity_kind, entity_id)
            for batch in self._open_batches()
            if batch.enterprise_id == enterprise_id
            for entity_id in batch.ids
        }
        return not changes.isdisjoint(unfetched)
