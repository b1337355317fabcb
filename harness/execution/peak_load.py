"""How long a minute's peak is played: scaled like the documented waits, but never to nothing."""

from __future__ import annotations

MINUTE_S = 60.0
SHORTEST_S = 3.0  # less says nothing of whether a service keeps up


def peak_s(time_scale: float) -> float:
    """Give the seconds that the peak lasts: a real minute at a scale of 1, 3 s at least."""
    return min(MINUTE_S, max(SHORTEST_S, MINUTE_S * time_scale))


def peak_messages(rate: float, time_scale: float) -> int:
    """Count the messages of the peak at so many per second; at least one."""
    return max(1, round(rate * peak_s(time_scale)))
