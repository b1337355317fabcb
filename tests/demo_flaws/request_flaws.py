"""Flaws in the requests to the Connector API: too many of them, or not as documented.

Each function returns the options of a new partner, which are sound except for one flaw.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pytest_mews.demo.processing.entity_readers import (
    Batch,
    EntityReader,
    FetchPages,
    by_id,
    entity_readers,
)
from pytest_mews.demo.processing.fetcher import FetchError
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.sound_variants import reads_by_interval
from pytest_mews.demo.webhook_bodies import Document, entity_kind_of, events_of

LAST_SECONDS, TWO_MONTHS = timedelta(seconds=2), timedelta(days=60)
ADDED_CUSTOMERS = "added customers"  # a kind of entity that only `fetches_added_twice` knows
SERVICE_ID = "bd26d8db-86da-4f96-9efc-e5a4654a4a94"  # from the example in the documentation


def fetches_added_twice() -> ProcessingOptions:
    """Fetches a new customer twice: for CustomerAdded and for CustomerUpdated."""

    def select_changes(document: Document) -> list[tuple[str, str]]:
        return [
            (
                ADDED_CUSTOMERS if event["Discriminator"] == "CustomerAdded" else kind,
                event["Value"]["Id"],
            )
            for event in events_of(document)
            if (kind := entity_kind_of(event))
        ]

    readers = entity_readers()
    return ProcessingOptions(
        select_changes=select_changes,
        readers=readers | {ADDED_CUSTOMERS: readers["customers"]},
    )


def fetch_per_event() -> ProcessingOptions:
    """Makes one request for each event instead of one for many."""
    return ProcessingOptions(max_ids=1)


def fetches_three_times() -> ProcessingOptions:
    """Fetches every entity three times."""
    return ProcessingOptions(fetches_per_batch=3)


def misreads_payments() -> ProcessingOptions:
    """Looks for payments under a wrong name, and repeats the answered request after a second."""
    reader = by_id("payments/getAll", "Payment", "PaymentIds")
    return ProcessingOptions(
        readers=entity_readers() | {"payments": reader}, retry_pause_s=lambda *_: 1.0
    )


def deprecated_operation() -> ProcessingOptions:
    """Fetches reservations with the deprecated operation."""
    reader = by_id(
        "reservations/getAll",
        "Reservations",
        "ReservationIds",
        ServiceIds=[SERVICE_ID],
        Extent={"Reservations": True},
    )
    return ProcessingOptions(readers=entity_readers() | {"reservations": reader})


def trailing_slash_path() -> ProcessingOptions:
    """Adds a trailing slash to the path of each operation."""
    return ProcessingOptions(format_path=lambda path: f"{path}/")


def no_client_name() -> ProcessingOptions:
    """Sends an empty name of the client application."""
    return ProcessingOptions(client_name="")


def deprecated_extents() -> ProcessingOptions:
    """Asks for deprecated parts of resources and customers."""
    resources = {"Resources": True, "ResourceCategories": True, "ResourceFeatures": True}
    customers = {"Customers": True, "Documents": True}
    return ProcessingOptions(
        readers=entity_readers()
        | {
            "resources": by_id("resources/getAll", "Resources", "ResourceIds", Extent=resources),
            "customers": by_id("customers/getAll", "Customers", "CustomerIds", Extent=customers),
        },
    )


def reads_first_page_of_1000() -> ProcessingOptions:
    """Reads only the first page of a response, as large as it can be."""
    return ProcessingOptions(reads_all_pages=False)


def reads_first_page_by_interval() -> ProcessingOptions:
    """Fetches everything updated since the last fetch, but only the first page of it."""
    return replace(reads_by_interval(), reads_all_pages=False)


def takes_failed_page_for_end() -> ProcessingOptions:
    """Fetches everything updated since the last fetch, up to the first further page that fails."""

    def ends_at_failure(reader: EntityReader) -> EntityReader:
        def read(fetch_pages: FetchPages, batch: Batch) -> Iterable[Document]:
            def fetch(operation: str, collection: str, body: Document) -> Iterable[Document]:
                has_begun = False
                try:
                    for entity in fetch_pages(operation, collection, body):
                        has_begun = True
                        yield entity
                except FetchError:
                    if not has_begun:
                        raise

            return reader(fetch, batch)

        return read

    options = reads_by_interval()
    readers = {kind: ends_at_failure(reader) for kind, reader in options.readers.items()}
    return replace(options, readers=readers)


def interval_in_local_time() -> ProcessingOptions:
    """Fetches what was updated since, with the ends of the interval in the hotel's time."""
    return _reads_interval(
        lambda interval: {"UpdatedUtc": {name: _in_prague(end) for name, end in interval.items()}}
    )


def reads_last_seconds() -> ProcessingOptions:
    """Fetches what was updated within two seconds before the request, whatever it read before."""
    return _reads_interval(lambda interval: {"UpdatedUtc": _since(LAST_SECONDS, interval)})


def reads_by_creation() -> ProcessingOptions:
    """Fetches what was created within the last two months, which misses changes of older things."""
    return _reads_interval(lambda interval: {"CreatedUtc": _since(TWO_MONTHS, interval)})


def sends_all_ids_at_once() -> ProcessingOptions:
    """Asks for all ids that it has collected with one request, however many they are."""
    return ProcessingOptions(max_ids=sys.maxsize)


def _since(length: timedelta, interval: Mapping[str, str]) -> Document:
    """Return an interval with another length before now."""
    return {**interval, "StartUtc": _to_seconds(datetime.now(UTC) - length)}


def _reads_interval(filters: Callable[[Mapping[str, str]], Document]) -> ProcessingOptions:
    """Return the options of a partner that reads by interval, but with other filters."""

    def with_change(reader: EntityReader) -> EntityReader:
        def read(fetch_pages: FetchPages, batch: Batch) -> Iterable[Document]:
            def fetch(operation: str, collection: str, body: Document) -> Iterable[Document]:
                others = {name: value for name, value in body.items() if name != "UpdatedUtc"}
                interval = body.get("UpdatedUtc")
                changed = filters(interval) if interval else {}
                return fetch_pages(operation, collection, {**others, **changed})

            return reader(fetch, batch)

        return read

    options = reads_by_interval()
    return replace(
        options, readers={kind: with_change(reader) for kind, reader in options.readers.items()}
    )


def _in_prague(time_utc: str) -> str:
    return _to_seconds(datetime.fromisoformat(time_utc).astimezone(ZoneInfo("Europe/Prague")))


def _to_seconds(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def waits_for_silence() -> ProcessingOptions:
    """Fetches only when no message has come for 1.5 s."""
    return ProcessingOptions(batch_window_s=1.5, restarts_window=True)


REQUEST_FLAWS = (
    waits_for_silence,
    interval_in_local_time,
    reads_last_seconds,
    reads_by_creation,
    sends_all_ids_at_once,
    fetches_added_twice,
    fetch_per_event,
    fetches_three_times,
    misreads_payments,
    deprecated_operation,
    trailing_slash_path,
    no_client_name,
    deprecated_extents,
    reads_first_page_of_1000,
    reads_first_page_by_interval,
    takes_failed_page_for_end,
)
