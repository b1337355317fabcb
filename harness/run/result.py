"""The result of a scenario: its verdict, its reason, and the evidence that is kept.

A reason begins with the diagnosis: what the check of the most severe unmet expectation observed.
Figures and everything else follow, separated by semicolons.
"""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.checks import (
    CHECKS,
    FAULT_WITHOUT_EFFECT,
    describe_largest_batch,
    describe_redirects,
    join_clauses,
)
from pytest_mews.execution import Exploration
from pytest_mews.execution.scenario_runner import ACTION_PAUSES_S
from pytest_mews.model import (
    Evidence,
    Finding,
    Level,
    Scenario,
    ScenarioResult,
    Stage,
    Verdict,
    thin_out,
)
from pytest_mews.model.death import describe_return
from pytest_mews.model.evidence_selection import limit_deliveries

MAX_ATTEMPTS = 2_000  # records of a scenario; bounds the run's memory and events.ndjson
PASSED_ON_RETRY = "the same case passed when it ran again"
LONG_PAUSE_S = ACTION_PAUSES_S[-1]
ONCE_TOO_SLOW = "once slower, which a busy machine explains: not counted"


def build_result(scenario: Scenario, exploration: Exploration, duration_s: float) -> ScenarioResult:
    """Build the result of a finished or interrupted exploration.

    A failure that was observed before an interruption still counts. One that is only about speed
    does not, if the same case passed when it ran again: the machine was busy.
    """
    failed, passed = exploration.smallest, exploration.passed_on_retry
    was_slow = failed is not None and passed is not None and _is_about_speed(failed)
    if was_slow:
        exploration = replace(
            exploration,
            example=passed,
            first_failing=None,
            smallest=None,
            passed_on_retry=None,
            failing_cases=0,
        )
    verdict, reason, remarks = _verdict(scenario, exploration)
    if was_slow:
        reason = join_clauses((reason, ONCE_TOO_SLOW))
    return ScenarioResult(
        scenario=scenario,
        verdict=verdict,
        reason=reason,
        remarks=remarks,
        duration_s=duration_s,
        case_count=exploration.case_count,
        failing_cases=exploration.failing_cases,
        message_count=exploration.message_count,
        death=exploration.death,
        evidence=tuple(map(limit_deliveries, _evidence(exploration))),
        attempts=thin_out(exploration.attempts, MAX_ATTEMPTS),
        fetches=exploration.fetches,
    )


def _is_about_speed(failed: Evidence) -> bool:
    unmet = [finding for finding in failed.findings if not finding.met]
    return all(CHECKS[finding.check].about_speed for finding in unmet)


def _verdict(scenario: Scenario, exploration: Exploration) -> tuple[Verdict, str, tuple[str, ...]]:
    """Return the verdict, the reason, and those of its clauses that no unmet finding has."""
    failed = exploration.smallest or exploration.first_failing
    if failed is not None:
        return _failure(scenario, exploration, failed)
    if not exploration.finished:
        return (
            Verdict.NOT_OBSERVED,
            f"interrupted after {exploration.case_count} of {exploration.total_cases} cases",
            (),
        )
    return _success(scenario, exploration)


def _success(scenario: Scenario, exploration: Exploration) -> tuple[Verdict, str, tuple[str, ...]]:
    """Return the verdict and the reason if no case failed; see `_verdict`."""
    example = exploration.example
    cases = "1 case" if exploration.case_count == 1 else f"{exploration.case_count} cases"
    if example is not None and not any(finding.subject_count for finding in example.findings):
        observed = example.findings[0].observed
        if example.transcript.tls_handshakes:  # the server showed nothing to evaluate
            return Verdict.NOT_OBSERVED, observed, ()
        not_observed = [finding for finding in example.findings if finding.not_observed]
        if not_observed:
            return Verdict.NOT_OBSERVED, not_observed[0].observed, ()
        return Verdict.NOT_APPLICABLE, f"{observed}, in {cases}", ()
    if example is not None and (unjudged := _why_unjudged(example)):
        return Verdict.NOT_OBSERVED, unjudged, ()
    if example is not None and scenario.steps[0].gives_reason:
        return Verdict.PASS, example.findings[0].observed, ()
    return Verdict.PASS, _pass_reason(scenario, exploration, cases), ()


def _why_unjudged(example: Evidence) -> str:
    """Return why fetches of a case that did not fail could not be judged; empty if they were."""
    if example.awaits_busy_service:
        return next(finding.observed for finding in example.findings if finding.not_observed)
    return FAULT_WITHOUT_EFFECT if example.transcript.fault_had_no_effect else ""


