"""Fetches a batch: all pages of its responses, and the newest state of each entity."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_mews.demo.processing.api_client import ApiClient, ApiResponse
from pytest_mews.demo.processing.backoff import OK
from pytest_mews.demo.processing.entity_readers import Batch, Document
from pytest_mews.demo.processing.processing_options import ProcessingOptions

PAGE_REDUCTION = 10  # by which factor pages get smaller after a 408
UNKNOWN_TIME = datetime.min.replace(tzinfo=UTC)


class FetchError(Exception):
    """A batch could not be fetched; `response` is None if there was no access token."""

    def __init__(self, response: ApiResponse | None) -> None:
        super().__init__()
        self.response = response


class FetchedEntities:
    """The newest state of every entity; thread-safe.

    Responses may overtake each other, and an entity may be fetched twice: an older state must not
    replace a newer one. The demo partner stores only the time of each state, which is enough to
    tell them apart.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._updated_at: dict[tuple[str, str, str], datetime] = {}

    def put(self, enterprise_id: str, entity_kind: str, state: Document) -> None:
        """Store the state of an entity unless a newer one is stored; ignores unknown properties."""
        entity_id = state.get("Id")
        if isinstance(entity_id, str):
            updated_at = _parse_time(state.get("UpdatedUtc") or state.get("CreatedUtc"))
            key = (enterprise_id, entity_kind, entity_id)
            with self._lock:
                self._updated_at[key] = max(updated_at, self._updated_at.get(key, updated_at))

    def updated_at(self, enterprise_id: str, entity_kind: str, entity_id: str) -> datetime | None:
        """Return the time of the stored state; None if the entity was not fetched."""
        with self._lock:
            return self._updated_at.get((enterprise_id, entity_kind, entity_id))


class Fetcher:
    """Fetches batches; thread-safe.

    Args:
        api_client: makes the requests.
        credential: returns the current access token of an enterprise; None if it has none.
        options: the behaviour of the partner.
        entities: takes the fetched entities.

    """

    def __init__(
        self,
        api_client: ApiClient,
        credential: Callable[[str], str | None],
        options: ProcessingOptions,
        entities: FetchedEntities,
    ) -> None:
        self._api_client, self._credential = api_client, credential
        self._options, self._entities = options, entities

    def fetch(self, batch: Batch) -> None:
        """Fetch a batch and store its entities.

        Raises:
            FetchError: a request failed; entities of earlier pages are stored.

        """

        def fetch_pages(operation: str, collection: str, filters: Document) -> Iterator[Document]:
            return self._fetch_pages(batch, operation, collection, filters)

        for state in self._options.readers[batch.entity_kind](fetch_pages, batch):
            self._entities.put(batch.enterprise_id, batch.entity_kind, state)

    def _fetch_pages(
        self, batch: Batch, operation: str, collection: str, filters: Document
    ) -> Iterator[Document]:
        """Yield the entities of all pages; the cursor of a page leads to the next one."""
        page_size = max(1, self._options.page_size // PAGE_REDUCTION**batch.reductions)
        limitation: dict[str, Any] = {"Count": page_size}
        while True:
            body = {**filters, "Limitation": limitation}
            page = self._call(batch.enterprise_id, operation, body)
            entities = page.get(collection)
            if not isinstance(entities, list):
                raise FetchError(ApiResponse(OK))
            yield from (entity for entity in entities if isinstance(entity, Mapping))
            cursor = page.get("Cursor")
            is_last = len(entities) < page_size or not cursor
            if is_last or not self._options.reads_all_pages:
                return
            limitation = {"Count": page_size, "Cursor": cursor}

    def _call(self, enterprise_id: str, operation: str, body: Document) -> Document:
        # Get the access token for each request: a key may be replaced between two pages.
        credential = self._credential(enterprise_id)
        if credential is None:
            raise FetchError(None)
        response = self._api_client.call(operation, credential, body)
        if response.status != OK or response.document is None:
            raise FetchError(response)
        return response.document


def _parse_time(value: object) -> datetime:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return UNKNOWN_TIME
    return time if time.tzinfo else time.replace(tzinfo=UTC)
