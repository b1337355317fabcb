"""All WebSocket clients of a partner, and what their events lead to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Timer

from pytest_mews.demo.processing.api_client import Connector
from pytest_mews.demo.webhook_bodies import Document
from pytest_mews.demo.websocket.client_options import ClientOptions
from pytest_mews.demo.websocket.device_commands import Commands, Task
from pytest_mews.demo.websocket.event_reader import AS_WEBHOOK, COMMAND, Event
from pytest_mews.demo.websocket.websocket_client import Client
from pytest_mews.model import Tenant, Tenants

AGAIN_S = 0.3  # from one needless fetch to the next; a sound client makes none


class Streaming:
    """Stays connected for every enterprise until it is closed.

    Those that connect later, by an Integration Webhook, are left out of this sample.

    Args:
        address: of the WebSocket, such as `wss://websocket.example`.
        api: the platform address, where commands are asked for; None where nothing is.
        tenants: the client's token, and whom to connect for.
        note: takes what webhooks would have said; what both tell of is then fetched once.
        habits: of the client.

    """

    def __init__(
        self,
        address: str,
        api: str | None,
        tenants: Tenants,
        note: Callable[[Document], None],
        habits: ClientOptions,
    ) -> None:
        self._note, self._habits = note, habits
        credentials = {each.id: each.access_token for each in tenants.enterprises}
        if habits.borrowed:
            credentials = dict.fromkeys(credentials, tenants.enterprises[0].access_token)
        self._commands: Commands | None = None
        if api is not None:
            connector = Connector(api, tenants.client_token)
            self._commands = Commands(connector, credentials.get, habits)
        self._clients = [
            Client(
                address,
                (tenants.client_token, tenant.access_token),
                partial(self._joined, tenant),
                partial(self._take, tenant),
                habits,
            )
            for tenant in tenants.enterprises
            for _ in range(habits.connections)
        ]

    def close(self) -> None:
        """Close every connection, and end every thread."""
        for client in self._clients:
            client.close()
        if self._commands is not None:
            self._commands.close()

    def _joined(self, tenant: Tenant) -> None:
        """Ask for what was missed."""
        if self._commands is not None and self._habits.catches_up:
            self._commands.note(Task(tenant.id))

    def _take(self, tenant: Tenant, events: Sequence[Event]) -> None:
        """Note what is to be done; nothing here waits, so that the next message is read at once."""
        chosen = self._habits.select(list(events))
        ids = [
            event["Id"]
            for event in chosen
            if event["Type"] == COMMAND and event.get("State") in self._habits.states
        ]
        if ids and self._commands is not None:
            self._commands.note(Task(tenant.id, tuple(dict.fromkeys(ids))))
        changes = [
            {"Discriminator": AS_WEBHOOK[event["Type"]], "Value": {"Id": event["Id"]}}
            for event in chosen
            if event["Type"] in AS_WEBHOOK
        ]
        if changes:
            document = {
                "EnterpriseId": tenant.id,
                "IntegrationId": tenant.integration_id,
                "Events": changes,
            }
            self._note(document)
            for turn in range(1, self._habits.fetches):
                Timer(turn * AGAIN_S, self._note, (document,)).start()
        # A PriceUpdate says what changed by itself: here a price would be computed anew.
