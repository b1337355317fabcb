"""Messages and answers as a reader can take them in: pretty-printed where that hides nothing."""

from __future__ import annotations

import json
from typing import Any

from pytest_mews.model import Exchange, Message
from pytest_mews.reports.sanitize import Body, capped, decode

EVENTS_SHOWN = 3
MESSAGE_CHARACTERS = 3_000
ANSWER_BYTES = 1_000


def message_body(message: Message, limit: int = MESSAGE_CHARACTERS) -> Body:
    """Pretty-print a message whose body is plain JSON; of many events only the first are shown."""
    size = len(message.body)
    try:
        data = json.loads(message.body, object_pairs_hook=_without_repeats)
        text, note = _pretty(data)
    except (ValueError, RecursionError):
        raw = decode(message.body, size, limit)
        return Body(raw.text, size, raw.note)
    if len(text) > limit:
        note = "cut; certification.json has more"
    return Body(capped(text, limit), size, note)


def _pretty(data: object) -> tuple[str, str]:
    note = ""
    if isinstance(data, dict) and isinstance(data.get("Events"), list):
        events = data["Events"]
        left_out = len(events) - EVENTS_SHOWN
        if left_out > 0:
            data = data | {"Events": events[:EVENTS_SHOWN]}
            note = f"the first {EVENTS_SHOWN} of {len(events):,} events"
    return json.dumps(data, indent=2, ensure_ascii=False), note


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a property twice: a dict would hide what was sent."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a property is repeated")
    return dict(pairs)


def answer_body(exchange: Exchange) -> Body:
    """Decode the beginning of an answer's body."""
    return decode(exchange.response_body, exchange.response_size, ANSWER_BYTES)
