"""Exceptions within the emulators: faults of the harness, never of the partner."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pytest_mews.errors import HarnessError


class EmulatorFailures:
    """The exceptions that the emulators of one run did not expect; every method is thread-safe.

    An emulator answers such a request with 500, and the scenarios that ran meanwhile have the
    verdict `error`.

    Args:
        sink: called with each exception.

    """

    def __init__(self, sink: Callable[[BaseException], None] = lambda _: None) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._failures: list[tuple[str, BaseException]] = []

    def record(self, emulator: str, error: BaseException) -> None:
        """Record an exception. `emulator` is its name in a sentence: `Connector API emulator`."""
        with self._lock:
            self._failures.append((emulator, error))
        self._sink(error)

    @property
    def count(self) -> int:
        """The number of failures so far, for `raise_since`."""
        with self._lock:
            return len(self._failures)

    def raise_since(self, count: int) -> None:
        """Raise the first failure after the first `count` ones, if there is one.

        Raises:
            HarnessError: an emulator failed; its cause is the exception.

        """
        with self._lock:
            failures = self._failures[count:]
        for emulator, error in failures:
            message = f"the {emulator} failed, which is not the service's fault: {error!r}"
            raise HarnessError(message) from error

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of the run: one about the first failure, or none."""
        with self._lock:
            first = self._failures[:1]
        if not first:
            return ()
        ((emulator, error),) = first
        note = (
            f"The {emulator} of pytest-mews failed with {error!r}: this is a fault of "
            "pytest-mews, not of the service."
        )
        return (note,)
