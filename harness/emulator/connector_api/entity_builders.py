"""Builders of entities: values that must be consistent with each other, kind by kind."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pytest_mews.emulator.connector_api.entity_values import (
    EntitySeed,
    JsonObject,
    fill_object,
    make_id,
)
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.mews.api_operations import ENTITIES, operations_returning

# Of an entity whose creation no event announced: more than three months, the longest interval. What
# is booked today may change for the first time half a year later.
ASSUMED_AGE = timedelta(days=120)
THREADS_PER_ENTERPRISE = 128  # a large batch of messages puts a few into each thread
SERVICES_PER_ENTERPRISE = 3  # a stay, a restaurant, a spa: products belong to more than one

OBJECT_KEYS: Mapping[str, str] = {
    entity: OPERATIONS[operations[0].name].object_key or ""
    for entity in ENTITIES
    if (operations := operations_returning(entity))
}
"""The key of an entity in the documented data, by kind: as the first operation returns it."""

REFERENCES: Mapping[str, Mapping[str, str]] = {
    "reservation": {
        "AccountId": "customer",
        "BookerId": "customer",
        "AssignedResourceId": "resource",
    },
    "resource-block": {"AssignedResourceId": "resource"},
    "payment": {"AccountId": "customer", "ReservationId": "reservation"},
}
"""The properties that refer to an entity which an operation returns, and its kind, by kind."""


def build_object(key: str, seed: EntitySeed) -> JsonObject:
    """Return a documented object with values that are consistent with each other.

    Args:
        key: a value of `OBJECT_KEYS`, or the key of another shape of one of these entities.
        seed: what the values depend on.

    """
    builder = _BUILDERS.get(key)
    return fill_object(key, seed, builder(seed)) if builder else fill_object(key, seed)


def thread_id_of(enterprise: str, message: str) -> str:
    """Return the id of a message's thread; several messages share a thread.

    Args:
        enterprise: the id of the message's enterprise.
        message: the message's id.

    """
    return make_id(f"{enterprise}/thread/{zlib.crc32(message.encode()) % THREADS_PER_ENTERPRISE}")


def parent_of(kind: str, enterprise: str, entity_id: str) -> str | None:
    """Return the thread of a message or the service of a product; None for other kinds."""
    if kind == "message":
        return thread_id_of(enterprise, entity_id)
    if kind == "product":
        services = service_ids(enterprise)
        return services[zlib.crc32(entity_id.lower().encode()) % len(services)]
    return None


def service_ids(enterprise: str) -> tuple[str, ...]:
    """Return the ids of the services that an enterprise has from the start."""
    return tuple(make_id(f"{enterprise}/service/{n}") for n in range(SERVICES_PER_ENTERPRISE))


@lru_cache(1024)  # the entities of a message have the same times
def format_utc(time: datetime) -> str:
    """Format a datetime as the API does: `2026-01-31T12:00:00Z`."""
    return time.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def _reservation(seed: EntitySeed) -> JsonObject:
    origins = ("Commander", "Connector", "Distributor", "ChannelManager")
    origin = origins[seed.pick("Origin", len(origins))]
    states = (
        "Confirmed",
        "Confirmed",
        "Confirmed",
        "Optional",
        "Requested",
        "Inquired",
        "Canceled",
    )
    state = states[seed.pick("State", len(states))]
    start, end = _stay_interval(seed)
    return {
        "AccountType": "Customer",
        "Origin": origin,
        "CommanderOrigin": "Phone" if origin == "Commander" else None,
        "State": state,
        "CancelledUtc": seed.created if state == "Canceled" else None,
        "CancellationReason": "RequestedByGuest" if state == "Canceled" else None,
        "ReleasedUtc": start if state == "Optional" else None,
        "ScheduledStartUtc": start,
        "StartUtc": start,
        "ActualStartUtc": None,
        "ScheduledEndUtc": end,
        "EndUtc": end,
        "ActualEndUtc": None,
        "Options": {
            "OwnerCheckedIn": False,
            "AllCompanionsCheckedIn": False,
            "AnyCompanionCheckedIn": False,
            "ConnectorCheckIn": False,
        },
        "PersonCounts": [{"AgeCategoryId": make_id(f"{seed.enterprise}/adults"), "Count": 2}],
        "QrCodeData": None,
    }


def _deprecated_reservation(seed: EntitySeed) -> JsonObject:
    """Return the deprecated shape of `_reservation`, with the same values."""
    new = build_object(OBJECT_KEYS["reservation"], seed)
    states, options = {"Inquired": "Enquired"}, dict(new["Options"])
    del options["ConnectorCheckIn"]
    return {
        "State": states.get(new["State"], new["State"]),
        "Origin": "CommanderPhone" if new["CommanderOrigin"] else new["Origin"],
        "RequestedCategoryId": new["RequestedResourceCategoryId"],
        "CompanyId": new["PartnerCompanyId"],
        "OwnerId": new["AccountId"],
        "CustomerId": new["AccountId"],
        "CompanionIds": [],
        "AssignedSpaceLocked": new["AssignedResourceLocked"],
        "AdultCount": 2,
        "ChildCount": 0,
        "Options": options,
    } | {name: new[name] for name in _UNCHANGED}


_UNCHANGED = (
    *("Number", "OriginDetails", "Purpose", "ChannelNumber", "ChannelManagerNumber"),
    *("CancelledUtc", "CancellationReason", "ReleasedUtc", "StartUtc", "EndUtc"),
    *("AssignedResourceId", "AssignedResourceLocked", "BusinessSegmentId", "TravelAgencyId"),
    *("AvailabilityBlockId", "VoucherId", "CreditCardId", "BookerId", "PersonCounts"),
)


def _resource(seed: EntitySeed) -> JsonObject:
    floor, room = seed.pick("floor", 9) + 1, seed.pick("room", 60) + 1
    place = {"FloorNumber": str(floor), "LocationNotes": "By the lift"}
    return {
        "Name": f"{floor}{room:02}",
        "IsActive": True,
        "DeletedUtc": None,
        "ParentResourceId": None,
        "Data": {"Discriminator": "Space", "Value": place},
    }


def _message(seed: EntitySeed) -> JsonObject:
    return {
        "MessageThreadId": thread_id_of(seed.enterprise, seed.id),
        "Text": f"Could we have a late check-out? ({seed.pick('Text', 1000)})",
    }


def _resource_block(seed: EntitySeed) -> JsonObject:
    start, end = _stay_interval(seed)
    return {"StartUtc": start, "EndUtc": end, "IsActive": True, "DeletedUtc": None}


def _customer(seed: EntitySeed) -> JsonObject:
    has_custom_title = seed.pick("CustomTitleName", 4) == 0
    return {
        "IsActive": True,
        "ActivityState": "Active",
        "MergeTargetId": None,
        "CustomTitleName": "Professor" if has_custom_title else None,
        "CustomTitleId": make_id(f"{seed.enterprise}/professor") if has_custom_title else None,
    }


def _product(_: EntitySeed) -> JsonObject:
    return {"IsActive": True, "IsDefault": False}


def _service(seed: EntitySeed) -> JsonObject:
    promotions = fill_object("services#promotions", seed)
    return {
        "IsActive": True,
        "Data": {"Discriminator": "Additional", "Value": {"Promotions": promotions}},
    }


def _payment(seed: EntitySeed) -> JsonObject:
    gross = (seed.pick("Amount", 100_000) + 1) / -100
    amount = {
        "Currency": "EUR",
        "NetValue": gross,
        "GrossValue": gross,
        "TaxValues": [],
        "Breakdown": {"Items": [{"TaxRateCode": None, "NetValue": gross, "TaxValue": 0}]},
    }
    return {
        "AccountType": "Customer",
        "Amount": amount,
        "OriginalAmount": amount,
        "State": "Charged",
        "AccountingState": "Open",
        "ClosedUtc": None,
        "ChargedUtc": seed.created,
        "Type": "CashPayment",
        "Kind": "Payment",
        "Recurring": False,
        "Data": None,
    }


def _command(seed: EntitySeed) -> JsonObject:
    return {
        "State": "Pending",
        "Device": {
            "Id": make_id(f"{seed.enterprise}/printer"),
            "Type": "Printer",
            "Name": "Front desk printer",
            "Identifier": None,
        },
        "Data": {
            "CopyCount": 1,
            "FileType": "application/pdf",
            "FileData": "JVBERi0xLjQ=",
            "PrinterName": "Printer",
            "PrinterDriverName": "",
            "PrinterPortName": "",
        },
    }


def _enterprise(seed: EntitySeed) -> JsonObject:
    address = make_id(f"{seed.enterprise}/address")
    place = fill_object("configuration#address", EntitySeed(address, seed.enterprise, seed.created))
    return {
        "ChainName": "Sample Chain",
        "Name": f"Hotel {seed.enterprise[:8]}",
        "AddressId": address,
        "Address": place | {"Latitude": 50.075181, "Longitude": 14.429645},
    }


def _configured_enterprise(seed: EntitySeed) -> JsonObject:
    euro = {"Currency": "EUR", "IsDefault": True, "IsEnabled": True}
    return _enterprise(seed) | {"IsPortfolio": False, "Currencies": [euro]}


def _stay_interval(seed: EntitySeed) -> tuple[str, str]:
    """Return start and end of something that starts within two months of `ASSUMED_AGE`."""
    booked = datetime.fromisoformat(seed.created) + ASSUMED_AGE
    day = booked.replace(hour=0, minute=0, second=0)
    start = day + timedelta(days=1 + seed.pick("StartUtc", 60), hours=14)
    return format_utc(start), format_utc(start + timedelta(days=seed.pick("EndUtc", 13), hours=20))


# Other objects have values that need not be consistent with each other.
_BUILDERS: Mapping[str, Callable[[EntitySeed], JsonObject]] = {
    "reservations#reservation-ver-2023-06-06": _reservation,
    "reservations#reservation-ver-2017-04-12": _deprecated_reservation,
    "resources#resource": _resource,
    "messages#message": _message,
    "resourceblocks#resource-block": _resource_block,
    "customers#customer": _customer,
    "payments#payment": _payment,
    "products#product": _product,
    "services#service": _service,
    "commands#command": _command,
    "enterprises#enterprise": _enterprise,
    "configuration#enterprise": _configured_enterprise,
}
