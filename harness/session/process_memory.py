"""What a run tells the garbage collector and the C library, so that its process stays small."""

from __future__ import annotations

import ctypes
import gc
from functools import cache

_M_ARENA_MAX = -8  # of glibc's malloc.h


@cache
def save_memory() -> None:
    """Freeze what is imported, and have all threads allocate from one arena.

    glibc gives threads up to eight arenas a core, each of which keeps what its threads once needed.
    They would let threads allocate at the same time, which Python's lock prevents anyway. Other C
    libraries have no such setting. Only the first call in a process does anything.
    """
    if not gc.get_freeze_count():
        gc.freeze()  # what is imported stays: no collection of garbage need visit it again
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
