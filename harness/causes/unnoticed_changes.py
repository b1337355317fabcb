"""Changes that lead to no request, or to none that finds them.

Those of a resumed integration, of an entity that was fetched before, or outside an interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

from pytest_mews.causes.cause_phrases import listed, of
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.missing_entities import awaits_fetches
from pytest_mews.causes.unnoticed_deletions import is_deletion_outside_interval
from pytest_mews.mews.lifecycle import CREATED, STATE_AFTER, IntegrationState
from pytest_mews.model import (
    ApiFault,
    CauseKind,
    FetchRecord,
    ScenarioResult,
    Transcript,
    calls_by_entity,
    entity_fetches,
    entity_key,
    last_actions,
    merge_records,
    was_fetched_before,
    was_in_flight,
)
from pytest_mews.model.fetch_record import entities_of_repeated_bytes
from pytest_mews.model.fetches import is_outside_interval, requests_by_interval

MIN_COUNT = 2  # entities
MAX_SHARE = 0.05  # of them that are asked for all the same
MAX_DELAY_S = 60.0  # by which an interval may end before the request, for changes that come late
_MINUTE = 60.0  # seconds
RESUMING = frozenset(
    action for action, state in STATE_AFTER.items() if state is IntegrationState.ENABLED
)


def find_unnoticed_changes(results: Iterable[ScenarioResult]) -> Iterator[Explanation]:
    """Yield an explanation for each kind of change that never leads to a request.

    Only scenarios count that wait until what they changed is fetched.
    """
    records = [record for record in _records(results) if not record.by_interval]
    yield from _after_resuming(records)
    yield from _repeated(records)


def _records(results: Iterable[ScenarioResult]) -> tuple[FetchRecord, ...]:
    return merge_records(
        record
        for result in results
        if awaits_fetches(result)
        for record in result.fetches
        if record.fault in {None, ApiFault.SLOW} and record.token_owner is None
    )


def find_not_in_interval(results: Sequence[ScenarioResult]) -> Iterator[Explanation]:
    """Yield an explanation if requests by interval miss what changed."""
    records = _records(results)
    missing = [record for record in records if record.outside_interval]
    both = (missing, records)
    types = sorted({record.discriminator for record in missing})
    if _count(missing) < MIN_COUNT:
        return
    counts = {
        name: [_count([each for each in some if each.discriminator == name]) for some in both]
        for name in types
    }
    figures = [f"{of(*counts[name])} {name}" for name in types]

    def is_in_none(transcript: Transcript) -> MissingEntity:
        return partial(is_outside_interval, calls=transcript.calls)

    yield Explanation(
        CauseKind.NOT_IN_INTERVAL,
        f"Requests by interval miss acknowledged events: {listed(figures)} were in no response."
        f"{_flaw_of_intervals(results)}",
        accounts_for_finding=is_deletion_outside_interval,
        accounts_for_missing=is_in_none,
    )


def _flaw_of_intervals(results: Iterable[ScenarioResult]) -> str:
    """Say what is wrong with all intervals: how far they are from the requests, or their filter."""
    asked = [
        (call, call.interval_s, fetch.sent_ms)
        for result in results
        for evidence in result.evidence
        for transcript in (evidence.transcript,)
        for fetch in entity_fetches(transcript.deliveries, transcript.calls)
        if is_outside_interval(fetch, transcript.calls)
        for call in requests_by_interval(fetch, transcript.calls)
        if call.interval_s is not None
    ]
    if not asked:
        return ""
    begin_s = min(-inf if start is None else start for _, (start, _), _ in asked)
    end_s = max(inf if end is None else end for _, (_, end), _ in asked)
    end_before_change = all(
        end is not None and call.received_ms + 1000 * end < sent_ms
        for call, (_, end), sent_ms in asked
    )
    if begin_s > 0:
        return f" Each interval begins {_at_least(begin_s)} after the request itself."
    if end_s < -MAX_DELAY_S or (end_before_change and end_s <= -1):
        return f" Each interval ends {_at_least(-end_s)} before the request itself."
    if all("CreatedUtc" in call.filters for call, _, _ in asked):
        return " Each is an interval of `CreatedUtc`, which has nothing that was created before it."
    return ""


def _at_least(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"at least {int(seconds)} s"
    return f"at least {int(seconds / _MINUTE)} minutes"


def _after_resuming(records: Sequence[FetchRecord]) -> Iterator[Explanation]:
    by_action = {
        action: [record for record in records if record.last_action == action]
        for action in {CREATED, *RESUMING}
    }
    never = sorted(
        action
        for action in RESUMING
        if by_action[action] and not any(record.requested for record in by_action[action])
    )
    count = sum(_count(by_action[action]) for action in never)
    if count < MIN_COUNT or not any(record.requested for record in by_action[CREATED]):
        return

    def is_after(transcript: Transcript) -> MissingEntity:
        actions = last_actions(transcript.deliveries)
        return lambda fetch: (
            fetch.requested_ms is None and actions[fetch.enterprise_id, entity_key(fetch)] in never
        )

    yield Explanation(
        CauseKind.RESUMED_NOT_FETCHED,
        f"Nothing is requested for an integration after {listed(never)}: none of {count:,} "
        "acknowledged events was asked for, while those of other new integrations are.",
        accounts_for_missing=is_after,
    )


class _Repeat(NamedTuple):
    """A repetition that a service may ignore while it notices others.

    Attributes:
        ignored: what is not asked for again.
        other: what else is repeated; empty if this is every repetition.
        has: whether the record of a repeated entity is one.
        entities: returns for an execution which fetches are one.

    """

    ignored: str
    other: str
    has: Callable[[FetchRecord], bool]
    entities: Callable[[Transcript], MissingEntity]


def _any(_: Transcript) -> MissingEntity:
    return lambda _: True


def _with_repeated_bytes(transcript: Transcript) -> MissingEntity:
    keys = entities_of_repeated_bytes(transcript.deliveries)
    return lambda fetch: (fetch.enterprise_id, entity_key(fetch)) in keys


def _once_answered(transcript: Transcript) -> MissingEntity:
    calls = calls_by_entity(transcript.calls)
    return lambda fetch: not was_in_flight(fetch, calls.get(fetch.entity_id, ()))


_REPEATS = (
    _Repeat(
        "An entity that was fetched is not asked for again after another message about it",
        "",
        lambda _: True,
        _any,
    ),
    _Repeat(
        "An entity that was fetched is not asked for again after a message with the same bytes as "
        "an earlier one",
        "after other messages",
        lambda record: record.repeated_bytes,
        _with_repeated_bytes,
    ),
    _Repeat(
        "An entity is not asked for again after another message about it, once its fetch has ended",
        "while it was being fetched",
        lambda record: not record.repeated_in_flight,
        _once_answered,
    ),
)


def _repeated(records: Sequence[FetchRecord]) -> Iterator[Explanation]:
    """Yield an explanation of the first kind of repetition that is ignored, from all to fewer."""
    repeated = [record for record in records if record.requested_again is not None]
    for repeat in _REPEATS:
        own = [record for record in repeated if repeat.has(record)]
        others = [record for record in repeated if not repeat.has(record)]
        again, count = _count_again(own), _count(own)
        if count - again < MIN_COUNT or again > MAX_SHARE * count:
            continue
        if repeat.other and not _count_again(others):
            continue

        def is_ignored(transcript: Transcript, repeat: _Repeat = repeat) -> MissingEntity:
            calls, is_one = calls_by_entity(transcript.calls), repeat.entities(transcript)
            return lambda fetch: (
                fetch.requested_ms is None
                and was_fetched_before(fetch, calls.get(fetch.entity_id, ()))
                and is_one(fetch)
            )

        figures = f"{of(again, count)} were"
        if repeat.other:
            figures += f", {repeat.other} {of(_count_again(others), _count(others))}"
        yield Explanation(
            CauseKind.REPEATED_NOT_FETCHED,
            f"{repeat.ignored}: {figures}.",
            accounts_for_missing=is_ignored,
        )
        return


def _count_again(records: Sequence[FetchRecord]) -> int:
    return _count([record for record in records if record.requested_again])


def _count(records: Sequence[FetchRecord]) -> int:
    return sum(record.count for record in records)
