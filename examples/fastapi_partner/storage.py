"""What must survive a restart, in a file of SQLite: Mews sends an accepted message only once.

A method that changes something belongs into a transaction: `with storage.transaction(): …`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS integrations (
    id TEXT PRIMARY KEY,
    enterprise_id TEXT,
    access_token TEXT,
    api_key TEXT,  -- replaces the access token
    is_active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS enterprises (
    id TEXT PRIMARY KEY,
    integration_id TEXT,  -- as General Webhooks name it
    messages_read_until TEXT
);
CREATE TABLE IF NOT EXISTS changes (  -- the entities that are still to be fetched
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    enterprise_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    UNIQUE (enterprise_id, kind, entity_id)
);
CREATE TABLE IF NOT EXISTS entities (
    enterprise_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    updated_utc TEXT NOT NULL,
    document TEXT,  -- null if the entity is deleted
    PRIMARY KEY (enterprise_id, kind, id)
);
"""
OWN_TOKENS = """
SELECT is_active, coalesce(api_key, access_token) FROM integrations WHERE enterprise_id = ?
"""
TOKENS_OF_CHAIN = """
SELECT is_active, coalesce(api_key, access_token) FROM integrations
WHERE id = (SELECT integration_id FROM enterprises WHERE id = ?)
"""


class Storage:
    """Integrations with their tokens, changes, and entities.

    Args:
        path: of the file of SQLite, which is created if there is none.

    """

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        # A crash of this service loses nothing then; for a power failure, set synchronous = FULL.
        self._database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self._database.executescript(TABLES)

    def transaction(self) -> AbstractContextManager[object]:
        """Return a context that commits at its end, or rolls back after an error."""
        return self._database

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def has_integration(self, integration_id: str) -> bool:
        """Return whether anything is stored about an integration."""
        query = "SELECT 1 FROM integrations WHERE id = ?"
        return self._database.execute(query, (integration_id,)).fetchone() is not None

    def connect(
        self, integration_id: str, enterprise_id: str, access_token: str, *, is_active: bool
    ) -> None:
        """Store a new integration; its key may have arrived before."""
        self._database.execute(
            "INSERT INTO integrations (id, enterprise_id, access_token, is_active)"
            " VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET enterprise_id ="
            " excluded.enterprise_id, access_token = excluded.access_token,"
            " is_active = excluded.is_active",
            (integration_id, enterprise_id, access_token, is_active),
        )

    def set_active(self, integration_id: str, *, is_active: bool) -> None:
        """Store whether an integration is active."""
        self._database.execute(
            "INSERT INTO integrations (id, is_active) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET is_active = excluded.is_active",
            (integration_id, is_active),
        )

    def set_api_key(self, integration_id: str, api_key: str) -> None:
        """Store the key that replaces the access token of an integration."""
        self._database.execute(
            "INSERT INTO integrations (id, api_key) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET api_key = excluded.api_key",
            (integration_id, api_key),
        )

    def disconnect(self, integration_id: str) -> None:
        """Delete an integration."""
        self._database.execute("DELETE FROM integrations WHERE id = ?", (integration_id,))

    def set_integration(self, enterprise_id: str, integration_id: str) -> None:
        """Store which integration the webhooks of an enterprise name."""
        self._database.execute(
            "INSERT INTO enterprises (id, integration_id) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET integration_id = excluded.integration_id",
            (enterprise_id, integration_id),
        )

    def access_token(self, enterprise_id: str) -> str | None:
        """Return the access token of an enterprise; None while it is not connected or inactive.

        The token of a chain covers its properties, each with an enterprise id of its own: for these
        the integration is known from their webhooks.
        """
        for query in (OWN_TOKENS, TOKENS_OF_CHAIN):
            if rows := self._database.execute(query, (enterprise_id,)).fetchall():
                return next((token for is_active, token in rows if is_active), None)
        return None

    def add_changes(self, enterprise_id: str, kind: str, ids: Iterable[str]) -> None:
        """Add changed ids, but those of deleted entities: an older event may arrive late."""
        self._database.executemany(
            "INSERT OR REPLACE INTO changes (enterprise_id, kind, entity_id) SELECT ?1, ?2, ?3"
            " WHERE NOT EXISTS (SELECT 1 FROM entities WHERE enterprise_id = ?1 AND kind = ?2"
            " AND id = ?3 AND document IS NULL)",
            ((enterprise_id, kind, entity_id) for entity_id in ids),
        )

    def changes(self, enterprise_id: str, kind: str) -> dict[int, str]:
        """Return the changed ids by number; an id that is added again gets another number."""
        query = "SELECT number, entity_id FROM changes WHERE enterprise_id = ? AND kind = ?"
        return dict(self._database.execute(query, (enterprise_id, kind)).fetchall())

    def changed_kinds(self) -> list[tuple[str, str]]:
        """Return each enterprise and kind of entity with changes."""
        return self._database.execute("SELECT DISTINCT enterprise_id, kind FROM changes").fetchall()

    def remove_changes(self, numbers: Iterable[int]) -> None:
        """Remove changes that are fetched."""
        self._database.executemany(
            "DELETE FROM changes WHERE number = ?", ((number,) for number in numbers)
        )

    def store(self, enterprise_id: str, kind: str, entity: dict[str, Any]) -> None:
        """Store an entity unless a newer state is stored: responses may overtake each other."""
        if entity.get("DeletedUtc"):
            self.delete(enterprise_id, kind, entity["Id"])
            return
        # These times can be compared as strings.
        updated_utc = str(entity.get("UpdatedUtc") or entity.get("CreatedUtc") or "")
        self._database.execute(
            "INSERT INTO entities VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET updated_utc = excluded.updated_utc, document = excluded.document"
            " WHERE document IS NOT NULL AND excluded.updated_utc >= updated_utc",
            (enterprise_id, kind, entity["Id"], updated_utc, json.dumps(entity)),
        )

    def delete(self, enterprise_id: str, kind: str, entity_id: str) -> None:
        """Delete an entity; a deletion is final, whatever arrives after it."""
        key = (enterprise_id, kind, entity_id)
        self._database.execute("INSERT OR REPLACE INTO entities VALUES (?, ?, ?, '', NULL)", key)
        self._database.execute(
            "DELETE FROM changes WHERE enterprise_id = ? AND kind = ? AND entity_id = ?", key
        )

    def messages_read_until(self, enterprise_id: str) -> datetime | None:
        """Return until when the messages of an enterprise have been read; None if never."""
        query = "SELECT messages_read_until FROM enterprises WHERE id = ?"
        row = self._database.execute(query, (enterprise_id,)).fetchone()
        return datetime.fromisoformat(row[0]) if row and row[0] else None

    def set_messages_read_until(self, enterprise_id: str, end: datetime) -> None:
        """Store until when the messages of an enterprise have been read."""
        self._database.execute(
            "INSERT INTO enterprises (id, messages_read_until) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET messages_read_until = excluded.messages_read_until",
            (enterprise_id, end.isoformat()),
        )
