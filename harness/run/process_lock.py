"""A lock between the workers of pytest-xdist: an exclusive scenario runs alone in all of them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessLock:
    """A readers-writer lock between processes: many shared holders, or one exclusive holder.

    Attributes:
        path: a file that all processes know; with None `hold` does nothing.

    """

    path: Path | None = None

    @contextmanager
    def hold(self, *, exclusive: bool) -> Iterator[None]:
        """Hold the lock for as long as the context lasts; waits for it first."""
        if self.path is None:
            yield
            return
        with self.path.open("ab") as file:  # closing the file releases the lock; so does a crash
            fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
