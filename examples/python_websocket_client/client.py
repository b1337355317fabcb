"""A WebSocket client for Mews to start from: it stays connected, reads on, and catches up."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

CLIENT = "My Integration/1.0"  # the name by which Mews finds your calls, and its version
API = os.environ.get("MEWS_API_URL", "https://api.mews.com")
WEBSOCKET = os.environ["MEWS_WEBSOCKET_URL"]  # without the path; Mews tells you the address
CLIENT_TOKEN = os.environ["MEWS_CLIENT_TOKEN"]
PING_S = float(os.environ.get("MEWS_PING_S", "20"))  # so a dead connection is noticed
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
ACTIVE = {"Pending", "Received", "Processing"}

log = logging.getLogger("mews")
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Tenant:
    """An enterprise that is connected."""

    id: str
    access_token: str


class Commands:
    """Carries out the commands of one enterprise, one after the other."""

    def __init__(self, tenant: Tenant, http: httpx.AsyncClient) -> None:
        self._tenant, self._http = tenant, http
        self._told: asyncio.Queue[list[str]] = asyncio.Queue()
        self._done: set[str] = set()

    def note(self, ids: list[str]) -> None:
        """Note what an event told of; an empty list asks for all that is active."""
        self._told.put_nowait(ids)

    async def work(self) -> None:
        """Look up, carry out, report, for ever."""
        while True:
            ids = await self._told.get()
            if ids:
                body = {"CommandIds": ids, "Limitation": {"Count": 1000}}
                answer = await self._ask("commands/getAllByIds", body)
            else:
                answer = await self._ask("commands/getAllActive", {})
            for command in answer.get("Commands", []):
                if command["State"] in ACTIVE and command["Id"] not in self._done:
                    await self._carry_out(command)

    async def _carry_out(self, command: Event) -> None:
        """Do what a command says: here your printer prints, or your encoder cuts a key."""
        await self._ask("commands/update", {"CommandId": command["Id"], "State": "Processed"})
        self._done.add(command["Id"])

    async def _ask(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a request until it is answered; what is our own mistake is given up."""
        whole = {
            "ClientToken": CLIENT_TOKEN,
            "AccessToken": self._tenant.access_token,
            "Client": CLIENT,
            **body,
        }
        for failures in range(100):
            wait_s = pause_s(failures)
            try:
                response = await self._http.post(f"/api/connector/v1/{operation}", json=whole)
                if response.is_success:
                    document: Mapping[str, Any] = response.json()
                    return document
                log.warning("%s was answered with %d", operation, response.status_code)
                if response.status_code not in (408, 429) and response.status_code < 500:  # noqa: PLR2004
                    return {}
                wait_s = max(wait_s, float(response.headers.get("Retry-After", 0)))
            except (httpx.HTTPError, ValueError) as problem:
                log.warning("%s failed: %s", operation, type(problem).__name__)
            await asyncio.sleep(wait_s)
        return {}


def pause_s(failures: int) -> float:
    """Wait longer each time, and never exactly as long as others do."""
    whole = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 30))
    return whole * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


def events_of(message: str | bytes) -> list[Event]:
    """Give the events that can be used; an odd message must not end the connection."""
    try:
        document = json.loads(message)
    except ValueError:
        document = None
    events = document.get("Events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        log.warning("a message of %d bytes can't be read", len(message))
        return []
    return [each for each in events if isinstance(each, dict) and isinstance(each.get("Id"), str)]


def handle(events: Sequence[Event], commands: Commands) -> None:
    """Note what is to be done, and do nothing that waits: the next message may be here already."""
    ids = [
        event["Id"]
        for event in events
        if event.get("Type") == "DeviceCommand" and event.get("State") == "Pending"
    ]
    if ids:
        commands.note(list(dict.fromkeys(ids)))
    for event in events:
        match event.get("Type"):
            case "Reservation" | "Resource":
                keep(event)  # Id and State are in it; fetch by the id what else you need
            case "PriceUpdate":
                keep(event)  # all but Id may be missing or null
            case _:
                pass  # a command, or a type of the future


def keep(event: Event) -> None:
    """Store what changed; your own work begins here."""
    log.debug("%s %s", event["Type"], event["Id"])


async def stay_connected(tenant: Tenant, commands: Commands) -> None:
    """Connect, read, and connect again, for ever."""
    cookies = f"ClientToken={CLIENT_TOKEN}; AccessToken={tenant.access_token}"  # no blanks at =
    failures = 0
    while True:
        try:
            async with connect(
                f"{WEBSOCKET}/ws/connector",
                additional_headers={"Cookie": cookies},
                ping_interval=PING_S,
                ping_timeout=PING_S,
            ) as connection:
                failures = 0
                commands.note([])  # what came while nobody was connected
                await read(connection, commands)
        except (OSError, InvalidHandshake, ConnectionClosed) as problem:
            log.warning("the connection of %s ended: %s", tenant.id, type(problem).__name__)
        await asyncio.sleep(pause_s(failures))
        failures += 1


async def read(connection: ClientConnection, commands: Commands) -> None:
    """Read until the connection is closed."""
    async for message in connection:
        handle(events_of(message), commands)


def tenants_of(file: Path) -> list[Tenant]:
    """Read whom to connect for."""
    tables = tomllib.loads(file.read_text("utf-8"))["enterprise"]
    return [Tenant(each["id"], each["access_token"]) for each in tables]


async def main(tenants: Sequence[Tenant]) -> None:
    """Stay connected for every enterprise."""
    async with httpx.AsyncClient(base_url=API, timeout=30) as http, asyncio.TaskGroup() as tasks:
        for tenant in tenants:
            commands = Commands(tenant, http)
            tasks.create_task(commands.work())
            tasks.create_task(stay_connected(tenant, commands))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(main(tenants_of(Path(os.environ["MEWS_TENANTS"]))))
