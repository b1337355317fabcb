"""What exists at each enterprise, and since when; entities themselves are made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """One entity that exists.

    Attributes:
        kind: such as `reservation`.
        id: in the spelling of whoever announced it.
        enterprise_id: whose it is.
        number: unique, rising in the order of first appearance.
        created: UTC.
        updated: UTC, never before `created`.
        thread_id: of a message, its thread.
        state: of a command, its state; empty otherwise.

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
    def age(self) -> tuple[datetime, int]:
        """What entities are ordered by: when created, then which was known first."""
        return self.created, self.number


class EntityStore:
    """All that exists, by enterprise and kind; ids are compared without regard to case."""

    def __init__(self) -> None:
        self._stamps: dict[tuple[str, str], dict[str, EntityRecord]] = {}
        self._named: dict[tuple[str, str], set[str]] = {}
        self._shown: set[int] = set()
        self._count = 0

    def find(self, enterprise_id: str, kind: str, entity_id: str) -> EntityRecord | None:
        """Look one entity up."""
        return self.all(enterprise_id, kind).get(entity_id.lower())

    def all(self, enterprise_id: str, kind: str) -> dict[str, EntityRecord]:
        """Give what an enterprise has of a kind, by id in lower case; not to be changed."""
        return self._stamps.get((enterprise_id.lower(), kind), {})

    def every(self, enterprise_id: str, kind: str) -> Collection[EntityRecord]:
        """List what an enterprise has of a kind, in the order of appearance."""
        return self.all(enterprise_id, kind).values()

    def mark_shown(
        self, stamp: EntityRecord, relatives: Callable[[], Iterable[tuple[str, str]]]
    ) -> None:
        """Note that an entity was shown, and with it the kinds and ids of those that it names."""
        if stamp.number not in self._shown:
            self._shown.add(stamp.number)
            for kind, entity_id in relatives():
                key = stamp.enterprise_id.lower(), kind
                self._named.setdefault(key, set()).add(entity_id.lower())

    def is_named(self, enterprise_id: str, kind: str, entity_id: str) -> bool:
        """Tell whether an entity that was shown names this one."""
        return entity_id.lower() in self._named.get((enterprise_id.lower(), kind), ())

    def upsert(  # noqa: PLR0913 - all that is known of an entity
        self,
        enterprise_id: str,
        kind: str,
        entity_id: str,
        at: datetime,
        *,
        created: datetime | None = None,
        thread_id: str | None = None,
        state: str = "",
    ) -> EntityRecord:
        """Let an entity exist, and be updated at a moment.

        Args:
            enterprise_id: whose it is.
            kind: what it is.
            entity_id: which one it is.
            at: when it changed.
            created: when it was created, if it is not known yet; `at` by default.
            thread_id: of a message, its thread.
            state: of a command, its new state.

        """
        stamps = self._stamps.setdefault((enterprise_id.lower(), kind), {})
        known = stamps.get(entity_id.lower())
        if known is None:
            self._count += 1
            stamp = EntityRecord(
                kind,
                entity_id,
                enterprise_id,
                self._count,
                created or at,
                at,
                thread_id,
                state,
            )
        else:
            stamp = replace(known, updated=max(at, known.updated), state=state or known.state)
        stamps[entity_id.lower()] = stamp
        return stamp
