"""All WebSocket clients of a partner, and what the partner does with their events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Timer

from pytest_mews.demo.demo_thread import OnError, print_error
from pytest_mews.demo.processing.api_client import ApiClient
from pytest_mews.demo.webhook_bodies import Document
from pytest_mews.demo.websocket.client_options import (
    COMMAND,
    DISCRIMINATORS,
    ClientOptions,
    Event,
)
from pytest_mews.demo.websocket.device_commands import CommandLookup, CommandWorker
from pytest_mews.demo.websocket.reservation_resync import ReservationResync
from pytest_mews.demo.websocket.websocket_client import WebSocketClient
from pytest_mews.model import Tenant, Tenants

REPEATED_FETCH_S = 0.3  # between the fetches of a client that fetches too often


class ClientPool:
    """Stays connected for every enterprise until it is closed.

    The demo partner doesn't connect for enterprises that an Integration Webhook adds later.

    Args:
        address: of the WebSocket, for example `wss://websocket.example`.
        api: the platform address for commands; None to handle no commands.
        tenants: the ClientToken, and the enterprises to connect for.
        add_changes: takes the equivalent webhook of an event, so that a change which both channels
            report is fetched once.
        options: the behaviour of the clients.
        on_error: called with the exception that ends a thread.

    """

    def __init__(  # noqa: PLR0913 - five required, one optional
        self,
        address: str,
        api: str | None,
        tenants: Tenants,
        add_changes: Callable[[Document], None],
        options: ClientOptions,
        *,
        on_error: OnError = print_error,
    ) -> None:
        self._add_changes, self._options = add_changes, options
        credentials = {tenant.id: tenant.access_token for tenant in tenants.enterprises}
        if options.first_token_for_all:
            credentials = dict.fromkeys(credentials, tenants.enterprises[0].access_token)
        self._command_worker: CommandWorker | None = None
        if api is not None:
            api_client = ApiClient(api, tenants.client_token)
            self._command_worker = CommandWorker(api_client, credentials.get, options, on_error)
        self._resync: ReservationResync | None = None
        if api is not None and options.resyncs_reservations:
            api_client = ApiClient(api, tenants.client_token)
            self._resync = ReservationResync(api_client, credentials.get, on_error)
        self._clients = [
            WebSocketClient(
                address,
                (tenants.client_token, tenant.access_token),
                partial(self._catch_up, tenant),
                partial(self._handle_events, tenant),
                options,
                on_error=on_error,
            )
            for tenant in tenants.enterprises
            for _ in range(options.connections)
        ]

    def close(self) -> None:
        """Close every connection and end every thread."""
        for client in self._clients:
            client.close()
        if self._command_worker is not None:
            self._command_worker.close()
        if self._resync is not None:
            self._resync.close()

    def _catch_up(self, tenant: Tenant) -> None:
        """Ask for the commands and the reservations that changed while no connection was open."""
        if self._resync is not None:
            self._resync.connected(tenant.id)
        if self._command_worker is not None and self._options.asks_for_active_commands:
            self._command_worker.add(CommandLookup(tenant.id))

    def _handle_events(self, tenant: Tenant, events: Sequence[Event]) -> None:
        """Queue the work that events cause; never waits, so that the next message is read."""
        selected = self._options.select_events(list(events))
        ids = [
            event["Id"]
            for event in selected
            if event["Type"] == COMMAND and event.get("State") in self._options.executed_states
        ]
        if ids and self._command_worker is not None:
            self._command_worker.add(CommandLookup(tenant.id, tuple(dict.fromkeys(ids))))
        webhook_events = [
            {"Discriminator": DISCRIMINATORS[event["Type"]], "Value": {"Id": event["Id"]}}
            for event in selected
            if event["Type"] in DISCRIMINATORS
        ]
        if webhook_events:
            document = {
                "EnterpriseId": tenant.id,
                "IntegrationId": tenant.integration_id,
                "Events": webhook_events,
            }
            self._add_changes(document)
            for number in range(1, self._options.fetches_per_event):
                Timer(number * REPEATED_FETCH_S, self._add_changes, (document,)).start()
        # A PriceUpdate contains the new data: a real partner would recalculate the price here.
