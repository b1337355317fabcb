"""The chain delivered → acknowledged → fetched, derived for each entity of a play."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_mews.model.api_call import ApiCall
from pytest_mews.model.exchange import Delivery, Outcome

# Outcomes after which the partner may have taken an attempt for a message: it had all of it.
_TAKEN = frozenset(
    {
        Outcome.DELIVERED,
        Outcome.TIMEOUT_ANSWER,
        Outcome.TIMEOUT_BODY,
        Outcome.ANSWER_LOST,
        Outcome.CONNECTION_DROPPED,
    }
)
_RESERVATIONS = ("reservations/getAll/2023-06-06", "reservations/getAll")
_CUSTOMERS = ("customers/getAll",)

# Which operations give the entity of an event (events/wh-general); a test holds it against the
# twin's data. Anything else that a message names leads to nothing.
OPERATIONS_BY_DISCRIMINATOR: Mapping[str, tuple[str, ...]] = {
    "ServiceOrderUpdated": _RESERVATIONS,
    "ResourceUpdated": ("resources/getAll",),
    "MessageAdded": ("messages/getAll",),
    "ResourceBlockUpdated": ("resourceBlocks/getAll",),
    "CustomerAdded": _CUSTOMERS,
    "CustomerUpdated": _CUSTOMERS,
    "PaymentUpdated": ("payments/getAll",),
}


@dataclass(frozen=True)
class EntityFetch:
    """One entity that acknowledged messages were about, and what the partner did to learn of it.

    Times are milliseconds on the run's clock.

    Attributes:
        discriminator: the event that was delivered last.
        entity_id: the entity.
        enterprise_id: whose it is.
        sent_ms: when the last message about it was first sent. A fetch that arrived before the
            Connector API knew what it says, just before then, can't have seen that change.
        acknowledged_ms: when the last message about it was answered with success.
        copies: attempts that the partner may have taken for messages, over all messages.
        fetches: requests whose answer held the entity, over all messages.
        named: those of them that asked for it by its id; the others read by an interval, and may
            have been made for something else.
        asked_ms: when the first request about it since the API knew that arrived.
        fetched_ms: when the first answer to such a request that held it was handed over.
        in_flight: whether a request about it was being answered when the play ended.

    """

    discriminator: str
    entity_id: str
    enterprise_id: str
    sent_ms: float
    acknowledged_ms: float
    copies: int
    fetches: int
    named: int = 0
    asked_ms: float | None = None
    fetched_ms: float | None = None
    in_flight: bool = False


def entity_fetches(
    deliveries: Iterable[Delivery], calls: Iterable[ApiCall]
) -> tuple[EntityFetch, ...]:
    """Follow every entity of the acknowledged deliveries, in the order of first delivery.

    An entity is known by its enterprise, the operations that give it, and its id, so that
    CustomerAdded and CustomerUpdated of one id are one, while a reservation and a customer of the
    same id are two. `MessageAdded` is one as well, although no operation takes its id.
    """
    about: dict[tuple[str, tuple[str, ...], str], list[tuple[str, Delivery]]] = defaultdict(list)
    for delivery in deliveries:
        enterprise = delivery.message.enterprise_id
        if not delivery.delivered or enterprise is None:
            continue
        for event in delivery.message.events:
            operations = OPERATIONS_BY_DISCRIMINATOR.get(event.discriminator)
            if operations is not None:
                key = (enterprise, operations, event.entity_id)
                about[key].append((event.discriminator, delivery))
    seen = _by_entity(calls)
    return tuple(
        _link(key, said, [call for call in seen.get(key[2], ()) if call.operation in key[1]])
        for key, said in about.items()
    )


def _by_entity(calls: Iterable[ApiCall]) -> dict[str, list[ApiCall]]:
    index: dict[str, list[ApiCall]] = defaultdict(list)
    for call in calls:
        for entity_id in {*call.asked, *call.returned}:
            index[entity_id].append(call)
    return index


def _link(
    key: tuple[str, tuple[str, ...], str], said: list[tuple[str, Delivery]], calls: list[ApiCall]
) -> EntityFetch:
    enterprise, _, entity_id = key
    deliveries = {id(delivery): delivery for _, delivery in said}.values()
    newest = max(deliveries, key=lambda each: each.began_ms)
    own = [call for call in calls if call.enterprise_id == enterprise]
    since = [call for call in own if call.received_ms >= newest.relevant_from_ms]
    held = [call for call in own if call.answered_ok and entity_id in call.returned]
    answered = [
        call.answered_ms
        for call in held
        if call.answered_ms is not None and call.received_ms >= newest.relevant_from_ms
    ]
    return EntityFetch(
        next(name for name, delivery in said if delivery is newest),
        entity_id,
        enterprise,
        sent_ms=newest.began_ms,
        acknowledged_ms=newest.attempts[-1].last.ended_ms,
        copies=sum(_taken(delivery) for delivery in deliveries),
        fetches=len(held),
        named=sum(entity_id in call.asked for call in held),
        asked_ms=min((call.received_ms for call in since), default=None),
        fetched_ms=min(answered, default=None),
        in_flight=any(call.answered_ms is None for call in since),
    )


def _taken(delivery: Delivery) -> int:
    """Count the attempts that the partner may have taken for a message."""
    return sum(attempt.outcome in _TAKEN for attempt in delivery.attempts)
