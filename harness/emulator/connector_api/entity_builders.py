"""Entities whose properties make sense together, which no property's name alone can see to."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from pytest_mews.emulator.connector_api.entity_values import EntitySeed, JsonObject, fill, make_id

THREADS = 128  # of an enterprise: a big batch of messages leaves a few in each

KEYS: Mapping[str, str] = {
    "reservation": "reservations#reservation-ver-2023-06-06",
    "resource": "resources#resource",
    "message": "messages#message",
    "message-thread": "messagethreads#message-thread",
    "resource-block": "resourceblocks#resource-block",
    "customer": "customers#customer",
    "payment": "payments#payment",
    "command": "commands#command",
    "enterprise": "enterprises#enterprise",
}
"""Where an entity of each kind is documented; the key is that of the documented data."""

RELATIVES: Mapping[str, Mapping[str, str]] = {
    "reservation": {
        "AccountId": "customer",
        "BookerId": "customer",
        "AssignedResourceId": "resource",
    },
    "resource-block": {"AssignedResourceId": "resource"},
    "payment": {"AccountId": "customer", "ReservationId": "reservation"},
}
"""By kind: which properties of an entity name another that can be asked for, and of which kind."""


def make(key: str, grain: EntitySeed) -> JsonObject:
    """Fill an object of the documentation sensibly.

    Args:
        key: one of `KEYS`, or another shape that an operation gives to one of these entities.
        grain: what the values grow from.

    """
    return fill(key, grain) | _SENSE[key](grain)


def thread_of(enterprise: str, message: str) -> str:
    """Name the thread that a message belongs to; a few messages share one.

    Args:
        enterprise: the id of the message's enterprise.
        message: the message's id.

    """
    return make_id(f"{enterprise}/thread/{zlib.crc32(message.encode()) % THREADS}")


def utc(moment: datetime) -> str:
    """Write a moment as the API does: `2026-01-31T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _reservation(grain: EntitySeed) -> JsonObject:
    origins = ("Commander", "Connector", "Distributor", "ChannelManager")
    origin = origins[grain.pick("Origin", len(origins))]
    states = (
        "Confirmed",
        "Confirmed",
        "Confirmed",
        "Optional",
        "Requested",
        "Inquired",
        "Canceled",
    )
    state = states[grain.pick("State", len(states))]
    start, end = _stay(grain)
    return {
        "AccountType": "Customer",
        "Origin": origin,
        "CommanderOrigin": "Phone" if origin == "Commander" else None,
        "State": state,
        "CancelledUtc": grain.created if state == "Canceled" else None,
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
        "PersonCounts": [{"AgeCategoryId": make_id(f"{grain.enterprise}/adults"), "Count": 2}],
        "QrCodeData": None,
    }


def _old_reservation(grain: EntitySeed) -> JsonObject:
    """Say the same as `_reservation`, in the words of the deprecated version."""
    new = make(KEYS["reservation"], grain)
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
    } | {name: new[name] for name in _SHARED}


_SHARED = (
    *("Number", "OriginDetails", "Purpose", "ChannelNumber", "ChannelManagerNumber"),
    *("CancelledUtc", "CancellationReason", "ReleasedUtc", "StartUtc", "EndUtc"),
    *("AssignedResourceId", "AssignedResourceLocked", "BusinessSegmentId", "TravelAgencyId"),
    *("AvailabilityBlockId", "VoucherId", "CreditCardId", "BookerId", "PersonCounts"),
)


def _resource(grain: EntitySeed) -> JsonObject:
    floor, room = grain.pick("floor", 9) + 1, grain.pick("room", 60) + 1
    place = {"FloorNumber": str(floor), "LocationNotes": "By the lift"}
    return {
        "Name": f"{floor}{room:02}",
        "IsActive": True,
        "ParentResourceId": None,
        "Data": {"Discriminator": "Space", "Value": place},
    }


def _message(grain: EntitySeed) -> JsonObject:
    return {
        "MessageThreadId": thread_of(grain.enterprise, grain.id),
        "Text": f"Could we have a late check-out? ({grain.pick('Text', 1000)})",
    }


def _block(grain: EntitySeed) -> JsonObject:
    start, end = _stay(grain)
    return {"StartUtc": start, "EndUtc": end, "IsActive": True, "DeletedUtc": None}


def _customer(_: EntitySeed) -> JsonObject:
    return {"IsActive": True, "ActivityState": "Active", "MergeTargetId": None}


def _payment(grain: EntitySeed) -> JsonObject:
    gross = (grain.pick("Amount", 100_000) + 1) / -100
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
        "ChargedUtc": grain.created,
        "Type": "CashPayment",
        "Kind": "Payment",
        "Data": None,
    }


def _command(grain: EntitySeed) -> JsonObject:
    return {
        "State": "Pending",
        "Device": {
            "Id": make_id(f"{grain.enterprise}/printer"),
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


def _enterprise(grain: EntitySeed) -> JsonObject:
    address = make_id(f"{grain.enterprise}/address")
    place = fill("configuration#address", EntitySeed(address, grain.enterprise, grain.created))
    return {
        "ChainName": "Chain of the twin",
        "Name": f"Hotel {grain.enterprise[:8]}",
        "AddressId": address,
        "Address": place | {"Latitude": 50.075181, "Longitude": 14.429645},
    }


def _configured_enterprise(grain: EntitySeed) -> JsonObject:
    euro = {"Currency": "EUR", "IsDefault": True, "IsEnabled": True}
    return _enterprise(grain) | {"IsPortfolio": False, "Currencies": [euro]}


def _stay(grain: EntitySeed) -> tuple[str, str]:
    """Make the start and the end of something that begins within two months."""
    day = datetime.fromisoformat(grain.created).replace(hour=0, minute=0, second=0)
    start = day + timedelta(days=1 + grain.pick("StartUtc", 60), hours=14)
    return utc(start), utc(start + timedelta(days=grain.pick("EndUtc", 13), hours=20))


_SENSE: Mapping[str, Callable[[EntitySeed], JsonObject]] = {
    "reservations#reservation-ver-2023-06-06": _reservation,
    "reservations#reservation-ver-2017-04-12": _old_reservation,
    "resources#resource": _resource,
    "messages#message": _message,
    "messagethreads#message-thread": lambda _: {},
    "resourceblocks#resource-block": _block,
    "customers#customer": _customer,
    "payments#payment": _payment,
    "commands#command": _command,
    "enterprises#enterprise": _enterprise,
    "configuration#enterprise": _configured_enterprise,
}
