"""A webhook receiver for Mews to start from.

It answers at once and works afterwards, because Mews waits no longer than 5 seconds
(https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook come to the same URL.
What a message says has changed is then fetched: `fetching` says how, `connector` calls Mews.
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

from connector import Connector
from fastapi import FastAPI, Request, Response
from fetching import Fetcher
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
integrations: dict[str, Integration] = {}  # by integration id
entities: dict[tuple[str, str, str], dict[str, Any]] = {}  # by enterprise id, kind and id


@dataclass
class Integration:
    """One enterprise's connection; keep it in a database, its keys encrypted."""

    enterprise_id: str | None = None
    access_token: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)  # replaces the access token
    active: bool = True


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Run the worker beside the server."""
    logging.getLogger("uvicorn.access").addFilter(without_query)  # the query bears the token
    connect_known()
    async with Connector() as connector:
        fetcher = Fetcher(connector, credential, keep)
        worker = asyncio.create_task(work(fetcher))
        yield
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
        await fetcher.close()


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


async def work(fetcher: Fetcher) -> None:
    """Handle what was accepted, one message after the other; nothing here waits for Mews."""
    while True:
        message = await queue.get()
        try:
            handle(message, fetcher)
        except Exception:  # a bad message must not end the worker
            logger.exception("A message could not be handled")


def handle(message: dict[str, Any], fetcher: Fetcher) -> None:
    """Note what a message says. It may come twice, and in any order."""
    if "Events" in message:
        for event in filter(known, message["Events"]):
            kind = ENTITIES[event["Discriminator"]]
            fetcher.note(message["EnterpriseId"], kind, [event["Value"]["Id"]])
        return
    action, data = message["Action"], message["Data"]
    if action not in ACTIONS:
        return
    told = integration(data)
    if action == "IntegrationDeleted":
        integrations.pop(data["Integration"]["Id"])
    elif action in ACTIVE:
        told.active = ACTIVE[action]
    elif action == "IntegrationApiKeyCreated":
        told.api_key = data["ApiKey"]
    else:
        told.enterprise_id = data["Enterprise"]["Id"]
        told.access_token = data["AccessToken"]
        told.active = data.get("IsEnabled") is not False  # missing or null is no word for it
    if told.enterprise_id:
        fetcher.wake(told.enterprise_id)  # events may have come before the access token did


def integration(data: dict[str, Any]) -> Integration:
    """Find an integration; a key may come before the creation does."""
    return integrations.setdefault(data["Integration"]["Id"], Integration())


def credential(enterprise_id: str) -> str | None:
    """Give the access token of an enterprise; None while it is not connected, or switched off."""
    for each in integrations.values():
        if each.enterprise_id == enterprise_id and each.active:
            return each.api_key or each.access_token
    return None


def connect_known() -> None:
    """Read the integrations that exist already from the file that MEWS_TENANTS names."""
    if path := os.environ.get("MEWS_TENANTS"):
        for each in tomllib.loads(Path(path).read_text("utf-8"))["enterprise"]:
            integrations[each["integration_id"]] = Integration(each["id"], each["access_token"])


def keep(enterprise_id: str, kind: str, entity: dict[str, Any]) -> None:
    """Keep an entity unless a newer state of it is here: answers may overtake each other.

    Here your own work begins.
    """
    key = (enterprise_id, kind, entity["Id"])
    if changed(entity) >= changed(entities.get(key, {})):
        entities[key] = entity


def changed(entity: dict[str, Any]) -> str:
    """Say when an entity changed; these datetimes compare as text."""
    return str(entity.get("UpdatedUtc") or entity.get("CreatedUtc") or "")


def without_query(record: logging.LogRecord) -> bool:
    """Cut the query off a line of uvicorn's access log."""
    if isinstance(record.args, tuple):
        client, method, path, *rest = record.args
        record.args = (client, method, str(path).partition("?")[0], *rest)
    return True
