"""Run the Connector API emulator: `python -m pytest_mews.emulator --listen 127.0.0.1:8088`.

Every id exists as soon as a request asks for it. Configure your service with the printed address
instead of https://api.mews.com, and with the printed tokens.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pytest_mews.config.tenants import DEFAULT_TENANTS, load_tenants
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.entity_values import make_id
from pytest_mews.emulator.connector_api.operations import OPERATIONS, PREFIX
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.errors import UsageError
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import Message, Tenants, WebhookKind
from pytest_mews.model.api_call import ApiCall

DEFAULT_ADDRESS = "127.0.0.1:8088"
MAX_PORT = 65535
MESSAGES_PER_ENTERPRISE = 3  # no request can create a message: none asks for messages by id


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and serve until Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        tenants = _tenants_from(options.tenants)
        host, port = _parse_address(options.listen)
        started = time.monotonic()
        connector_api = ConnectorApi(
            tenants,
            lambda: (time.monotonic() - started) * 1000,
            started_utc=datetime.now(UTC),
            open_ids=True,
            enforce_rate_limit=options.rate_limit,
            sink=lambda call: _print_lines(describe(call)),
        )
        add_sample_messages(connector_api, tenants)
        failures = EmulatorFailures(sink=traceback.print_exception)
        server = ConnectorApiServer(connector_api, host, port, option="--listen", failures=failures)
        with contextlib.suppress(KeyboardInterrupt), server:
            _print_lines(*greeting(server.url, tenants))
            threading.Event().wait()
    except UsageError as error:
        _parser().error(str(error))


def greeting(url: str, tenants: Tenants) -> list[str]:
    """Return the lines printed at the start: the address, the operations and the tokens."""
    operations = [
        f"  {name}{'  (deprecated)' if operation.deprecated else ''}"
        for name, operation in OPERATIONS.items()
    ]
    tokens = [
        f"  enterprise {tenant.id}: AccessToken {tenant.access_token}"
        for tenant in tenants.enterprises
    ]
    return [
        f"The Connector API emulator listens at {url}{PREFIX.rstrip('/')} and serves:",
        *operations,
        f"Configure your service with {url} instead of https://api.mews.com and these tokens:",
        f"  ClientToken {tenants.client_token}",
        *tokens,
        "Every id exists as soon as a request asks for it. Press Ctrl-C to stop.",
    ]


def describe(call: ApiCall) -> str:
    """Return the line printed for a call: status, operation, ids and problems."""
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


def _parser() -> argparse.ArgumentParser:
    description, _, epilog = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m pytest_mews.emulator",
        description=description,
        epilog=epilog,
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default=DEFAULT_ADDRESS,
        help="address to listen on; port 0 selects a free port (default: %(default)s)",
    )
    parser.add_argument(
        "--tenants",
        metavar="FILE",
        type=Path,
        help="TOML file with the enterprises and their tokens (default: two built-in ones)",
    )
    parser.add_argument(
        "--rate-limit",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=f"answer 429 to more than {REQUESTS_PER_TOKEN} requests per AccessToken within "
        f"{REQUEST_WINDOW_S} s",
    )
    return parser


def _tenants_from(path: Path | None) -> Tenants:
    if path is None:
        return DEFAULT_TENANTS
    try:
        return load_tenants(path)
    except UsageError as error:  # it names --mews-tenants, the option of a certification
        raise UsageError("--tenants", error.value, error.problem, error.remedy) from None


def _parse_address(address: str) -> tuple[str, int]:
    match = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]:]+)):(\d+)", address)
    if match is None or int(match[3]) > MAX_PORT:
        problem = "is not HOST:PORT" if match is None else f"has a port above {MAX_PORT}"
        remedy = (
            f"Give an address and a port, such as {DEFAULT_ADDRESS}; port 0 selects a free one."
        )
        raise UsageError("--listen", address, problem, remedy)
    return match[1] or match[2], int(match[3])


def _print_lines(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
