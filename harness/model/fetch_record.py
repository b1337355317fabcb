"""Compact records of what the partner fetched, over all executions of a scenario."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_mews.mews.lifecycle import CREATED, STATE_AFTER, IntegrationState
from pytest_mews.model.api_call import ApiCall, ApiFault, RequestProblem, calls_by_entity
from pytest_mews.model.exchange import Delivery
from pytest_mews.model.fetches import (
    OPERATIONS_BY_DISCRIMINATOR,
    EntityFetch,
    entity_fetches,
    is_outside_interval,
    requests_by_interval,
)
from pytest_mews.model.message import EventReference, Message, Validity, WebhookKind
from pytest_mews.model.verdict import Transcript

TOO_MUCH = frozenset({ApiFault.REQUEST_TIMEOUT, ApiFault.CONTENT_TOO_LARGE})  # ask for less
FETCHED = "fetched"  # the check that every entity of acknowledged messages was fetched
FURTHER_PAGES_READ = "further-pages-read"  # the check that those on further pages were

EntityKey = tuple[str, Collection[str]]
"""An id, and the operations that return the entity."""


@dataclass(frozen=True)
class FetchRecord:
    """What became of entities of acknowledged messages; `count` is the number of alike ones.

    Attributes:
        discriminator: that of the last event about the entity.
        enterprise_id: the owner of the entity.
        is_first: whether its event is the first of a message.
        fault: the first fault that the emulator injected into a request about it (`met_fault`).
        requested: whether a request with the owner's AccessToken asked for it or returned it.
        fetched: whether a response returned it after the last message about it.
        token_owner: the enterprise whose AccessToken was used instead of the owner's, if any.
        count: the number of entities.
        follows_unknown: whether its message begins with something else than a known event, so that
            it depends on the service which event it takes for the first.
        refusal: the first 400 to a request about it, if the request itself is the reason
            (`refusal_of`); empty if there is none.
        event_count: the number of events in the smallest acknowledged message about it.
        requested_again: whether a request about it followed the last message about it; None if it
            was not fetched before that message.
        repeated_bytes: whether the last message about it has the same bytes as an earlier one.
        repeated_in_flight: whether no request about it had a response yet when the last message
            about it was sent; only with `requested_again`.
        by_interval: whether no request asked for its id or returned it since the last message about
            it, but requests by interval could have returned it.
        outside_interval: whether their response had no further page (`is_outside_interval`).
        last_action: the last action before its message that created its integration in the same
            execution, or changed its state; empty if there was none.
        token_owner_action: the last action that changed the state of `token_owner`'s integration
            before its AccessToken was used, in the same execution; empty if there was none.

    """

    discriminator: str
    enterprise_id: str
    is_first: bool
    fault: ApiFault | None
    requested: bool
    fetched: bool
    token_owner: str | None = None
    count: int = 1
    follows_unknown: bool = False
    refusal: tuple[str, ...] = ()
    event_count: int = 1
    requested_again: bool | None = None
    repeated_bytes: bool = False
    repeated_in_flight: bool = False
    by_interval: bool = False
    outside_interval: bool = False
    last_action: str = ""
    token_owner_action: str = ""


def fetch_records(transcript: Transcript) -> tuple[FetchRecord, ...]:
    """Return the records of one execution, alike ones counted.

    Those of health checks are left out: nobody waits until they are fetched.
    """
    if not transcript.api_served:
        return ()
    first = {
        (delivery.message.token_owner, entity_key(delivery.message.events[0]))
        for delivery in transcript.deliveries
        if delivery.message.events
    }
    unclear = {
        (delivery.message.token_owner, event.entity_id)
        for delivery in transcript.deliveries
        if not begins_with_known_event(delivery.message)
        for event in delivery.message.events
    }
    counts = event_counts(transcript.deliveries)
    actions, changes = last_actions(transcript.deliveries), _state_changes(transcript.deliveries)
    calls = calls_by_entity(transcript.calls)
    awaited = [delivery for delivery in transcript.deliveries if not delivery.is_health_check]
    repeated = entities_of_repeated_bytes(awaited)
    has_faults = any(call.fault for call in transcript.calls)

    def record(fetch: EntityFetch) -> FetchRecord:
        key = entity_key(fetch)
        about = calls.get(fetch.entity_id, ())
        own = [
            call
            for call in about
            if call.operation in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]
        ]
        was_fetched = was_fetched_before(fetch, own)
        return FetchRecord(
            fetch.discriminator,
            fetch.enterprise_id,
            (fetch.enterprise_id, key) in first,
            fault=met_fault(fetch, transcript, calls) if has_faults else None,
            requested=fetch.requested_ms is not None or bool(fetch.fetch_count),
            fetched=fetch.fetched_ms is not None,
            token_owner=foreign_token_owner(fetch, own),
            follows_unknown=(fetch.enterprise_id, fetch.entity_id) in unclear,
            refusal=next(filter(None, map(refusal_of, own)), ()),
            event_count=counts[key],
            requested_again=fetch.requested_ms is not None if was_fetched else None,
            repeated_bytes=(fetch.enterprise_id, key) in repeated,
            repeated_in_flight=was_fetched and was_in_flight(fetch, own),
            by_interval=fetch.requested_ms is None
            and bool(requests_by_interval(fetch, transcript.calls)),
            outside_interval=is_outside_interval(fetch, transcript.calls),
            last_action=actions[fetch.enterprise_id, key],
            token_owner_action=_token_owner_action(fetch, about, changes),
        )

    return merge_records(map(record, entity_fetches(awaited, transcript.calls)))


@dataclass(frozen=True)
class _StateChange:
    """An acknowledged action that changed the state of an enterprise's integration."""

    enterprise_id: str | None
    action: str
    at_ms: float


