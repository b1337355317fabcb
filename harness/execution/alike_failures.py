"""Which scenarios have failed by the same checks, probably for one cause.

The first of them show the cause with small cases; shrinking the same failure again in each further
scenario would only take time.
"""

from __future__ import annotations

from collections import defaultdict
from threading import Lock

MAX_SHRUNK = 3


class AlikeFailures:
    """The scenarios of a run that have failed, by the checks that were not met; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._scenarios: defaultdict[frozenset[str], set[str]] = defaultdict(set)

    def note(self, scenario_id: str, checks: frozenset[str]) -> bool:
        """Note that a scenario failed; return whether `MAX_SHRUNK` others failed alike before."""
        with self._lock:
            scenarios = self._scenarios[checks]
            if scenario_id not in scenarios and len(scenarios) >= MAX_SHRUNK:
                return True
            scenarios.add(scenario_id)
            return False
