"""Events that are lost because of where they stand in their message: beyond a limit, or at an end.

The records of a scenario count alike entities, and don't say where their events stood. So this
looks at the executions that are shown, which have whole messages.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate, groupby
from math import gcd
from operator import itemgetter

from pytest_mews.causes.cause_phrases import of, ordinal
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.missing_entities import awaits_fetches, met_no_error
from pytest_mews.causes.observations import Observations
from pytest_mews.model import (
    CauseKind,
    Delivery,
    Message,
    ScenarioResult,
    Transcript,
    calls_by_entity,
    entity_fetches,
    entity_key,
    foreign_token_owner,
)
from pytest_mews.model.fetch_record import EntityKey
from pytest_mews.model.verdict import FAILURES

RECENT_MS = 1_000.0  # in which events may fill a queue
MIN_SIDE = 5  # entities beyond the limit, and before it
MIN_PERIOD = 3  # events, of which one is lost
MIN_ASKED = 0.95  # of those within it
MAX_ASKED_BEYOND = 0.2  # of those beyond it: a full queue may take some


class _Repetition(Enum):
    """Which event of a message was sent before, as seen from an event that was not."""

    NONE = auto()
    AFTER_IT = auto()
    UP_TO_IT = auto()


@dataclass(frozen=True)
class _Position:
    """Where the events about an entity stand in a message.

    Attributes:
        events_before: the number of events before the first one about it.
        entities_before: the number of entities of the same type before it.
        bytes_before: the number of bytes before it.
        recent_events: the number of events before it within `RECENT_MS`, of other messages too.
        events_after: the number of events after the last one about it.
        entities_after: the number of entities of the same type after it.
        event_count: the number of events in the message.
        is_of_first_type: whether it is of the type of the first event that can be fetched.
        events_repeat: what of the message was sent before, in it or in an earlier one.
        ids_repeat: the same by the ids alone, whatever the types of the events.

    """

    events_before: int
    entities_before: int
    bytes_before: int
    recent_events: int
    events_after: int
    entities_after: int
    event_count: int
    is_of_first_type: bool
    events_repeat: _Repetition
    ids_repeat: _Repetition

    @property
    def is_at_end(self) -> bool:
        """Whether its event is the last of several."""
        return self.event_count > 1 and not self.events_after

    @property
    def is_at_beginning(self) -> bool:
        """Whether its event is the first of several."""
        return self.event_count > 1 and not self.events_before


@dataclass(frozen=True)
class _Rule:
    """One way to lose events: those whose place is at least a limit.

    `subject` and `others` are the events within the limit, which is a field, and beyond it; `case`
    is the one of the remedy.
    """

    place: Callable[[_Position], int]
    subject: str
    others: str
    case: str = "the part begins after a number of events or bytes"


def _repetition_rules(repetition_of: Callable[[_Position], _Repetition]) -> Iterator[_Rule]:
    """Yield the rules about an event that was sent before, by how one is recognised."""
    case = "the part depends on an event that was sent before"
    yield _Rule(
        lambda position: repetition_of(position) is _Repetition.UP_TO_IT,
        "only the events of a message that precede one sent earlier",
        "others",
        case,
    )
    yield _Rule(
        lambda position: repetition_of(position) is not _Repetition.NONE,
        "only messages without an event sent earlier",
        "of messages with such a one",
        case,
    )


_FIRST_EVENTS = _Rule(
    lambda position: position.events_before,
    "only the first {limit} events of a message",
    "that follow",
)
_RECENT_EVENTS = _Rule(
    lambda position: position.recent_events,
    f"only the first {{limit}} events that come within {RECENT_MS / 1000:g} s",
    "that follow",
)
# Of rules that hold equally well, the first is told.
_RULES = (
    _FIRST_EVENTS,
    _Rule(
        lambda position: position.entities_before,
        "only the first {limit} events of each type in a message",
        "that follow",
    ),
    _Rule(
        lambda position: position.bytes_before,
        "only the events in the first {limit} bytes of a message",
        "that follow",
    ),
    _RECENT_EVENTS,
    _Rule(
        lambda position: position.events_after,
        "only the last {limit} events of a message",
        "that precede them",
    ),
    _Rule(
        lambda position: position.entities_after,
        "only the last {limit} events of each type in a message",
        "that precede them",
    ),
    _Rule(
        lambda position: position.is_at_end,
        "all but the last event of a message",
        "last ones",
        "the part is at one end",
    ),
    _Rule(
        lambda position: not position.is_of_first_type,
        "only events of the type with which a message begins",
        "of other types",
        "the part has other types than the first event",
    ),
    _Rule(
        lambda position: position.is_at_beginning,
        "all but the first event of a message",
        "first ones",
        "the part is at one end",
    ),
    *_repetition_rules(lambda position: position.events_repeat),
    *_repetition_rules(lambda position: position.ids_repeat),
)
_Entity = tuple[str | None, EntityKey]
_Sent = tuple[str, str]  # the type of an event, or nothing, and an id


def find_lost_positions(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if the place of an event in its message decides if it is fetched."""
    recent_events = {
        number: _recent_events(instance) for number, instance in observations.instances.items()
    }
    placed = list(_placed(observations.results, recent_events))
    rules = (*_RULES, *_every_nth(placed))
    found = [
        (split, index)
        for index, rule in enumerate(rules)
        if (split := _split(sorted((rule.place(position), asked) for position, asked in placed)))
        and (rule is not _RECENT_EVENTS or _cuts_messages(split.limit, placed))
    ]
    if not found:
        return
    split, index = min(found, key=lambda item: (item[0].exceptions, item[1]))
    rule = rules[index]
    if rule is _FIRST_EVENTS and split.limit == 1:
        return  # another cause, which needs fewer events

    def is_beyond(transcript: Transcript) -> MissingEntity:
        recent = recent_events[observations.instance_of(transcript)]
        positions = _positions(transcript.deliveries, recent)
        return lambda fetch: (
            fetch.requested_ms is None
            and any(
                rule.place(position) >= split.limit
                for position in positions.get((fetch.enterprise_id, entity_key(fetch)), ())
            )
        )

    subject = rule.subject.format(limit=f"{split.limit:,}").replace(" 1 events", " event")
    yield Explanation(
        CauseKind.MESSAGE_PART_NOT_FETCHED,
        f"Requests follow {subject}: {of(split.asked, split.within)} were asked for, "
        f"and {split.asked_beyond:,} of {split.beyond:,} {rule.others}.",
        accounts_for_missing=is_beyond,
        remedy=remedy_if(CauseKind.MESSAGE_PART_NOT_FETCHED, rule.case),
    )


