"""Waits until the user stops a command that serves: by Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading


def wait_until_stopped() -> None:
    """Block until Ctrl-C or SIGTERM; call it in the main thread, from where the servers end."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
