"""The result of a scenario: its verdict, its reason, and the evidence that is kept.

A reason begins with the diagnosis: what the check of the most severe unmet expectation observed.
Figures and everything else follow, separated by semicolons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_mews.checks import (
    CHECKS,
    AttemptCheck,
    CaseCheck,
    describe_largest_batch,
    describe_redirects,
    join_clauses,
)
from pytest_mews.execution import Exploration
from pytest_mews.model import (
    Evidence,
    Finding,
    Level,
    Sample,
    Scenario,
    ScenarioResult,
    Stage,
    Verdict,
)
from pytest_mews.reports.evidence_selection import limit_deliveries

MAX_SAMPLES = 2_000  # the charts show no more detail than that
# The first step of scenarios that show what happened before them, instead of sending something.
SHOWING_STEPS = frozenset({"show-preflight", "show-tls-handshakes"})
PASSED_ON_RETRY = "the same case passed when it ran again"


def build_result(scenario: Scenario, exploration: Exploration, duration_s: float) -> ScenarioResult:
    """Build the result of a finished or interrupted exploration.

    A failure that was observed before an interruption still counts.
    """
    verdict, reason = _verdict(scenario, exploration)
    return ScenarioResult(
        scenario=scenario,
        verdict=verdict,
        reason=reason,
        duration_s=duration_s,
        case_count=exploration.case_count,
        failing_cases=exploration.failing_cases,
        message_count=exploration.message_count,
        evidence=tuple(map(limit_deliveries, _evidence(exploration))),
        samples=_thin_out(exploration.samples),
    )


def _verdict(scenario: Scenario, exploration: Exploration) -> tuple[Verdict, str]:
    failed = exploration.smallest or exploration.first_failing
    if failed is not None:
        return _failure(scenario, exploration, failed)
    if not exploration.finished:
        return (
            Verdict.NOT_OBSERVED,
            f"interrupted after {exploration.case_count} of {exploration.total_cases} cases",
        )
    example = exploration.example
    cases = "1 case" if exploration.case_count == 1 else f"{exploration.case_count} cases"
    if example is not None and not any(finding.subject_count for finding in example.findings):
        observed = example.findings[0].observed
        if example.transcript.tls_handshakes:  # the server showed nothing to evaluate
            return Verdict.NOT_OBSERVED, observed
        return Verdict.NOT_APPLICABLE, f"{observed}, in {cases}"
    if example is not None and scenario.steps[0].name in SHOWING_STEPS:
        return Verdict.PASS, example.findings[0].observed
    return Verdict.PASS, _pass_reason(scenario, exploration, cases)


def _failure(
    scenario: Scenario, exploration: Exploration, evidence: Evidence
) -> tuple[Verdict, str]:
    """Return the verdict and the reason of a failure, which `evidence` shows."""
    unmet = sorted(
        (finding for finding in evidence.findings if not finding.met),
        key=lambda finding: list(Level).index(finding.level),
    )
    most_severe = unmet[0]
    is_flaky = exploration.passed_on_retry is not None
    counts = ""
    if exploration.case_count > 1:
        shown = "smallest" if exploration.smallest is not None else "first"
        counts = (
            f"{exploration.failing_cases} of {exploration.case_count} cases failed, "
            f"this is the {shown}"
        )
    reason = join_clauses(
        (
            most_severe.observed,
            PASSED_ON_RETRY if is_flaky else "",
            counts,
            f"also not met: {unmet[1].expected}" if len(unmet) > 1 else "",
            *_figures(scenario, exploration, evidence, most_severe),
        )
    )
    if is_flaky:
        return Verdict.FLAKY, reason
    return (Verdict.FAIL if most_severe.level is Level.MUST else Verdict.WARN), reason


def _pass_reason(scenario: Scenario, exploration: Exploration, cases: str) -> str:
    slowest_ms = max((sample.answer_ms for sample in exploration.samples), default=0.0)
    count = exploration.message_count
    messages = "1 message" if count == 1 else f"{count:,} messages"
    only_attempts = not any(
        isinstance(CHECKS[expectation.check], CaseCheck) for expectation in scenario.expectations
    )
    return join_clauses(
        (
            f"{cases}, {messages}",
            f"slowest response {slowest_ms:,.0f} ms" if only_attempts else "",
            *_figures(scenario, exploration, exploration.example),
            _redirects(scenario, exploration.example),
        )
    )


def _redirects(scenario: Scenario, example: Evidence | None) -> str:
    """Return the redirects with which a scenario about redirects passed."""
    checks = [CHECKS[expectation.check] for expectation in scenario.expectations]
    about_redirects = any(
        isinstance(check, AttemptCheck) and check.about_redirects for check in checks
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
        if isinstance(CHECKS[finding.check], CaseCheck) and finding is not excluded
    ]
    is_about_size = any(
        spec.generator == "over-limit" or spec.arguments.get("over_limit")
        for spec in scenario.message_specs
    )
    if is_about_size and scenario.stage is Stage.DELIVERY:
        figures.append(describe_largest_batch(exploration.samples))
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


def _thin_out(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Keep every n-th sample if there are too many, and always the slowest."""
    if len(samples) <= MAX_SAMPLES:
        return tuple(samples)
    slowest = max(samples, key=lambda sample: sample.answer_ms)
    step = len(samples) // MAX_SAMPLES + 1
    return (*samples[::step], slowest)
