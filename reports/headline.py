"""The run in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_mews.model import Level, Run, Verdict
from pytest_mews.reports.problems import Problem

# Per verdict what one scenario does, and what several do.
_SAID = {
    Verdict.BLOCKED: ("is blocked", "are blocked"),
    Verdict.ERROR: ("failed by the harness's own fault", "failed by the harness's own fault"),
    Verdict.PASS: ("passed", "passed"),
    Verdict.WAIVED: ("is waived", "are waived"),
    Verdict.NOT_OBSERVED: ("was not observed", "were not observed"),
    Verdict.NOT_APPLICABLE: ("does not apply", "do not apply"),
}
_BROKEN = {
    Level.MUST: ("breaks a MUST", "break a MUST"),
    Level.SHOULD: ("misses a SHOULD", "miss a SHOULD"),
    Level.MAY: ("misses a MAY", "miss a MAY"),
}


def headline(run: Run, problems: Sequence[Problem]) -> str:
    """Count what became of the scenarios, the worst first."""
    broken = Counter(each.obligation for each in problems if each.result.verdict not in _SAID)
    ended = Counter(result.verdict for result in run.results)
    counted = [(broken[each], words) for each, words in _BROKEN.items()]
    counted += [(ended[each], words) for each, words in _SAID.items()]
    said = [f"{count} {words[count > 1]}" for count, words in counted if count]
    if not said:
        return "No scenario was played."
    total = len(run.results)
    return f"Of {total} scenario{'s' * (total != 1)} {', '.join(said)}."