def _state_changes(deliveries: Iterable[Delivery]) -> list[_StateChange]:
    """Return the acknowledged changes of integrations that were created before."""
    enterprises: dict[str, str | None] = {}  # by integration id; only the creation names it
    changes = []
    for delivery in deliveries:
        message = delivery.message
        is_action = delivery.delivered and message.kind is WebhookKind.INTEGRATION
        for event in message.events if is_action else ():
            if event.discriminator == CREATED:
                enterprises[event.entity_id] = message.token_owner
            elif event.discriminator in STATE_AFTER and event.entity_id in enterprises:
                owner = enterprises[event.entity_id]
                changes.append(_StateChange(owner, event.discriminator, delivery.started_ms))
    return changes


def _token_owner_action(
    fetch: EntityFetch, calls: Iterable[ApiCall], changes: Iterable[_StateChange]
) -> str:
    """Return the last action about the enterprise whose AccessToken was used, before it was."""
    call = _foreign_call(fetch, calls)
    actions = [
        change.action
        for change in sorted(changes, key=lambda change: change.at_ms)
        if call is not None
        and change.enterprise_id == call.enterprise_id
        and change.at_ms < call.received_ms
    ]
    return actions[-1] if actions else ""


def event_counts(deliveries: Iterable[Delivery]) -> dict[EntityKey, int]:
    """Return the number of events in the smallest acknowledged message about each entity."""
    counts: dict[EntityKey, int] = {}
    for delivery in deliveries:
        if delivery.delivered:
            count = len(delivery.message.events)
            for event in delivery.message.events:
                key = entity_key(event)
                counts[key] = min(count, counts.get(key, count))
    return counts


def last_actions(
    deliveries: Iterable[Delivery],
) -> dict[tuple[str | None, EntityKey], str]:
    """Return for each acknowledged entity the last action before the newest message about it.

    Only actions count that created its integration, or changed its state: one that resumes it only
    after one that ended it, since a repeated creation between them leaves open which state counts.
    A key is the enterprise whose AccessToken covers the entity, and the entity's own.
    """
    enterprises: dict[str, str | None] = {}  # by integration id; only the creation names it
    last: dict[str | None, str] = {}
    actions: dict[tuple[str | None, EntityKey], str] = {}
    for delivery in deliveries:
        message = delivery.message
        for event in message.events if delivery.delivered else ():
            if message.kind is WebhookKind.GENERAL:
                owner = message.token_owner
                actions[owner, entity_key(event)] = last.get(owner, "")
                continue
            if event.discriminator == CREATED:
                enterprises[event.entity_id] = message.token_owner
            owner = enterprises.get(event.entity_id)
            resumes = STATE_AFTER.get(event.discriminator) is IntegrationState.ENABLED
            if owner is None or (resumes and last[owner] == CREATED):
                continue
            if event.discriminator in {CREATED, *STATE_AFTER}:
                last[owner] = event.discriminator
    return actions


def entity_key(event: EventReference | EntityFetch) -> EntityKey:
    """Return what is equal for two events about the same entity: its id, and its operations.

    Entities of different types may have the same id.
    """
    return event.entity_id, OPERATIONS_BY_DISCRIMINATOR.get(event.discriminator, frozenset())


def begins_with_known_event(message: Message) -> bool:
    """Return whether the first element of a message is an event whose entity can be fetched."""
    is_readable = message.validity in {Validity.DOCUMENTED, Validity.UNDOCUMENTED}
    return (
        is_readable
        and bool(message.events)
        and message.events[0].discriminator in OPERATIONS_BY_DISCRIMINATOR
    )


def merge_records(records: Iterable[FetchRecord]) -> tuple[FetchRecord, ...]:
    """Return the records with alike ones added up, in the order of their first occurrence."""
    counts: Counter[FetchRecord] = Counter()
    for record in records:
        counts[_with_count(record, 1)] += record.count
    return tuple(_with_count(record, count) for record, count in counts.items())


def _with_count(record: FetchRecord, count: int) -> FetchRecord:
    return record if record.count == count else replace(record, count=count)


