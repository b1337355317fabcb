"""What the service does with acknowledged events: what it never asks for, and with whose token."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial

from pytest_mews.causes.behind_failures import BehindFailures
from pytest_mews.causes.cause_phrases import listed, of
from pytest_mews.causes.explanation import Explanation, MissingEntity, UnmetFinding
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.missing_entities import fetches_of
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.websocket_events import misses_later_events
from pytest_mews.mews.lifecycle import STATE_AFTER
from pytest_mews.model import (
    ApiFault,
    CauseKind,
    EntityFetch,
    FetchRecord,
    Transcript,
    begins_with_known_event,
    calls_by_entity,
    entity_key,
    event_counts,
    foreign_token_owner,
    merge_records,
)
from pytest_mews.model.api_call import API_FAULTS, PERMANENT_FAULTS, RequestProblem
from pytest_mews.model.fetch_record import EntityKey, met_fault, refusal_of

MIN_COUNT = 2  # entities
MIN_SHARE = 0.95
MIN_LATER_EVENTS = 5  # events that are not the first of their message
MIN_SIDE = 5  # entities of large messages, and of smaller ones
WELL_FORMED = "well-formed-requests"
TOKEN_CHECKS = frozenset({"own-access-token", "rotated-key-used", "not-fetched"})


def find_fetching(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation for each thing that is never fetched, or fetched with a wrong token."""
    records = merge_records(record for result in observations.results for record in result.fetches)
    foreign = [record for record in records if record.token_owner is not None]
    yield from _foreign_token(records, foreign)
    # Requests by interval name no entity: what is in none of them was asked for all the same.
    plain = [
        record
        for record in records
        if record.fault is None and record.token_owner is None and not record.by_interval
    ]
    first_event_only = list(_first_event_only(plain))
    # Then only first events show whether a type, or an enterprise, is fetched at all.
    telling = [record for record in plain if record.is_first] if first_event_only else plain
    yield from _never_requested(
        telling,
        CauseKind.EVENT_TYPE_NOT_FETCHED,
        lambda record: record.discriminator,
        lambda fetch: fetch.discriminator,
        "No request follows {names}: none of {count} acknowledged events was asked for, while "
        "other events are.",
    )
    yield from _never_requested(
        telling,
        CauseKind.ENTERPRISE_NOT_FETCHED,
        lambda record: record.enterprise_id,
        lambda fetch: fetch.enterprise_id,
        "Nothing is requested for {names}: none of {count} acknowledged events was asked for, "
        "while those of other enterprises are.",
    )
    yield from first_event_only
    yield from _not_from_large_messages(telling)
    yield from _requests_refused(observations, plain)
    yield from _errors_not_retried(observations, records)


def _foreign_token(
    records: Sequence[FetchRecord], foreign: Sequence[FetchRecord]
) -> Iterator[Explanation]:
    count = _count(foreign)
    if count < MIN_COUNT:
        return
    owners = {record.token_owner for record in foreign}
    others = {record.enterprise_id for record in foreign}
    own = [record for record in records if record.requested and record.enterprise_id in others]
    entities = f"{count:,} entities of {len(others):,} enterprise{'s' * (len(others) > 1)}"
    if len(owners) == 1 and not _count(own):
        (owner,) = owners
        kind = CauseKind.FIRST_TOKEN_FOR_ALL
        summary = (
            f"Every enterprise is asked with the AccessToken of one, {owner}: {entities} were "
            "requested with it, and none with the AccessToken of its own."
        )
    else:
        kind = CauseKind.OTHER_ENTERPRISES_TOKEN
        summary = f"Entities are requested with the AccessToken of another enterprise: {entities}."
        for whose, actions in (
            ("whose AccessToken it has", {record.token_owner_action for record in foreign}),
            ("whose entity it asks for", {record.last_action for record in foreign}),
        ):
            if actions <= STATE_AFTER.keys():
                names = " or ".join(sorted(actions))
                summary += f" Each such request came after {names} of the enterprise {whose}."

    def is_foreign(transcript: Transcript) -> MissingEntity:
        calls = calls_by_entity(transcript.calls)

        def has_foreign_token(fetch: EntityFetch) -> bool:
            owner = foreign_token_owner(fetch, calls.get(fetch.entity_id, ()))
            # Repeated executions have no records, and new enterprises with new tokens.
            return owner is not None and (len(owners) > 1 or owner in owners)

        return has_foreign_token

    def accounts_for(unmet: UnmetFinding) -> bool:
        is_asked = is_foreign(unmet.evidence.transcript)
        return unmet.finding.check in TOKEN_CHECKS and any(map(is_asked, fetches_of(unmet)))

    yield Explanation(
        kind,
        summary,
        accounts_for_finding=accounts_for,
        accounts_for_missing=is_foreign,
    )


