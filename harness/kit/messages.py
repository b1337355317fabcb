"""Messages for a test: one event, a batch, a lifecycle, or any body.

Ids that a test does not give are new in every message, so that a service which remembers what it
received takes no message for a copy of an earlier one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count, cycle, islice
from typing import Any

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.errors import did_you_mean
from pytest_mews.mews.events import EVENTS, Channel, event_names
from pytest_mews.mews.lifecycle import CREATED
from pytest_mews.model import Message, Validity, WebhookKind
from pytest_mews.senders.connector import CONNECTOR
from pytest_mews.senders.connector.batch import event_template, message_template
from pytest_mews.senders.connector.integration_lifecycle import (
    LIFECYCLES,
    Lifecycle,
    LifecycleStep,
    next_steps,
)
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.message_plans import build_message
from pytest_mews.senders.connector.shape_strategies import canonical_example
from pytest_mews.senders.connector.websocket_messages import event_template as websocket_template
from pytest_mews.senders.ids import NEW_ENTERPRISE, IdSource, fill
from pytest_mews.senders.plan import Target

PROFILE = CONNECTOR.default_profile
MAX_BATCH = 500  # events; assumed, as in the delivery profile
SUBSCRIBED = event_names(revision=PROFILE, opt_in=False)
GENERAL_EVENTS = event_names(Channel.GENERAL, revision=PROFILE)

_SEED = secrets.randbits(64)
_NUMBERS = count()


def new_ids() -> IdSource:
    """Return an id source whose ids no other message has."""
    return id_source_maker()()


def id_source_maker() -> Callable[[], IdSource]:
    """Return a function that returns an id source like `new_ids`: with the same ids each time."""
    number, started = next(_NUMBERS), datetime.now(UTC)
    return lambda: IdSource(_SEED, "tests of a partner", number, DEFAULT_TENANTS, started)


def target(events: Sequence[str] | None = None, max_events: int = MAX_BATCH) -> Target:
    """Return what messages are generated for.

    Args:
        events: the names of the events that are sent; None for those that Mews sends to every
            partner.
        max_events: the maximum number of events in a message.

    Raises:
        ValueError: there is no such event, or the maximum is less than 1.

    """
    if max_events < 1:
        raise ValueError(f"max_events: {max_events!r} is less than 1")
    for name in events or ():
        if name not in EVENTS:
            raise ValueError(f"{name!r} is not an event. {did_you_mean(name, tuple(EVENTS))}")
    names = SUBSCRIBED if events is None else tuple(events)
    return Target(PROFILE, names, max_events, DEFAULT_TENANTS)


def batch(
    events: int,
    *,
    types: Sequence[str] = (),
    enterprise_id: str | None = None,
    integration_id: str | None = None,
) -> Message:
    """Build one General Webhook with several events, each about an entity of its own.

    Mews sends hundreds of events in a message; 500 is assumed to be the most.

    Args:
        events: the number of events, at least 1.
        types: the names of the events, in turn; all that Mews sends to every partner if omitted.
        enterprise_id: the `EnterpriseId`; that of the first built-in enterprise if omitted.
        integration_id: the `IntegrationId`, likewise.

    Raises:
        TypeError: the number is not whole, or an id is not a string.
        ValueError: the number is not positive, or there is no such event.

    """
    if not isinstance(events, int):
        raise TypeError(f"events: {events!r} is not a whole number")
    if events < 1:
        raise ValueError(f"a batch has at least 1 event, not {events}")
    names = types or [name for name in SUBSCRIBED if name in GENERAL_EVENTS]
    for name in names:
        if name not in GENERAL_EVENTS:
            problem = f"{name!r} is not an event of General Webhooks"
            raise ValueError(f"{problem}. {did_you_mean(name, GENERAL_EVENTS)}")
    return _general_webhook(islice(cycle(names), events), None, enterprise_id, integration_id)


def lifecycle(*steps: str) -> tuple[Message, ...]:
    """Build the messages of one integration of a new enterprise, in order.

    Ids and tokens stay the same from message to message, as at Mews.

    Args:
        steps: the actions, such as `IntegrationCreated` and `IntegrationDisabled`, and `events`
            for a General Webhook in between; a lifecycle with each action if omitted.

    Raises:
        ValueError: a step is not possible after the steps before it.

    """
    chosen: tuple[LifecycleStep, ...] = ()
    for name in steps or LIFECYCLES[-1]:
        possible: dict[str, LifecycleStep] = {}
        for step in next_steps(chosen, target()):
            if step.duplicate_of is None:
                possible.setdefault(step.name, step)
        if name not in possible:
            before = f"after {chosen[-1].name}" if chosen else "at the start"
            problem = f"{name!r} is not possible {before}"
            raise ValueError(f"{problem}. {did_you_mean(name, tuple(possible))}")
        chosen += (possible[name],)
    return build_lifecycle(chosen, new_ids().for_enterprise(NEW_ENTERPRISE))


def build_lifecycle(steps: tuple[LifecycleStep, ...], ids: IdSource) -> tuple[Message, ...]:
    """Build the messages of a lifecycle with events about two entities in each General Webhook."""
    events = tuple(name for name in SUBSCRIBED if name in GENERAL_EVENTS)[:2]
    return Lifecycle(PROFILE, steps, events).build(ids)


def webhook(body: object, *, kind: WebhookKind = WebhookKind.GENERAL) -> Message:
    """Build a message with any body: an undocumented event, a property too many, or no JSON.

    Args:
        body: bytes that are sent as they are, or what is serialized as JSON.
        kind: the kind of webhook.

    Raises:
        TypeError: the body can't be serialized as JSON.
        ValueError: there is no such kind.

    """
    if isinstance(body, bytes):
        return Message(
            WebhookKind(kind), body, (), f"{len(body)} bytes", validity=Validity.NOT_JSON
        )
    return build_message(WebhookKind(kind), body, "a message of the test")


def general_event(
    name: str, id_: str | None, enterprise_id: str | None, integration_id: str | None
) -> Message:
    """Build a General Webhook with one event; ids that are None are generated."""
    return _general_webhook([name], id_, enterprise_id, integration_id)


def integration_action(
    action: str, placeholders: Mapping[str, str | None], data: Mapping[str, object]
) -> Message:
    """Build an Integration Webhook.

    Args:
        action: the action.
        placeholders: values by the name of their placeholder; None for a generated one.
        data: properties of `Data` that replace the generated ones.

    Raises:
        TypeError: a name is neither an argument nor that of a property, or an id is no string.

    """
    for name in data:
        if not name[:1].isupper():
            problem = f"{name!r} is neither an argument nor a property, such as Requestor"
            raise TypeError(problem)
    ids = new_ids()
    if action == CREATED:
        ids = ids.for_enterprise(NEW_ENTERPRISE)
    given = _given(placeholders)
    body = fill(canonical_example(action_shape(PROFILE, action)), ids, given)
    return build_message(
        WebhookKind.INTEGRATION, {**body, "Data": body["Data"] | dict(data)}, action
    )


def websocket_event(event_type: str, given: Mapping[str, str | None]) -> dict[str, Any]:
    """Build an event for the WebSocket.

    Args:
        event_type: the `Type`.
        given: values by property; those that are None are generated.

    """
    event: dict[str, Any] = fill(websocket_template(PROFILE, event_type, ""), new_ids())
    return event | _given(given)


def _general_webhook(
    names: Iterable[str], id_: str | None, enterprise_id: str | None, integration_id: str | None
) -> Message:
    ids = new_ids()
    events = [
        fill(event_template(PROFILE, name), ids, _given({"entity-id": id_})) for name in names
    ]
    given = _given({"enterprise-id": enterprise_id, "integration-id": integration_id})
    envelope = fill(message_template(PROFILE), ids, given)
    first = events[0]["Discriminator"]
    description = f"1 event: {first}" if len(events) == 1 else f"{len(events):,} events"
    return build_message(WebhookKind.GENERAL, {**envelope, "Events": events}, description)


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    """Return the values that are not None.

    Raises:
        TypeError: one is not a string.

    """
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, str):
            argument = name.removeprefix("entity-").replace("-", "_")
            raise TypeError(f"{argument}: {value!r} is not a string. Give str(…), or omit it.")
    return given
