"""A readers-writer lock between the threads of a run, which keeps exclusive scenarios alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class ExclusiveGate:
    """A readers-writer lock between threads; exclusive entrants go first, in their order."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside, self._has_exclusive = 0, False
        self._waiting: deque[object] = deque()  # the tickets of exclusive entrants

    @contextmanager
    def enter(self, *, exclusive: bool) -> Iterator[None]:
        """Wait until entering is allowed, and stay inside for as long as the context lasts."""
        ticket = object()
        with self._changed:
            if exclusive:
                self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._may_enter(ticket, exclusive=exclusive))
            if exclusive:
                self._waiting.popleft()
            self._inside, self._has_exclusive = self._inside + 1, exclusive
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._has_exclusive = self._inside - 1, False
                self._changed.notify_all()

    def _may_enter(self, ticket: object, *, exclusive: bool) -> bool:
        if exclusive:
            return self._inside == 0 and self._waiting[0] is ticket
        return not self._has_exclusive and not self._waiting
