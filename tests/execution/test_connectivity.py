"""The connectivity check, and the step that shows it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from pytest_mews.checks import describe_refusals
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.connectivity import Connectivity, probe_connector_api
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.execution import Execution
from pytest_mews.execution.steps import perform
from pytest_mews.model import ApiCall, Delivery, EventReference, Message, WebhookKind
from pytest_mews.model.step import ShowConnectivityCheck
from pytest_mews.senders import Target
from pytest_mews.senders.connector import CONNECTOR
from tests.transcript_builders import call, delivery

ID = "bfee2c44-1f84-4326-a862-000000000001"
UNUSED = cast("Any", None)
FETCH = ApiCall(1, "/", "x", 5.0, 6.0, 200, requested_ids=(ID, "other"), returned_ids=(ID, "other"))


class RecordedConnectorApi:
    """An emulator with one call about the check's entity and another, before the scenario."""

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Return the one call."""
        return (FETCH,) if since == 0 else ()


def test_show_connectivity_check() -> None:
    """The call that the check led to is shown with the check's entity id only.

    Later calls are not shown: the preconditions of other scenarios depend on the first ones alone.
    """
    message = Message(
        WebhookKind.GENERAL, b"{}", (EventReference("ServiceOrderUpdated", ID),), "1 event"
    )
    delivery = Delivery("connectivity-check", message, ())
    for connectivity, shown in (
        (Connectivity((delivery,), (FETCH,)), ((ID,), (ID,))),
        (Connectivity((delivery,), ()), ()),
    ):
        context = CaseContext(
            UNUSED,
            UNUSED,
            delivery,
            connector_api=cast("ConnectorApi", RecordedConnectorApi()),
            connectivity=lambda connectivity=connectivity: connectivity,  # type: ignore[misc]
        )
        with Execution(context, {}) as execution:
            assert execution.calls.calls(everything=True) == ()
            perform(ShowConnectivityCheck(), execution)
            calls = execution.calls.calls(everything=True)
        assert execution.deliveries == [delivery]
        assert (
            tuple(ids for call in calls for ids in (call.requested_ids, call.returned_ids)) == shown
        )


def test_the_delay_is_that_of_the_first_request() -> None:
    """Without a request for an entity there is none; a type that is not requested has none."""
    checked = (delivery("ignored", at_ms=0.0), delivery(ID, at_ms=100.0))
    first, second = call(ID, at_ms=3_110.0, status=500), call(ID, at_ms=4_000.0)
    assert Connectivity(checked, (first, second)).request_delay_s == 3.0
    assert (
        Connectivity(checked, (call("other", at_ms=3_105.0, returned_ids=()),)).request_delay_s
        is None
    )


def test_the_check_waits_after_a_refused_call() -> None:
    """A partner whose second call succeeds is not one whose calls are all refused."""
    sent: list[Message] = []
    refused = ApiCall(1, "/", "reservations/getAll/2023-06-06", 5.0, 6.0, 401)
    waits: list[float] = []

    class DelayedConnectorApi:
        """An emulator at which the second call arrives during the third wait."""

        def calls(self) -> tuple[ApiCall, ...]:
            (event,) = sent[0].events
            fetch = ApiCall(
                2, "/", refused.operation, 7.0, 8.0, 200, returned_ids=(event.entity_id,)
            )
            return (refused, fetch)[: len(waits) - 1]

        def wait_until(
            self, predicate: Callable[[tuple[ApiCall, ...]], bool], _since: int, timeout_s: float
        ) -> bool:
            waits.append(timeout_s)
            return predicate(self.calls())

    def deliver(message: Message, _url: str, **_: object) -> Delivery:
        sent.append(message)
        return Delivery("connectivity-check", message, ())

    connectivity = probe_connector_api(
        cast("Any", SimpleNamespace(deliver=deliver)),
        cast("Any", SimpleNamespace(url=lambda _: "http://127.0.0.1:9/")),
        CONNECTOR,
        Target("2026-04", ("ServiceOrderUpdated",), 500, DEFAULT_TENANTS),
        cast("ConnectorApi", DelayedConnectorApi()),
        seed=1,
        fetch_timeout_s=3.0,
    )
    assert connectivity is not None
    assert (waits, connectivity.called) == ([3.0, 6.0, 3.0], True)
    assert describe_refusals((refused,))
    assert not describe_refusals(connectivity.calls)


def test_a_partner_that_ignores_the_first_event_type() -> None:
    """One event of each other type follows until a call comes, each in one attempt."""
    sent: list[tuple[str, int | None]] = []
    waits: list[float] = []

    class CustomersOnly:
        """An emulator that a partner calls after `CustomerUpdated`."""

        def calls(self) -> tuple[ApiCall, ...]:
            return (FETCH,) if sent[-1][0] == "CustomerUpdated" else ()

        def wait_until(
            self, predicate: Callable[[tuple[ApiCall, ...]], bool], _since: int, timeout_s: float
        ) -> bool:
            waits.append(timeout_s)
            return predicate(self.calls())

    def deliver(message: Message, _url: str, *, label: str, attempts: int | None) -> Delivery:
        sent.append((message.events[0].discriminator, attempts))
        return Delivery(label, message, ())

    connectivity = probe_connector_api(
        cast("Any", SimpleNamespace(deliver=deliver)),
        cast("Any", SimpleNamespace(url=lambda _: "http://127.0.0.1:9/")),
        CONNECTOR,
        Target(
            "2026-04",
            ("ServiceOrderUpdated", "CustomerAdded", "CustomerUpdated", "PaymentUpdated"),
            500,
            DEFAULT_TENANTS,
        ),
        cast("ConnectorApi", CustomersOnly()),
        seed=1,
        fetch_timeout_s=3.0,
    )
    assert connectivity is not None
    assert sent == [("ServiceOrderUpdated", None), ("CustomerAdded", 1), ("CustomerUpdated", 1)]
    assert (waits, connectivity.called) == ([3.0, 6.0, 3.0], True)
    (*_, last) = connectivity.deliveries
    assert len({one.message.events[0].entity_id for one in connectivity.deliveries}) == 3
    assert last.label == "connectivity-check"
