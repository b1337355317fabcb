"""A builder for each event type; `docs/generate_builders.py` writes this file."""

# ruff: noqa: A002 - `id` is the name in the payload

from __future__ import annotations

from typing import Any, Literal

from pytest_mews.kit.messages import general_event, integration_action, websocket_event
from pytest_mews.model import Message


def service_order_updated(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one ServiceOrderUpdated event.

    `reservations/getAll/2023-06-06` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("ServiceOrderUpdated", id, enterprise_id, integration_id)


def resource_updated(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one ResourceUpdated event.

    `resources/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("ResourceUpdated", id, enterprise_id, integration_id)


def message_added(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one MessageAdded event.

    No operation takes its id.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("MessageAdded", id, enterprise_id, integration_id)


def resource_block_updated(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one ResourceBlockUpdated event.

    `resourceBlocks/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("ResourceBlockUpdated", id, enterprise_id, integration_id)


def customer_added(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one CustomerAdded event.

    `customers/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("CustomerAdded", id, enterprise_id, integration_id)


def customer_updated(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one CustomerUpdated event.

    `customers/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("CustomerUpdated", id, enterprise_id, integration_id)


def payment_updated(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one PaymentUpdated event.

    `payments/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("PaymentUpdated", id, enterprise_id, integration_id)


def resource_deleted(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one ResourceDeleted event.

    `resources/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("ResourceDeleted", id, enterprise_id, integration_id)


def product_updated(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one ProductUpdated event.

    `products/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("ProductUpdated", id, enterprise_id, integration_id)


def product_deleted(
    id: str | None = None,
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build a General Webhook with one ProductDeleted event.

    `products/getAll` returns its entity.

    Args:
        id: the id of the entity.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    """
    return general_event("ProductDeleted", id, enterprise_id, integration_id)


def integration_created(
    *,
    enterprise_id: str | None = None,
    integration_id: str | None = None,
    access_token: str | None = None,
    is_enabled: bool = True,
    **data: object,
) -> Message:
    """Build the Integration Webhook IntegrationCreated.

    It is for a new enterprise unless ids are given.

    Args:
        enterprise_id: the enterprise that connects.
        integration_id: the integration.
        access_token: the `AccessToken`.
        is_enabled: the `IsEnabled`.
        data: properties of `Data` that replace the generated ones, such as `Requestor=None`.

    """
    return integration_action(
        "IntegrationCreated",
        {
            "enterprise-id": enterprise_id,
            "integration-id": integration_id,
            "access-token": access_token,
        },
        {"IsEnabled": is_enabled, **data},
    )


def integration_enabled(
    *,
    integration_id: str | None = None,
    **data: object,
) -> Message:
    """Build the Integration Webhook IntegrationEnabled.

    It is for the first built-in enterprise unless ids are given.

    Args:
        integration_id: the integration.
        data: properties of `Data` that replace the generated ones.

    """
    return integration_action("IntegrationEnabled", {"integration-id": integration_id}, data)


def integration_disabled(
    *,
    integration_id: str | None = None,
    **data: object,
) -> Message:
    """Build the Integration Webhook IntegrationDisabled.

    It is for the first built-in enterprise unless ids are given.

    Args:
        integration_id: the integration.
        data: properties of `Data` that replace the generated ones.

    """
    return integration_action("IntegrationDisabled", {"integration-id": integration_id}, data)


def integration_canceled(
    *,
    integration_id: str | None = None,
    **data: object,
) -> Message:
    """Build the Integration Webhook IntegrationCanceled.

    It is for the first built-in enterprise unless ids are given.

    Args:
        integration_id: the integration.
        data: properties of `Data` that replace the generated ones.

    """
    return integration_action("IntegrationCanceled", {"integration-id": integration_id}, data)


def integration_reinstated(
    *,
    integration_id: str | None = None,
    **data: object,
) -> Message:
    """Build the Integration Webhook IntegrationReinstated.

    It is for the first built-in enterprise unless ids are given.

    Args:
        integration_id: the integration.
        data: properties of `Data` that replace the generated ones.

    """
    return integration_action("IntegrationReinstated", {"integration-id": integration_id}, data)


def integration_deleted(
    *,
    integration_id: str | None = None,
    **data: object,
) -> Message:
    """Build the Integration Webhook IntegrationDeleted.

    It is for the first built-in enterprise unless ids are given.

    Args:
        integration_id: the integration.
        data: properties of `Data` that replace the generated ones.

    """
    return integration_action("IntegrationDeleted", {"integration-id": integration_id}, data)


def integration_api_key_created(
    *,
    integration_id: str | None = None,
    api_key: str | None = None,
    **data: object,
) -> Message:
    """Build the Integration Webhook IntegrationApiKeyCreated.

    It is for the first built-in enterprise unless ids are given.

    Args:
        integration_id: the integration.
        api_key: the `ApiKey`.
        data: properties of `Data` that replace the generated ones.

    """
    return integration_action(
        "IntegrationApiKeyCreated", {"integration-id": integration_id, "api-key": api_key}, data
    )


def device_command_event(
    id: str | None = None,
    *,
    state: Literal["Pending", "Received", "Processing", "Processed", "Cancelled", "Error"]
    | None = None,
) -> dict[str, Any]:
    """Build a DeviceCommand event for `mews_websocket.send`.

    What is not given has a documented value, and a new id.

    Args:
        id: the `Id`.
        state: the `State`.

    """
    return websocket_event("DeviceCommand", {"Id": id, "State": state})


def reservation_event(
    id: str | None = None,
    *,
    state: Literal[
        "Confirmed",
        "Started",
        "Processed",
        "Canceled",
        "Optional",
        "Requested",
        "Inquired",
        "Enquired",
    ]
    | None = None,
    start_utc: str | None = None,
    end_utc: str | None = None,
    assigned_resource_id: str | None = None,
) -> dict[str, Any]:
    """Build a Reservation event for `mews_websocket.send`.

    What is not given has a documented value, and a new id.

    Args:
        id: the `Id`.
        state: the `State`.
        start_utc: the `StartUtc`.
        end_utc: the `EndUtc`.
        assigned_resource_id: the `AssignedResourceId`.

    """
    return websocket_event(
        "Reservation",
        {
            "Id": id,
            "State": state,
            "StartUtc": start_utc,
            "EndUtc": end_utc,
            "AssignedResourceId": assigned_resource_id,
        },
    )


def resource_event(
    id: str | None = None,
    *,
    state: Literal["Dirty", "Clean", "Inspected", "OutOfService", "OutOfOrder"] | None = None,
) -> dict[str, Any]:
    """Build a Resource event for `mews_websocket.send`.

    What is not given has a documented value, and a new id.

    Args:
        id: the `Id`.
        state: the `State`.

    """
    return websocket_event("Resource", {"Id": id, "State": state})


def price_update_event(
    id: str | None = None,
    *,
    start_utc: str | None = None,
    end_utc: str | None = None,
    rate_id: str | None = None,
    resource_category_id: str | None = None,
) -> dict[str, Any]:
    """Build a PriceUpdate event for `mews_websocket.send`.

    What is not given has a documented value, and a new id.

    Args:
        id: the `Id`.
        start_utc: the `StartUtc`.
        end_utc: the `EndUtc`.
        rate_id: the `RateId`.
        resource_category_id: the `ResourceCategoryId`.

    """
    return websocket_event(
        "PriceUpdate",
        {
            "Id": id,
            "StartUtc": start_utc,
            "EndUtc": end_utc,
            "RateId": rate_id,
            "ResourceCategoryId": resource_category_id,
        },
    )
