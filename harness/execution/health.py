"""Further health checks after a failed case: a service may crash a moment after the message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_mews.delivery import Clock
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.steps import DELIVERY_STEPS, Messages
from pytest_mews.model import Delivery, Evidence, Finding, Level, Step, Transcript
from pytest_mews.model.verdict import HEALTH_CHECK

MAX_CHECKS, CHECK_INTERVAL_S = 4, 0.25


def recheck_health(
    evidence: Evidence,
    new_messages: Callable[[], Messages],
    context: CaseContext,
    clock: Clock,
    evaluate: Callable[[Transcript], tuple[Finding, ...]],
) -> Evidence:
    """Send further health checks for a second, and add them to the evidence of an execution.

    Args:
        evidence: the execution.
        new_messages: returns the messages of the next health check. Each must be new: a repeated
            message could be refused as a repetition, which would look like a crash.
        context: where to send them.
        clock: for the pauses.
        evaluate: evaluates the extended transcript.

    Returns:
        The evidence with the extended transcript and its findings. The last delivery is the first
        health check that was not accepted, if there is one.

    """
    for _ in range(MAX_CHECKS):
        if not all(finding.met for finding in evidence.findings if finding.check == "healthy"):
            break
        clock.sleep(CHECK_INTERVAL_S)
        results = DELIVERY_STEPS[HEALTH_CHECK](context, Step(HEALTH_CHECK), new_messages())
        deliveries = (result for result in results if isinstance(result, Delivery))
        transcript = evidence.transcript
        transcript = replace(transcript, deliveries=(*transcript.deliveries, *deliveries))
        evidence = replace(evidence, transcript=transcript, findings=evaluate(transcript))
    return evidence


def severity(evidence: Evidence) -> int:
    """Return a number for the level of the most severe unmet expectation; 0 if all are met."""
    levels = list(reversed(Level))
    broken = (finding.level for finding in evidence.findings if not finding.met)
    return max((levels.index(level) + 1 for level in broken), default=0)
