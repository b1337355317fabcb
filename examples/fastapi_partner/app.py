"""A webhook receiver for Mews to start from.

It answers at once and works afterwards, because Mews waits no longer than 5 seconds
(https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook come to the same URL.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

TOKEN = os.environ["MEWS_TOKEN"].encode()  # the secret in the URL that you give to Mews
# What changed, by event. Both events of a new customer name the same id: it is fetched once.
ENTITIES = {
    "ServiceOrderUpdated": "reservations",
    "ResourceUpdated": "resources",
    "MessageAdded": "messages",
    "ResourceBlockUpdated": "resourceBlocks",
    "CustomerAdded": "customers",
    "CustomerUpdated": "customers",
    "PaymentUpdated": "payments",
}
ACTIVE = {
    "IntegrationEnabled": True,
    "IntegrationReinstated": True,
    "IntegrationDisabled": False,
    "IntegrationCanceled": False,
}
ACTIONS = {*ACTIVE, "IntegrationCreated", "IntegrationDeleted", "IntegrationApiKeyCreated"}

logger = logging.getLogger("partner")
queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
changed: dict[tuple[str, str], set[str]] = {}  # (enterprise id, entity) -> ids to fetch
integrations: dict[str, Integration] = {}  # by integration id


@dataclass
class Integration:
    """One enterprise's connection; keep it in a database, its keys encrypted."""

    enterprise_id: str | None = None
    access_token: str | None = None
    api_key: str | None = None  # replaces the access token once it has come
    active: bool = True


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Run the worker beside the server."""
    logging.getLogger("uvicorn.access").addFilter(without_query)  # the query bears the token
    worker = asyncio.create_task(work())
    yield
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/mews")
async def receive(request: Request) -> Response:
    """Check who it is, check that it can be read, queue it, and say thanks."""
    given = request.query_params.get("Token", "").encode()
    if not hmac.compare_digest(given, TOKEN):
        return Response(status_code=401)
    try:
        message = json.loads(await request.body())  # whatever the content type: Mews promises none
        check(message)
    except (ValueError, TypeError, KeyError, RecursionError, ClientDisconnect):
        return Response(status_code=400)
    queue.put_nowait(message)
    return Response(status_code=202)


def check(message: Any) -> None:  # noqa: ANN401
    """Raise TypeError or KeyError where something is missing that `handle` needs."""
    if isinstance(message, dict) and isinstance(message.get("Events"), list):
        texts = [message["EnterpriseId"], message["IntegrationId"]]
        texts += [each["Value"]["Id"] for each in message["Events"] if known(each)]
    else:
        action, data = message["Action"], message["Data"]
        texts = [action]
        texts += [data["Integration"]["Id"]] if action in ACTIONS else []
        if action == "IntegrationApiKeyCreated":
            texts += [data["ApiKey"]]
        elif action == "IntegrationCreated":
            texts += [data["Enterprise"]["Id"], data["AccessToken"]]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError


def known(event: dict[str, Any]) -> bool:
    """Tell whether an event is one of ours; Mews may add others at any time."""
    return event["Discriminator"] in ENTITIES


async def work() -> None:
    """Handle what was accepted, one message after the other."""
    while True:
        message = await queue.get()
        try:
            handle(message)
        except Exception:  # a bad message must not end the worker
            logger.exception("A message could not be handled")


def handle(message: dict[str, Any]) -> None:
    """Note what a message says. It may come twice, and in any order."""
    if "Events" in message:
        for event in filter(known, message["Events"]):
            entity = (message["EnterpriseId"], ENTITIES[event["Discriminator"]])
            changed.setdefault(entity, set()).add(event["Value"]["Id"])
        return  # here you fetch: one call for all ids of an entity
    action, data = message["Action"], message["Data"]
    if action == "IntegrationDeleted":
        integrations.pop(data["Integration"]["Id"], None)
    elif action in ACTIVE:
        integration(data).active = ACTIVE[action]
    elif action == "IntegrationApiKeyCreated":
        integration(data).api_key = data["ApiKey"]
    elif action == "IntegrationCreated":
        created = integration(data)
        created.enterprise_id = data["Enterprise"]["Id"]
        created.access_token = data["AccessToken"]
        created.active = data.get("IsEnabled", True)


def integration(data: dict[str, Any]) -> Integration:
    """Find an integration; a key may come before the creation does."""
    return integrations.setdefault(data["Integration"]["Id"], Integration())


def without_query(record: logging.LogRecord) -> bool:
    """Cut the query off a line of uvicorn's access log."""
    if isinstance(record.args, tuple):
        client, method, path, *rest = record.args
        record.args = (client, method, str(path).partition("?")[0], *rest)
    return True
