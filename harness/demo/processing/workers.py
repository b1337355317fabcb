"""The threads that fetch: each takes a batch, reads it, and gives it back where that failed."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from datetime import UTC, datetime

from pytest_mews.demo.processing.api_client import Connector
from pytest_mews.demo.processing.backlog import Backlog
from pytest_mews.demo.processing.backoff import TOO_MANY
from pytest_mews.demo.processing.entity_readers import Batch, by_interval
from pytest_mews.demo.processing.fetcher import Failed, Fetcher, Store
from pytest_mews.demo.processing.processing_options import ProcessingOptions


class Processing:
    """Works on a backlog until it is closed.

    Attributes:
        store: what has been fetched.

    Args:
        backlog: where the work comes from; closing it is part of closing this.
        api: the platform address, such as `https://api.mews.com`.
        client_token: identifies the application.
        habits: of the partner.

    """

    def __init__(
        self, backlog: Backlog, api: str, client_token: str, habits: ProcessingOptions
    ) -> None:
        self._backlog, self._habits = backlog, habits
        self._connector = Connector(
            api,
            client_token,
            client=habits.client,
            timeout_s=habits.timeout_s,
            spell=habits.spell,
        )
        self.store = Store()
        self._fetcher = Fetcher(self._connector, backlog.credential, habits, self.store)
        self._closing = threading.Event()
        works = [self._work] * habits.workers
        if habits.polls_s is not None:
            works.append(self._poll)
        self._threads = [
            threading.Thread(target=work, name="mews-demo-fetcher", daemon=True) for work in works
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End every thread at once, whatever it waits for."""
        self._closing.set()
        self._backlog.close()
        self._connector.close()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (batch := self._backlog.take()) is not None:
            self._read(batch)

    def _read(self, batch: Batch) -> None:
        try:
            for _ in range(self._habits.rounds):
                self._fetcher.fetch(batch)
        except Failed as failure:
            reply = failure.reply
            if reply is None:
                self._backlog.again(batch)  # it waits until there is an access token
            elif self._habits.passes(reply):
                pause_s = self._habits.pause_s(reply, batch.failures)
                self._backlog.again(batch, pause_s, hold=reply.status == TOO_MANY)
            else:
                self._backlog.done(batch)
        else:
            self._backlog.done(batch)

    def _poll(self) -> None:
        """Read without being told of a change; a sound partner never does."""
        readings = {"reservations": by_interval("reservations/getAll/2023-06-06", "Reservations")}
        habits = replace(self._habits, readings=readings)
        fetcher = Fetcher(self._connector, self._backlog.credential, habits, self.store)
        while not self._closing.wait(self._habits.polls_s):
            for enterprise_id in self._backlog.enterprises():
                nothing = Batch(enterprise_id, "reservations", frozenset(), datetime.now(UTC))
                with contextlib.suppress(Failed):
                    fetcher.fetch(nothing)