def _never_requested(
    records: Sequence[FetchRecord],
    kind: CauseKind,
    key: Callable[[FetchRecord], str],
    key_of_fetch: Callable[[EntityFetch], str],
    summary: str,
) -> Iterator[Explanation]:
    counts: dict[str, list[int]] = {}
    for record in records:
        of_key = counts.setdefault(key(record), [0, 0])
        of_key[0] += record.count
        of_key[1] += record.count * record.requested
    never = sorted(
        name for name, (count, requested) in counts.items() if count >= MIN_COUNT and not requested
    )
    others = [requested for name, (_, requested) in counts.items() if name not in never]
    if not never or not sum(others):
        return
    count = sum(counts[name][0] for name in never)
    names = frozenset(never)
    yield Explanation(
        kind,
        summary.format(names=listed(never), count=f"{count:,}"),
        accounts_for_missing=lambda _: (
            lambda fetch: key_of_fetch(fetch) in names and fetch.requested_ms is None
        ),
    )


def _not_from_large_messages(records: Sequence[FetchRecord]) -> Iterator[Explanation]:
    """Yield an explanation for events that are lost if their message has many events."""
    types = sorted({record.discriminator for record in records})
    limit = _large_from(records)
    if limit is not None:
        limits = dict.fromkeys(types, limit)
    else:
        of_type = {
            name: _large_from([record for record in records if record.discriminator == name])
            for name in types
        }
        limits = {name: found for name, found in of_type.items() if found is not None}
    if not limits:
        return
    large: list[FetchRecord] = []
    small: list[FetchRecord] = []
    for record in records:
        if record.discriminator in limits:
            is_large = record.event_count >= limits[record.discriminator]
            (large if is_large else small).append(record)
    from_on = {"events": limit} if limit is not None else limits
    lost = [f"{name} in messages with {count:,} events and more" for name, count in from_on.items()]

    def is_lost(counts: Mapping[EntityKey, int], fetch: EntityFetch) -> bool:
        return (
            fetch.requested_ms is None
            and fetch.discriminator in limits
            and counts[entity_key(fetch)] >= limits[fetch.discriminator]
        )

    yield Explanation(
        CauseKind.LARGE_MESSAGE_NOT_FETCHED,
        f"No request follows {listed(lost)}: "
        f"{of(_count(record for record in large if record.requested), _count(large))} were asked "
        f"for; of those in smaller messages, "
        f"{of(_count(record for record in small if record.requested), _count(small))}.",
        accounts_for_missing=lambda transcript: partial(
            is_lost, event_counts(transcript.deliveries)
        ),
    )


def _large_from(records: Sequence[FetchRecord]) -> int | None:
    """Return the number of events from which on nothing is requested, if fewer make no trouble."""
    for limit in sorted({record.event_count for record in records if not record.requested}):
        large = [record for record in records if record.event_count >= limit]
        small = [record for record in records if record.event_count < limit]
        lost = _count(record for record in large if not record.requested)
        asked = _count(record for record in small if record.requested)
        if (
            min(lost, asked) >= MIN_SIDE
            and lost >= MIN_SHARE * _count(large)
            and asked >= MIN_SHARE * _count(small)
        ):
            return limit
    return None


def _first_event_only(records: Sequence[FetchRecord]) -> Iterator[Explanation]:
    clear = [record for record in records if not record.follows_unknown]
    first = [record for record in clear if record.is_first]
    later = [record for record in clear if not record.is_first]
    fetched_first = _count(record for record in first if record.fetched)
    fetched_later = _count(record for record in later if record.requested)
    if (
        _count(later) < MIN_LATER_EVENTS
        or fetched_first < MIN_SHARE * max(1, _count(first))
        or fetched_later > (1 - MIN_SHARE) * _count(later)
    ):
        return

    def is_later(transcript: Transcript) -> MissingEntity:
        firsts = {
            entity_key(delivery.message.events[0])
            for delivery in transcript.deliveries
            if begins_with_known_event(delivery.message)
        }
        return lambda fetch: entity_key(fetch) not in firsts

    yield Explanation(
        CauseKind.FIRST_EVENT_ONLY,
        f"Only the first event of a message is fetched: {of(fetched_first, _count(first))} first "
        f"events, and {fetched_later:,} of {_count(later):,} that follow in the same message.",
        accounts_for_finding=partial(misses_later_events, counted=None),
        accounts_for_missing=is_later,
    )


