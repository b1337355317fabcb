"""Plans of messages on the WebSocket: from templates, by seed, with a webhook beside, garbage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from pytest_mews.model import Message, WebhookKind
from pytest_mews.model.command_trace import COMMAND, PENDING, PROCESSED
from pytest_mews.senders.connector.batch import event_template as event_template_of_webhook
from pytest_mews.senders.connector.batch import message_template
from pytest_mews.senders.connector.ids import IdSource, Template, fill
from pytest_mews.senders.connector.plan import write
from pytest_mews.senders.connector.websocket_shapes import event_template, states

RESERVATION, UPDATED = "Reservation", "ServiceOrderUpdated"
LISTED = 3  # types that a phrase names one by one
Entry = tuple[str, str]  # a type and a state; the state of a type that has none is empty


@dataclass(frozen=True)
class Streamed:
    """Messages from templates, each with its events; every entity has an id of its own."""

    templates: tuple[Template, ...] = field(hash=False)
    phrase: str

    def describe(self) -> str:
        """Say what is sent."""
        return self.phrase

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Fill the slots."""
        return tuple(_message(fill(each, mint), mint, self.phrase) for each in self.templates)


@dataclass(frozen=True)
class Mixed:
    """Events by number and seed, in one message or in many.

    Attributes:
        profile: whose schema they follow.
        size: the number of events.
        types: those that they are chosen from; the first so many events have one each.
        seed: decides the type and state of the others.
        each: events in a message.
        idle: whether commands are such that nothing is left to do about them.

    """

    profile: str
    size: int
    types: tuple[str, ...]
    seed: int
    each: int
    idle: bool = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The events one by one; a command is one to carry out, unless all are idle."""
        random = Random(self.seed)  # noqa: S311 - to be repeatable is the point
        chosen = [*self.types, *random.choices(self.types, k=self.size)][: self.size]
        return tuple(
            (kind, PROCESSED if self.idle else PENDING)
            if kind == COMMAND
            else (kind, random.choice(states(self.profile, kind) or ("",)))
            for kind in chosen
        )

    def describe(self) -> str:
        """Count the events by type, and the messages."""
        phrase = _counted(kind for kind, _ in self.entries)
        number = -(-self.size // self.each)
        return phrase if number == 1 else f"{phrase}, in {number:,} messages"

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the events, each about an entity of its own."""
        events = [event_template(self.profile, *entry) for entry in self.entries]
        parts = [events[at : at + self.each] for at in range(0, len(events), self.each)]
        return tuple(
            _message(fill({"Events": part}, mint), mint, _counted(one["Type"] for one in part))
            for part in parts
        )


@dataclass(frozen=True)
class Shared:
    """A webhook and an event on the WebSocket about one reservation; `profile` is theirs."""

    profile: str

    def describe(self) -> str:
        """Say what is sent."""
        return f"{UPDATED} by webhook and {RESERVATION} on the WebSocket, about one reservation"

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write both with the same id."""
        known: dict[str, str] = {}
        # The id of the reservation alone is shared: a slot of its own for each other id.
        event = fill({"Id": event_template(self.profile, RESERVATION, "")["Id"]}, mint, known)
        whole = fill(event_template(self.profile, RESERVATION, ""), mint) | event
        webhook = fill(message_template(self.profile), mint)
        told = fill(event_template_of_webhook(self.profile, UPDATED), mint, known)
        return (
            write(WebhookKind.GENERAL, {**webhook, "Events": [told]}, UPDATED),
            _message({"Events": [whole]}, mint, RESERVATION),
        )


@dataclass(frozen=True)
class Garbage:
    """Bytes of which no client can make sense, as a text or a binary frame."""

    body: bytes
    phrase: str
    binary: bool = False

    def describe(self) -> str:
        """Say what is wrong."""
        return self.phrase

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the message; it names nothing."""
        owner = mint.tenant.id
        return (
            Message(
                WebhookKind.WEBSOCKET,
                self.body,
                (),
                self.phrase,
                None if self.binary else "text",
                owner,
                binary=self.binary,
            ),
        )


GARBAGE: Mapping[str, bytes] = {
    "an empty text": b"",
    "no JSON: a word": b"ping",
    "no JSON: cut off": b'{"Events":[{"Type":"Resource","Id":"5ee074b1-6c86-4',
    "a list instead of an object": b'[{"Type":"Resource"}]',
    "null": b"null",
    "an object without Events": b'{"Message":"hello"}',
    "Events that are null": b'{"Events":null}',
    "Events that are an object": b'{"Events":{"Type":"Resource"}}',
    "no events": b'{"Events":[]}',
    "an event that is null": b'{"Events":[null]}',
    "an event that is a number": b'{"Events":[7]}',
    "an event without Type": b'{"Events":[{"Id":"5ee074b1-6c86-48e8-915f-c7aa4702086f"}]}',
    "an event without Id": b'{"Events":[{"Type":"Resource","State":"Dirty"}]}',
    "a Type that is a number": b'{"Events":[{"Type":7,"Id":"5ee074b1-6c86-48e8-915f"}]}',
}
BINARY = Garbage(bytes(range(256)), "a binary frame", binary=True)


def _counted(kinds: Iterable[str]) -> str:
    counts = Counter(kinds)
    total = sum(counts.values())
    listed = ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())  # noqa: RUF001 - a times sign
    if len(counts) > LISTED:
        return f"{total:,} events of {len(counts)} types"
    return f"1 event: {listed}" if total == 1 else f"{total:,} events: {listed}"


def _message(body: Any, mint: IdSource, phrase: str) -> Message:  # noqa: ANN401 - JSON
    written = write(WebhookKind.WEBSOCKET, body, phrase)
    return replace(written, enterprise_id=mint.tenant.id, content_type="text")
