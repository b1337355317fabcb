"""Which scenarios have run concurrently: each of them may have ended a service that died."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class RunningScenarios:
    """The scenarios that run in this process, each with those that overlapped it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._company: dict[str, set[str]] = {}

    @contextmanager
    def enter(self, scenario_id: str) -> Iterator[set[str]]:
        """Note a scenario as running for as long as the context lasts.

        Returns:
            The ids of the scenarios that have overlapped it so far; it grows meanwhile.

        """
        with self._lock:
            company = set(self._company)
            for others in self._company.values():
                others.add(scenario_id)
            self._company[scenario_id] = company
        try:
            yield company
        finally:
            with self._lock:
                del self._company[scenario_id]
