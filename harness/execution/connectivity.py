"""The connectivity check: does the partner call the Connector API emulator after an event?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Deliverer
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.model import ApiCall, Delivery, Message, entity_fetches
from pytest_mews.model.exchange import CONNECTIVITY_CHECK
from pytest_mews.senders import IdSource, Sender, Target

FIRST_CALL_FACTOR = 3  # times the fetch timeout: a busy machine may start a worker only then


@dataclass(frozen=True)
class Connectivity:
    """The deliveries of the connectivity check, and all calls that arrived until it ended."""

    deliveries: tuple[Delivery, ...]
    calls: tuple[ApiCall, ...]

    @property
    def called(self) -> bool:
        """Whether a call that a webhook can lead to reached the emulator."""
        return _called(self.calls)

    @property
    def request_delay_s(self) -> float | None:
        """The seconds from a response to the first request for its entity; None without one."""
        delays_s = (
            (fetch.requested_ms - fetch.acknowledged_ms) / 1000
            for fetch in entity_fetches(self.deliveries, self.calls)
            if fetch.requested_ms is not None
        )
        return next(delays_s, None)


def describe_first_request(limit_s: float) -> str:
    """Return what the connectivity check waits for, and how long at most."""
    return f"waiting for the first request to the Connector API, up to {limit_s:,.0f} s"


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

    If no call came after `fetch_timeout_s`, the partner may not need this event type: one event of
    each other type follows, until a call comes. Waits up to `FIRST_CALL_FACTOR` times
    `fetch_timeout_s` for any call, since everything else depends on it, and then once for one that
    returns the entity of an event.

    Every call counts, also an earlier or wrong one: it shows where the partner calls. Only calls
    about commands don't count, since a WebSocket client makes them even if the service does nothing
    about webhooks.
    """
    messages = _messages(sender, target, seed)
    deliveries: list[Delivery] = []

    def deliver(message: Message, attempts: int | None = None) -> None:
        url = endpoint.url(message.kind)
        deliveries.append(
            deliverer.deliver(message, url, label=CONNECTIVITY_CHECK, attempts=attempts)
        )

    def fetched(calls: Sequence[ApiCall]) -> bool:
        ids = {event.entity_id for one in deliveries for event in one.message.events}
        return any(call.answered_ok and not ids.isdisjoint(call.returned_ids) for call in calls)

    for message in islice(messages, 1):
        deliver(message)
    if not deliveries:
        return None
    if not connector_api.wait_until(_called, 0, fetch_timeout_s):
        for message in messages:
            deliver(message, 1)
            if _called(connector_api.calls()):
                break
    if connector_api.wait_until(_called, 0, fetch_timeout_s * (FIRST_CALL_FACTOR - 1)):
        connector_api.wait_until(fetched, 0, fetch_timeout_s)
    return Connectivity(tuple(deliveries), connector_api.calls())


def _messages(sender: Sender, target: Target, seed: int) -> Iterator[Message]:
    """Yield a message with one event for each type whose entities can be fetched by their ids."""
    for number in count():
        plan = sender.fetchable_message(target)
        if plan is None:
            return
        (message,) = plan.build(IdSource(seed, CONNECTIVITY_CHECK, number, target.tenants))
        yield message
        sent = {event.discriminator for event in message.events}
        left = tuple(name for name in target.events if name not in sent)
        if left == target.events:
            return
        target = replace(target, events=left)


def _called(calls: Sequence[ApiCall]) -> bool:
    return not all(call.concerns_commands for call in calls)
