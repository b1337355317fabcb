"""The emulator shows deleted entities as documented, and products by their services."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_mews.emulator.connector_api.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.entities import service_ids
from pytest_mews.model.api_call import RequestProblem
from tests.connector_api.emulator_client import (
    HOTEL,
    Clock,
    call_operation,
    general_webhook,
    guid,
    json_body,
    make_connector_api,
)

RESOURCES: dict[str, Any] = {"ResourceIds": [guid(1)], "Extent": {"Resources": True}}
WITH_INACTIVE: dict[str, Any] = RESOURCES | {"Extent": {"Resources": True, "Inactive": True}}
BLOCKS: dict[str, Any] = {"ResourceBlockIds": [guid(1)]}
ALL_PRODUCTS: dict[str, Any] = {"ServiceIds": list(service_ids(HOTEL))}


def returned(connector_api: ConnectorApi, operation: str, **properties: object) -> list[Any]:
    """Return the entities in the response of an operation that lists them."""
    _, response = call_operation(connector_api, operation, **properties)
    document = json_body(response)
    names = ("Reservations", "Resources", "ResourceBlocks", "Products", "Services")
    (collection,) = (name for name in names if name in document)
    entities: list[Any] = document[collection]
    return entities


def test_a_deleted_resource_needs_the_extent() -> None:
    """Without `Extent.Inactive` the response leaves it out; with it, it is inactive."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.apply_message(general_webhook(("ResourceUpdated", guid(1))))
    (resource,) = returned(connector_api, "resources/getAll", **RESOURCES)
    assert (resource["IsActive"], resource["DeletedUtc"]) == (True, None)
    clock.ms = 60_000
    connector_api.apply_message(general_webhook(("ResourceDeleted", guid(1))))
    assert returned(connector_api, "resources/getAll", **RESOURCES) == []
    (deleted,) = returned(connector_api, "resources/getAll", **WITH_INACTIVE)
    assert deleted == resource | {
        "IsActive": False,
        "DeletedUtc": "2026-08-07T12:01:00Z",
        "UpdatedUtc": "2026-08-07T12:01:00Z",
    }


def test_an_update_does_not_undo_a_deletion() -> None:
    """A late Updated changes nothing: order is promised nowhere."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.apply_message(general_webhook(("ResourceDeleted", guid(1))))
    before = returned(connector_api, "resources/getAll", **WITH_INACTIVE)
    clock.ms = 60_000
    connector_api.apply_message(general_webhook(("ResourceUpdated", guid(1))))
    assert returned(connector_api, "resources/getAll", **RESOURCES) == []
    assert returned(connector_api, "resources/getAll", **WITH_INACTIVE) == before


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        (None, {guid(2)}),
        (["Active"], {guid(2)}),
        (["Deleted"], {guid(1)}),
        (["Active", "Deleted"], {guid(1), guid(2)}),
    ],
)
def test_deleted_resource_blocks_need_the_activity_state(
    states: list[str] | None, shown: set[str]
) -> None:
    """The default of `ActivityStates` is Active alone."""
    connector_api = make_connector_api()
    connector_api.apply_message(
        general_webhook(("ResourceBlockUpdated", guid(1)), ("ResourceBlockUpdated", guid(2)))
    )
    connector_api.delete_entities(HOTEL, "resource-block", [guid(1)])
    blocks = returned(
        connector_api,
        "resourceBlocks/getAll",
        ResourceBlockIds=[guid(1), guid(2)],
        ActivityStates=states,
    )
    assert {block["Id"] for block in blocks} == shown
    assert all(block["IsActive"] is (block["Id"] == guid(2)) for block in blocks)
    assert all((block["DeletedUtc"] is None) is block["IsActive"] for block in blocks)


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        (None, {guid(1), guid(2)}),
        (["Confirmed"], {guid(2)}),
        (["Confirmed", "Canceled"], {guid(1), guid(2)}),
    ],
)
def test_states_leave_out_canceled_reservations(states: list[str] | None, shown: set[str]) -> None:
    """Without `States` the response has all; other states than Canceled are not filtered."""
    connector_api = make_connector_api()
    connector_api.apply_message(
        general_webhook(("ServiceOrderUpdated", guid(1)), ("ServiceOrderUpdated", guid(2)))
    )
    connector_api.delete_entities(HOTEL, "reservation", [guid(1)])
    reservations = returned(
        connector_api,
        "reservations/getAll/2023-06-06",
        ReservationIds=[guid(1), guid(2)],
        **({} if states is None else {"States": states}),
    )
    assert {each["Id"] for each in reservations} == shown
    for each in reservations:
        if each["Id"] == guid(1):
            assert (each["State"], each["CancelledUtc"]) == ("Canceled", "2026-08-07T12:00:00Z")


def test_a_deleted_product_is_inactive() -> None:
    """`products/getAll` has no switch: the response contains deleted products."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("ProductDeleted", guid(1))))
    (product,) = returned(connector_api, "products/getAll", ProductIds=[guid(1)], **ALL_PRODUCTS)
    assert product["IsActive"] is False
    assert product["ServiceId"] in service_ids(HOTEL)


def test_products_need_services() -> None:
    """A request without `ServiceIds` is rejected with a 400."""
    connector_api = make_connector_api()
    call, _ = call_operation(connector_api, "products/getAll", ProductIds=[guid(1)])
    assert (call.status, call.request_problems) == (400, (RequestProblem.INVALID_BODY,))
    assert call.message == "ServiceIds is required."


def test_products_are_filtered_by_service() -> None:
    """A product is returned with its service alone; services of a real hotel filter nothing."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("ProductUpdated", guid(1))))
    (product,) = returned(connector_api, "products/getAll", **ALL_PRODUCTS)
    services = set(service_ids(HOTEL))
    others = [*services - {product["ServiceId"]}]
    for ids, expected in (
        ([product["ServiceId"].upper()], [guid(1)]),
        (others, []),
        ([guid(9)], [guid(1)]),
    ):
        found = returned(connector_api, "products/getAll", ServiceIds=ids)
        assert [product["Id"] for product in found] == expected, ids


def test_the_products_of_a_new_service() -> None:
    """After a service was added, its products need it in the request."""
    connector_api = make_connector_api()
    before = {service["Id"] for service in returned(connector_api, "services/getAll")}
    assert before == set(service_ids(HOTEL))
    connector_api.add_service(HOTEL, [guid(1)])
    connector_api.apply_message(general_webhook(("ProductUpdated", guid(1))))
    (new,) = {service["Id"] for service in returned(connector_api, "services/getAll")} - before
    assert returned(connector_api, "products/getAll", **ALL_PRODUCTS) == []
    (product,) = returned(connector_api, "products/getAll", ServiceIds=[*before, new])
    assert (product["Id"], product["ServiceId"]) == (guid(1), new)
