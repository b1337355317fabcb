"""Flaws in the requests themselves: too many of them, or not as documented.

Each function gives the habits of a new partner.
"""

from __future__ import annotations

from pytest_mews.demo.processing.entity_readers import by_id, readings
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.webhook_bodies import Document, entity_of, events_of

ADDED = "customers, added"
PAGE = 10
SERVICE = "bd26d8db-86da-4f96-9efc-e5a4654a4a94"  # the one of the documentation's example


def fetches_added_twice() -> ProcessingOptions:
    """Fetches a customer of CustomerAdded and CustomerUpdated for each of them."""

    def select(document: Document) -> list[tuple[str, str]]:
        return [
            (ADDED if event["Discriminator"] == "CustomerAdded" else entity, event["Value"]["Id"])
            for event in events_of(document)
            if (entity := entity_of(event))
        ]

    known = readings()
    return ProcessingOptions(select=select, readings=known | {ADDED: known["customers"]})


def fetch_per_event() -> ProcessingOptions:
    """Makes a request for each event instead of one for many."""
    return ProcessingOptions(most=1)


def once_per_copy_twice() -> ProcessingOptions:
    """Fetches everything that it is told of three times."""
    return ProcessingOptions(rounds=3)


def reads_first_page_only() -> ProcessingOptions:
    """Asks for pages of ten and reads the first of them alone."""
    return ProcessingOptions(page=PAGE, follows=False)


def old_operation() -> ProcessingOptions:
    """Fetches reservations with the deprecated operation."""
    old = by_id(
        "reservations/getAll",
        "Reservations",
        "ReservationIds",
        ServiceIds=[SERVICE],
        Extent={"Reservations": True},
    )
    return ProcessingOptions(readings=readings() | {"reservations": old})


def trailing_slash_path() -> ProcessingOptions:
    """Writes the path of each operation with a slash at its end."""
    return ProcessingOptions(spell=lambda path: f"{path}/")


def no_client_name() -> ProcessingOptions:
    """Leaves the name of the client application empty."""
    return ProcessingOptions(client="")


def deprecated_extents() -> ProcessingOptions:
    """Asks for deprecated parts of resources and customers."""
    resources = {"Resources": True, "ResourceCategories": True, "ResourceFeatures": True}
    customers = {"Customers": True, "Documents": True}
    return ProcessingOptions(
        readings=readings()
        | {
            "resources": by_id("resources/getAll", "Resources", "ResourceIds", Extent=resources),
            "customers": by_id("customers/getAll", "Customers", "CustomerIds", Extent=customers),
        },
    )


REQUESTING = (
    fetches_added_twice,
    fetch_per_event,
    once_per_copy_twice,
    reads_first_page_only,
    old_operation,
    trailing_slash_path,
    no_client_name,
    deprecated_extents,
)
