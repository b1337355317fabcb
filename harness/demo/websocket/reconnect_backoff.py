"""How long to wait before connecting again: longer each time, and never the same.

Mews documents no figure. RFC 6455, section 7.2.3, asks for a random delay at first and for an
exponential backoff then, so that the clients of a server that was restarted do not come together.
"""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.25  # a real client may well begin with a second or more
LONGEST_S = 60.0
SPREAD = 0.25


_CHANCE = random.SystemRandom()  # the shared generator may be seeded alike in many clients


def pause_s(failures: int, draw: Callable[[float, float], float] = _CHANCE.uniform) -> float:
    """Say how long to wait; `failures` is how many tries in a row have failed before."""
    # The exponent is bounded only because a float is.
    return float(min(LONGEST_S, FIRST_S * 2 ** min(failures, 32)) * draw(1 - SPREAD, 1 + SPREAD))
