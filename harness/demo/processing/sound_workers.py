"""Partners that work otherwise than the sound one and are just as sound.

Each function gives the habits of a new partner.
"""

from __future__ import annotations

from pytest_mews.demo.processing.entity_readers import by_interval, readings
from pytest_mews.demo.processing.processing_options import ProcessingOptions


def reads_by_interval() -> ProcessingOptions:
    """Fetches what was updated since its last fetch, instead of by id."""
    return ProcessingOptions(
        readings=readings()
        | {
            "reservations": by_interval("reservations/getAll/2023-06-06", "Reservations"),
            "resources": by_interval("resources/getAll", "Resources", Extent={"Resources": True}),
            "resourceBlocks": by_interval("resourceBlocks/getAll", "ResourceBlocks"),
            "customers": by_interval("customers/getAll", "Customers", Extent={"Customers": True}),
            "payments": by_interval("payments/getAll", "Payments"),
        }
    )


def slow_worker() -> ProcessingOptions:
    """Starts to fetch 1 s after it was told of a change."""
    return ProcessingOptions(gather_s=1.0)


def one_worker() -> ProcessingOptions:
    """Makes one request after another, never two at the same time."""
    return ProcessingOptions(workers=1)


PROCESSING_VARIANTS = (reads_by_interval, slow_worker, one_worker)
