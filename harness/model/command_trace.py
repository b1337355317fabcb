"""What became of an event on the WebSocket, as far as the twin can see it: derived by entity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_mews.model.api_call import ApiCall
from pytest_mews.model.websocket import SentMessage

COMMAND = "DeviceCommand"
PENDING, PROCESSED = "Pending", "Processed"
UPDATE, ACTIVE, BY_IDS = "commands/update", "commands/getAllActive", "commands/getAllByIds"

# Which operations give the entity of an event. The documentation names those of commands
# (use-cases/device-integration); the others are those of webhooks. Prices have none that is served.
OPERATIONS_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    COMMAND: (BY_IDS, ACTIVE),
    "Reservation": ("reservations/getAll/2023-06-06", "reservations/getAll"),
    "Resource": ("resources/getAll",),
}


@dataclass(frozen=True)
class EventTrace:
    """One entity that messages were about, and what the client did to learn of it.

    Times are milliseconds on the run's clock.

    Attributes:
        type: of its events.
        entity_id: the entity.
        enterprise_id: whose it is.
        state: what its last event said.
        label: the draw that its last event came from.
        sent_ms: when its last event was sent.
        copies: messages about it, over all connections.
        fetches: requests whose answer held it.
        asked_ms: when the first request arrived that was about it, since the API knew what that
            event says: who asks for what is active may be told before the event comes.
        fetched_ms: when the first answer since then that held it was handed over.
        done_ms: when the first accepted update of a command to Processed arrived.
        done: how many such updates there were.
        updated: the states that accepted updates of a command gave it, in order.

    """

    type: str
    entity_id: str
    enterprise_id: str
    state: str
    label: str
    sent_ms: float
    copies: int
    fetches: int = 0
    asked_ms: float | None = None
    fetched_ms: float | None = None
    done_ms: float | None = None
    done: int = 0
    updated: tuple[str, ...] = ()

    @property
    def is_command(self) -> bool:
        """Whether it is a command, for which the documentation says what to call."""
        return self.type == COMMAND

    @property
    def owed(self) -> bool:
        """Whether it is a command that waits to be carried out."""
        return self.is_command and self.state == PENDING

    @property
    def tracked(self) -> bool:
        """Whether anything may follow: of a command that is over, nothing has to."""
        return self.owed or not self.is_command

    @property
    def handled(self) -> bool:
        """Whether the twin saw all that there is to see of it."""
        return (self.done_ms if self.owed else self.fetched_ms) is not None


def event_traces(sent: Iterable[SentMessage], calls: Iterable[ApiCall]) -> tuple[EventTrace, ...]:
    """Follow every entity of what was sent, in the order of its first event."""
    about: dict[tuple[str, str, str], list[tuple[SentMessage, str]]] = defaultdict(list)
    for each in sent:
        for event in each.events:
            if event.discriminator in OPERATIONS_BY_TYPE:
                key = (each.enterprise_id, event.discriminator, event.entity_id)
                about[key].append((each, event.state))
    by_entity: dict[str, list[ApiCall]] = defaultdict(list)
    for call in calls:
        for entity_id in {*call.asked, *call.returned}:
            by_entity[entity_id].append(call)
    return tuple(_trace(key, said, by_entity.get(key[2], [])) for key, said in about.items())


def _trace(
    key: tuple[str, str, str], said: Sequence[tuple[SentMessage, str]], calls: Sequence[ApiCall]
) -> EventTrace:
    enterprise, kind, entity_id = key
    newest, state = max(said, key=lambda each: each[0].at_ms)
    own = [call for call in calls if call.enterprise_id == enterprise]
    reading = [call for call in own if call.operation in OPERATIONS_BY_TYPE[kind]]
    held = [call for call in reading if call.answered_ok and entity_id in call.returned]
    since = [call for call in held if call.received_ms >= newest.relevant_from_ms]
    updates = [
        call
        for call in own
        if kind == COMMAND
        and call.operation == UPDATE
        and call.acknowledged
        and entity_id in call.asked
    ]
    done = [call.received_ms for call in updates if call.state == PROCESSED]
    return EventTrace(
        kind,
        entity_id,
        enterprise,
        state,
        newest.label,
        newest.at_ms,
        len(said),
        fetches=len(held),
        asked_ms=min(
            (each.received_ms for each in reading if each.received_ms >= newest.relevant_from_ms),
            default=None,
        ),
        fetched_ms=min(
            (each.answered_ms for each in since if each.answered_ms is not None), default=None
        ),
        done_ms=min((each for each in done if each >= newest.relevant_from_ms), default=None),
        done=len(done),
        updated=tuple(call.state for call in updates),
    )
