"""Which scenarios have failed by the same checks, probably for one cause.

The first of them show the cause with small cases; shrinking the same failure again in each further
scenario, and running its case again, would only take time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock

MAX_SHRUNK = 3


@dataclass
class _Alike:
    """Scenarios that failed by the same checks, and those that did so again in a repeated case."""

    failed: set[str] = field(default_factory=set)
    failed_again: set[str] = field(default_factory=set)
    is_flaky: bool = False  # whether the case of one passed when it ran again


class AlikeFailures:
    """The scenarios of a run that have failed, by the checks that were not met; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._alike: defaultdict[frozenset[str], _Alike] = defaultdict(_Alike)

    def note(self, scenario_id: str, checks: frozenset[str]) -> bool:
        """Note that a scenario failed; return whether `MAX_SHRUNK` others failed alike before."""
        with self._lock:
            failed = self._alike[checks].failed
            if scenario_id not in failed and len(failed) >= MAX_SHRUNK:
                return True
            failed.add(scenario_id)
            return False

    def note_repetition(self, scenario_id: str, checks: frozenset[str], *, failed: bool) -> None:
        """Note whether a scenario that failed by these checks failed when its case ran again."""
        with self._lock:
            alike = self._alike[checks]
            if failed:
                alike.failed_again.add(scenario_id)
            else:
                alike.is_flaky = True

    def fail_again(self, checks: frozenset[str]) -> bool:
        """Return whether `MAX_SHRUNK` scenarios failed alike, and again, and none was flaky."""
        with self._lock:
            alike = self._alike[checks]
            return len(alike.failed_again) >= MAX_SHRUNK and not alike.is_flaky
