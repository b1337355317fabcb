"""Further health checks after a failed case: a service may crash a moment after the message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_mews.checks import CHECKS
from pytest_mews.delivery import Clock
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.delivery_steps import send_health_checks
from pytest_mews.execution.execution import Messages
from pytest_mews.model import Attempt, Evidence, Finding, Level, Transcript

MAX_CHECKS, CHECK_INTERVAL_S = 4, 0.25


def recheck_health(  # noqa: PLR0913 - what to send, where, and how often
    evidence: Evidence,
    new_messages: Callable[[], Messages],
    context: CaseContext,
    clock: Clock,
    evaluate: Callable[[Transcript], tuple[Finding, ...]],
    *,
    checks: int = MAX_CHECKS,
) -> Evidence:
    """Send further health checks for a second, and add them to the evidence of an execution.

    Args:
        evidence: the execution.
        new_messages: returns the messages of the next health check. Each must be new: a repeated
            message could be refused as a repetition, which would look like a crash.
        context: where to send them.
        clock: for the pauses.
        evaluate: evaluates the extended transcript.
        checks: how many health checks to send at most.

    Returns:
        The evidence with the extended transcript and its findings. The last delivery is the first
        health check that was not accepted, if there is one.

    """
    for _ in range(checks):
        if not all(
            finding.met for finding in evidence.findings if CHECKS[finding.check].about_health
        ):
            break
        clock.sleep(CHECK_INTERVAL_S)
        deliveries = send_health_checks(context, new_messages())
        transcript = evidence.transcript
        transcript = replace(transcript, deliveries=(*transcript.deliveries, *deliveries))
        evidence = replace(evidence, transcript=transcript, findings=evaluate(transcript))
    return evidence


def refuses_connections() -> Finding:
    """Return the finding that the service refuses connections, if no execution shows it."""
    check = next(check for check in CHECKS.values() if check.about_health)
    return Finding(
        check.name,
        Level.MUST,
        met=False,
        expected=check.expected,
        observed="the service refused connections afterwards",
    )


def health_attempts(evidence: Evidence) -> list[Attempt]:
    """Return the attempts of the health checks of an execution."""
    return [
        attempt
        for delivery in evidence.transcript.deliveries
        if delivery.is_health_check
        for attempt in delivery.attempts
    ]


def severity(evidence: Evidence) -> int:
    """Return a number for the level of the most severe unmet expectation; 0 if all are met."""
    levels = list(reversed(Level))
    broken = (finding.level for finding in evidence.findings if not finding.met)
    return max((levels.index(level) + 1 for level in broken), default=0)