def refusal_of(call: ApiCall) -> tuple[str, ...]:
    """Return operation and message of a 400 that the request itself is the reason for, or ().

    `TOO_MANY_ITEMS` follows if a list in the request is too long.
    """
    if not call.is_refused_for_its_body:
        return ()
    too_many = {RequestProblem.TOO_MANY_ITEMS} & {*call.request_problems}
    return (call.operation, call.message, *too_many)


def foreign_token_owner(fetch: EntityFetch, calls: Iterable[ApiCall]) -> str | None:
    """Return whose AccessToken was used for an entity instead of its owner's; None if none was."""
    call = _foreign_call(fetch, calls)
    return None if call is None else call.enterprise_id


def _foreign_call(fetch: EntityFetch, calls: Iterable[ApiCall]) -> ApiCall | None:
    """Return the first request for an entity with another enterprise's AccessToken, if any."""
    return next(
        (
            call
            for call in calls
            if call.enterprise_id not in {None, fetch.enterprise_id}
            and fetch.entity_id in call.requested_ids
        ),
        None,
    )


def was_fetched_before(fetch: EntityFetch, calls: Iterable[ApiCall]) -> bool:
    """Return whether one of the calls about an entity returned it before the last message."""
    return any(
        call.received_ms < fetch.sent_ms
        and call.enterprise_id == fetch.enterprise_id
        and call.answered_ok
        and fetch.entity_id in call.returned_ids
        for call in calls
    )


def was_in_flight(fetch: EntityFetch, calls: Iterable[ApiCall]) -> bool:
    """Return whether no call about an entity had a response yet when its last message was sent."""
    return not any(
        call.answered_ms is not None and call.answered_ms <= fetch.sent_ms
        for call in calls
        if call.enterprise_id == fetch.enterprise_id and fetch.entity_id in call.returned_ids
    )


def entities_of_repeated_bytes(
    deliveries: Iterable[Delivery],
) -> frozenset[tuple[str | None, EntityKey]]:
    """Return the entities whose last acknowledged message has the bytes of an earlier one.

    Each is identified by the enterprise whose AccessToken covers it, and by its `entity_key`.
    """
    bodies: dict[tuple[str | None, EntityKey], list[bytes]] = defaultdict(list)
    for delivery in sorted(deliveries, key=lambda delivery: delivery.started_ms):
        if delivery.delivered:
            message = delivery.message
            for key in {(message.token_owner, entity_key(event)) for event in message.events}:
                bodies[key].append(message.body)
    return frozenset(key for key, (*earlier, last) in bodies.items() if last in earlier)


def met_fault(
    fetch: EntityFetch, transcript: Transcript, calls_by_id: Mapping[str, Sequence[ApiCall]]
) -> ApiFault | None:
    """Return the first fault that a request about an entity met, if any.

    Where no request asked for its id or returned it with a fault, those by interval count that
    could have returned it. If it was not fetched, only a failed one that was not repeated counts:
    otherwise they ask for the wrong thing. If it was, none counts that another message followed,
    which perhaps led to the request that returned it.

    None for an entity that was not fetched although it was asked for again after a 408 or a 413:
    such a service loses nothing, but its requests have to become smaller.

    Args:
        fetch: the entity.
        transcript: of the execution.
        calls_by_id: the calls of the transcript about each entity (`calls_by_entity`).

    """
    about = [
        call
        for call in calls_by_id.get(fetch.entity_id, ())
        if call.operation in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]
    ]
    met = [index for index, call in enumerate(about) if call.fault is not None]
    if not met:
        return _fault_by_interval(fetch, transcript)
    fault, is_repeated = about[met[0]].fault, met[0] + 1 < len(about)
    return None if fault in TOO_MUCH and is_repeated and fetch.fetched_ms is None else fault


def _fault_by_interval(fetch: EntityFetch, transcript: Transcript) -> ApiFault | None:
    """Return the fault that requests met which could have returned an entity without its id."""
    requests = [
        call
        for call in requests_by_interval(fetch, transcript.calls)
        if call.includes(fetch.sent_ms)
    ]
    failed = [call for call in requests if call.fault is not None and not call.answered_ok]
    if fetch.fetched_ms is None:
        if not failed or _succeeded(failed[-1], requests):
            return None
        return None if failed[-1].fault in TOO_MUCH and len(failed) > 1 else failed[-1].fault
    failed = [call for call in failed if call.received_ms < fetch.fetched_ms]
    if not failed:
        return None
    is_followed = any(
        delivery.message.token_owner == fetch.enterprise_id
        and failed[0].received_ms < delivery.started_ms < fetch.fetched_ms
        for delivery in transcript.deliveries
    )
    return None if is_followed else failed[0].fault


def _succeeded(failed: ApiCall, requests: Iterable[ApiCall]) -> bool:
    """Return whether one of the requests for the same moment got what a failed one asked for.

    Further pages before a failed one are other pages.
    """
    return any(
        call.answered_ok
        and call.is_next_page == failed.is_next_page
        and (call.received_ms > failed.received_ms or not failed.is_next_page)
        for call in requests
    )
