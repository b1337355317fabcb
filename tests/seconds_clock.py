"""A clock that stands still until a test sets it."""

from __future__ import annotations


class SecondsClock:
    """A monotonic clock in seconds; a test sets `now`."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now
