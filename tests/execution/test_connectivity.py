"""The wiring, and how a scenario shows it: the event that was to lead to a first request."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from pytest_mews.checks import describe_refusals
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.connectivity import Connectivity, probe_connector_api
from pytest_mews.execution.connector_steps import ConnectorObserver
from pytest_mews.execution.context import CaseContext
from pytest_mews.model import ApiCall, Delivery, EventReference, Message, WebhookKind
from pytest_mews.senders.connector import Target

ID = "bfee2c44-1f84-4326-a862-000000000001"
NOBODY = cast("Any", None)
GIVEN = ApiCall(1, "/", "x", 5.0, 6.0, 200, requested_ids=(ID, "other"), returned_ids=(ID, "other"))


class Recorded:
    """A twin that was asked for the wiring's entity, among others, before the scenario began."""

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Give the one request."""
        return (GIVEN,) if since == 0 else ()


def test_the_wirings_own_event_is_seen_as_fetched() -> None:
    """The request that the wiring led to is shown with the wiring's id, and with no other.

    What came later is not: by the first ones alone it is said that others can't be played.
    """
    message = Message(
        WebhookKind.GENERAL, b"{}", (EventReference("ServiceOrderUpdated", ID),), "1 event"
    )
    delivery = Delivery("wiring", message, ())
    for wiring, shown in (
        (Connectivity(delivery, (GIVEN,)), ((ID,), (ID,))),
        (Connectivity(delivery, ()), ()),
    ):
        bench = CaseContext(
            NOBODY,
            NOBODY,
            delivery,
            connector_api=cast("ConnectorApi", Recorded()),
            connectivity=lambda wiring=wiring: wiring,  # type: ignore[misc]
        )
        deliveries: list[Delivery] = []
        with ConnectorObserver(bench, {}, deliveries) as watch:
            assert watch.calls(everything=True) == ()
            watch.show_connectivity_check()
            calls = watch.calls(everything=True)
        assert deliveries == [delivery]
        assert tuple(each for call in calls for each in (call.requested_ids, call.returned_ids)) == shown


def test_a_first_request_that_is_refused_is_waited_after() -> None:
    """Who is answered a moment later is not taken for one that is refused everything."""
    sent: list[Message] = []
    refused = ApiCall(1, "/", "reservations/getAll/2023-06-06", 5.0, 6.0, 401)
    waits: list[float] = []

    class Later:
        """A twin to which the second request comes when it is waited for again."""

        def calls(self) -> tuple[ApiCall, ...]:
            (event,) = sent[0].events
            given = ApiCall(2, "/", refused.operation, 7.0, 8.0, 200, returned_ids=(event.entity_id,))
            return (refused, given)[: len(waits)]

        def wait_until(
            self, holds: Callable[[tuple[ApiCall, ...]], bool], _since: int, timeout_s: float
        ) -> bool:
            waits.append(timeout_s)
            return holds(self.calls())

    def deliver(message: Message, _url: str, **_: object) -> Delivery:
        sent.append(message)
        return Delivery("wiring", message, ())

    wiring = probe_connector_api(
        cast("Any", SimpleNamespace(deliver=deliver)),
        cast("Any", SimpleNamespace(url=lambda _: "http://127.0.0.1:9/")),
        Target("2026-04", ("ServiceOrderUpdated",), 500, DEFAULT_TENANTS),
        cast("ConnectorApi", Later()),
        seed=1,
        fetch_timeout_s=3.0,
    )
    assert wiring is not None
    assert (waits, wiring.called) == ([3.0, 3.0], True)
    assert describe_refusals((refused,))
    assert not describe_refusals(wiring.calls)
