"""Which entities exist at each enterprise, and when they were created and updated.

The store holds no properties: `entities` builds the entity of a record when a request asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """One entity that exists.

    Attributes:
        kind: such as `reservation`.
        id: spelled as in the message that announced it.
        enterprise_id: the enterprise that it belongs to.
        number: unique, ascending in the order in which the entities were added.
        created: UTC.
        updated: UTC, never before `created`.
        thread_id: the thread of a message; None for other kinds.
        state: the state of a command; empty for other kinds.

    """

    kind: str
    id: str
    enterprise_id: str
    number: int
    created: datetime
    updated: datetime
    thread_id: str | None = None
    state: str = ""

    @property
    def sort_key(self) -> tuple[datetime, int]:
        """The order of pages: by creation, then by the order in which the entities were added."""
        return self.created, self.number


class EntityStore:
    """All entities that exist, by enterprise and kind; ids are compared case-insensitively."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], dict[str, EntityRecord]] = {}
        self._referenced: dict[tuple[str, str], set[str]] = {}
        self._shown: set[int] = set()
        self._count = 0

    def find(self, enterprise_id: str, kind: str, entity_id: str) -> EntityRecord | None:
        """Return the record of one entity, or None."""
        return self.records_by_id(enterprise_id, kind).get(entity_id.lower())

    def records_by_id(self, enterprise_id: str, kind: str) -> dict[str, EntityRecord]:
        """Return an enterprise's records of a kind by id in lower case; don't modify it."""
        return self._records.get((enterprise_id.lower(), kind), {})

    def records(self, enterprise_id: str, kind: str) -> Collection[EntityRecord]:
        """Return an enterprise's records of a kind, in ascending `number`."""
        return self.records_by_id(enterprise_id, kind).values()

    def mark_shown(
        self, record: EntityRecord, references: Callable[[], Iterable[tuple[str, str]]]
    ) -> None:
        """Record that a response contained an entity, and thereby the ids it refers to.

        Args:
            record: the entity's record.
            references: returns kind and id of each entity that it refers to; called once per
                entity.

        """
        if record.number not in self._shown:
            self._shown.add(record.number)
            for kind, entity_id in references():
                key = record.enterprise_id.lower(), kind
                self._referenced.setdefault(key, set()).add(entity_id.lower())

    def is_referenced(self, enterprise_id: str, kind: str, entity_id: str) -> bool:
        """Return whether an entity in an earlier response refers to this one."""
        return entity_id.lower() in self._referenced.get((enterprise_id.lower(), kind), ())

    def upsert(  # noqa: PLR0913 - all that is known of an entity
        self,
        enterprise_id: str,
        kind: str,
        entity_id: str,
        updated: datetime,
        *,
        created: datetime | None = None,
        thread_id: str | None = None,
        state: str = "",
    ) -> EntityRecord:
        """Add an entity, or update the one that exists; return its record.

        Args:
            enterprise_id: the enterprise that it belongs to.
            kind: such as `reservation`.
            entity_id: its id.
            updated: when it changed.
            created: when it was created, default `updated`; ignored for an entity that exists.
            thread_id: the thread of a message; ignored for an entity that exists.
            state: the new state of a command.

        """
        records = self._records.setdefault((enterprise_id.lower(), kind), {})
        known = records.get(entity_id.lower())
        if known is None:
            self._count += 1
            record = EntityRecord(
                kind,
                entity_id,
                enterprise_id,
                self._count,
                created or updated,
                updated,
                thread_id,
                state,
            )
        else:
            record = replace(known, updated=max(updated, known.updated), state=state or known.state)
        records[entity_id.lower()] = record
        return record
