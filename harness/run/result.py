"""From what an exploration saw to the verdict, its one-sentence reason, and the evidence kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_mews.checks import CHECKS, CaseCheck, diagnose, hops_in_words, largest_batch
from pytest_mews.execution import Exploration
from pytest_mews.model import (
    Evidence,
    Finding,
    Level,
    Outcome,
    Sample,
    Scenario,
    ScenarioResult,
    Stage,
    Verdict,
)
from pytest_mews.reports.evidence_selection import bounded

KEPT_SAMPLES = 2_000  # more say nothing new to the pictures


def build_result(scenario: Scenario, seen: Exploration, duration_s: float) -> ScenarioResult:
    """Judge a finished or interrupted exploration; failures seen before a Ctrl-C still count."""
    verdict, reason = _verdict(scenario, seen)
    return ScenarioResult(
        scenario=scenario,
        verdict=verdict,
        reason=reason,
        duration_s=duration_s,
        plays=seen.plays,
        failing=seen.failing,
        messages=seen.messages,
        evidence=tuple(map(bounded, _evidence(seen))),
        samples=_thinned(seen.samples),
    )


def _verdict(scenario: Scenario, seen: Exploration) -> tuple[Verdict, str]:
    failed = seen.smallest or seen.first_failing
    if failed is not None:
        unmet = sorted(
            (finding for finding in failed.findings if not finding.met),
            key=lambda finding: list(Level).index(finding.level),
        )
        reason = "; ".join([_failure(seen, unmet), *_figures(scenario, seen, failed, unmet[0])])
        reason += _hint(scenario, failed)
        if seen.passed_again is not None:
            return (
                Verdict.FLAKY,
                f"failed, and passed when the same case was played again: {reason}",
            )
        must = unmet[0].level is Level.MUST
        return (Verdict.FAIL if must else Verdict.WARN), reason
    if not seen.finished:
        return Verdict.NOT_OBSERVED, f"interrupted after {seen.plays} of {seen.total} cases"
    cases = "1 case" if seen.plays == 1 else f"{seen.plays} cases"
    if seen.example is not None and not any(each.judged for each in seen.example.findings):
        observed = seen.example.findings[0].observed
        looked = bool(seen.example.transcript.tls_handshakes)  # at a server that showed nothing
        return (
            (Verdict.NOT_OBSERVED, observed)
            if looked
            else (Verdict.NOT_APPLICABLE, f"{observed}, in {cases}")
        )
    told = scenario.steps[0].name in {"show-preflight", "show-tls-handshakes"}
    if told and seen.example is not None:
        observed = seen.example.findings[0].observed
        return Verdict.PASS, observed + _hint(scenario, seen.example)
    slowest = max((sample.answer_ms for sample in seen.samples), default=0.0)
    messages = "1 message" if seen.messages == 1 else f"{seen.messages:,} messages"
    figures = _figures(scenario, seen, seen.example)
    if not any(isinstance(CHECKS[each.check], CaseCheck) for each in scenario.expectations):
        figures = [f"slowest answer {slowest:,.0f} ms", *figures]
    words = "; ".join([f"{cases}, {messages}", *figures])
    return Verdict.PASS, words + _redirects(scenario, seen.example)


def _hint(scenario: Scenario, trial: Evidence) -> str:
    """Say what the preflight's answer most likely means: a success may be a page of HTML."""
    if scenario.steps[0].name != "show-preflight":
        return ""
    last = [delivery.attempts[-1] for delivery in trial.transcript.deliveries]
    hint = diagnose(next((each for each in last if each.outcome is not Outcome.DELIVERED), last[0]))
    return f": {hint}" if hint else ""


def _redirects(scenario: Scenario, example: Evidence | None) -> str:
    """Name the redirects that a scenario about them has passed: sound, and worth knowing."""
    if scenario.area != "RED" or example is None:
        return ""
    ways = (hops_in_words(each.attempts[-1]) for each in example.transcript.deliveries)
    way = next(filter(None, ways), "")
    return f"; redirected by {way}" if way else ""


def _failure(seen: Exploration, unmet: Sequence[Finding]) -> str:
    first = unmet[0]
    words = f"expected {first.expected}; {first.observed}"
    if seen.plays > 1:
        smallest = "smallest" if seen.smallest is not None else "first"
        words = f"{seen.failing} of {seen.plays} cases failed, {smallest}: {words}"
    if len(unmet) > 1:
        words += f"; and expected {unmet[1].expected}"
    return words


def _figures(
    scenario: Scenario, seen: Exploration, trial: Evidence | None, said: Finding | None = None
) -> list[str]:
    """List what is worth knowing whatever the verdict; `said` has been said already."""
    figures = [
        finding.observed
        for finding in (() if trial is None else trial.findings)
        if isinstance(CHECKS[finding.check], CaseCheck) and finding is not said
    ]
    sized = any(
        draw.generator == "over-limit" or draw.arguments.get("over_limit")
        for draw in scenario.message_specs
    )
    if sized and scenario.stage is Stage.DELIVERY:
        figures.append(largest_batch(seen.samples))
    return [figure for figure in dict.fromkeys(figures) if figure]


def _evidence(seen: Exploration) -> tuple[Evidence, ...]:
    failed = seen.smallest or seen.first_failing
    if failed is None:
        return () if seen.example is None else (seen.example,)
    kept = [replace(failed, role="smallest-failing")]
    if seen.first_failing is not None and seen.first_failing is not failed:
        kept.append(replace(seen.first_failing, role="first-failing"))
    if seen.passed_again is not None:
        kept.append(seen.passed_again)
    return tuple(kept)


def _thinned(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Keep every n-th sample where there are too many, and always the slowest."""
    if len(samples) <= KEPT_SAMPLES:
        return tuple(samples)
    slowest = max(samples, key=lambda sample: sample.answer_ms)
    step = len(samples) // KEPT_SAMPLES + 1
    return (*samples[::step], slowest)
