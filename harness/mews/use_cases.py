"""The events that each documented use case needs, with the page as the source.

A closed table. `DOCUMENTED`: the page names the event. `INFERRED`: the page tells the integration
to fetch the event's entity (events/wh-general lists the operation for each event), so we expect it
to subscribe to the event. Pages that do neither (loyalty, data export) or that use WebSockets only
(device integration, payment terminals) are not in the table. Every use case includes all
integration actions, because they are about the integration itself; this is our decision, no page
states it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pytest_mews.model import Basis
from pytest_mews.model.scenario import DOCUMENTATION


@dataclass(frozen=True)
class UseCase:
    """One use case; `events` maps each discriminator that it needs to the basis of the claim."""

    name: str
    page: str
    events: Mapping[str, Basis]

    @property
    def url(self) -> str:
        """The URL of its page on the public site."""
        return f"{DOCUMENTATION}{self.page}"


def _use_case(name: str, *, named: str = "", fetched: str = "") -> UseCase:
    events = dict.fromkeys(named.split(), Basis.DOCUMENTED)
    events |= dict.fromkeys(fetched.split(), Basis.INFERRED)
    return UseCase(name, f"use-cases/{name}", MappingProxyType(events))


_RESERVATION = "ServiceOrderUpdated"
_CUSTOMER = "CustomerAdded CustomerUpdated"

USE_CASES: Mapping[str, UseCase] = MappingProxyType(
    {
        use_case.name: use_case
        for use_case in (
            _use_case("accounting", fetched="PaymentUpdated"),
            _use_case("customer-management", named=_RESERVATION),
            _use_case("events", named=_RESERVATION, fetched=f"ResourceUpdated {_CUSTOMER}"),
            _use_case("guest-technology", named=_RESERVATION),
            _use_case(
                "housekeeping",
                named=_RESERVATION,
                # The page says that one can listen to resource changes, without the event's name.
                fetched="ResourceUpdated ResourceBlockUpdated",
            ),
            _use_case("kiosk", fetched=f"{_RESERVATION} ResourceUpdated ResourceBlockUpdated"),
            _use_case("messaging", named="MessageAdded"),
            _use_case("point-of-sale", fetched=f"ResourceUpdated {_CUSTOMER}"),
            _use_case("reputation-management", named=_RESERVATION),
            _use_case("revenue-management", named=_RESERVATION, fetched="ResourceBlockUpdated"),
            _use_case("upsell", fetched=f"{_RESERVATION} {_CUSTOMER}"),
        )
    },
)
