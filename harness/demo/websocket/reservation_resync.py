"""Fetches the reservations that changed while a client was not connected.

Mews repeats no event. A client therefore asks after a reconnect for everything that was updated
since it last had all changes (use-cases/revenue-management).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from pytest_mews.demo.demo_thread import DemoThread, OnError
from pytest_mews.demo.processing.api_client import ApiClient
from pytest_mews.demo.processing.backoff import is_retryable, retry_pause_s
from pytest_mews.demo.processing.entity_readers import Batch, by_interval
from pytest_mews.demo.processing.fetcher import FetchedEntities, Fetcher, FetchError
from pytest_mews.demo.processing.processing_options import ProcessingOptions

RESERVATIONS = "reservations"


class ReservationResync:
    """Fetches changed reservations in its own thread, one enterprise after another.

    Args:
        api_client: makes the requests; the resync closes it.
        credential: returns the access token of an enterprise; None if it has none.
        on_error: called with an exception that ends the thread.

    """

    def __init__(
        self, api_client: ApiClient, credential: Callable[[str], str | None], on_error: OnError
    ) -> None:
        self._api_client = api_client
        reader = by_interval("reservations/getAll/2023-06-06", "Reservations")
        options = ProcessingOptions(readers={RESERVATIONS: reader})
        self._fetcher = Fetcher(api_client, credential, options, FetchedEntities())
        self._connected: set[str] = set()  # enterprises that were connected before
        self._enterprises: queue.Queue[str | None] = queue.Queue()
        self._closing = threading.Event()
        self._thread = DemoThread(self._work, "mews-demo-resync", on_error)
        self._thread.start()

    def connected(self, enterprise_id: str) -> None:
        """Queue a fetch for an enterprise whose client is connected again; never waits."""
        if enterprise_id in self._connected:
            self._enterprises.put(enterprise_id)
        self._connected.add(enterprise_id)

    def close(self) -> None:
        """End the thread at once, even during a request or a pause."""
        self._closing.set()
        self._enterprises.put(None)
        self._api_client.close()
        self._thread.join()

    def _work(self) -> None:
        while (enterprise_id := self._enterprises.get()) is not None:
            failures = 0
            while not self._fetch(enterprise_id, failures):
                failures += 1

    def _fetch(self, enterprise_id: str, failures: int) -> bool:
        """Fetch once; return whether it is done, or can't be done, and else wait for the retry."""
        try:
            self._fetcher.fetch(Batch(enterprise_id, RESERVATIONS, frozenset(), datetime.now(UTC)))
        except FetchError as error:
            if error.response is None or not is_retryable(error.response):
                return True
            return self._closing.wait(retry_pause_s(error.response, failures))
        return True
