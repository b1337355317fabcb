"""A Connector API emulator with a manual clock, and a client that calls it directly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pytest_mews.emulator.connector_api import ApiRequest, ApiResponse, ConnectorApi
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.model import Message, Tenant, Tenants, WebhookKind
from pytest_mews.model.api_call import ApiCall

STARTED = datetime(2026, 8, 7, 12, 0, 0, tzinfo=UTC)
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
    """A clock in milliseconds that a test sets."""

    def __init__(self) -> None:
        self.ms = 0.0

    def __call__(self) -> float:
        """Return the time in milliseconds."""
        return self.ms


def make_connector_api(
    clock: Clock | None = None, **options: bool | Callable[[ApiCall], None]
) -> ConnectorApi:
    """Create an emulator for `TENANTS`."""
    return ConnectorApi(TENANTS, clock or Clock(), started_utc=STARTED, **options)  # type: ignore[arg-type]


def guid(number: int) -> str:
    """Return the GUID for a number."""
    return f"aaaaaaaa-0000-4000-8000-{number:012}"


def general_webhook(*events: tuple[str, str], enterprise: str = HOTEL) -> Message:
    """Build a General Webhook from pairs of discriminator and entity id."""
    values = [{"Discriminator": name, "Value": {"Id": id_}} for name, id_ in events]
    body = {"EnterpriseId": enterprise, "IntegrationId": INTEGRATION, "Events": values}
    return Message(WebhookKind.GENERAL, json.dumps(body).encode(), (), "", None, enterprise)


def integration_webhook(action: str, integration_id: str = INTEGRATION, **data: object) -> Message:
    """Build an Integration Webhook."""
    data = {"Integration": {"Id": integration_id, "Name": "Integration"}, **data}
    return Message(
        WebhookKind.INTEGRATION, json.dumps({"Action": action, "Data": data}).encode(), (), ""
    )


def body_for(
    operation: str, token: str = "access-token-one", **properties: object
) -> dict[str, Any]:
    """Build a valid body for an operation; a value of None removes the property."""
    body: dict[str, Any] = {
        "ClientToken": TENANTS.client_token,
        "AccessToken": token,
        "Client": "Test 1.0",
        "Limitation": {"Count": 1000},
    }
    if operation.startswith(("customers", "resources")):
        body["Extent"] = {"Customers": True, "Resources": True}
    if operation == "payments/getAll":  # it needs a filter: this one selects all
        body["States"] = ["Charged", "Canceled", "Pending", "Failed", "Verifying"]
    if operation in {"configuration/get", "commands/getAllActive", "commands/update"}:
        del body["Limitation"]
    return {name: value for name, value in (body | properties).items() if value is not None}


def request_for(operation: str, **properties: object) -> ApiRequest:
    """Build a valid request."""
    body = json.dumps(body_for(operation, **properties)).encode()
    return ApiRequest("POST", PREFIX + operation, JSON, body)


def call_operation(
    connector_api: ConnectorApi, operation: str, **properties: object
) -> tuple[ApiCall, ApiResponse]:
    """Call an operation; return the answered call and the response."""
    return send_request(connector_api, request_for(operation, **properties))


def send_request(connector_api: ConnectorApi, request: ApiRequest) -> tuple[ApiCall, ApiResponse]:
    """Send a request; return the answered call and the response."""
    pending = connector_api.begin(request)
    pending.mark_sent()
    return connector_api.calls(pending.call.number - 1)[0], pending.response


def json_body(response: ApiResponse) -> Any:  # noqa: ANN401 - JSON
    """Parse the body of a response."""
    return json.loads(response.body)


@contextmanager
def serve_without_failures(connector_api: ConnectorApi) -> Iterator[ConnectorApiServer]:
    """Serve the emulator; an exception in it is raised at the end."""
    failures = EmulatorFailures()
    with ConnectorApiServer(connector_api, failures=failures) as server:
        yield server
    failures.raise_since(0)
