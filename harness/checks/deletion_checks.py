"""Checks of how the service handles deleted entities, as far as its requests show it.

A response leaves a deleted entity out unless the request asks for deleted ones, so an empty answer
is an answer. Whether the service keeps or removes its own copy can't be observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_mews.checks.check import case_check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import how_often, quantity
from pytest_mews.mews.events import EVENTS
from pytest_mews.model import OPERATIONS_BY_DISCRIMINATOR, ApiCall, Delivery, Transcript
from pytest_mews.model.fetches import deleted_entities

# An answer without the entity may be asked for once more, for example after a pause.
MAX_REPEATED_ANSWERS = 2


@dataclass(frozen=True)
class _Deleted:
    """A deleted entity of acknowledged messages.

    Attributes:
        discriminator: that of its last event.
        entity_id: the entity.
        message_count: how many acknowledged messages were about it.
        answers: the successful requests of its owner about it, after its last message was sent:
            those that asked for its id, and those that returned it.
        listings: the other successful requests to its operations: by interval, without it.
        failures: the requests of its owner by its id that did not succeed.

    """

    discriminator: str
    entity_id: str
    message_count: int
    answers: tuple[ApiCall, ...]
    listings: tuple[ApiCall, ...]
    failures: tuple[ApiCall, ...]

    @property
    def empty_count(self) -> int:
        """How many answers did not have it."""
        return sum(self.entity_id not in call.returned_ids for call in self.answers)


@case_check("empty-answer-not-repeated", "no endless requests for an entity that is gone")
def empty_answer_not_repeated(transcript: Transcript) -> Observation:
    """No deleted entity was requested by its id over and over, although the answer was empty.

    One request for each message, and two more, are tolerated.
    """
    deleted = _deleted_entities(transcript)
    repeated = [
        entity
        for entity in deleted
        if entity.empty_count > entity.message_count + MAX_REPEATED_ANSWERS
    ]
    if not repeated:
        requested = sum(bool(entity.answers) for entity in deleted)
        returned = sum(entity.empty_count < len(entity.answers) for entity in deleted)
        observed = (
            f"{_entities(deleted)}: {requested} requested, {returned} of them returned as deleted"
        )
        return Observation(met=True, observed=observed, subject_count=len(deleted))
    worst = max(repeated, key=lambda entity: entity.empty_count)
    observed = (
        f"{worst.discriminator} {worst.entity_id}: requested {how_often(worst.empty_count)}, each "
        f"time answered without it; {len(repeated)} of {_entities(deleted)}"
    )
    return Observation(met=False, observed=observed, subject_count=len(deleted))


@case_check("deletion-noticed", "every deleted or canceled entity returned, or requested by its id")
def deletion_noticed(transcript: Transcript) -> Observation:
    """Each deleted or canceled entity was in a response, or one by its id was answered without it.

    A response to a request by interval that leaves it out doesn't tell the service about it. What a
    service has not requested that was still busy with earlier messages is not judged.
    """
    deleted = _deleted_entities(transcript)
    missed = [entity for entity in deleted if not entity.answers]
    if not missed:
        returned = sum(entity.empty_count < len(entity.answers) for entity in deleted)
        observed = f"{_entities(deleted)}, {returned} returned with its final state"
        return Observation(met=True, observed=observed, subject_count=len(deleted))
    if transcript.still_busy:
        return Observation.of_busy_service(len(missed), len(deleted))
    first = missed[0]
    why = "was never requested"
    if first.failures:
        last = first.failures[-1]
        response = f"{last.status} {last.message}".strip() if last.status else "no response"
        why = f"was requested, but not returned: {response.removesuffix('.')}"
    elif first.listings:
        why = f"was left out of the response to {first.listings[0].operation} by interval"
    observed = (
        f"{first.discriminator} {first.entity_id} {why}; {len(missed)} of {_entities(deleted)}"
    )
    return Observation(met=False, observed=observed, subject_count=len(deleted))


def _deleted_entities(transcript: Transcript) -> list[_Deleted]:
    """Return the deleted entities of acknowledged messages, in order of delivery."""
    deleted = deleted_entities(transcript.deliveries)
    about: dict[tuple[str, str], list[tuple[str, Delivery]]] = {}
    for delivery in transcript.deliveries:
        enterprise_id = delivery.message.token_owner
        for event in delivery.message.events if delivery.delivered else ():
            if (enterprise_id, event.entity_id) in deleted and enterprise_id is not None:
                entry = (event.discriminator, delivery)
                about.setdefault((enterprise_id, event.entity_id), []).append(entry)
    return [_deleted(*key, entries, transcript.calls) for key, entries in about.items()]


def _deleted(
    enterprise_id: str,
    entity_id: str,
    entries: list[tuple[str, Delivery]],
    calls: Iterable[ApiCall],
) -> _Deleted:
    discriminator, newest = max(entries, key=lambda entry: entry[1].started_ms)
    all_calls = [
        call
        for call in calls
        if call.enterprise_id == enterprise_id
        and call.operation in OPERATIONS_BY_DISCRIMINATOR[discriminator]
        and call.received_ms >= newest.relevant_from_ms
    ]
    own_calls = [call for call in all_calls if call.answered_ok]
    failures = tuple(
        call for call in all_calls if not call.answered_ok and entity_id in call.requested_ids
    )
    answers = tuple(
        call for call in own_calls if entity_id in {*call.requested_ids, *call.returned_ids}
    )
    listings = tuple(call for call in own_calls if not call.requested_ids and call not in answers)
    message_count = len({id(delivery) for _, delivery in entries})
    return _Deleted(discriminator, entity_id, message_count, answers, listings, failures)


def _entities(deleted: Sequence[_Deleted]) -> str:
    if deleted and all(EVENTS[each.discriminator].entity == "reservation" for each in deleted):
        return quantity(len(deleted), "canceled reservation")
    return quantity(len(deleted), "deleted entity", "deleted entities")
