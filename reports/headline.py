"""The run in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_mews.model import Level, Run, Verdict
from pytest_mews.reports.problems import Problem

# The predicate for one scenario and for several.
_VERDICT_PHRASES = {
    Verdict.BLOCKED: ("is blocked", "are blocked"),
    Verdict.ERROR: ("ended with a harness error", "ended with a harness error"),
    Verdict.PASS: ("passed", "passed"),
    Verdict.WAIVED: ("is waived", "are waived"),
    Verdict.NOT_OBSERVED: ("was not observed", "were not observed"),
    Verdict.NOT_APPLICABLE: ("does not apply", "do not apply"),
}


def headline(run: Run, problems: Sequence[Problem]) -> str:
    """Count the scenarios by what became of them, failures first.

    For example: `1 of 141 scenarios fails a MUST, 1 a SHOULD; 128 passed, 11 do not apply.`
    """
    if not run.results:
        return "No scenario was run."
    levels = Counter(
        problem.level for problem in problems if problem.result.verdict not in _VERDICT_PHRASES
    )
    verdicts = Counter(result.verdict for result in run.results)
    failures = [(levels[level], f"a {level}") for level in Level if levels[level]]
    if failures:
        count, phrase = failures[0]
        failures[0] = (count, f"{'fails' if count == 1 else 'fail'} {phrase}")
    others = [
        (verdicts[verdict], phrases[verdicts[verdict] > 1])
        for verdict, phrases in _VERDICT_PHRASES.items()
        if verdicts[verdict]
    ]
    groups = [group for group in (failures, others) if group]
    count, phrase = groups[0][0]
    total = len(run.results)
    groups[0][0] = (count, f"of {total} scenario{'s' * (total != 1)} {phrase}")
    return "; ".join(", ".join(f"{n} {text}" for n, text in group) for group in groups) + "."