def _cuts_messages(limit: int, placed: Iterable[tuple[_Position, bool]]) -> bool:
    """Return whether a number of recent events divides messages, as it does if events are counted.

    What comes while a request is running, or a queue of messages is full, is lost as a whole.
    """
    return any(
        not asked
        and position.recent_events - position.events_before < limit <= position.recent_events
        for position, asked in placed
        if position.events_before
    )


@dataclass(frozen=True)
class _Split:
    """How many entities are within a limit and beyond it, and how many of each are asked for."""

    limit: int
    within: int
    asked: int
    beyond: int
    asked_beyond: int

    @property
    def exceptions(self) -> int:
        """How many entities the limit does not tell apart."""
        return self.within - self.asked + self.asked_beyond

    @property
    def holds(self) -> bool:
        """Whether nearly all within are asked for, and few beyond."""
        return (
            min(self.asked, self.beyond - self.asked_beyond) >= MIN_SIDE
            and self.asked >= MIN_ASKED * self.within
            and self.asked_beyond <= MAX_ASKED_BEYOND * self.beyond
        )


def _split(ordered: Sequence[tuple[int, bool]]) -> _Split | None:
    """Return the lowest limit that holds; `ordered` has places, and what is asked for."""
    total = sum(asked for _, asked in ordered)
    within = asked_within = 0
    for place, group in groupby(ordered, key=itemgetter(0)):
        asked = [is_asked for _, is_asked in group]
        if not all(asked):
            beyond = len(ordered) - within
            split = _Split(place, within, asked_within, beyond, total - asked_within)
            if split.holds:
                return split
        within += len(asked)
        asked_within += sum(asked)
    return None


def _every_nth(placed: Sequence[tuple[_Position, bool]]) -> Iterator[_Rule]:
    """Yield the rule that every n-th event of a message is lost, if those that are lost fit it."""
    period = gcd(*(position.events_before + 1 for position, asked in placed if not asked))
    if period >= MIN_PERIOD:
        yield _Rule(
            lambda position: (position.events_before + 1) % period == 0,
            f"all but every {ordinal(period)} event of a message",
            "such ones",
            "the part is every n-th event",
        )


