"""A message: the exact bytes that Mews sends, the same in every attempt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WebhookKind(StrEnum):
    """The kind of a message: a general or integration webhook, each with its URL, or WebSocket."""

    GENERAL = "general"
    INTEGRATION = "integration"
    WEBSOCKET = "websocket"


@dataclass(frozen=True)
class EventReference:
    """One event of a message: its discriminator (action, type) and its entity.

    `state` is the `State` in an event on the WebSocket; empty in a webhook.
    """

    discriminator: str
    entity_id: str
    state: str = ""


@dataclass(frozen=True)
class Message:
    """One webhook, or one WebSocket message.

    Attributes:
        kind: the kind of the message; it determines the URL.
        body: the bytes that every attempt sends.
        events: the events in the body, in order; empty for a body that is malformed on purpose.
        description: a short description, such as "3 events" or "cut after 40 of 96 bytes".
        content_type: the value of the Content-Type header; None to send no such header.
        enterprise_id: the enterprise that the message is about; None if it names none.
        duplicate: whether an earlier message had the same bytes; the receiver can't know that.
        binary: whether a WebSocket message is a binary frame.

    """

    kind: WebhookKind
    body: bytes
    events: tuple[EventReference, ...]
    description: str
    content_type: str | None = "application/json"
    enterprise_id: str | None = None
    duplicate: bool = False
    binary: bool = False
