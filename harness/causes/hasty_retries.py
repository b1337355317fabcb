"""Failed requests that are repeated at once, whatever the error: one missing pause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median

from pytest_mews.causes.cause_phrases import listed, of, seconds
from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.repeated_calls import repeated_calls
from pytest_mews.model import ApiCall, CauseKind
from pytest_mews.model.api_call import API_FAULTS
from pytest_mews.model.verdict import FAILURES

CHECKS = frozenset(
    {"honours-retry-after", "no-immediate-retry", "exponential-backoff", "rejected-not-repeated"}
)
HASTY_MS = 300.0  # less than the first pause of a usual backoff, half a second, with its jitter
MIN_RETRIES = 5
MIN_SHARE = 0.9  # of the retries that come so soon
MIN_SCENARIOS = 2  # one says it itself


def find_hasty_retries(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if retries come soon in all scenarios that miss pauses before them."""
    unmet = [
        finding
        for result in observations.results
        if result.verdict in FAILURES
        for finding in unmet_findings(result)
        if finding.finding.check in CHECKS
    ]
    retries = list(_retries(_calls(unmet)))
    pauses = [pause_ms for _, pause_ms in retries]
    soon = sum(pause_ms < HASTY_MS for pause_ms in pauses)
    if (
        len({finding.result.scenario.id for finding in unmet}) < MIN_SCENARIOS
        or len(pauses) < MIN_RETRIES
        or soon < MIN_SHARE * len(pauses)
    ):
        return
    faults = sorted({call.fault for call, _ in retries if call.fault is not None})
    after = f" ({listed([API_FAULTS[fault] for fault in faults])})" if faults else ""
    yield Explanation(
        CauseKind.HASTY_RETRIES,
        f"Failed requests are repeated at once, whatever the error{after}: {of(soon, len(pauses))} "
        f"retries came within {seconds(HASTY_MS)} of the response, half of them within "
        f"{seconds(median(pauses))}.",
        accounts_for_finding=lambda item: item.finding.check in CHECKS and _is_hasty(item),
    )


def _is_hasty(unmet: UnmetFinding) -> bool:
    pauses = [pause_ms for _, pause_ms in _retries(unmet.evidence.transcript.calls)]
    return sum(pause_ms < HASTY_MS for pause_ms in pauses) >= max(1, MIN_SHARE * len(pauses))


def _calls(unmet: Iterable[UnmetFinding]) -> list[ApiCall]:
    """Return the calls of the executions, each once."""
    calls = {call.number: call for item in unmet for call in item.evidence.transcript.calls}
    return [calls[number] for number in sorted(calls)]


def _retries(calls: Iterable[ApiCall]) -> Iterator[tuple[ApiCall, float]]:
    """Yield each failed call that is repeated unchanged, and the pause before that, in ms."""
    for failed, retry in repeated_calls(calls):
        yield failed, retry.received_ms - (failed.answered_ms or failed.received_ms)
