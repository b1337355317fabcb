"""A receiver for the webhooks of Mews."""

import asyncio
import logging
import os

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ValidationError

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


@app.post("/webhooks/mews")
async def receive(request: Request) -> Response:
    """Check a message, and handle its events."""
    body = await request.body()
    try:
        message = GeneralWebhook.model_validate_json(body)
    except ValidationError:
        return Response(status_code=422)
    if body in accepted:
        return Response(status_code=409)
    accepted.add(body)
    for event in message.Events:
        await handle(event)
    return Response(status_code=200)


async def handle(event: Event) -> None:
    """Do your work for an event; a request that takes 15 ms stands for it here."""
    await asyncio.sleep(0.015)
    logger.info("%s %s", event.Discriminator, event.Value.Id)
