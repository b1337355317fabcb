"""Derives for each entity of an execution: delivered, acknowledged, fetched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import dropwhile
from typing import NamedTuple

from pytest_mews.mews.events import EVENTS, Channel, operations_by_event
from pytest_mews.model.api_call import ApiCall
from pytest_mews.model.exchange import Delivery, Outcome

# Outcomes after which the partner may have accepted an attempt: it received the complete request
# and did not reject it.
_MAYBE_ACCEPTED = frozenset(
    {
        Outcome.DELIVERED,
        Outcome.TIMEOUT_ANSWER,
        Outcome.TIMEOUT_BODY,
        Outcome.RESPONSE_DROPPED,
        Outcome.RESET_BY_HARNESS,
    }
)

# The operation that returns the ids which another one takes.
IDS_FROM: Mapping[str, str] = {"messages/getAll": "messageThreads/getAll"}

# The operations that return the entity of an event. Other events lead to no fetch.
OPERATIONS_BY_DISCRIMINATOR = operations_by_event(Channel.GENERAL)


class EntityFetch(NamedTuple):
    """One entity of acknowledged messages, and the partner's requests about it.

    Times are in milliseconds on the run's clock. A request counts for the last message about the
    entity only if it arrived after the emulator began to show that change, which is just before the
    message was sent: an earlier request can't have returned the change.

    Attributes:
        discriminator: that of the last event about it.
        entity_id: the entity.
        enterprise_id: the owner of the entity; of an enterprise in a portfolio the chain, since the
            AccessToken is the chain's.
        sent_ms: when the last message about it was first sent.
        acknowledged_ms: when the endpoint accepted the last message about it.
        accepted_count: attempts that the partner may have accepted: it received the complete
            request and did not reject it, over all messages about it.
        fetch_count: successful requests that returned it, over all messages about it.
        fetch_by_id_count: those of them that asked for its id; the others asked for an interval,
            perhaps because of another entity.
        requested_ms: when the first request that counts for the last message arrived; a further
            page counts only if it returned the entity, since its listing may be older.
        fetched_ms: when the first response that counts for the last message was sent.
        in_flight: whether a request about it had no response yet at the end.
        is_refused: whether the last request that counts got a 400 for its body, so that it was not
            fetched, and will not be before the service sends another body.

    """

    discriminator: str
    entity_id: str
    enterprise_id: str
    sent_ms: float
    acknowledged_ms: float
    accepted_count: int
    fetch_count: int
    fetch_by_id_count: int = 0
    requested_ms: float | None = None
    fetched_ms: float | None = None
    in_flight: bool = False
    is_refused: bool = False


def entity_fetches(
    deliveries: Iterable[Delivery], calls: Iterable[ApiCall]
) -> tuple[EntityFetch, ...]:
    """Derive the fetches of every entity of the acknowledged deliveries, in order of delivery."""
    return AcknowledgedEntities(deliveries).fetches(calls)


class AcknowledgedEntities:
    """The entities of acknowledged deliveries, whose fetches calls show.

    Deleted entities are left out: a receiver can apply a deletion without a fetch, and a response
    may leave them out.

    An entity is identified by its enterprise, the operations that return it, and its id:
    CustomerAdded and CustomerUpdated with one id are one entity, a reservation and a customer with
    the same id are two. The entity of `MessageAdded` counts too, although no operation accepts its
    id.

    Args:
        deliveries: acknowledged or not.

    """

    def __init__(self, deliveries: Iterable[Delivery]) -> None:
        deliveries = tuple(deliveries)
        deleted = deleted_entities(deliveries)
        events: dict[_Key, list[tuple[str, Delivery]]] = defaultdict(list)
        for delivery in deliveries:
            enterprise_id = delivery.message.token_owner
            if not delivery.delivered or enterprise_id is None:
                continue
            for event in delivery.message.events:
                operations = OPERATIONS_BY_DISCRIMINATOR.get(event.discriminator)
                if operations is not None and (enterprise_id, event.entity_id) not in deleted:
                    key = (enterprise_id, operations, event.entity_id)
                    events[key].append((event.discriminator, delivery))
        accepted = {id(delivery): _count_accepted(delivery) for delivery in deliveries}
        self._entities = [_entity(key, announced, accepted) for key, announced in events.items()]
        self._ids = {entity.unfetched.entity_id for entity in self._entities}

    def fetches(self, calls: Iterable[ApiCall]) -> tuple[EntityFetch, ...]:
        """Derive the fetches of every entity, in order of delivery."""
        mentions: dict[str, list[_Mention]] = {}
        for call in calls:
            requested = self._ids.intersection(call.requested_ids)
            returned = self._ids.intersection(call.returned_ids)
            for entity_id in requested | returned:
                mention = _Mention(call, entity_id in requested, entity_id in returned)
                mentions.setdefault(entity_id, []).append(mention)
        return tuple(
            _with_calls(entity, mentions.get(entity.unfetched.entity_id, ()))
            for entity in self._entities
        )


def deleted_entities(deliveries: Iterable[Delivery]) -> frozenset[tuple[str | None, str]]:
    """Return token owner and id of each entity that is deleted at the end of these deliveries."""
    return frozenset(
        (delivery.message.token_owner, event.entity_id)
        for delivery in deliveries
        for event in delivery.message.events
        if event.entity_id in delivery.message.deleted_ids
        or (event.discriminator in EVENTS and EVENTS[event.discriminator].is_deletion)
    )


def requests_of_others(fetch: EntityFetch, calls: Iterable[ApiCall]) -> list[ApiCall]:
    """Return the requests for the entity with another AccessToken than its enterprise's."""
    return [
        call
        for call in calls
        if fetch.entity_id in call.requested_ids and call.enterprise_id != fetch.enterprise_id
    ]


