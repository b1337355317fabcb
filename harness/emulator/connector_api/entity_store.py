"""Which entities exist at each enterprise, and when they were created and updated.

The store holds no properties: `entities` builds the entity of a record when a request asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from pytest_mews.emulator.connector_api.entities import parent_of


class EntityRecord(NamedTuple):
    """One entity that exists.

    Attributes:
        kind: such as `reservation`.
        id: spelled as in the message that announced it.
        enterprise_id: the owner of the AccessToken that covers it: its enterprise, or a chain.
        number: unique, ascending in the order in which the entities were added.
        created: UTC.
        updated: UTC, never before `created`.
        parent_id: the thread of a message, or the service of a product; None for other kinds.
        state: the state of a command; empty for other kinds.
        deleted: when it was deleted, or a reservation canceled, UTC; None while it is not.
        property_id: the enterprise that it belongs to, if that is not the token's owner.
        copied_id: the id of the entity of which it is a copy; None if it is none.

    """

    kind: str
    id: str
    enterprise_id: str
    number: int
    created: datetime
    updated: datetime
    parent_id: str | None = None
    state: str = ""
    deleted: datetime | None = None
    property_id: str | None = None
    copied_id: str | None = None

    @property
    def belongs_to(self) -> str:
        """The enterprise that it belongs to."""
        return self.property_id or self.enterprise_id

    @property
    def sort_key(self) -> tuple[datetime, int]:
        """The order of pages: by creation, then by the order in which the entities were added."""
        return self.created, self.number


References = Callable[[EntityRecord], Iterable[tuple[str, str]]]


class EntityStore:
    """All entities that exist, by enterprise and kind; ids are compared case-insensitively.

    Args:
        references: returns kind and id of each entity that an entity refers to.

    """

    def __init__(self, references: References) -> None:
        self._references = references
        self._records: dict[tuple[str, str], dict[str, EntityRecord]] = {}
        self._referenced: dict[tuple[str, str], set[str]] = {}
        self._shown: set[int] = set()
        self._unfetched: dict[int, EntityRecord] = {}  # since each one changed
        self._unread: list[EntityRecord] = []  # shown, and their references not yet read
        self.ids: set[str] = set()  # of all entities, in lower case
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

    def mark_shown(self, record: EntityRecord) -> None:
        """Record that a response contained an entity, and thereby the ids it refers to."""
        self._unfetched.pop(record.number, None)
        if record.number not in self._shown:
            self._shown.add(record.number)
            self._unread.append(record)

    def is_referenced(self, enterprise_id: str, kind: str, entity_id: str) -> bool:
        """Return whether an entity in an earlier response refers to this one."""
        for record in self._unread:
            for referenced_kind, referenced_id in self._references(record):
                key = record.enterprise_id.lower(), referenced_kind
                self._referenced.setdefault(key, set()).add(referenced_id.lower())
        self._unread.clear()
        return entity_id.lower() in self._referenced.get((enterprise_id.lower(), kind), ())

    def count_unfetched(self, until: datetime, enterprise_id: str | None = None) -> int:
        """Return how many entities have changed by a time and are in no response since.

        With an enterprise, only its own.
        """
        owner = None if enterprise_id is None else enterprise_id.lower()
        return sum(
            record.updated <= until and owner in {None, record.enterprise_id.lower()}
            for record in self._unfetched.values()
        )

    def add_copy(self, record: EntityRecord, entity_id: str) -> EntityRecord:
        """Add an entity that differs from another one in its id alone; return its record."""
        self._count += 1
        added = record._replace(id=entity_id, number=self._count, copied_id=record.id)
        self._records[added.enterprise_id.lower(), added.kind][entity_id.lower()] = added
        self.ids.add(entity_id.lower())
        return added

    def remove(self, record: EntityRecord) -> None:
        """Remove an entity, as if it had never existed."""
        records = self._records.get((record.enterprise_id.lower(), record.kind), {})
        if records.pop(record.id.lower(), None) is not None:
            self._unfetched.pop(record.number, None)
            self.ids.discard(record.id.lower())

    def upsert(  # noqa: PLR0913 - all that is known of an entity
        self,
        enterprise_id: str,
        kind: str,
        entity_id: str,
        updated: datetime,
        *,
        created: datetime | None = None,
        parent_id: str | None = None,
        state: str = "",
        deleted: bool = False,
        property_id: str | None = None,
    ) -> EntityRecord:
        """Add an entity, or update the one that exists; return its record.

        Args:
            enterprise_id: the owner of the AccessToken that covers it.
            kind: such as `reservation`.
            entity_id: its id.
            updated: when it changed; ignored for an entity that was deleted.
            created: when it was created, default `updated`; ignored for an entity that exists.
            parent_id: the service of a product, default that of `parent_of`; ignored for an entity
                that exists.
            state: the new state of a command.
            deleted: whether the change is a deletion; nothing undoes one.
            property_id: the enterprise that it belongs to, if that can be another one than
                `enterprise_id`; ignored for an entity that exists.

        """
        records = self._records.setdefault((enterprise_id.lower(), kind), {})
        key = entity_id.lower()
        known = records.get(key)
        if known is None:
            self._count += 1
            record = EntityRecord(
                kind,
                key if key == entity_id else entity_id,  # one string for all of them
                enterprise_id,
                self._count,
                created or updated,
                updated,
                parent_id or parent_of(kind, property_id or enterprise_id, entity_id),
                state,
                updated if deleted else None,
                property_id,
            )
        elif known.deleted is not None:
            record = known
        else:
            record = known._replace(
                updated=max(updated, known.updated),
                state=state or known.state,
                deleted=updated if deleted else None,
            )
        records[key] = record
        self._unfetched[record.number] = record
        self.ids.add(key)
        return record
