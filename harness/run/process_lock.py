"""Between pytest-xdist's workers: a scenario that runs alone is alone in all of them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessLock:
    """Many may have their turn at once, or one alone, in whatever process of this machine.

    `path` names a file that all of them know; with None nobody waits for anybody.
    """

    path: Path | None = None

    @contextmanager
    def hold(self, *, alone: bool) -> Iterator[None]:
        """Have a turn for as long as the context lasts."""
        if self.path is None:
            yield
            return
        with self.path.open("ab") as shared:  # closing it ends the turn, and so does a crash
            fcntl.flock(shared, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield
