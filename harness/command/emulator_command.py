"""`mews emulator`: serves the Connector API, and the WebSocket, to develop against."""

from __future__ import annotations

import json
import signal
import sys
import threading
import traceback
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Self

import click

from pytest_mews.command.event_plans import event_plan, target_of
from pytest_mews.command.stop_signal import StopSignal
from pytest_mews.command.subcommand import subcommand, table_option
from pytest_mews.config.option_parsers import load_certificate, parse_api, parse_websocket
from pytest_mews.config.profiles import load_profile
from pytest_mews.config.settings import SENDER
from pytest_mews.config.tenants import parse_tenants
from pytest_mews.delivery import SystemClock
from pytest_mews.emulator.connector_api import ConnectorApi, ConnectorApiServer
from pytest_mews.emulator.connector_api.entity_values import make_id
from pytest_mews.emulator.connector_api.operations import OPERATIONS, PREFIX
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.emulator.websocket import WebSocketServer, validate_handshake
from pytest_mews.mews.events import Channel, event_names
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import Message, Tenants, WebhookKind, WebSocketHandshake
from pytest_mews.model.api_call import ApiCall
from pytest_mews.senders import IdSource

DEFAULT_ADDRESS = "127.0.0.1:8088"
MESSAGES_PER_ENTERPRISE = 3  # no request can create a message: none asks for messages by id
WAIT_S = 60.0  # a longest wait of ours
SEND_TIMEOUT_S = 5.0  # for a WebSocket client that reads too slowly


DETAILS = """
It prints the addresses, the operations and the tokens, then a line for each request and each
WebSocket handshake, and serves until Ctrl-C. Any id exists as soon as a request asks for it.

With --websocket, type a type of event (DeviceCommand, Reservation, Resource, PriceUpdate) and
Enter: each connected client gets one.
"""


@subcommand(
    "emulator",
    DETAILS,
    "emulator --tenants tenants.toml",
    "emulator --api 127.0.0.1:8088 --websocket 127.0.0.1:8089",
)
@table_option(
    "--mews-api",
    help=f"Address of the Connector API; port 0 selects a free one (default: {DEFAULT_ADDRESS}).",
)
@table_option(
    "--mews-websocket",
    help="Address of the WebSocket; port 0 selects a free one (default: no WebSocket).",
)
@table_option("--mews-websocket-certificate")
@table_option(
    "--mews-tenants",
    help="TOML file with the enterprises and their tokens (default: two built-in ones).",
)
@click.option(
    "--rate-limit/--no-rate-limit",
    default=True,
    help=f"Answer 429 to more than {REQUESTS_PER_TOKEN} requests per AccessToken within "
    f"{REQUEST_WINDOW_S:g} s (default: yes).",
)
def command(
    mews_api: str | None,
    mews_websocket: str | None,
    mews_websocket_certificate: str | None,
    mews_tenants: str | None,
    *,
    rate_limit: bool,
) -> None:
    """Serve until the user stops it."""
    tenants = parse_tenants(mews_tenants)
    api_address = parse_api(mews_api or DEFAULT_ADDRESS, any_port=True)
    websocket_address = parse_websocket(mews_websocket, any_port=True)
    tls = load_certificate(mews_websocket_certificate, has_websocket=websocket_address is not None)
    assert api_address is not None
    stop_signal = StopSignal()
    clock = SystemClock()
    connector_api = ConnectorApi(
        tenants,
        clock.now_ms,
        started_utc=datetime.now(UTC),
        open_ids=True,
        enforce_rate_limit=rate_limit,
        sink=lambda call: click.echo(describe_call(call)),
    )
    add_sample_messages(connector_api, tenants)
    failures = EmulatorFailures(sink=traceback.print_exception)
    with ExitStack() as running:
        server = ConnectorApiServer(connector_api, *api_address, option="--api", failures=failures)
        running.enter_context(server)
        click.echo(api_greeting(server.url, tenants))
        if websocket_address is not None:
            websocket = WebSocketServer(
                lambda target, cookies: validate_handshake(
                    target, cookies, tenants.client_token, connector_api.token_status
                ),
                clock.now_ms,
                *websocket_address,
                tls=tls,
                option="--websocket",
                failures=failures,
            )
            running.enter_context(websocket)
            running.enter_context(EventPrompt(websocket, connector_api, tenants))
            click.echo(
                f"The WebSocket emulator listens at {websocket.url}, with the same tokens. Type "
                f"{' or '.join(event_names(Channel.WEBSOCKET))} and Enter to send an event."
            )
        click.echo("Press Ctrl-C to stop.")
        stop_signal.wait()


