"""What becomes of a service after a case that failed: it may die of the message a moment later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_mews.delivery import Clock
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.steps import DELIVERY_STEPS, Messages
from pytest_mews.model import Delivery, Evidence, Finding, Level, Step, Transcript
from pytest_mews.model.verdict import HEALTH_CHECK

LOOKS, LOOK_AFTER_S = 4, 0.25


def recheck_health(
    trial: Evidence,
    anew: Callable[[], Messages],
    bench: CaseContext,
    clock: Clock,
    judge: Callable[[Transcript], tuple[Finding, ...]],
) -> Evidence:
    """Send further signs of life for a second, and add them to what was played.

    Args:
        trial: what was played.
        anew: gives the signs to send next. Each time others: the same one again would ask whether
            a message that is sent again is accepted, and a refusal would look like a death.
        bench: where they are sent.
        clock: for the pauses.
        judge: judges all that was played then.

    Returns:
        The trial, judged anew; it ends with the first sign of life that was not accepted.

    """
    for _ in range(LOOKS):
        if not all(finding.met for finding in trial.findings if finding.check == "healthy"):
            break
        clock.sleep(LOOK_AFTER_S)
        signs = DELIVERY_STEPS[HEALTH_CHECK](bench, Step(HEALTH_CHECK), anew())
        later = (each for each in signs if isinstance(each, Delivery))
        seen = trial.transcript
        seen = replace(seen, deliveries=(*seen.deliveries, *later))
        trial = replace(trial, transcript=seen, findings=judge(seen))
    return trial


def severity(trial: Evidence) -> int:
    """Tell how grave what a play broke is; nothing at all is 0."""
    order = list(reversed(Level))
    broken = (each.level for each in trial.findings if not each.met)
    return max((order.index(each) + 1 for each in broken), default=0)
