"""What a run tells the garbage collector and the C library, to save CPU and memory."""

from __future__ import annotations

import ctypes
import gc
from functools import cache

# Allocated containers, and younger collections, before the garbage collector runs. A run allocates
# much that it keeps: with Python's defaults a twentieth of its CPU goes into looking at it again.
GC_THRESHOLDS = (50_000, 20, 50)

_M_ARENA_MAX = -8  # of glibc's malloc.h


@cache
def tune_process() -> None:
    """Collect garbage less often, freeze what is imported, and let all threads share one arena.

    glibc gives threads up to eight arenas a core, each of which keeps what its threads once needed.
    They would let threads allocate at the same time, which Python's lock prevents anyway. Other C
    libraries have no such setting. Only the first call in a process does anything.
    """
    gc.set_threshold(*GC_THRESHOLDS)
    if not gc.get_freeze_count():
        gc.freeze()  # what is imported stays: no collection of garbage need visit it again
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


@cache
def freeze_results() -> None:
    """Freeze what a run has made once it is over: pytest collects garbage five times at its end.

    Only the first call in a process does anything, so that several runs in one keep no garbage.
    """
    gc.freeze()
