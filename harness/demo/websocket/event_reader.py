"""What a message says: the events that this client can use; whatever else it has is passed over.

Mews may add types, properties and states at any time, and a message that can't be read must not
end a connection on which the next one will come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]

# The discriminator by which webhooks tell of the same entity, so that both lead to one fetch.
AS_WEBHOOK = {"Reservation": "ServiceOrderUpdated", "Resource": "ResourceUpdated"}
COMMAND = "DeviceCommand"
PENDING = "Pending"


def events_of(message: str | bytes) -> list[Event]:
    """Give the events of a message that name what they are about; none of one that is odd."""
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return []
    events = document.get("Events") if isinstance(document, dict) else None
    return [
        event
        for event in (events if isinstance(events, list) else ())
        if isinstance(event, dict)
        and isinstance(event.get("Type"), str)
        and isinstance(event.get("Id"), str)
    ]
