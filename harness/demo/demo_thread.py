"""The threads of the demo partner, and where their exceptions go."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

OnError = Callable[[Exception], None]
"""Called with an exception that nothing in the demo partner expected."""


def print_error(error: Exception) -> None:
    """Print an exception to stderr, for a partner that runs on its own."""
    traceback.print_exception(error)


class DemoThread(threading.Thread):
    """A daemon thread whose exceptions are passed on, instead of printed into a certification.

    Args:
        target: what the thread does.
        name: its name.
        on_error: called with the exception that ends it.

    """

    def __init__(self, target: Callable[[], None], name: str, on_error: OnError) -> None:
        super().__init__(target=target, name=name, daemon=True)
        self._on_error = on_error

    def run(self) -> None:
        """Run the target."""
        try:
            super().run()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the harness's output
            self._on_error(error)
