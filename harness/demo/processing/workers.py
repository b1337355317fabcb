"""The threads that fetch: each takes a batch, fetches it, and returns it after a failure."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from datetime import UTC, datetime

from pytest_mews.demo.demo_thread import DemoThread, OnError, print_error
from pytest_mews.demo.processing.api_client import ApiClient, ApiResponse
from pytest_mews.demo.processing.backlog import Backlog
from pytest_mews.demo.processing.backoff import TOO_MANY_REQUESTS
from pytest_mews.demo.processing.entity_readers import Batch, by_interval
from pytest_mews.demo.processing.fetcher import FetchedEntities, Fetcher, FetchError
from pytest_mews.demo.processing.processing_options import ProcessingOptions


class WorkerPool:
    """Fetches the batches of a backlog until it is closed.

    Attributes:
        entities: what has been fetched.

    Args:
        backlog: where the batches come from; closing the pool closes it too.
        api: the platform address, for example `https://api.mews.com`.
        client_token: identifies the application.
        options: the behaviour of the partner.
        on_error: called with the exception that ends a thread.

    """

    def __init__(
        self,
        backlog: Backlog,
        api: str,
        client_token: str,
        options: ProcessingOptions,
        on_error: OnError = print_error,
    ) -> None:
        self._backlog, self._options = backlog, options
        self._api_client = ApiClient(
            api,
            client_token,
            client_name=options.client_name,
            timeout_s=options.timeout_s,
            format_path=options.format_path,
        )
        self.entities = FetchedEntities()
        self._fetcher = Fetcher(self._api_client, backlog.credential, options, self.entities)
        self._closing = threading.Event()
        targets = [self._work] * options.workers
        if options.poll_interval_s is not None:
            targets.append(self._poll)
        self._threads = [DemoThread(target, "mews-demo-fetcher", on_error) for target in targets]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End every thread at once, even during a request or a pause."""
        self._closing.set()
        self._backlog.close()
        self._api_client.close()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (batch := self._backlog.take()) is not None:
            self._fetch(batch)

    def _fetch(self, batch: Batch) -> None:
        """Fetch a batch; after a failure, return it to the backlog if it can be retried."""
        try:
            for _ in range(self._options.fetches_per_batch):
                self._fetcher.fetch(batch)
        except FetchError as error:
            response = error.response
            if response is None:
                self._backlog.retry_later(batch)  # the backlog waits for an access token
            elif self._can_succeed(batch, response):
                self._backlog.retry_later(
                    batch,
                    self._options.retry_pause_s(response, batch.failures),
                    pause_enterprise=response.status == TOO_MANY_REQUESTS,
                    reduce=self._options.asks_for_less(response),
                )
            else:
                self._backlog.mark_done(batch)
        else:
            self._backlog.mark_done(batch)

    def _can_succeed(self, batch: Batch, response: ApiResponse) -> bool:
        """Return whether the batch can be fetched later, the same way or in smaller parts."""
        limit = self._options.max_attempts
        if limit is not None and batch.failures + 1 >= limit:
            return False
        can_be_smaller = self._options.asks_for_less(response) and len(batch.ids) > 1
        return can_be_smaller or self._options.is_retryable(response)

    def _poll(self) -> None:
        """Fetch regularly, without any event; a sound partner never does."""
        readers = {"reservations": by_interval("reservations/getAll/2023-06-06", "Reservations")}
        options = replace(self._options, readers=readers)
        fetcher = Fetcher(self._api_client, self._backlog.credential, options, self.entities)
        while not self._closing.wait(self._options.poll_interval_s):
            for enterprise_id in self._backlog.enterprises():
                batch = Batch(enterprise_id, "reservations", frozenset(), datetime.now(UTC))
                with contextlib.suppress(FetchError):
                    fetcher.fetch(batch)
