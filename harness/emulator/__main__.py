"""Play the Connector API alone: `python -m pytest_mews.emulator --listen 127.0.0.1:8088`.

Any id exists as soon as it is asked for. Point your service at the address that is printed, in
the place of https://api.mews.com, and give it the tokens that are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pytest_mews.config import tenants
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.entity_values import make_id
from pytest_mews.emulator.connector_api.operations import OPERATIONS, PREFIX
from pytest_mews.errors import UsageError
from pytest_mews.model import Message, Tenants, WebhookKind
from pytest_mews.model.api_call import ApiCall

LISTEN = "127.0.0.1:8088"
HIGHEST_PORT = 65535
_MESSAGES = 3  # of each enterprise: they can't be asked for by ids, so they are there at once


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    options = _parser().parse_args(arguments)
    try:
        players = _players(options.tenants)
        host, port = _address(options.listen)
        started = time.monotonic()
        twin = ConnectorApi(
            players,
            lambda: (time.monotonic() - started) * 1000,
            began=datetime.now(UTC),
            open_ids=True,
            enforce_quota=options.quota,
            sink=lambda call: _say(describe(call)),
        )
        furnish(twin, players)
        server = ConnectorApiServer(twin, host, port, option="--listen")
        with contextlib.suppress(KeyboardInterrupt), server:
            _say(*greeting(server.url, players))
            threading.Event().wait()
    except UsageError as mistake:
        _parser().error(str(mistake))


def greeting(url: str, players: Tenants) -> list[str]:
    """Say where the twin is, what it serves and what a service needs to call it."""
    operations = [
        f"  {name}{'  (deprecated)' if operation.deprecated else ''}"
        for name, operation in OPERATIONS.items()
    ]
    tokens = [
        f"  enterprise {tenant.id}: AccessToken {tenant.access_token}"
        for tenant in players.enterprises
    ]
    return [
        f"The Connector API of Mews, played at {url}{PREFIX.rstrip('/')}",
        *operations,
        f"Give your service {url} in the place of https://api.mews.com, and these tokens:",
        f"  ClientToken {players.client_token}",
        *tokens,
        "Any id exists as soon as it is asked for. Ctrl-C ends.",
    ]


def describe(call: ApiCall) -> str:
    """Say in one line what a request was and what it got."""
    status = "reset" if call.status is None else str(call.status)
    parts = [
        status,
        call.operation or call.path,
        f"enterprise {call.enterprise_id or 'unknown'}",
        f"asked {len(call.asked)}, returned {len(call.returned)}",
    ]
    if call.cursor is not None:
        parts.append("more to come")
    if call.request_problems:
        parts.append(", ".join(call.request_problems))
    if call.message:
        parts.append(call.message)
    return "  ".join(parts)


def furnish(twin: ConnectorApi, players: Tenants) -> None:
    """Put a few messages into each enterprise."""
    for tenant in players.enterprises:
        ids = [make_id(f"{tenant.id}/message/{number}") for number in range(_MESSAGES)]
        body = {
            "EnterpriseId": tenant.id,
            "IntegrationId": tenant.integration_id,
            "Events": [{"Discriminator": "MessageAdded", "Value": {"Id": each}} for each in ids],
        }
        twin.apply_message(
            Message(WebhookKind.GENERAL, json.dumps(body).encode(), (), "", None, tenant.id)
        )


def _parser() -> argparse.ArgumentParser:
    summary = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m pytest_mews.emulator",
        description=summary[0],
        epilog=summary[2],
    )
    parser.add_argument("--listen", metavar="HOST:PORT", default=LISTEN, help=f"({LISTEN})")
    parser.add_argument("--tenants", metavar="FILE", type=Path, help="whom it plays (TOML)")
    parser.add_argument(
        "--quota",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="refuse more than 200 requests per AccessToken within 30 s",
    )
    return parser


def _players(path: Path | None) -> Tenants:
    if path is None:
        return tenants.DEFAULT
    try:
        return tenants.load(path)
    except UsageError as mistake:  # it names the option of a certification
        said = mistake.value, mistake.problem, mistake.remedy
        raise UsageError("--tenants", *said) from None


def _address(listen: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]:]+)):(\d+)", listen)
    if found is None or int(found[3]) > HIGHEST_PORT:
        problem = "is not HOST:PORT" if found is None else "has a port above 65535"
        remedy = f"Give an address and a port, such as {LISTEN}; port 0 is a free one."
        raise UsageError("--listen", listen, problem, remedy)
    return found[1] or found[2], int(found[3])


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
