"""Measures a strategy of batches; runs in any environment that has Hypothesis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy


def measure(
    strategy: SearchStrategy[Any], check: Callable[[Any], tuple[int, bool]], examples: int
) -> dict[str, float]:
    """Draw, check, and count.

    Args:
        strategy: what to draw from.
        check: gives the number of events in what was drawn, and whether it is valid.
        examples: how many to draw.

    Returns:
        batches, events, valid (all counts) and cpu_s (seconds of this process).

    """
    seen: list[tuple[int, bool]] = []

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(strategy)
    def draw(batch: object) -> None:
        seen.append(check(batch))

    started = time.process_time()
    draw()
    spent = time.process_time() - started
    return {
        "batches": len(seen),
        "events": sum(events for events, _ in seen),
        "valid": sum(valid for _, valid in seen),
        "cpu_s": spent,
    }
