"""A message: the exact bytes that Mews sends, the same in every attempt."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class WebhookKind(StrEnum):
    """The kind of a message: a general or integration webhook, each with its URL, or WebSocket."""

    GENERAL = "general"
    INTEGRATION = "integration"
    WEBSOCKET = "websocket"


class Validity(StrEnum):
    """What a message is against the documentation; its generator says so. A closed list."""

    DOCUMENTED = "documented"  # Mews sends such messages
    UNDOCUMENTED = "undocumented"  # well-formed, with something that is not documented yet
    INCOMPLETE = "incomplete"  # JSON of the right structure, without a required property
    INVALID = "invalid"  # JSON of another structure
    NOT_JSON = "not-json"


@dataclass(frozen=True, slots=True)
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
        token_variant: the name of the variant of the token that its URL has; empty for the token
            itself.
        validity: what the message is against the documentation; not compared, since messages with
            the same bytes are equal.
        deleted_ids: the entities in it that are deleted, though no event says so; not compared.
        portfolio_id: the chain whose AccessToken covers the enterprise; None for an enterprise with
            a token of its own; not compared.

    """

    kind: WebhookKind
    body: bytes
    events: tuple[EventReference, ...]
    description: str
    content_type: str | None = "application/json"
    enterprise_id: str | None = None
    duplicate: bool = False
    binary: bool = False
    token_variant: str = ""
    validity: Validity = field(default=Validity.DOCUMENTED, compare=False)
    deleted_ids: tuple[str, ...] = field(default=(), compare=False)
    portfolio_id: str | None = field(default=None, compare=False)

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Parse the body.

        Raises:
            ValueError: it is not JSON.

        """
        return json.loads(self.body)

    @property
    def token_owner(self) -> str | None:
        """The enterprise or chain whose AccessToken covers the enterprise of the message."""
        return self.portfolio_id or self.enterprise_id
