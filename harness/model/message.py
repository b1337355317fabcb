"""A webhook message: the exact bytes that Mews sends, the same at every attempt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WebhookKind(StrEnum):
    """Which of the two kinds of webhook a message is, each with a URL; or one on the WebSocket."""

    GENERAL = "general"
    INTEGRATION = "integration"
    WEBSOCKET = "websocket"


@dataclass(frozen=True)
class EventReference:
    """One event of a message: its discriminator (action, type) and the entity it is about.

    `state` is what an event on the WebSocket says of the entity; empty elsewhere.
    """

    discriminator: str
    entity_id: str
    state: str = ""


@dataclass(frozen=True)
class Message:
    """One webhook message, or one on the WebSocket.

    Attributes:
        kind: decides the URL.
        body: the bytes sent at every attempt.
        events: what the body says, in order; empty where the body can't be read on purpose.
        description: one phrase for people, such as "3 events" or "cut after 40 of 96 bytes".
        content_type: the header's value, or None to send none.
        enterprise_id: the tenant that the message belongs to, where it names one.
        again: whether the very same bytes were a message before; the receiver can't know.
        binary: on the WebSocket, whether it is a binary frame.

    """

    kind: WebhookKind
    body: bytes
    events: tuple[EventReference, ...]
    description: str
    content_type: str | None = "application/json"
    enterprise_id: str | None = None
    duplicate: bool = False
    binary: bool = False
