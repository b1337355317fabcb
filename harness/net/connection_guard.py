"""Bounds the connections of a server that strangers can reach: their number and their time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


@dataclass(frozen=True)
class ConnectionLimits:
    """The limits of a server.

    Attributes:
        connections: how many connections are open at most.
        head_s: how many seconds the head of a request may take from its first byte.
        body_s: how many seconds the body may take after that.
        young_s: a connection that is younger, or was used that recently, is not given up.

    """

    connections: int = 512  # each has a thread, and a process often has 1,024 files at most
    head_s: float = 10.0
    body_s: float = 60.0
    young_s: float = 0.5


@dataclass(frozen=True)
class _State:
    """What a connection does: since when, until when at the latest, and whether for a request."""

    since: float
    deadline: float | None = None
    is_answering: bool = False
    is_proven: bool = False  # it had a complete request before


class ConnectionGuard(Generic[C]):
    """Knows what each connection does, and which to close; every method is thread-safe.

    Args:
        limits: the limits.
        now: a monotonic clock in seconds.

    """

    def __init__(self, limits: ConnectionLimits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._now = limits, now
        self._lock = threading.Lock()
        self._states: dict[C, _State] = {}

    def open(self, connection: C) -> None:
        """Add a connection, which may be idle for any time before its first request."""
        self._set(connection, _State(self._now()))

    def close(self, connection: C) -> None:
        """Remove a connection."""
        with self._lock:
            self._states.pop(connection, None)

    def wait(self, connection: C) -> None:
        """Note that a connection waits for a request."""
        self._change(connection, deadline_s=None, is_answering=False)

    def receive_head(self, connection: C) -> None:
        """Note that the head of a request began to arrive."""
        self._change(connection, deadline_s=self._limits.head_s, is_answering=False)

    def receive_body(self, connection: C) -> None:
        """Note that the head of a request has arrived."""
        self._change(connection, deadline_s=self._limits.body_s, is_answering=False)

    def answer(self, connection: C) -> None:
        """Note that a complete request has arrived."""
        self._change(connection, deadline_s=None, is_answering=True)

    @property
    def is_full(self) -> bool:
        """Whether no further connection may be accepted now."""
        with self._lock:
            return len(self._states) >= self._limits.connections

    def overdue(self) -> list[C]:
        """Return the connections whose request takes too long."""
        now = self._now()
        with self._lock:
            return [
                connection
                for connection, state in self._states.items()
                if state.deadline is not None and state.deadline < now
            ]

    def dispensable(self) -> C | None:
        """Return the connection to give up for a new one; None while there is none.

        None with a request that is being answered. First those that never had a complete request,
        then the one that has been unused for the longest time.
        """
        now = self._now()
        with self._lock:
            unused = {
                connection: state
                for connection, state in self._states.items()
                if not state.is_answering and state.since + self._limits.young_s <= now
            }
        return min(
            unused,
            key=lambda connection: (unused[connection].is_proven, unused[connection].since),
            default=None,
        )

    def _change(self, connection: C, *, deadline_s: float | None, is_answering: bool) -> None:
        now = self._now()
        with self._lock:
            state = self._states[connection]
            self._states[connection] = replace(
                state,
                since=now,
                deadline=None if deadline_s is None else now + deadline_s,
                is_answering=is_answering,
                is_proven=state.is_proven or is_answering,
            )

    def _set(self, connection: C, state: _State) -> None:
        with self._lock:
            self._states[connection] = state
