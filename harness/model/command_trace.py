"""What a WebSocket client did about each event, as far as the emulators observe it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_mews.mews.events import Channel, operations_by_event
from pytest_mews.model.api_call import ApiCall, calls_by_entity
from pytest_mews.model.websocket import SentMessage

COMMAND = "DeviceCommand"
PENDING, PROCESSED = "Pending", "Processed"
UPDATE, ACTIVE, BY_IDS = "commands/update", "commands/getAllActive", "commands/getAllByIds"

# The operations that return the entity of an event. The documentation names those for commands
# (use-cases/device-integration); for the other types we use those for webhooks.
OPERATIONS_BY_TYPE = operations_by_event(Channel.WEBSOCKET)


@dataclass(frozen=True)
class EventTrace:
    """One entity that WebSocket events were about, and what the client did about it.

    Times are in milliseconds on the run's clock.

    Attributes:
        event_type: the `Type` of its events.
        entity_id: the entity.
        enterprise_id: the owner of the entity.
        state: the `State` in its last event.
        label: the name of the message with its last event.
        sent_ms: when its last event was sent.
        message_count: messages about it, over all connections.
        fetch_count: successful requests that returned it.
        requested_ms: when the first request about it arrived since the emulator knew of the last
            event; a request for active commands can return it before the event is sent.
        fetched_ms: when the first response since then with the entity was sent.
        processed_ms: when the first accepted update to `Processed` since then arrived.
        processed_count: accepted updates to `Processed`.
        updated_states: the states that accepted updates set, in order.

    """

    event_type: str
    entity_id: str
    enterprise_id: str
    state: str
    label: str
    sent_ms: float
    message_count: int
    fetch_count: int = 0
    requested_ms: float | None = None
    fetched_ms: float | None = None
    processed_ms: float | None = None
    processed_count: int = 0
    updated_states: tuple[str, ...] = ()

    @property
    def is_command(self) -> bool:
        """Whether the entity is a device command: the documentation says what to call for it."""
        return self.event_type == COMMAND

    @property
    def is_pending_command(self) -> bool:
        """Whether the entity is a command that the client must carry out."""
        return self.is_command and self.state == PENDING

    @property
    def needs_handling(self) -> bool:
        """Whether the client should do something; a command that is not pending needs nothing."""
        return self.is_pending_command or not self.is_command

    @property
    def handled(self) -> bool:
        """Whether the client did what it should: processed the command, or fetched the entity."""
        return (self.processed_ms if self.is_pending_command else self.fetched_ms) is not None


def event_traces(sent: Iterable[SentMessage], calls: Iterable[ApiCall]) -> tuple[EventTrace, ...]:
    """Trace every entity of the sent messages, in order of its first event."""
    events: dict[tuple[str, str, str], list[tuple[SentMessage, str]]] = defaultdict(list)
    for message in sent:
        for event in message.events:
            if event.discriminator in OPERATIONS_BY_TYPE:
                key = (message.enterprise_id, event.discriminator, event.entity_id)
                events[key].append((message, event.state))
    calls_by_id = calls_by_entity(calls, {entity_id for _, _, entity_id in events})
    return tuple(_trace(key, states, calls_by_id.get(key[2], [])) for key, states in events.items())


def _trace(
    key: tuple[str, str, str], states: Sequence[tuple[SentMessage, str]], calls: Sequence[ApiCall]
) -> EventTrace:
    enterprise_id, event_type, entity_id = key
    newest, state = max(states, key=lambda message_and_state: message_and_state[0].at_ms)
    since_ms = newest.relevant_from_ms
    own_calls = [call for call in calls if call.enterprise_id == enterprise_id]
    requests = [call for call in own_calls if call.operation in OPERATIONS_BY_TYPE[event_type]]
    fetches = [call for call in requests if call.answered_ok and entity_id in call.returned_ids]
    updates = [
        call
        for call in own_calls
        if event_type == COMMAND
        and call.operation == UPDATE
        and call.acknowledged
        and entity_id in call.requested_ids
    ]
    processed_ms = [call.received_ms for call in updates if call.state == PROCESSED]
    return EventTrace(
        event_type,
        entity_id,
        enterprise_id,
        state,
        newest.label,
        newest.at_ms,
        len(states),
        fetch_count=len(fetches),
        requested_ms=min(
            (call.received_ms for call in requests if call.received_ms >= since_ms), default=None
        ),
        fetched_ms=min(
            (
                call.answered_ms
                for call in fetches
                if call.received_ms >= since_ms and call.answered_ms is not None
            ),
            default=None,
        ),
        processed_ms=min((at_ms for at_ms in processed_ms if at_ms >= since_ms), default=None),
        processed_count=len(processed_ms),
        updated_states=tuple(call.state for call in updates),
    )
