"""The names of the events and the revision of the documentation they came with.

General events are told apart by `Discriminator` (events/wh-general), integration events by
`Action` (events/wh-integration), those on the WebSocket by `Type` (events/websockets). None
means: older than every revision the harness plays.
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

# On the WebSocket, told apart by `Type` (events/websockets).
STREAMED: Mapping[str, str | None] = MappingProxyType(
    dict.fromkeys(("DeviceCommand", "Reservation", "Resource", "PriceUpdate")),
)

# Newer than every profile: known here only so that a mistake can say why they are refused
# (changelog, 27 Aug 2026; each needs a subscription of its own).
LATER: Mapping[str, str] = MappingProxyType(
    {"ResourceDeleted": "2026-08", "ProductUpdated": "2026-08", "ProductDeleted": "2026-08"},
)


_WEBHOOKS: Mapping[str, str | None] = {**DISCRIMINATORS, **ACTIONS}
_ALL: Mapping[str, str | None] = {**_WEBHOOKS, **STREAMED}


def since(name: str) -> str | None:
    """Give the revision that an event came with; None for one older than every profile.

    Raises:
        KeyError: no profile has an event of that name.

    """
    return _ALL[name]


def known_to(revision: str) -> tuple[str, ...]:
    """List the discriminators and then the actions that a revision such as `2022-08` has."""
    return tuple(name for name, came in _WEBHOOKS.items() if came is None or came <= revision)


def all_known_to(revision: str) -> tuple[str, ...]:
    """List those, and then the types of events on the WebSocket."""
    return (*known_to(revision), *STREAMED)