def requests_by_interval(fetch: EntityFetch, calls: Iterable[ApiCall]) -> list[ApiCall]:
    """Return the requests since its last message that could have returned an entity without its id.

    They ask for an interval, or for ids of something else, such as threads of messages. Further
    pages of a listing that began before the message are none.
    """
    relevant = (
        call
        for call in calls
        if call.received_ms >= fetch.sent_ms
        and call.enterprise_id == fetch.enterprise_id
        and call.operation in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]
        and (not call.asks_by_id or call.operation in IDS_FROM)
    )
    return list(dropwhile(lambda call: call.is_next_page, relevant))


def is_outside_interval(fetch: EntityFetch, calls: Iterable[ApiCall]) -> bool:
    """Return whether requests by interval were read to the last page, and none had the entity."""
    return fetch.requested_ms is None and any(
        call.answered_ok and call.cursor is None for call in requests_by_interval(fetch, calls)
    )


def is_on_unread_page(fetch: EntityFetch, calls: Iterable[ApiCall]) -> bool:
    """Return whether requests by interval succeeded, and no page after theirs was asked for."""
    calls = requests_by_interval(fetch, calls)
    return fetch.requested_ms is None and any(
        call.answered_ok
        and call.cursor is not None
        and not any(other.follows(call) for other in calls)
        for call in calls
    )


_Key = tuple[str, tuple[str, ...], str]
"""What identifies an entity: its enterprise, the operations that return it, and its id."""


class _Mention(NamedTuple):
    """A call, and whether it asks for an entity and returns it."""

    call: ApiCall
    is_requested: bool
    is_returned: bool


class _Entity(NamedTuple):
    """An acknowledged entity before any call, and which calls can be about it."""

    unfetched: EntityFetch
    operations: tuple[str, ...]
    relevant_from_ms: float


def _entity(
    key: _Key, announced: list[tuple[str, Delivery]], accepted: Mapping[int, int]
) -> _Entity:
    """Build an entity from its events, and the accepted attempts by the id of their delivery."""
    enterprise_id, operations, entity_id = key
    discriminator, newest = max(announced, key=lambda event: event[1].started_ms)
    unfetched = EntityFetch(
        discriminator,
        entity_id,
        enterprise_id,
        sent_ms=newest.started_ms,
        acknowledged_ms=newest.attempts[-1].final_exchange.ended_ms,
        accepted_count=sum(accepted[key] for key in {id(delivery) for _, delivery in announced}),
        fetch_count=0,
    )
    return _Entity(unfetched, operations, newest.relevant_from_ms)


def _with_calls(entity: _Entity, mentions: Iterable[_Mention]) -> EntityFetch:
    """Return the fetches of an entity, from calls that ask for its id or return it."""
    unfetched = entity.unfetched
    fetch_count = fetch_by_id_count = 0
    requested_ms: list[float] = []
    fetched_ms: list[float] = []
    in_flight, newest = False, None
    for call, is_requested, is_returned in mentions:
        is_owners = call.enterprise_id == unfetched.enterprise_id
        if not is_owners or call.operation not in entity.operations:
            continue
        is_recent = call.received_ms >= entity.relevant_from_ms
        if is_returned and call.answered_ok:
            fetch_count += 1
            fetch_by_id_count += is_requested
            if is_recent and call.answered_ms is not None:
                fetched_ms.append(call.answered_ms)
        if is_recent:
            newest = call
            in_flight |= call.answered_ms is None
            if is_returned or not call.is_next_page:
                requested_ms.append(call.received_ms)
    if not fetch_count and newest is None:
        return unfetched
    return unfetched._replace(
        fetch_count=fetch_count,
        fetch_by_id_count=fetch_by_id_count,
        requested_ms=min(requested_ms, default=None),
        fetched_ms=min(fetched_ms, default=None),
        in_flight=in_flight,
        is_refused=not fetched_ms and newest is not None and newest.is_refused_for_its_body,
    )


def _count_accepted(delivery: Delivery) -> int:
    return sum(attempt.outcome in _MAYBE_ACCEPTED for attempt in delivery.attempts)
