"""An example webhook receiver for Mews in FastAPI.

It answers at once and processes messages afterwards, because Mews waits no longer than 5 seconds
(https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook arrive at the same URL.
`fetcher` fetches the entities that have changed; `api_client` calls Mews.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api_client import ApiClient
from fastapi import FastAPI, Request, Response
from fetcher import Fetcher
from starlette.requests import ClientDisconnect

TOKEN = os.environ["MEWS_TOKEN"].encode()  # the secret in the URL that you register with Mews
# The entity that each event is about. Both events of a new customer have the same id.
ENTITIES = {
    "ServiceOrderUpdated": "reservations",
    "ResourceUpdated": "resources",
    "MessageAdded": "messages",
    "ResourceBlockUpdated": "resourceBlocks",
    "CustomerAdded": "customers",
    "CustomerUpdated": "customers",
    "PaymentUpdated": "payments",
    "ResourceDeleted": "resources",
    "ProductUpdated": "products",
    "ProductDeleted": "products",
}
DELETIONS = {"ResourceDeleted", "ProductDeleted"}
ACTIVE = {
    "IntegrationEnabled": True,
    "IntegrationReinstated": True,
    "IntegrationDisabled": False,
    "IntegrationCanceled": False,
}
ACTIONS = {*ACTIVE, "IntegrationCreated", "IntegrationDeleted", "IntegrationApiKeyCreated"}

Key = tuple[str, str, str]  # enterprise id, kind and id
logger = logging.getLogger("partner")
queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
integrations: dict[str, Integration] = {}  # by integration id
integration_ids: dict[str, str] = {}  # by enterprise id, as General Webhooks name them
entities: dict[Key, dict[str, Any]] = {}
deleted: set[Key] = set()


@dataclass
class Integration:
    """The connection of one enterprise; store it in a database, with its keys encrypted."""

    enterprise_id: str | None = None
    access_token: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)  # replaces the access token
    active: bool = True


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Run the worker next to the server."""
    logging.getLogger("uvicorn.access").addFilter(remove_query)  # the query contains the token
    load_tenants()
    async with ApiClient() as api_client:
        fetcher = Fetcher(api_client, access_token, store)
        worker = asyncio.create_task(process_queue(fetcher))
        yield
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
        await fetcher.close()


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/mews")
async def receive(request: Request) -> Response:
    """Check the token, check the message, queue it, and answer 202."""
    token = request.query_params.get("Token", "").encode()
    if not hmac.compare_digest(token, TOKEN):
        return Response(status_code=401)
    try:
        message = json.loads(await request.body())  # don't rely on a content type
        check(message)
    except (ValueError, TypeError, KeyError, RecursionError, ClientDisconnect):
        return Response(status_code=400)
    queue.put_nowait(message)
    return Response(status_code=202)


def check(message: Any) -> None:  # noqa: ANN401
    """Raise TypeError or KeyError if a property is missing that `handle` needs."""
    if isinstance(message, dict) and isinstance(message.get("Events"), list):
        strings = [message["EnterpriseId"], message["IntegrationId"]]
        strings += [event["Value"]["Id"] for event in message["Events"] if is_known(event)]
    else:
        action, data = message["Action"], message["Data"]
        strings = [action]
        strings += [data["Integration"]["Id"]] if action in ACTIONS else []
        if action == "IntegrationApiKeyCreated":
            strings += [data["ApiKey"]]
        elif action == "IntegrationCreated":
            strings += [data["Enterprise"]["Id"], data["AccessToken"]]
    if not all(isinstance(string, str) for string in strings):
        raise TypeError


def is_known(event: dict[str, Any]) -> bool:
    """Return whether this service handles an event; Mews may add others at any time."""
    return event["Discriminator"] in ENTITIES


async def process_queue(fetcher: Fetcher) -> None:
    """Handle the accepted messages, one after another; nothing here waits for Mews."""
    while True:
        message = await queue.get()
        try:
            handle(message, fetcher)
        except Exception:  # a bad message must not end the worker
            logger.exception("A message could not be handled")


def handle(message: dict[str, Any], fetcher: Fetcher) -> None:
    """Apply a message, which may arrive twice and in any order."""
    if "Events" in message:
        enterprise_id = message["EnterpriseId"]
        integration_ids[enterprise_id] = message["IntegrationId"]
        for event in filter(is_known, message["Events"]):
            kind, entity_id = ENTITIES[event["Discriminator"]], event["Value"]["Id"]
            if event["Discriminator"] in DELETIONS:
                remove(enterprise_id, kind, entity_id)
            elif (enterprise_id, kind, entity_id) not in deleted:  # an older event may come late
                fetcher.add(enterprise_id, kind, [entity_id])
        return
    action, data = message["Action"], message["Data"]
    if action not in ACTIONS:
        return
    integration = find_integration(data)
    if action == "IntegrationDeleted":
        integrations.pop(data["Integration"]["Id"])
    elif action in ACTIVE:
        integration.active = ACTIVE[action]
    elif action == "IntegrationApiKeyCreated":
        integration.api_key = data["ApiKey"]
    else:
        integration.enterprise_id = data["Enterprise"]["Id"]
        integration.access_token = data["AccessToken"]
        integration.active = data.get("IsEnabled") is not False  # enabled if missing or null
    fetcher.resume()  # events may have arrived before the token


def find_integration(data: dict[str, Any]) -> Integration:
    """Return the integration of an action; creates it, because a key may arrive first."""
    return integrations.setdefault(data["Integration"]["Id"], Integration())


def access_token(enterprise_id: str) -> str | None:
    """Return the access token of an enterprise; None while it is not connected or inactive.

    The token of a chain covers its properties, each with an enterprise id of its own: for these the
    integration is known from their webhooks.
    """
    own = [each for each in integrations.values() if each.enterprise_id == enterprise_id]
    of_chain = integrations.get(integration_ids.get(enterprise_id, ""))
    for integration in own or ([of_chain] if of_chain else []):
        if integration.active:
            return integration.api_key or integration.access_token
    return None


def load_tenants() -> None:
    """Load the integrations that exist already from the file in MEWS_TENANTS."""
    if path := os.environ.get("MEWS_TENANTS"):
        for tenant in tomllib.loads(Path(path).read_text("utf-8"))["enterprise"]:
            integration = Integration(tenant["id"], tenant["access_token"])
            integrations[tenant["integration_id"]] = integration


def store(enterprise_id: str, kind: str, entity: dict[str, Any]) -> None:
    """Store an entity unless a newer state is stored: responses may overtake each other.

    This is where your own work begins.
    """
    key = (enterprise_id, kind, entity["Id"])
    if key in deleted or entity.get("DeletedUtc"):
        remove(*key)
    elif updated_at(entity) >= updated_at(entities.get(key, {})):
        entities[key] = entity


def remove(enterprise_id: str, kind: str, entity_id: str) -> None:
    """Remove a deleted entity; a deletion is final, whatever arrives after it."""
    key = (enterprise_id, kind, entity_id)
    deleted.add(key)
    entities.pop(key, None)


def updated_at(entity: dict[str, Any]) -> str:
    """Return when an entity changed; these times can be compared as strings."""
    return str(entity.get("UpdatedUtc") or entity.get("CreatedUtc") or "")


def remove_query(record: logging.LogRecord) -> bool:
    """Remove the query from a line of uvicorn's access log."""
    if isinstance(record.args, tuple):
        client, method, path, *others = record.args
        record.args = (client, method, str(path).partition("?")[0], *others)
    return True
