"""What is to be fetched: the changes that messages told of, until they are fetched.

Changes are ids by enterprise and kind of entity, so that an id is there once however often it was
told. It leaves when a worker takes it, before the request: a change that is told during the
request is new again. Whatever can't be fetched now (an enterprise that is not onboarded or is
switched off, a request that failed) waits here and keeps no worker busy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from pytest_mews.demo.partner_state import Memory, is_known, remember
from pytest_mews.demo.processing.entity_readers import Batch
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.webhook_bodies import Document


@dataclass(frozen=True)
class _Gathering:
    """Changes of one enterprise and kind: since when, and when there were enough of them."""

    since: datetime
    ripe_s: float


class Backlog:
    """The memory of a partner, and when each part of it is due; may be used from any thread.

    Args:
        memory: read and written here alone, once it was given.
        habits: of the partner.
        clock: seconds, never going back.

    """

    def __init__(
        self, memory: Memory, habits: ProcessingOptions, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._memory, self._habits, self._clock = memory, habits, clock
        self._gatherings: dict[tuple[str, str], _Gathering] = {}
        self._failed: list[tuple[float, Batch]] = []  # and when to try again
        self._held: dict[str, float] = {}  # until when Mews wants to hear nothing of an enterprise
        self._taken: list[Batch] = []
        self._closed = False
        lock = threading.Lock()
        self._stirred = threading.Condition(lock)
        self._finished = threading.Condition(lock)

    def note(self, document: Document) -> None:
        """Take in what an accepted message says."""
        with self._stirred:
            if document.get("Action") in self._habits.deaf_to:
                return
            remember(self._memory, document, self._habits.select)
            self._failed = [each for each in self._failed if self._knows(each[1])]
            new = _Gathering(datetime.now(UTC), self._clock() + self._habits.gather_s)
            self._gatherings = {
                lane: self._gatherings.get(lane, new) for lane in self._memory.changed
            }
            self._stirred.notify()

    def take(self) -> Batch | None:
        """Wait for something that is due, and take it; None when the backlog is closed."""
        with self._stirred:
            while not self._closed:
                now = self._clock()
                batch = self._due(now)
                if batch is not None:
                    self._taken.append(batch)
                    self._stirred.notify()  # one more may look after the rest
                    return batch
                self._stirred.wait(self._patience_s(now))
        return None

    def done(self, batch: Batch) -> None:
        """Note that a batch needs nothing more."""
        with self._stirred:
            self._taken.remove(batch)
            self._finished.notify_all()

    def again(self, batch: Batch, pause_s: float = 0.0, *, hold: bool = False) -> None:
        """Give a batch back after a failure; with `hold` its whole enterprise has to pause."""
        with self._stirred:
            self._taken.remove(batch)
            if not self._knows(batch):  # it was deleted meanwhile
                self._finished.notify_all()
                return
            due = self._clock() + pause_s
            if hold:
                self._held[batch.enterprise_id] = max(due, self._held.get(batch.enterprise_id, due))
            self._failed.append((due, replace(batch, failures=batch.failures + 1)))
            self._stirred.notify()

    def credential(self, enterprise_id: str) -> str | None:
        """Give the access token that is right at this moment; None where there is none."""
        with self._stirred:
            return self._habits.credential(self._memory, enterprise_id)

    def enterprises(self) -> tuple[str, ...]:
        """List the enterprises that are connected."""
        with self._stirred:
            owners = [each.enterprise_id for each in self._memory.integrations.values()]
            return tuple(owner for owner in owners if owner is not None)

    def wait_for(self, document: Document) -> None:
        """Wait until nothing that a message told of is left to do, or until it is closed."""
        with self._finished:
            enterprise_id = document.get("EnterpriseId", "")
            changes = set(self._habits.select(document))
            while not self._closed and self._owes(enterprise_id, changes):
                self._finished.wait()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that can be fetched."""
        with self._stirred:
            return self._unfetched() == 0

    def wait_for_room(self, room: int) -> None:
        """Wait until fewer changes than this are unfetched and can be fetched, or it is closed."""
        with self._finished:
            while not self._closed and self._unfetched() >= room:
                self._finished.wait()

    def close(self) -> None:
        """Release whoever waits; nothing is given out any more."""
        with self._stirred:
            self._closed = True
            self._stirred.notify_all()
            self._finished.notify_all()

    def _knows(self, batch: Batch) -> bool:
        return is_known(self._memory, batch.enterprise_id)

    def _due(self, now: float) -> Batch | None:
        for number, (due, batch) in enumerate(self._failed):
            if due <= now and self._may_ask(batch.enterprise_id, now):
                del self._failed[number]
                return batch
        for lane, gathering in self._gatherings.items():
            if gathering.ripe_s <= now and self._may_ask(lane[0], now):
                return self._ripe(lane, gathering.since)
        return None

    def _ripe(self, lane: tuple[str, str], since: datetime) -> Batch:
        ids = self._memory.changed[lane]
        some = frozenset(islice(ids, self._habits.most))
        ids -= some
        if not ids:
            del self._memory.changed[lane], self._gatherings[lane]
        return Batch(*lane, some, since)

    def _may_ask(self, enterprise_id: str, now: float) -> bool:
        held = self._held.get(enterprise_id, now) > now
        return not held and self._habits.credential(self._memory, enterprise_id) is not None

    def _patience_s(self, now: float) -> float | None:
        """Say how long nothing will be due; None where only a message can change that."""
        times = [(batch.enterprise_id, due) for due, batch in self._failed]
        times += [(lane[0], each.ripe_s) for lane, each in self._gatherings.items()]
        waits = [
            max(due, self._held.get(enterprise_id, due)) - now
            for enterprise_id, due in times
            if self._habits.credential(self._memory, enterprise_id) is not None
        ]
        return max(0.0, min(waits)) if waits else None

    def _unfetched(self) -> int:
        batches = [*self._taken, *(batch for _, batch in self._failed)]
        changes = [(batch.enterprise_id, len(batch.ids)) for batch in batches]
        changes += [(lane[0], len(ids)) for lane, ids in self._memory.changed.items()]
        return sum(
            number
            for enterprise_id, number in changes
            if self._habits.credential(self._memory, enterprise_id) is not None
        )

    def _owes(self, enterprise_id: str, changes: set[tuple[str, str]]) -> bool:
        """Tell whether any of these can be fetched and is not yet."""
        if self._habits.credential(self._memory, enterprise_id) is None:
            return False
        if any(
            name in self._memory.changed.get((enterprise_id, entity), ())
            for entity, name in changes
        ):
            return True
        open_ = [*self._taken, *(batch for _, batch in self._failed)]
        return any(
            batch.enterprise_id == enterprise_id and entity == batch.entity and name in batch.ids
            for batch in open_
            for entity, name in changes
        )
