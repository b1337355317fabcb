"""Fills the first pages of responses with other entities, so that an announced one comes later.

A hotel with more changes than fit on a page exists; sending a message for each takes too long.
"""

from __future__ import annotations

from pytest_mews.emulator.connector_api.entity_store import EntityRecord, EntityStore
from pytest_mews.emulator.connector_api.entity_values import make_id
from pytest_mews.mews.events import EVENTS
from pytest_mews.mews.limits import ITEMS_PER_PAGE
from pytest_mews.model import Message

FILLED_PAGES = 2  # so that a client has to follow the cursor more than once


class FirstPages:
    """Fills first pages for some entities, from the first message about each.

    Pages begin with the newest entity. The fillers are created and updated at the same time as the
    announced entity, and added after it: a request by interval that returns it returns them too,
    and before it. A request by ids returns none of them.

    Args:
        store: gets the fillers.

    """

    def __init__(self, store: EntityStore) -> None:
        self._store, self._count = store, 0
        self._waiting: dict[int, frozenset[str]] = {}  # by handle: ids that no message announced
        self._fillers: dict[int, list[EntityRecord]] = {}

    def add(self, ids: frozenset[str]) -> int:
        """Fill the first pages for these entities once they are announced; return the handle."""
        self._count += 1
        self._waiting[self._count], self._fillers[self._count] = ids, []
        return self._count

    def remove(self, handle: int) -> None:
        """Remove the fillers, if they are still there."""
        self._waiting.pop(handle, None)
        for record in self._fillers.pop(handle, ()):
            self._store.remove(record)

    def fill(self, message: Message) -> None:
        """Add the fillers for what a message announces; call it after the message is applied."""
        for handle, ids in self._waiting.items():
            announced = {event.entity_id for event in message.events} & ids
            self._waiting[handle] = ids - announced
            for event in message.events:
                event_type = EVENTS.get(event.discriminator)
                if event.entity_id in announced and event_type and event_type.entity:
                    self._fill(handle, message, event_type.entity, event.entity_id)

    def _fill(self, handle: int, message: Message, kind: str, entity_id: str) -> None:
        enterprise_id = message.enterprise_id or ""
        record = self._store.find(enterprise_id, kind, entity_id)
        if record is None:
            return
        records = [record]
        if kind == "message" and record.parent_id is not None:
            thread = self._store.find(enterprise_id, "message-thread", record.parent_id)
            records += [thread] if thread is not None else []
        for later in records:
            self._fillers[handle] += [
                self._store.add_copy(later, make_id(f"{later.id}/{number}"))
                for number in range(FILLED_PAGES * ITEMS_PER_PAGE)
            ]
