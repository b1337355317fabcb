"""Certifies integrations with Mews: webhooks, Connector API calls, WebSocket clients.

pytest-mews is a pytest plugin: `pytest --mews-target URL` sends webhooks to an endpoint as Mews
does, checks what the service does with them, and writes a report. `pytest --help` lists the
options.

This module is the public API of the kit for partners' own tests: what they need with the fixtures
`mews_webhooks`, `mews_api` and `mews_websocket`; docs/kit has a page for each.

    from pytest_mews import customer_added

    def test_a_new_guest_is_fetched(mews_webhooks, mews_api):
        assert mews_webhooks.deliver(app, customer_added("35d4b117-…")).delivered
        assert mews_api.fetched("customers", "35d4b117-…")

Everything else in this package is private and can change in any release.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_mews.config.tenants import (
        tenants_template,
    )
    from pytest_mews.kit.event_builders import (
        customer_added,
        customer_updated,
        device_command_event,
        integration_api_key_created,
        integration_canceled,
        integration_created,
        integration_deleted,
        integration_disabled,
        integration_enabled,
        integration_reinstated,
        message_added,
        payment_updated,
        price_update_event,
        product_deleted,
        product_updated,
        reservation_event,
        resource_block_updated,
        resource_deleted,
        resource_event,
        resource_updated,
        service_order_updated,
    )
    from pytest_mews.kit.integration_machine import (
        IntegrationMachine,
    )
    from pytest_mews.kit.messages import (
        batch,
        lifecycle,
        webhook,
    )
    from pytest_mews.kit.mews_api import (
        MewsApi,
    )
    from pytest_mews.kit.mews_websocket import (
        MewsWebSocket,
    )
    from pytest_mews.kit.strategies import (
        general_webhooks,
        integration_lifecycles,
        integration_webhooks,
        malformed_bodies,
        websocket_messages,
    )
    from pytest_mews.kit.webhooks import (
        DeliveryOptions,
        MewsWebhooks,
        WebhookAttempt,
        WebhookDelivery,
    )
    from pytest_mews.model import (
        ApiCall,
        ApiFault,
        Connection,
        Disconnect,
        EventReference,
        Fault,
        HandshakeProblem,
        Message,
        Outcome,
        Ping,
        RequestProblem,
        SentMessage,
        Tenants,
        WebhookKind,
        WebSocketHandshake,
    )
    from pytest_mews.senders.connector import (
        IntegrationStatus,
    )

__version__ = "0.1.0"

__all__ = [
    "ApiCall",
    "ApiFault",
    "Connection",
    "DeliveryOptions",
    "Disconnect",
    "EventReference",
    "Fault",
    "HandshakeProblem",
    "IntegrationMachine",
    "IntegrationStatus",
    "Message",
    "MewsApi",
    "MewsWebSocket",
    "MewsWebhooks",
    "Outcome",
    "Ping",
    "RequestProblem",
    "SentMessage",
    "Tenants",
    "WebSocketHandshake",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookKind",
    "batch",
    "customer_added",
    "customer_updated",
    "device_command_event",
    "general_webhooks",
    "integration_api_key_created",
    "integration_canceled",
    "integration_created",
    "integration_deleted",
    "integration_disabled",
    "integration_enabled",
    "integration_lifecycles",
    "integration_reinstated",
    "integration_webhooks",
    "lifecycle",
    "malformed_bodies",
    "message_added",
    "payment_updated",
    "price_update_event",
    "product_deleted",
    "product_updated",
    "reservation_event",
    "resource_block_updated",
    "resource_deleted",
    "resource_event",
    "resource_updated",
    "service_order_updated",
    "tenants_template",
    "webhook",
    "websocket_messages",
]

# pytest imports this package in every run, so names are imported on first use (PEP 562).
_NAMES = {
    "pytest_mews.config.tenants": ("tenants_template",),
    "pytest_mews.kit.event_builders": (
        "service_order_updated",
        "resource_updated",
        "message_added",
        "resource_block_updated",
        "customer_added",
        "customer_updated",
        "payment_updated",
        "resource_deleted",
        "product_updated",
        "product_deleted",
        "integration_created",
        "integration_enabled",
        "integration_disabled",
        "integration_canceled",
        "integration_reinstated",
        "integration_deleted",
        "integration_api_key_created",
        "device_command_event",
        "reservation_event",
        "resource_event",
        "price_update_event",
    ),
    "pytest_mews.kit.integration_machine": ("IntegrationMachine",),
    "pytest_mews.kit.messages": (
        "batch",
        "lifecycle",
        "webhook",
    ),
    "pytest_mews.kit.mews_api": ("MewsApi",),
    "pytest_mews.kit.mews_websocket": ("MewsWebSocket",),
    "pytest_mews.kit.strategies": (
        "general_webhooks",
        "integration_lifecycles",
        "integration_webhooks",
        "malformed_bodies",
        "websocket_messages",
    ),
    "pytest_mews.kit.webhooks": (
        "DeliveryOptions",
        "MewsWebhooks",
        "WebhookAttempt",
        "WebhookDelivery",
    ),
    "pytest_mews.senders.connector": ("IntegrationStatus",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES.get(name, "pytest_mews.model")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
