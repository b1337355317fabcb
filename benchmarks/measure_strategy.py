"""Measures a Hypothesis strategy of batches; needs nothing but Hypothesis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy


def measure(
    strategy: SearchStrategy[Any], check: Callable[[Any], tuple[int, bool]], examples: int
) -> dict[str, float]:
    """Generate examples, check each, and count.

    Args:
        strategy: generates the batches.
        check: returns the number of events of a batch, and whether the batch is valid.
        examples: how many batches to generate.

    Returns:
        `batches`, `events` and `valid` (all counts), and `cpu_s` (CPU seconds of this process).

    """
    results: list[tuple[int, bool]] = []

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )
    @given(strategy)
    def generate(batch: object) -> None:
        results.append(check(batch))

    started = time.process_time()
    generate()
    cpu_s = time.process_time() - started
    return {
        "batches": len(results),
        "events": sum(events for events, _ in results),
        "valid": sum(valid for _, valid in results),
        "cpu_s": cpu_s,
    }
