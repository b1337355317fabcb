"""A twin with a clock of its own, and requests as a partner sends them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pytest_mews.emulator.connector_api import ApiRequest, ApiResponse, ConnectorApi
from pytest_mews.model import Message, Tenant, Tenants, WebhookKind
from pytest_mews.model.api_call import ApiCall

BEGAN = datetime(2026, 8, 7, 12, 0, 0, tzinfo=UTC)
HOTEL, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
INTEGRATION = "1a1a1a1a-1a1a-4a1a-8a1a-1a1a1a1a1a1a"
TENANTS = Tenants(
    "client-token-of-the-test",
    (
        Tenant(HOTEL, INTEGRATION, "access-token-one"),
        Tenant(OTHER, "2a2a2a2a-2a2a-4a2a-8a2a-2a2a2a2a2a2a", "access-token-two"),
    ),
)
PREFIX = "/api/connector/v1/"
JSON = {"content-type": "application/json"}


class Clock:
    """Milliseconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.ms = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.ms


def make(clock: Clock | None = None, **choices: bool | Callable[[ApiCall], None]) -> ConnectorApi:
    """Make a twin of the tenants."""
    return ConnectorApi(TENANTS, clock or Clock(), began=BEGAN, **choices)  # type: ignore[arg-type]


def guid(number: int) -> str:
    """Make an id."""
    return f"aaaaaaaa-0000-4000-8000-{number:012}"


def general(*events: tuple[str, str], enterprise: str = HOTEL) -> Message:
    """Write a General Webhook of (discriminator, id) pairs."""
    listed = [{"Discriminator": name, "Value": {"Id": each}} for name, each in events]
    body = {"EnterpriseId": enterprise, "IntegrationId": INTEGRATION, "Events": listed}
    return Message(WebhookKind.GENERAL, json.dumps(body).encode(), (), "", None, enterprise)


def integration(action: str, integration_id: str = INTEGRATION, **data: object) -> Message:
    """Write an Integration Webhook."""
    data = {"Integration": {"Id": integration_id, "Name": "It"}, **data}
    return Message(
        WebhookKind.INTEGRATION, json.dumps({"Action": action, "Data": data}).encode(), (), ""
    )


def body_for(operation: str, token: str = "access-token-one", **more: object) -> dict[str, Any]:
    """Write a right body for an operation; None leaves a property out."""
    body: dict[str, Any] = {
        "ClientToken": TENANTS.client_token,
        "AccessToken": token,
        "Client": "Test 1.0",
        "Limitation": {"Count": 1000},
    }
    if operation.startswith(("customers", "resources")):
        body["Extent"] = {"Customers": True, "Resources": True}
    if operation in {"configuration/get", "commands/getAllActive", "commands/update"}:
        del body["Limitation"]
    return {name: value for name, value in (body | more).items() if value is not None}


def request_for(operation: str, **more: object) -> ApiRequest:
    """Write a right request."""
    body = json.dumps(body_for(operation, **more)).encode()
    return ApiRequest("POST", PREFIX + operation, JSON, body)


def ask(twin: ConnectorApi, operation: str, **more: object) -> tuple[ApiCall, ApiResponse]:
    """Send a request and take its answer; returns the finished call."""
    return send(twin, request_for(operation, **more))


def send(twin: ConnectorApi, request: ApiRequest) -> tuple[ApiCall, ApiResponse]:
    """Send any request and take its answer."""
    pending = twin.begin(request)
    pending.done()
    return twin.calls(pending.call.number - 1)[0], pending.response


def said(response: ApiResponse) -> Any:  # noqa: ANN401 - JSON
    """Read an answer."""
    return json.loads(response.body)