def _failure(
    scenario: Scenario, exploration: Exploration, evidence: Evidence
) -> tuple[Verdict, str, tuple[str, ...]]:
    """Return the verdict and the reason of a failure, which `evidence` shows; see `_verdict`."""
    unmet = sorted(
        (finding for finding in evidence.findings if not finding.met),
        key=lambda finding: list(Level).index(finding.level),
    )
    most_severe = unmet[0]
    is_flaky = exploration.passed_on_retry is not None
    counts = ""
    if exploration.case_count > 1:
        shown = "this is the smallest" if exploration.smallest is not None else "this is the first"
        if exploration.death is not None:
            shown = "the others did not run"
        counts = f"{exploration.failing_cases} of {exploration.case_count} cases failed, {shown}"
    death = "" if exploration.death is None else describe_return(exploration.death)
    circumstances = (
        death,
        _describe_slow_failure(exploration),
        PASSED_ON_RETRY if is_flaky else "",
        counts,
    )
    figures = _figures(scenario, exploration, evidence, most_severe)
    others = [finding.observed for finding in unmet]
    remarks = (*circumstances, *(figure for figure in figures if figure not in others))
    reason = join_clauses(
        (
            most_severe.observed,
            *circumstances,
            f"also not met: {unmet[1].expected}" if len(unmet) > 1 else "",
            *figures,
        )
    )
    verdict = Verdict.FAIL if most_severe.level is Level.MUST else Verdict.WARN
    return (
        Verdict.FLAKY if is_flaky else verdict,
        reason,
        tuple(dict.fromkeys(filter(None, remarks))),
    )


def _pass_reason(scenario: Scenario, exploration: Exploration, cases: str) -> str:
    slowest_ms = max((record.answer_ms or 0.0 for record in exploration.attempts), default=0.0)
    count = exploration.message_count
    messages = "1 message" if count == 1 else f"{count:,} messages"
    slowly = exploration.action_pause_s > 0
    has_figures = any(
        CHECKS[expectation.check].has_figures for expectation in scenario.expectations
    )
    return join_clauses(
        (
            f"{cases}, {messages}",
            "" if has_figures else f"slowest response {slowest_ms:,.0f} ms",
            *_figures(scenario, exploration, exploration.example),
            _redirects(scenario, exploration.example),
            f"passed only when sent slowly ({_how_slowly(exploration)})" if slowly else "",
        )
    )


def _describe_slow_failure(exploration: Exploration) -> str:
    """Return that a case failed also when it was sent slowly; empty if it never was.

    That rules out order and speed only if it failed each time, and with the longest pauses.
    """
    if not exploration.action_pause_s:
        return ""
    failed = f"failed again when sent slowly ({_how_slowly(exploration)})"
    is_sure = exploration.passed_on_retry is None and exploration.action_pause_s >= LONG_PAUSE_S
    return failed + (": neither order nor speed is the reason" if is_sure else "")


def _how_slowly(exploration: Exploration) -> str:
    pause_s = exploration.action_pause_s
    return f"{pause_s:g} s after each action, a new connection for each message"


def _redirects(scenario: Scenario, example: Evidence | None) -> str:
    """Return the redirects with which a scenario about redirects passed."""
    about_redirects = any(
        CHECKS[expectation.check].about_redirects for expectation in scenario.expectations
    )
    if not about_redirects or example is None:
        return ""
    redirects = (
        describe_redirects(delivery.attempts[-1]) for delivery in example.transcript.deliveries
    )
    first = next(filter(None, redirects), "")
    return f"redirected by {first}" if first else ""


def _figures(
    scenario: Scenario,
    exploration: Exploration,
    evidence: Evidence | None,
    excluded: Finding | None = None,
) -> list[str]:
    """Return the figures that matter whatever the verdict, except those of one finding."""
    figures = [
        finding.observed
        for finding in (() if evidence is None else evidence.findings)
        if CHECKS[finding.check].has_figures and finding is not excluded
    ]
    if exploration.exceeds_limit and scenario.stage is Stage.DELIVERY:
        figures.append(describe_largest_batch(exploration.attempts))
    return figures


def _evidence(exploration: Exploration) -> tuple[Evidence, ...]:
    failed = exploration.smallest or exploration.first_failing
    if failed is None:
        return () if exploration.example is None else (exploration.example,)
    evidence = [replace(failed, role="smallest-failing")]
    if exploration.first_failing is not None and exploration.first_failing is not failed:
        evidence.append(replace(exploration.first_failing, role="first-failing"))
    if exploration.passed_on_retry is not None:
        evidence.append(exploration.passed_on_retry)
    return tuple(evidence)
