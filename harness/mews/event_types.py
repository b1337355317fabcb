"""The names of the events, each with the revision of the documentation that introduced it.

`Discriminator` distinguishes general events (events/wh-general), `Action` integration events
(events/wh-integration), `Type` events on the WebSocket (events/websockets). The revision is None if
the event is older than every delivery profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DISCRIMINATORS: Mapping[str, str | None] = MappingProxyType(
    {
        "ServiceOrderUpdated": None,
        "ResourceUpdated": None,
        "MessageAdded": None,
        "ResourceBlockUpdated": "2022-08",  # changelog, 10 Aug 2022
        "CustomerAdded": "2022-08",  # changelog, 23 Aug 2022
        "CustomerUpdated": "2022-08",  # changelog, 23 Aug 2022
        "PaymentUpdated": "2025-01",  # changelog, 9 Jan 2025: documented late, sent before
    },
)

ACTIONS: Mapping[str, str | None] = MappingProxyType(
    {
        "IntegrationCreated": None,
        "IntegrationEnabled": None,
        "IntegrationDisabled": None,
        "IntegrationCanceled": None,
        "IntegrationReinstated": None,
        "IntegrationDeleted": None,
        "IntegrationApiKeyCreated": "2025-08",  # changelog, 13 Aug 2025
    },
)

# The values of `Type` (events/websockets).
WEBSOCKET_TYPES: Mapping[str, str | None] = MappingProxyType(
    dict.fromkeys(("DeviceCommand", "Reservation", "Resource", "PriceUpdate")),
)

# Newer than every profile (changelog, 27 Aug 2026; each requires its own subscription). They are
# here only so that an error message can give the reason.
NEWER_THAN_PROFILES: Mapping[str, str] = MappingProxyType(
    {"ResourceDeleted": "2026-08", "ProductUpdated": "2026-08", "ProductDeleted": "2026-08"},
)


_WEBHOOKS: Mapping[str, str | None] = {**DISCRIMINATORS, **ACTIONS}
_ALL: Mapping[str, str | None] = {**_WEBHOOKS, **WEBSOCKET_TYPES}


def since(name: str) -> str | None:
    """Return the revision that introduced an event; None if it is older than every profile.

    Raises:
        KeyError: no profile has an event of that name.

    """
    return _ALL[name]


def webhook_events(revision: str) -> tuple[str, ...]:
    """Return the discriminators and then the actions of a revision such as `2022-08`."""
    return tuple(
        name
        for name, introduced in _WEBHOOKS.items()
        if introduced is None or introduced <= revision
    )


def all_events(revision: str) -> tuple[str, ...]:
    """Return the webhook events of a revision, and then the WebSocket event types."""
    return (*webhook_events(revision), *WEBSOCKET_TYPES)
