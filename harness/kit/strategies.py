"""Hypothesis strategies for `@given`: the messages that a certification generates.

What is drawn has no ids: each example gets new ones, also when Hypothesis repeats it. So a service
that remembers what it received takes no example for a copy of an earlier one, and a failure that
Hypothesis repeats to shrink it stays a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pytest_mews.errors import did_you_mean
from pytest_mews.kit.messages import GENERAL_EVENTS, MAX_BATCH, PROFILE, new_ids, target
from pytest_mews.mews.events import Channel, event_names
from pytest_mews.model import Message, MessageSpec, WebhookKind
from pytest_mews.senders.connector import plans_for
from pytest_mews.senders.ids import NEW_ENTERPRISE
from pytest_mews.senders.plan import Plan, Plans, Target

MIN_WEBSOCKET_BATCH = 4  # one event of each type
MAX_FIXED_EVENTS = 3  # of a fixed plan beside random ones


def general_webhooks(
    *, max_events: int = MAX_BATCH, types: Sequence[str] = ()
) -> SearchStrategy[Message]:
    """Generate valid General Webhooks: batches of any size.

    Some have the same event twice, one id under two discriminators, or a CustomerAdded with the
    CustomerUpdated of the same customer. They shrink to one event.

    Args:
        max_events: the maximum number of events in a message.
        types: the names of the events; all that Mews sends to every partner if omitted.

    Raises:
        ValueError: there is no such event, or the maximum is less than 1.

    """
    names = _known(types, GENERAL_EVENTS)
    return _single(_strategy("batch", target(names or None, max_events)))


def integration_webhooks(*, actions: Sequence[str] = ()) -> SearchStrategy[Message]:
    """Generate valid Integration Webhooks: any action, with every optional property or without.

    An IntegrationCreated is for a new enterprise, each other action for the first built-in one.

    Args:
        actions: the actions; all if omitted.

    Raises:
        ValueError: there is no such action.

    """
    names = _known(actions, event_names(Channel.INTEGRATION, revision=PROFILE))
    return st.one_of(
        [
            _single(
                _strategy(
                    "integration-action",
                    target(),
                    action=name,
                    enterprise=NEW_ENTERPRISE if name == "IntegrationCreated" else 1,
                )
            )
            for name in names or event_names(Channel.INTEGRATION, revision=PROFILE)
        ]
    )


def integration_lifecycles(*, after_end: bool = False) -> SearchStrategy[tuple[Message, ...]]:
    """Generate all messages of an integration of a new enterprise, in order.

    Every order that is possible at Mews occurs, with General Webhooks in between and some messages
    twice. They shrink to the IntegrationCreated alone.

    Args:
        after_end: whether each has a message after the end of the integration: events that come
            late, or a copy of an older message.

    """
    plans = _strategy(
        "integration-lifecycle", target(), after_end=after_end, enterprise=NEW_ENTERPRISE
    )
    return plans.map(_build)


def malformed_bodies(*, kind: WebhookKind = WebhookKind.GENERAL) -> SearchStrategy[Message]:
    """Generate webhooks whose body is not JSON: empty, truncated, not UTF-8, nested too deeply.

    An endpoint answers them with 400, or another 4xx, and goes on.

    Args:
        kind: the kind of the webhook.

    """
    return _single(_strategy("malformed-body", target(), kind=WebhookKind(kind).value))


def websocket_messages(*, max_events: int = 20) -> SearchStrategy[Message]:
    """Generate valid messages on the WebSocket, for `mews_websocket.send_message`.

    Single events of each type in each state, with and without optional properties, and batches.

    Args:
        max_events: the maximum number of events in a message, at least 4.

    Raises:
        ValueError: the maximum is less than 4.

    """
    if max_events < MIN_WEBSOCKET_BATCH:
        raise ValueError(f"max_events: {max_events!r} is less than {MIN_WEBSOCKET_BATCH}")
    types = target(event_names(Channel.WEBSOCKET, revision=PROFILE))
    return st.one_of(
        _single(_strategy("websocket-event", types)),
        _single(_strategy("websocket-batch", types, max_events=max_events)),
    )


def _strategy(generator: str, target: Target, **arguments: object) -> SearchStrategy[Plan]:
    """Return the plans of a generator: the random ones, and the small ones of the fixed plans.

    A failure that a fixed plan shows can't shrink, and random plans have every size.
    """
    plans: Plans = plans_for(MessageSpec("message", generator, arguments), target)
    if plans.strategy is None:
        return st.sampled_from(plans.fixed)
    small = [plan for plan in plans.fixed if _count_events(plan) <= MAX_FIXED_EVENTS]
    return st.one_of(plans.strategy, *([st.sampled_from(small)] if small else []))


def _count_events(plan: Plan) -> int:
    return sum(len(message.events) for message in _build(plan))


def _build(plan: Plan) -> tuple[Message, ...]:
    return plan.build(new_ids())


def _single(plans: SearchStrategy[Plan]) -> SearchStrategy[Message]:
    return plans.map(lambda plan: _build(plan)[0])


def _known(names: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    for name in names:
        if name not in tuple(known):
            raise ValueError(f"{name!r} is not an event. {did_you_mean(name, tuple(known))}")
    return tuple(names)
