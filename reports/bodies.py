"""Bodies of messages and responses for readers, pretty-printed if that hides nothing."""

from __future__ import annotations

import json
from typing import Any

from pytest_mews.model import Exchange, Message
from pytest_mews.sanitize import Body, capped, decode_body

MAX_EVENTS = 3
MAX_MESSAGE_CHARACTERS = 3_000
MAX_RESPONSE_BYTES = 1_000


def message_body(message: Message, limit: int = MAX_MESSAGE_CHARACTERS) -> Body:
    """Return a message's body, pretty-printed if it is plain JSON, with the first events only."""
    size = len(message.body)
    try:
        data = json.loads(message.body, object_pairs_hook=_unique_properties)
        text, note = _pretty_print(data)
    except (ValueError, RecursionError):
        raw = decode_body(message.body, size, limit)
        return Body(raw.text, size, raw.note)
    if len(text) > limit:
        note = "cut; certification.json has more"
    return Body(capped(text, limit), size, note)


def _pretty_print(data: object) -> tuple[str, str]:
    note = ""
    if isinstance(data, dict) and isinstance(data.get("Events"), list):
        events = data["Events"]
        if len(events) > MAX_EVENTS:
            data = data | {"Events": events[:MAX_EVENTS]}
            note = f"the first {MAX_EVENTS} of {len(events):,} events"
    return json.dumps(data, indent=2, ensure_ascii=False), note


def _unique_properties(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raise ValueError if a property is repeated: a dict would hide what was sent."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a property is repeated")
    return dict(pairs)


def response_body(exchange: Exchange) -> Body:
    """Return the beginning of the response's body."""
    return decode_body(exchange.response_body, exchange.response_size, MAX_RESPONSE_BYTES)