def _placed(
    results: Iterable[ScenarioResult], recent_events: Mapping[int, Callable[[float], int]]
) -> Iterator[tuple[_Position, bool]]:
    """Yield the position of each entity that was sent once, and whether it was asked for.

    `recent_events` has the function of each instance of the service: its events fill its own queue.

    Executions with injected errors don't count: an entity may wait behind a request that fails.
    """
    for result in results:
        if not awaits_fetches(result) or result.verdict not in FAILURES:
            continue
        for transcript in (evidence.transcript for evidence in result.evidence):
            if not met_no_error(transcript):
                continue
            positions = _positions(transcript.deliveries, recent_events[result.instance])
            calls = calls_by_entity(transcript.calls)
            for fetch in entity_fetches(transcript.deliveries, transcript.calls):
                found = positions.get((fetch.enterprise_id, entity_key(fetch)), ())
                is_foreign = foreign_token_owner(fetch, calls.get(fetch.entity_id, ())) is not None
                if len(found) == 1 and not is_foreign:
                    yield found[0], fetch.requested_ms is not None


def _recent_events(observations: Observations) -> Callable[[float], int]:
    """Return a function that counts the events of messages within `RECENT_MS` before a time."""
    records = [item.record for item in observations.attempts if item.record.delivered]
    starts = [record.started_ms for record in records]
    counts = [0, *accumulate(record.event_count * record.weight for record in records)]

    def count(before_ms: float) -> int:
        since_ms = before_ms - RECENT_MS
        return counts[bisect_left(starts, before_ms)] - counts[bisect_left(starts, since_ms)]

    return count


def _positions(
    deliveries: Iterable[Delivery], recent_events: Callable[[float], int]
) -> dict[_Entity, list[_Position]]:
    """Return the positions of each entity, one for each acknowledged message about it."""
    positions: dict[_Entity, list[_Position]] = {}
    sent: Counter[_Sent] = Counter()
    for delivery in deliveries:
        if delivery.delivered:
            recent = recent_events(delivery.started_ms)
            for key, position in _positions_in(delivery.message, recent, sent):
                positions.setdefault((delivery.message.token_owner, key), []).append(position)
    return positions


def _positions_in(
    message: Message, recent: int, sent: Counter[_Sent]
) -> Iterator[tuple[EntityKey, _Position]]:
    """Yield the position of each entity, in order.

    Args:
        message: with the entities.
        recent: the number of events just before the message.
        sent: the events of earlier messages, by type and id, and by id alone; those of this one
            are added.

    """
    repeated: dict[bool, list[int]] = {True: [], False: []}  # indices; by type and id or id alone
    for index, event in enumerate(message.events):
        for with_type, indices in repeated.items():
            known = (event.discriminator if with_type else "", event.entity_id)
            if sent[known]:
                indices.append(index)
            sent[known] += 1
    keys = [entity_key(event) for event in message.events]
    first = {key: index for index, key in reversed([*enumerate(keys)])}
    last = {key: index for index, key in enumerate(keys)}
    ordered = sorted(first, key=first.__getitem__)
    of_type_before = _of_type_before(ordered)
    of_type_after = _of_type_before(sorted(last, key=last.__getitem__, reverse=True))
    first_type = next((operations for _, operations in keys if operations), None)
    offset = 0
    for key in ordered:
        entity_id, operations = key
        offset = max(offset, message.body.find(entity_id.encode(), offset))
        yield (
            key,
            _Position(
                events_before=first[key],
                entities_before=of_type_before[key],
                bytes_before=offset,
                recent_events=recent + first[key],
                events_after=len(keys) - 1 - last[key],
                entities_after=of_type_after[key],
                event_count=len(keys),
                is_of_first_type=operations == first_type,
                events_repeat=_repetition(repeated[True], first[key]),
                ids_repeat=_repetition(repeated[False], first[key]),
            ),
        )


def _repetition(repeated: Sequence[int], index: int) -> _Repetition:
    """Return whether a repeated event is up to an index, or only after it."""
    if not repeated:
        return _Repetition.NONE
    return _Repetition.UP_TO_IT if repeated[0] <= index else _Repetition.AFTER_IT


def _of_type_before(keys: Iterable[EntityKey]) -> dict[EntityKey, int]:
    """Return for each entity how many of its type come before it."""
    counts: Counter[Collection[str]] = Counter()
    before = {}
    for key in keys:
        before[key] = counts[key[1]]
        counts[key[1]] += 1
    return before
