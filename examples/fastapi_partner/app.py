"""An example webhook receiver for Mews in FastAPI.

It stores what a message says, answers, and fetches afterwards what has changed, because Mews waits
no longer than 5 seconds (https://docs.mews.com/connector-api/events/wh-faq). Both kinds of webhook
arrive at the same URL. `storage` has what must survive a restart, `fetcher` fetches the entities,
and `api_client` calls Mews.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from api_client import ApiClient
from fastapi import FastAPI, Request, Response
from fetcher import Fetcher
from starlette.requests import ClientDisconnect
from storage import Storage

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

logger = logging.getLogger("partner")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Fetch what has changed as long as the server runs."""
    logging.getLogger("uvicorn.access").addFilter(remove_query)  # the query contains the token
    storage = Storage(os.environ.get("MEWS_DATABASE", "partner.sqlite3"))
    load_tenants(storage)
    async with ApiClient() as api_client:
        fetcher = Fetcher(api_client, storage)
        app.state.storage, app.state.fetcher = storage, fetcher
        fetcher.resume()  # what the last process did not come to
        yield
        await fetcher.close()
    storage.close()


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/mews")
async def receive(request: Request) -> Response:
    """Check the token, check the message, store what it says, and answer 202."""
    token = request.query_params.get("Token", "").encode()
    if not hmac.compare_digest(token, TOKEN):
        return Response(status_code=401)
    try:
        message = json.loads(await request.body())  # don't rely on a content type
        check(message)
    except (ValueError, TypeError, KeyError, RecursionError, ClientDisconnect):
        return Response(status_code=400)
    handle(message, app.state.storage, app.state.fetcher)
    return Response(status_code=202)


def check(message: Any) -> None:  # noqa: ANN401
    """Raise TypeError, KeyError or ValueError if `handle` could not store the message."""
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
    "".join(strings).encode()  # TypeError: not all are strings; ValueError: a lone surrogate


def is_known(event: dict[str, Any]) -> bool:
    """Return whether this service handles an event; Mews may add others at any time."""
    return event["Discriminator"] in ENTITIES


def handle(message: dict[str, Any], storage: Storage, fetcher: Fetcher) -> None:
    """Store what a message says, which may arrive twice and in any order; wait for nothing."""
    if "Events" in message:
        enterprise_id = message["EnterpriseId"]
        changed: dict[str, set[str]] = {}
        with storage.transaction():
            storage.set_integration(enterprise_id, message["IntegrationId"])
            for event in filter(is_known, message["Events"]):
                kind, entity_id = ENTITIES[event["Discriminator"]], event["Value"]["Id"]
                if event["Discriminator"] in DELETIONS:
                    storage.delete(enterprise_id, kind, entity_id)
                else:
                    changed.setdefault(kind, set()).add(entity_id)
            for kind, ids in changed.items():
                storage.add_changes(enterprise_id, kind, ids)
        for kind in changed:
            fetcher.fetch(enterprise_id, kind)
        return
    action, data = message["Action"], message["Data"]
    if action not in ACTIONS:
        return
    integration_id = data["Integration"]["Id"]
    with storage.transaction():
        if action == "IntegrationDeleted":
            storage.disconnect(integration_id)
        elif action in ACTIVE:
            storage.set_active(integration_id, is_active=ACTIVE[action])
        elif action == "IntegrationApiKeyCreated":
            storage.set_api_key(integration_id, data["ApiKey"])
        else:
            storage.connect(
                integration_id,
                data["Enterprise"]["Id"],
                data["AccessToken"],
                is_active=data.get("IsEnabled") is not False,  # enabled if missing or null
            )
    fetcher.resume()  # events may have arrived before the token


def load_tenants(storage: Storage) -> None:
    """Store the integrations in the file in MEWS_TENANTS, unless they are stored already."""
    if path := os.environ.get("MEWS_TENANTS"):
        tenants = tomllib.loads(Path(path).read_text("utf-8"))["enterprise"]
        with storage.transaction():
            for tenant in tenants:
                if not storage.has_integration(tenant["integration_id"]):
                    ids = (tenant["integration_id"], tenant["id"])
                    storage.connect(*ids, tenant["access_token"], is_active=True)


def remove_query(record: logging.LogRecord) -> bool:
    """Remove the query from a line of uvicorn's access log."""
    if isinstance(record.args, tuple):
        client, method, path, *others = record.args
        record.args = (client, method, str(path).partition("?")[0], *others)
    return True
