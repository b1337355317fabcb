"""How the user stops a command that serves: by Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading


class StopSignal:
    """Takes both signals from its creation on; create it in the main thread, before serving."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._stopped.set())

    def wait(self) -> None:
        """Block until one of the signals has come."""
        self._stopped.wait()