def api_greeting(url: str, tenants: Tenants) -> str:
    """Return what is shown at the start: the address, the operations and the tokens."""
    operations = [
        f"  {name}{'  (deprecated)' if operation.deprecated else ''}"
        for name, operation in OPERATIONS.items()
    ]
    tokens = [
        f"  enterprise {tenant.id}: AccessToken {tenant.access_token}"
        for tenant in tenants.enterprises
    ]
    return "\n".join(
        [
            f"The Connector API emulator listens at {url}{PREFIX.rstrip('/')} and serves:",
            *operations,
            f"Configure your service with {url} instead of https://api.mews.com and these tokens:",
            f"  ClientToken {tenants.client_token}",
            *tokens,
        ]
    )


def describe_call(call: ApiCall) -> str:
    """Return the line for a request: status, operation, ids and problems."""
    status = "reset" if call.status is None else str(call.status)
    parts = [
        status,
        call.operation or call.path,
        f"enterprise {call.enterprise_id or 'unknown'}",
        f"requested {len(call.requested_ids)}, returned {len(call.returned_ids)}",
    ]
    if call.cursor is not None:
        parts.append("more pages follow")
    if call.request_problems:
        parts.append(", ".join(call.request_problems))
    if call.message:
        parts.append(call.message)
    return "  ".join(parts)


def describe_handshake(handshake: WebSocketHandshake) -> str:
    """Return the line for a WebSocket handshake: status, path, enterprise and problems."""
    parts = [
        str(handshake.status),
        handshake.path,
        f"enterprise {handshake.enterprise_id or 'unknown'}",
        ", ".join(handshake.problems),
    ]
    return "  ".join(filter(None, parts))


def add_sample_messages(connector_api: ConnectorApi, tenants: Tenants) -> None:
    """Add a few messages to each enterprise."""
    for tenant in tenants.enterprises:
        ids = [
            make_id(f"{tenant.id}/message/{number}") for number in range(MESSAGES_PER_ENTERPRISE)
        ]
        body = {
            "EnterpriseId": tenant.id,
            "IntegrationId": tenant.integration_id,
            "Events": [{"Discriminator": "MessageAdded", "Value": {"Id": id_}} for id_ in ids],
        }
        connector_api.apply_message(
            Message(WebhookKind.GENERAL, json.dumps(body).encode(), (), "", None, tenant.id)
        )


class EventPrompt:
    """Shows the handshakes with the WebSocket emulator, and sends the events that the user types.

    Both run in daemon threads: one that waits for a line of the user can't be ended. It is entered
    in the main thread, after the server.
    """

    def __init__(
        self, websocket: WebSocketServer, connector_api: ConnectorApi, tenants: Tenants
    ) -> None:
        self._websocket, self._connector_api, self._tenants = websocket, connector_api, tenants
        profile = load_profile(SENDER.default_profile, SENDER.profiles)
        self._target = target_of(profile, tenants)
        self._sent_count = 0
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        # In the background of a shell, reading the terminal would stop the process.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        for work in (self._show_handshakes, self._read_lines):
            threading.Thread(target=work, name="mews-prompt", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()

    def send(self, name: str) -> str:
        """Send an event of a type to each connected client; return what to tell the user.

        The Connector API shows what the event is about, such as the command.
        """
        if name not in event_names(Channel.WEBSOCKET):
            types = ", ".join(event_names(Channel.WEBSOCKET))
            return f"{name!r} is not a type of WebSocket event. Known: {types}."
        connected = self._websocket.connected_enterprises()
        sent = 0
        for number, tenant in enumerate(self._tenants.enterprises, 1):
            if tenant.id not in connected:
                continue
            self._sent_count += 1
            ids = IdSource(0, f"mews emulator {datetime.now(UTC)}", self._sent_count, self._tenants)
            messages = event_plan([name], None, number, self._target).build(ids)
            for message in messages:
                self._connector_api.apply_message(message)
            sent += len(self._websocket.send(messages, name, SEND_TIMEOUT_S))
        return f"sent {name} on {sent} {'connection' if sent == 1 else 'connections'}"

    def _read_lines(self) -> None:
        try:
            for line in sys.stdin or ():  # there is none without a console
                if name := line.strip():
                    click.echo(self.send(name))
        except OSError:  # no terminal to read from
            return

    def _show_handshakes(self) -> None:
        last, log = 0, self._websocket.log
        while True:
            for handshake in log.handshakes(last):
                click.echo(describe_handshake(handshake))
                last = handshake.number
            log.wait_until(partial(self._has_handshakes, last), WAIT_S)
            if self._stopped.is_set():
                return

    def _has_handshakes(self, since: int) -> bool:
        return bool(self._websocket.log.handshakes(since))
