"""Which events each documented use case needs, with the page that says so.

A closed table. `DOCUMENTED`: the page names the event. `INFERRED`: the page tells the integration
to fetch the event's entity (events/wh-general lists which operation fetches what), so we expect it
to listen. Pages that do neither (loyalty, data export) or that rely on WebSockets alone (device
integration, payment terminals) are not here. All integration actions belong to every use case:
they are about the integration itself, whatever it is for; that is our decision, no page says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pytest_mews.model import Basis
from pytest_mews.model.scenario import DOCUMENTATION


@dataclass(frozen=True)
class UseCase:
    """One use case: `events` maps the discriminators it needs to the basis of that claim."""

    name: str
    page: str
    events: Mapping[str, Basis]

    @property
    def url(self) -> str:
        """The address of its page on the public site."""
        return f"{DOCUMENTATION}{self.page}"


def _use_case(name: str, *, named: str = "", fetched: str = "") -> UseCase:
    events = dict.fromkeys(named.split(), Basis.DOCUMENTED)
    events |= dict.fromkeys(fetched.split(), Basis.INFERRED)
    return UseCase(name, f"use-cases/{name}", MappingProxyType(events))


_RESERVATION = "ServiceOrderUpdated"
_CUSTOMER = "CustomerAdded CustomerUpdated"

USE_CASES: Mapping[str, UseCase] = MappingProxyType(
    {
        case.name: case
        for case in (
            _use_case("accounting", fetched="PaymentUpdated"),
            _use_case("customer-management", named=_RESERVATION),
            _use_case("events", named=_RESERVATION, fetched=f"ResourceUpdated {_CUSTOMER}"),
            _use_case("guest-technology", named=_RESERVATION),
            _use_case(
                "housekeeping",
                named=_RESERVATION,
                # the page says that resource changes can be listened to, without naming the event
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
