"""A service that answers no valid message any more, from some message to the end of the run.

Its process lives and takes connections, and what it refuses it may still answer. What a valid
message needs is never given back, such as a lock or the connections of a pool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.observations import Observations, Observed, symptom_of, total
from pytest_mews.model import CauseKind, Outcome, Transcript

MIN_ROW = 5  # valid messages that are not answered, up to the end
MIN_ALONE = 3  # of them that came alone and were no larger than some that were answered
MIN_BEFORE = 20  # valid messages before them
MAX_LATE = 0.05  # of those before them


def find_stopped_answering(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if no valid message is answered from one on, while others were."""
    usual = observations.usual
    start = len(usual)
    while start and _is_late(usual[start - 1]):
        start -= 1
    before, row = usual[:start], usual[start:]
    late_before = sum(item.record.weight for item in before if _is_late(item))
    if (
        total(row) < MIN_ROW
        or total(before) < MIN_BEFORE
        or late_before > MAX_LATE * total(before)
        or _count_plain(observations, before, row) < MIN_ALONE
    ):
        return
    first = row[0]
    stopped_ms = first.record.started_ms
    in_scenario_ms = min(
        item.record.started_ms
        for item in observations.attempts
        if item.scenario_id == first.scenario_id
    )
    later = [item for item in observations.attempts if item.record.started_ms >= stopped_ms]
    others = total(
        item for item in later if symptom_of(item.record) is not None and not _is_late(item)
    )
    refused = f" The {others:,} messages that it refuses were answered." if others else ""

    def is_later(_: Transcript) -> MissingEntity:
        return lambda fetch: fetch.requested_ms is None and fetch.sent_ms >= in_scenario_ms

    yield Explanation(
        CauseKind.STOPPED_ANSWERING,
        f"Since {first.scenario_id} no valid message is answered within "
        f"{observations.limit_ms / 1000:g} s: all {total(row):,}, up to the end of the run; "
        f"before, {of(total(before) - late_before, total(before))} were answered.{refused}",
        lambda item: _is_late(item) and item.record.started_ms >= stopped_ms,
        accounts_for_missing=is_later,
        shown_by=first.scenario_id,
    )


def _is_late(item: Observed) -> bool:
    symptom = symptom_of(item.record)
    return symptom is not None and symptom.outcome is Outcome.TIMEOUT_ANSWER


def _count_plain(
    observations: Observations, before: Sequence[Observed], row: Sequence[Observed]
) -> int:
    """Return how many messages of a row came alone, and are no larger than an answered one."""
    sizes = sorted(item.record.event_count for item in before if item.record.delivered)
    if not sizes:
        return 0
    typical = sizes[len(sizes) // 2]
    return total(
        item
        for item in row
        if item.record.event_count <= typical and observations.in_flight(item) == 1
    )
