"""A receiver for the webhooks of Mews."""

import asyncio
import logging
import os

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, TypeAdapter, ValidationError

TOKEN = os.environ["MEWS_TOKEN"]  # the secret in the URL that you register with Mews

logger = logging.getLogger("receiver")
app = FastAPI()
accepted: set[bytes] = set()


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


@app.post("/webhooks/mews")
async def receive(request: Request) -> Response:
    """Check a message, and handle its events."""
    body = await request.body()
    try:
        message = Message.validate_json(body)
    except ValidationError:
        return Response(status_code=422)
    if body in accepted:
        return Response(status_code=409)
    accepted.add(body)
    if isinstance(message, GeneralWebhook):
        for event in message.Events:
            await handle(event)
    return Response(status_code=200)


async def handle(event: Event) -> None:
    """Do your work for an event; a request that takes 15 ms stands for it here."""
    await asyncio.sleep(0.015)
    logger.info("%s %s", event.Discriminator, event.Value.Id)
