"""Partners that work otherwise than the sound one and are just as sound.

Each function gives the habits of a new partner.
"""

from __future__ import annotations

from pytest_mews.demo.processing.behaviour import Habits
from pytest_mews.demo.processing.entity_readers import by_interval, readings


def reads_by_interval() -> Habits:
    """Fetches what was updated since its last fetch, instead of by id."""
    return Habits(
        readings=readings()
        | {
            "reservations": by_interval("reservations/getAll/2023-06-06", "Reservations"),
            "resources": by_interval("resources/getAll", "Resources", Extent={"Resources": True}),
            "resourceBlocks": by_interval("resourceBlocks/getAll", "ResourceBlocks"),
            "customers": by_interval("customers/getAll", "Customers", Extent={"Customers": True}),
            "payments": by_interval("payments/getAll", "Payments"),
        }
    )


def slow_worker() -> Habits:
    """Starts to fetch 1 s after it was told of a change."""
    return Habits(gather_s=1.0)


def one_worker() -> Habits:
    """Makes one request after another, never two at the same time."""
    return Habits(workers=1)


PROCESSING_VARIANTS = (reads_by_interval, slow_worker, one_worker)
