"""Changes that lead to no request, or to none that finds them.

Those of a resumed integration, of an entity that was fetched before, or outside an interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from math import inf

from pytest_mews.causes.cause_phrases import listed, of
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.missing_entities import awaits_fetches, met_no_error
from pytest_mews.mews.lifecycle import CREATED, STATE_AFTER, IntegrationState
from pytest_mews.model import (
    ApiFault,
    CauseKind,
    EntityFetch,
    FetchRecord,
    ScenarioResult,
    Transcript,
    Verdict,
    calls_by_entity,
    entity_fetches,
    entity_key,
    last_actions,
    merge_records,
    was_fetched_before,
)
from pytest_mews.model.fetch_record import EntityKey
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
    results = tuple(results)
    records = [record for record in _records(results) if not record.by_interval]
    yield from _after_resuming(records)
    repeated = list(_repeated(records))
    yield from repeated or _known_bytes(results)


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


def _repeated(records: Sequence[FetchRecord]) -> Iterator[Explanation]:
    repeated = [record for record in records if record.requested_again is not None]
    again = _count([record for record in repeated if record.requested_again])
    count = _count(repeated)
    if count - again < MIN_COUNT or again > MAX_SHARE * count:
        return

    def is_ignored(transcript: Transcript) -> MissingEntity:
        calls = calls_by_entity(transcript.calls)
        return lambda fetch: (
            fetch.requested_ms is None and was_fetched_before(fetch, calls.get(fetch.entity_id, ()))
        )

    yield Explanation(
        CauseKind.REPEATED_NOT_FETCHED,
        f"An entity that was fetched is not asked for again after another message about it: "
        f"{of(again, count)} were.",
        accounts_for_missing=is_ignored,
    )


def _known_bytes(results: Iterable[ScenarioResult]) -> Iterator[Explanation]:
    """Yield an explanation if messages with the bytes of an earlier one lead to no request.

    A service may remember them for a while, or the entities. Executions show that, records do not:
    those that are kept, of scenarios that do not fail by chance.
    """
    asked: dict[bool, list[bool]] = {True: [], False: []}  # by whether the bytes are known
    for result in results:
        if not awaits_fetches(result) or result.verdict is Verdict.FLAKY:
            continue
        for transcript in (evidence.transcript for evidence in result.evidence):
            if met_no_error(transcript):
                calls = calls_by_entity(transcript.calls)
                has_known_bytes = _has_known_bytes(transcript)
                for fetch in entity_fetches(transcript.deliveries, transcript.calls):
                    of_fetch = calls.get(fetch.entity_id, ())
                    if was_fetched_before(fetch, of_fetch):
                        asked[has_known_bytes(fetch)].append(fetch.requested_ms is not None)
    if len(asked[True]) < MIN_COUNT or any(asked[True]):
        return
    by_bytes = any(asked[False])  # whether messages with other bytes lead to requests

    def is_ignored(transcript: Transcript) -> MissingEntity:
        calls = calls_by_entity(transcript.calls)
        has_known_bytes = _has_known_bytes(transcript)
        return lambda fetch: (
            fetch.requested_ms is None
            and was_fetched_before(fetch, calls.get(fetch.entity_id, ()))
            and (has_known_bytes(fetch) or not by_bytes)
        )

    if by_bytes:
        message = "a message with the same bytes as an earlier one"
        others = of(sum(asked[False]), len(asked[False]))
        figures = f"0 of {len(asked[True]):,} were, and {others} after one with other bytes"
    else:
        message = "another message about it"
        figures = f"0 of {len(asked[True]) + len(asked[False]):,} were"
    yield Explanation(
        CauseKind.REPEATED_NOT_FETCHED,
        f"An entity that was fetched is not asked for again after {message}: {figures}.",
        accounts_for_missing=is_ignored,
    )


def _has_known_bytes(transcript: Transcript) -> MissingEntity:
    """Return whether the last message about an entity has the bytes of an earlier one."""
    bodies: dict[tuple[str | None, EntityKey], list[bytes]] = {}
    for delivery in transcript.deliveries:
        for event in delivery.message.events if delivery.delivered else ():
            key = delivery.message.token_owner, entity_key(event)
            bodies.setdefault(key, []).append(delivery.message.body)

    def has_known_bytes(fetch: EntityFetch) -> bool:
        *earlier, last = bodies[fetch.enterprise_id, entity_key(fetch)]
        return last in earlier

    return has_known_bytes


def _count(records: Sequence[FetchRecord]) -> int:
    return sum(record.count for record in records)
