"""Notices when the harness itself stands still, so that the partner is not blamed for it.

A process that was stopped, or got no CPU time, reads responses late and answers late. What fails
meanwhile, or soon after, says nothing about the partner: it has to run again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

CHECK_INTERVAL_S = 0.1
MIN_STALL_S = 1.0  # a shorter one changes no verdict: the limit for a response is 5 s
AFTERMATH_S = 10.0  # so long may a partner retry, or reconnect, because of a stall


class StallWatch:
    """Looks at the clock again and again; a look that comes too late is a stall.

    A context manager: without it no stall is noticed. Several threads may use it.

    Args:
        now_ms: the run's clock.

    """

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._last_look_ms: float | None = None
        self._last_end_ms: float | None = None
        self._count, self._longest_s, self._repeated = 0, 0.0, 0
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.look()
        self._is_over.clear()
        self._thread = threading.Thread(target=self._run, name="mews-stalls", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._last_look_ms = None

    def look(self) -> None:
        """Look at the clock, and note a stall since the last look."""
        with self._lock:
            now_ms = self._now_ms()
            if self._last_look_ms is not None:
                late_s = (now_ms - self._last_look_ms) / 1000 - CHECK_INTERVAL_S
                if late_s >= MIN_STALL_S:
                    self._count += 1
                    self._longest_s = max(self._longest_s, late_s)
                    self._last_end_ms = now_ms
            self._last_look_ms = now_ms

    def affects(self, started_ms: float) -> bool:
        """Return whether a stall affects what started at a time and has just ended."""
        if self._last_look_ms is not None:  # the thread may not have come to it yet
            self.look()
        end_ms = self._last_end_ms
        return end_ms is not None and end_ms >= started_ms - AFTERMATH_S * 1000

    def note_repetition(self) -> None:
        """Note that an execution runs again because of a stall."""
        with self._lock:
            self._repeated += 1

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of the run: one if executions ran again because of stalls, or none."""
        if not self._repeated:
            return ()
        times = "once" if self._count == 1 else f"{self._count} times"
        note = (
            f"The harness itself stood still {times}, for up to {self._longest_s:.1f} s: its "
            "process was stopped, or got no CPU time. Executions that failed meanwhile do not "
            f"count, and ran again ({self._repeated})."
        )
        return (note,)

    def _run(self) -> None:
        while not self._is_over.wait(CHECK_INTERVAL_S):
            self.look()