def _requests_refused(
    observations: Observations, records: Sequence[FetchRecord]
) -> Iterator[Explanation]:
    """Yield an explanation for each request that the API refuses as it is, whatever it is about.

    Requests for too many ids are one, whatever the operation: one place divides the ids.
    """
    served = {record.refusal for record in records if record.fetched}
    counts: dict[tuple[str, ...], int] = {}
    for record in records:
        if record.refusal and record.refusal not in served:
            counts[record.refusal] = counts.get(record.refusal, 0) + record.count
    too_many = frozenset(refusal for refusal in counts if RequestProblem.TOO_MANY_ITEMS in refusal)
    others = [frozenset({refusal}) for refusal in counts if refusal not in too_many]
    for refusals in (too_many, *others):
        count = sum(counts[refusal] for refusal in refusals)
        if count >= MIN_COUNT:
            case = "have too many values" if refusals is too_many else "are wrong otherwise"
            yield _refused_as_they_are(observations, refusals, count, case)


def _refused_as_they_are(
    observations: Observations, refusals: Collection[tuple[str, ...]], count: int, case: str
) -> Explanation:
    """Return the explanation of requests that are refused, and of the entities they ask for.

    And of those that wait behind them.
    """
    behind = BehindFailures(observations, lambda call: refusal_of(call) in refusals)
    operation, message, *_ = min(refusals)
    to = listed(sorted(operation for operation, *_ in refusals))
    example = message.rstrip(".")
    if len(refusals) > 1:
        example = f"such as {operation}: {example}"
    return Explanation(
        CauseKind.REQUESTS_REFUSED,
        f"Requests to {to} are refused with a 400 ({example}): none of {count:,} entities that "
        f"they ask for was fetched.{behind.sentence}",
        accounts_for_finding=lambda unmet: (
            _are_refused(refusals, unmet) or behind.accounts_for_finding(unmet)
        ),
        accounts_for_missing=partial(
            _is_any, (partial(_is_refused, refusals), behind.accounts_for_missing)
        ),
        remedy=remedy_if(CauseKind.REQUESTS_REFUSED, f"requests {case}"),
    )


def _are_refused(refusals: Collection[tuple[str, ...]], unmet: UnmetFinding) -> bool:
    """Return whether a finding is about the form of requests, and all wrong ones are such."""
    if unmet.finding.check != WELL_FORMED:
        return False
    wrong = [call for call in unmet.evidence.transcript.calls if call.request_problems]
    return bool(wrong) and all(refusal_of(call) in refusals for call in wrong)


def _is_refused(refusals: Collection[tuple[str, ...]], transcript: Transcript) -> MissingEntity:
    """Return whether an entity was asked for by such a request."""
    calls = calls_by_entity(transcript.calls)
    return lambda fetch: any(
        refusal_of(call) in refusals for call in calls.get(fetch.entity_id, ())
    )


def _is_any(
    predicates: Sequence[Callable[[Transcript], MissingEntity]], transcript: Transcript
) -> MissingEntity:
    in_transcript = [predicate(transcript) for predicate in predicates]
    return lambda fetch: any(holds(fetch) for holds in in_transcript)


def _errors_not_retried(
    observations: Observations, records: Sequence[FetchRecord]
) -> Iterator[Explanation]:
    lost: dict[ApiFault, int] = {}
    recovered: dict[ApiFault, int] = {}
    for record in records:
        if record.fault is not None and record.fault not in PERMANENT_FAULTS:
            counts = recovered if record.fetched else lost
            counts[record.fault] = counts.get(record.fault, 0) + record.count
    never = sorted(
        fault for fault, count in lost.items() if count >= MIN_COUNT and fault not in recovered
    )
    if not never:
        return
    names = frozenset(never)
    faults = listed([API_FAULTS[fault] for fault in never])
    count = sum(lost[fault] for fault in never)
    behind = BehindFailures(observations, lambda call: call.fault in names and not call.answered_ok)

    def is_lost(transcript: Transcript) -> MissingEntity:
        calls = calls_by_entity(transcript.calls)
        return lambda fetch: met_fault(fetch, transcript, calls) in names

    yield Explanation(
        CauseKind.ERRORS_NOT_RETRIED,
        f"What a failed request asked for is not fetched while the run waits ({faults}): "
        f"none of {count:,} such entities was.{behind.sentence}",
        accounts_for_finding=behind.accounts_for_finding,
        accounts_for_missing=partial(_is_any, (is_lost, behind.accounts_for_missing)),
    )


def _count(records: Sequence[FetchRecord] | Iterator[FetchRecord]) -> int:
    return sum(record.count for record in records)
