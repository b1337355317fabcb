"""A receiver for the webhooks of Mews."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, TypeAdapter, ValidationError

TOKEN = os.environ["MEWS_TOKEN"]  # the secret in the URL that you register with Mews

logger = logging.getLogger("receiver")


class Entity(BaseModel):
    """The entity that has changed."""

    Id: str


class Event(BaseModel):
    """A change: what happened, and to which entity."""

    Discriminator: str
    Value: Entity


class GeneralWebhook(BaseModel):
    """A message about changes in one enterprise."""

    EnterpriseId: str
    IntegrationId: str
    Events: list[Event]


class Data(BaseModel):
    """What every action names: the integration, which has an id as entities have."""

    Integration: Entity


class IntegrationWebhook(BaseModel):
    """A message about an integration: created, enabled, disabled, …."""

    Action: str
    Data: Data


Message = TypeAdapter(GeneralWebhook | IntegrationWebhook)
messages: asyncio.Queue[GeneralWebhook | IntegrationWebhook] = asyncio.Queue()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Run the worker beside the server."""
    worker = asyncio.create_task(work())
    yield
    worker.cancel()


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/mews")
async def receive(request: Request) -> Response:
    """Check a message, store it, and answer at once."""
    try:
        message = Message.validate_json(await request.body())
    except ValidationError:
        return Response(status_code=422)
    messages.put_nowait(message)
    return Response(status_code=202)


async def work() -> None:
    """Handle the stored messages, one after another."""
    while True:
        message = await messages.get()
        if isinstance(message, GeneralWebhook):
            for event in message.Events:
                try:
                    await handle(event)
                except Exception:
                    logger.exception("an event could not be handled")


async def handle(event: Event) -> None:
    """Do your work for an event; a request that takes 15 ms stands for it here."""
    await asyncio.sleep(0.015)
    logger.info("%s %s", event.Discriminator, event.Value.Id)
