"""Models of the webhooks that forbid unknown properties."""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel

STRICT = {"extra": "forbid"}


class Entity(BaseModel, **STRICT):
    """The entity that an event is about."""

    Id: str


class Event(BaseModel, **STRICT):
    """One event."""

    Discriminator: str
    Value: Entity


class General(BaseModel, **STRICT):
    """A General Webhook."""

    EnterpriseId: str
    IntegrationId: str
    Events: list[Event]


class Integration(BaseModel, **STRICT):
    """An Integration Webhook."""

    Action: str
    Data: dict[str, Any]


app = FastAPI()


@app.post("/webhooks/mews", status_code=202)
async def receive(_: General | Integration, Token: str = "") -> Response:  # noqa: N803
    """Accept every message that the models accept."""
    return Response(status_code=202 if Token == os.environ["MEWS_TOKEN"] else 401)
