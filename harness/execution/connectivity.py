"""The wiring: one event, to tell whether the partner calls the Connector API that is served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Sender
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.model import ApiCall, Delivery, MessageSpec
from pytest_mews.senders.connector import IdSource, Target, plans


@dataclass(frozen=True)
class Connectivity:
    """What the first event led to: its delivery, and the requests that had come by then."""

    delivery: Delivery
    calls: tuple[ApiCall, ...]

    @property
    def called(self) -> bool:
        """Whether a request has reached the twin."""
        return _asked(self.calls)


def probe_connector_api(  # noqa: PLR0913 - what is sent, where to, and how long to wait
    courier: Sender,
    endpoint: Endpoint,
    subject: Target,
    twin: ConnectorApi,
    *,
    seed: int,
    fetch_timeout_s: float,
) -> Connectivity | None:
    """Deliver one event, and wait for a request; None where none may follow.

    Up to `fetch_timeout_s` for any, and once more so long for the one that gives the event's entity.

    Whatever reached the twin counts, also before and however wrong: it shows where the partner
    calls. Only what is about commands does not: a WebSocket client asks that, whose service may
    still do nothing about webhooks.
    """
    fixed = plans(MessageSpec("message", "single-event", {"only_fetchable": True}), subject).fixed
    if not fixed:
        return None
    (message,) = fixed[0].build(IdSource(seed, "wiring", 0, subject.tenants))
    delivery = courier.deliver(message, endpoint.url(message.kind), label="wiring")
    (event,) = message.events

    def fetched(calls: Sequence[ApiCall]) -> bool:
        return any(call.answered_ok and event.entity_id in call.returned for call in calls)

    if twin.wait_until(_asked, 0, fetch_timeout_s):
        twin.wait_until(fetched, 0, fetch_timeout_s)
    return Connectivity(delivery, twin.calls())


def _asked(calls: Sequence[ApiCall]) -> bool:
    return not all(call.about_commands for call in calls)
