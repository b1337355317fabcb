"""An example WebSocket client for Mews: it stays connected, handles events, and catches up."""

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

CLIENT = "My Integration/1.0"  # your application's name and version; Mews identifies calls by it
API = os.environ.get("MEWS_API_URL", "https://api.mews.com")
WEBSOCKET = os.environ["MEWS_WEBSOCKET_URL"]  # without the path; Mews gives you the address
CLIENT_TOKEN = os.environ["MEWS_CLIENT_TOKEN"]
PING_S = float(os.environ.get("MEWS_PING_S", "20"))  # to detect a dead connection
FIRST_PAUSE_S, MAX_PAUSE_S = 0.5, 60.0
ACTIVE = {"Pending", "Received", "Processing"}

logger = logging.getLogger("mews")
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Tenant:
    """An enterprise that is connected."""

    id: str
    access_token: str


class CommandWorker:
    """Executes the commands of one enterprise, one after another."""

    def __init__(self, tenant: Tenant, http: httpx.AsyncClient) -> None:
        self._tenant, self._http = tenant, http
        self._queue: asyncio.Queue[list[str]] = asyncio.Queue()
        self._done: set[str] = set()

    def add(self, ids: list[str]) -> None:
        """Queue the commands with these ids; an empty list means all active commands."""
        self._queue.put_nowait(ids)

    async def run(self) -> None:
        """Look up and execute queued commands."""
        while True:
            ids = await self._queue.get()
            if ids:
                body = {"CommandIds": ids, "Limitation": {"Count": 1000}}
                response = await self._call("commands/getAllByIds", body)
            else:
                response = await self._call("commands/getAllActive", {})
            for command in response.get("Commands", []):
                if command["State"] in ACTIVE and command["Id"] not in self._done:
                    await self._execute(command)

    async def _execute(self, command: Document) -> None:
        """Execute a command: this is where your printer prints, or your encoder cuts a key."""
        await self._call("commands/update", {"CommandId": command["Id"], "State": "Processed"})
        self._done.add(command["Id"])

    async def _call(self, operation: str, body: Document) -> Document:
        """Call an operation until it succeeds; give up on our own errors."""
        request = {
            "ClientToken": CLIENT_TOKEN,
            "AccessToken": self._tenant.access_token,
            "Client": CLIENT,
            **body,
        }
        for failures in range(100):
            wait_s = pause_s(failures)
            try:
                response = await self._http.post(f"/api/connector/v1/{operation}", json=request)
                if response.is_success:
                    document: Document = response.json()
                    return document
                logger.warning("%s was answered with %d", operation, response.status_code)
                if response.status_code not in (408, 409, 429) and response.status_code < 500:  # noqa: PLR2004
                    return {}
                wait_s = max(wait_s, float(response.headers.get("Retry-After", 0)))
            except (httpx.HTTPError, ValueError) as error:
                logger.warning("%s failed: %s", operation, type(error).__name__)
            await asyncio.sleep(wait_s)
        return {}


def pause_s(failures: int) -> float:
    """Return the seconds to wait: longer after each failure, and random."""
    pause = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 30))
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret


def events_of(message: str | bytes) -> list[Document]:
    """Return the events with an Id; an unreadable message must not end the connection."""
    try:
        document = json.loads(message)
    except ValueError:
        document = None
    events = document.get("Events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        logger.warning("Can't read a message of %d bytes", len(message))
        return []
    return [
        event for event in events if isinstance(event, dict) and isinstance(event.get("Id"), str)
    ]


def handle(events: Sequence[Document], worker: CommandWorker) -> None:
    """Queue the work that events cause; must not wait, so that the next message is read at once."""
    ids = [
        event["Id"]
        for event in events
        if event.get("Type") == "DeviceCommand" and event.get("State") == "Pending"
    ]
    if ids:
        worker.add(list(dict.fromkeys(ids)))
    for event in events:
        match event.get("Type"):
            case "Reservation" | "Resource":
                store(event)  # it has Id and State; fetch everything else by id
            case "PriceUpdate":
                store(event)  # every property except Id may be missing or null
            case _:
                pass  # a command, or a type that Mews may add


def store(event: Document) -> None:
    """Store a change: this is where your own work begins."""
    logger.debug("%s %s", event["Type"], event["Id"])


async def stay_connected(tenant: Tenant, worker: CommandWorker) -> None:
    """Connect, read, and reconnect whenever the connection ends."""
    cookies = f"ClientToken={CLIENT_TOKEN}; AccessToken={tenant.access_token}"  # no spaces at =
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
                worker.add([])  # commands that arrived while the client was disconnected
                await read(connection, worker)
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            logger.warning("The connection of %s ended: %s", tenant.id, type(error).__name__)
        await asyncio.sleep(pause_s(failures))
        failures += 1


async def read(connection: ClientConnection, worker: CommandWorker) -> None:
    """Handle messages until the connection ends."""
    async for message in connection:
        handle(events_of(message), worker)


def load_tenants(file: Path) -> list[Tenant]:
    """Load the enterprises to connect for."""
    tables = tomllib.loads(file.read_text("utf-8"))["enterprise"]
    return [Tenant(table["id"], table["access_token"]) for table in tables]


async def main(tenants: Sequence[Tenant]) -> None:
    """Stay connected for every enterprise."""
    async with httpx.AsyncClient(base_url=API, timeout=30) as http, asyncio.TaskGroup() as tasks:
        for tenant in tenants:
            worker = CommandWorker(tenant, http)
            tasks.create_task(worker.run())
            tasks.create_task(stay_connected(tenant, worker))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(main(load_tenants(Path(os.environ["MEWS_TENANTS"]))))
