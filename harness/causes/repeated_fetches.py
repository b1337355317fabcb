"""The same ids that are fetched several times: by several workers at once, or again afterwards.

Workers of which none claims what it is about to fetch read the same rows, and ask for the same ids
while the request of another one is running. The error that one of them meets is repeated by the
others at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median_low

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.missing_entities import awaits_fetches
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.repeated_calls import repeated_calls
from pytest_mews.model import ApiCall, CauseKind, Transcript
from pytest_mews.model.verdict import FAILURES

FETCHED_REPEATEDLY = frozenset({"no-repeated-fetch", "one-fetch-per-entity", "no-double-fetch"})
REPEATED_AFTER_ERROR = frozenset({"honours-retry-after", "rejected-not-repeated"})
AT_ONCE_MS = 100.0  # between the same requests of workers that began at the same time
MIN_SCENARIOS = 2  # with repeated fetches
MIN_REQUESTS = 5  # for different ids
MIN_REPEATED = 0.7  # of them that are made more than once
MIN_OVERLAPPING = 0.25  # of them that are made again before the response

_Copies = Sequence[ApiCall]
"""The successful requests for the same ids in an execution, in order of arrival."""


def find_repeated_fetches(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if most requests are made again: many before their response, or none."""
    scenarios = {
        result.scenario.id
        for result in observations.results
        if result.verdict in FAILURES
        and any(unmet.finding.check in FETCHED_REPEATEDLY for unmet in unmet_findings(result))
    }
    requests = [
        copies
        for result in observations.results
        if awaits_fetches(result)
        for evidence in result.evidence
        for copies in _requests(evidence.transcript)
    ]
    repeated = sum(len(copies) > 1 for copies in requests)
    overlapping = sum(map(_overlap, requests))
    if (
        len(scenarios) < MIN_SCENARIOS
        or len(requests) < MIN_REQUESTS
        or repeated < MIN_REPEATED * len(requests)
    ):
        return
    again = (
        f"{of(repeated, len(requests))} requests for ids were made more than once after a message"
    )
    if overlapping >= MIN_OVERLAPPING * len(requests):
        yield Explanation(
            CauseKind.WORK_NOT_CLAIMED,
            f"Several workers fetch the same: {again}, {overlapping:,} of them again before their "
            "response had come.",
            accounts_for_finding=_is_of_several_workers,
        )
    elif not overlapping:
        times = median_low([len(copies) for copies in requests if len(copies) > 1])
        yield Explanation(
            CauseKind.FETCHED_REPEATEDLY,
            f"What was fetched is fetched again: {again}, mostly {times:,} times, and none again "
            "before its response had come.",
            accounts_for_finding=_is_repeated,
        )


def _is_repeated(unmet: UnmetFinding) -> bool:
    """Return whether a finding objects to requests of which most are made again."""
    requests = list(_requests(unmet.evidence.transcript))
    return unmet.finding.check in FETCHED_REPEATEDLY and (
        sum(len(copies) > 1 for copies in requests) >= MIN_REPEATED * max(1, len(requests))
    )


def _is_of_several_workers(unmet: UnmetFinding) -> bool:
    """Return whether a finding objects to the same requests at once, also after an error."""
    if _is_repeated(unmet):
        return True
    transcript = unmet.evidence.transcript
    if unmet.finding.check in REPEATED_AFTER_ERROR:
        pauses = [
            retry.received_ms - failed.received_ms
            for failed, retry in repeated_calls(transcript.calls)
            if failed.retry_after_s is None
            or retry.received_ms - failed.received_ms < failed.retry_after_s * 1000
        ]
        return bool(pauses) and max(pauses) <= AT_ONCE_MS
    return False


def _requests(transcript: Transcript) -> Iterator[_Copies]:
    """Yield the requests for ids without an injected error, the same ones together.

    Those before and after a message are not the same: it may be about the same entities.
    """
    copies: dict[tuple[int, str, str | None, tuple[str, ...]], list[ApiCall]] = defaultdict(list)
    sent_ms = sorted(delivery.started_ms for delivery in transcript.deliveries)
    for call in transcript.calls:
        if call.requested_ids and call.answered_ok and call.fault is None and not call.is_next_page:
            messages = sum(at_ms <= call.received_ms for at_ms in sent_ms)
            ids = tuple(sorted(call.requested_ids))
            copies[messages, call.operation, call.enterprise_id, ids].append(call)
    yield from copies.values()


def _overlap(copies: _Copies) -> bool:
    """Return whether a request was made again before its response had come."""
    return any(
        call.answered_ms is not None and again.received_ms < call.answered_ms
        for call, again in pairwise(copies)
    )
