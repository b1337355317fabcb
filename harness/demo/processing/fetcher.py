"""Reading a batch: all pages of its answers, and what is kept of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_mews.demo.processing.api_client import Connector, Reply
from pytest_mews.demo.processing.backoff import OK
from pytest_mews.demo.processing.entity_readers import Batch, Document
from pytest_mews.demo.processing.processing_options import ProcessingOptions

NEVER = datetime.min.replace(tzinfo=UTC)


class Failed(Exception):
    """A batch could not be read; `reply` is None where there was no access token to ask with."""

    def __init__(self, reply: Reply | None) -> None:
        super().__init__()
        self.reply = reply


class Store:
    """The newest state of every entity; may be used from any thread.

    Answers may overtake each other, and an entity may be fetched again without need: what is
    older than what is here changes nothing. This sample keeps only what it needs to know that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[tuple[str, str, str], datetime] = {}

    def put(self, enterprise_id: str, entity: str, state: Document) -> None:
        """Keep a state unless a newer one is here; of its properties only the known are read."""
        name = state.get("Id")
        if isinstance(name, str):
            changed = _moment(state.get("UpdatedUtc") or state.get("CreatedUtc"))
            key = (enterprise_id, entity, name)
            with self._lock:
                self._states[key] = max(changed, self._states.get(key, changed))

    def changed(self, enterprise_id: str, entity: str, name: str) -> datetime | None:
        """Say when the state that is kept came about; None where there is none."""
        with self._lock:
            return self._states.get((enterprise_id, entity, name))


class Fetcher:
    """Reads batches; may be used from any thread.

    Args:
        connector: makes the requests.
        credential: gives the access token of an enterprise, as it is at the moment.
        habits: of the partner.
        store: where the entities go.

    """

    def __init__(
        self,
        connector: Connector,
        credential: Callable[[str], str | None],
        habits: ProcessingOptions,
        store: Store,
    ) -> None:
        self._connector, self._credential = connector, credential
        self._habits, self._store = habits, store

    def fetch(self, batch: Batch) -> None:
        """Read a batch and store what comes.

        Raises:
            Failed: not all of it could be read.

        """

        def pages(operation: str, collection: str, filters: Document) -> Iterator[Document]:
            return self._pages(batch.enterprise_id, operation, collection, filters)

        for entity in self._habits.readings[batch.entity](pages, batch):
            self._store.put(batch.enterprise_id, batch.entity, entity)

    def _pages(
        self, enterprise_id: str, operation: str, collection: str, filters: Document
    ) -> Iterator[Document]:
        """Read from the newest to the oldest: a page's cursor is the oldest entity on it."""
        limitation: dict[str, Any] = {"Count": self._habits.page}
        while True:
            answer = self._ask(enterprise_id, operation, {**filters, "Limitation": limitation})
            found = answer.get(collection)
            if not isinstance(found, list):
                raise Failed(Reply(OK))
            yield from (each for each in found if isinstance(each, Mapping))
            cursor = answer.get("Cursor")
            if len(found) < self._habits.page or not cursor or not self._habits.follows:
                return
            limitation = {"Count": self._habits.page, "Cursor": cursor}

    def _ask(self, enterprise_id: str, operation: str, body: Document) -> Document:
        # Asked for each time: a key may be replaced between two pages.
        credential = self._credential(enterprise_id)
        if credential is None:
            raise Failed(None)
        reply = self._connector.call(operation, credential, body)
        if reply.status != OK or reply.document is None:
            raise Failed(reply)
        return reply.document


def _moment(written: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(written))
    except ValueError:
        return NEVER
    return moment.replace(tzinfo=moment.tzinfo or UTC)
