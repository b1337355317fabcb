"""What to fix first: the results that did not pass, in the order a reader should take them."""

from __future__ import annotations

from dataclasses import dataclass

from mews_harness.model import (
    Delivery,
    Finding,
    Obligation,
    Run,
    ScenarioResult,
    Trial,
    Verdict,
)
from mews_harness.reports import selection
from mews_harness.reports.commands import again, curl

_ORDER = (Verdict.FAIL, Verdict.FLAKY, Verdict.BLOCKED, Verdict.ERROR, Verdict.WARN)


@dataclass(frozen=True)
class Problem:
    """One thing to fix.

    Attributes:
        result: the scenario's result; of several blocked for one reason, the first.
        also: ids of the other scenarios that are blocked for the same reason.
        trial: the evidence that explains it best, where there is any.
        delivery: the delivery of that trial to show in full.
        unmet: the findings that broke an expectation.
        curl: a line that sends the same bytes; empty where it can't be typed.
        replay: commands that send it again, a line each.

    """

    result: ScenarioResult
    also: tuple[str, ...]
    trial: Trial | None
    delivery: Delivery | None
    unmet: tuple[Finding, ...]
    curl: str
    replay: str


def problems(run: Run) -> tuple[Problem, ...]:
    """Order what did not pass: MUST failures, flaky, blocked, our own faults, warnings."""
    chosen = [result for result in run.results if result.verdict in _ORDER]
    chosen.sort(key=lambda result: (_ORDER.index(result.verdict), _weight(result)))
    blocked: dict[str, list[ScenarioResult]] = {}
    for result in chosen:
        if result.verdict is Verdict.BLOCKED:
            blocked.setdefault(result.reason, []).append(result)
    found = []
    for result in chosen:
        alike = blocked.get(result.reason, []) if result.verdict is Verdict.BLOCKED else [result]
        if alike[0] is result:
            found.append(_problem(run, result, alike[1:]))
    return tuple(found)


def _weight(result: ScenarioResult) -> int:
    return list(Obligation).index(result.scenario.obligation)


def _problem(run: Run, result: ScenarioResult, also: list[ScenarioResult]) -> Problem:
    trial = next(iter(selection.trials(result)), None)
    delivery = selection.telling(trial) if trial else None
    line = ""
    if delivery and delivery.attempts and delivery.attempts[0].exchanges:
        line = curl(delivery.attempts[0].exchanges[0], delivery.message, run.profile)
    return Problem(
        result,
        tuple(other.scenario.id for other in also),
        trial,
        delivery,
        tuple(one for one in trial.findings if not one.met) if trial else (),
        line,
        again(run, result),
    )
