"""The connectivity check: one event, to see if the partner calls the Connector API emulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Deliverer
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.model import ApiCall, Delivery, entity_fetches
from pytest_mews.model.exchange import CONNECTIVITY_CHECK
from pytest_mews.senders import IdSource, Sender, Target

FIRST_CALL_FACTOR = 3  # times the fetch timeout: a busy machine may start a worker only then


@dataclass(frozen=True)
class Connectivity:
    """The delivery of the connectivity check, and all calls that arrived until it ended."""

    delivery: Delivery
    calls: tuple[ApiCall, ...]

    @property
    def called(self) -> bool:
        """Whether a call that a webhook can lead to reached the emulator."""
        return _called(self.calls)

    @property
    def request_delay_s(self) -> float | None:
        """The seconds from the response to the first request for the entity; None without one."""
        (fetch,) = entity_fetches([self.delivery], self.calls) or (None,)
        if fetch is None or fetch.requested_ms is None:
            return None
        return (fetch.requested_ms - fetch.acknowledged_ms) / 1000


def probe_connector_api(  # noqa: PLR0913 - what is sent, where to, and how long to wait
    deliverer: Deliverer,
    endpoint: Endpoint,
    sender: Sender,
    target: Target,
    connector_api: ConnectorApi,
    *,
    seed: int,
    fetch_timeout_s: float,
) -> Connectivity | None:
    """Deliver one event and wait for a call; None if no subscribed event leads to one.

    Waits up to `FIRST_CALL_FACTOR` times `fetch_timeout_s` for any call, since everything else
    depends on it, and then once for the one that returns the event's entity.

    Every call counts, also an earlier or wrong one: it shows where the partner calls. Only calls
    about commands don't count, since a WebSocket client makes them even if the service does nothing
    about webhooks.
    """
    plan = sender.fetchable_message(target)
    if plan is None:
        return None
    (message,) = plan.build(IdSource(seed, CONNECTIVITY_CHECK, 0, target.tenants))
    delivery = deliverer.deliver(message, endpoint.url(message.kind), label=CONNECTIVITY_CHECK)
    (event,) = message.events

    def fetched(calls: Sequence[ApiCall]) -> bool:
        return any(call.answered_ok and event.entity_id in call.returned_ids for call in calls)

    if connector_api.wait_until(_called, 0, fetch_timeout_s * FIRST_CALL_FACTOR):
        connector_api.wait_until(fetched, 0, fetch_timeout_s)
    return Connectivity(delivery, connector_api.calls())


def _called(calls: Sequence[ApiCall]) -> bool:
    return not all(call.concerns_commands for call in calls)
