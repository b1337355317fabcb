"""How the user stops a command: by Ctrl-C, SIGTERM, or the end of the terminal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP interrupt a command as Ctrl-C does, so that it cleans up."""
    replaced = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in replaced:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in replaced:
            # An interrupted run keeps its own handler.
            if signal.getsignal(number) is signal.default_int_handler:
                signal.signal(number, signal.SIG_DFL)


class StopSignal:
    """Stops a command that serves.

    It takes Ctrl-C and SIGTERM from its creation on; create it in the main thread, before serving.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stopped.set())

    def wait(self) -> None:
        """Block until one of the signals has come."""
        self._stopped.wait()
