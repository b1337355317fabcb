"""The generator for lifecycles of an integration: the messages between its states."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from pytest_mews.mews.lifecycle import (
    API_KEY_CREATED,
    CREATED,
    DELETED,
    STATE_AFTER,
    TRANSITIONS,
    IntegrationState,
)
from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.batch import EventList
from pytest_mews.senders.connector.integration_webhooks import action_shape, with_age
from pytest_mews.senders.connector.message_plans import build_message, without_duplicates
from pytest_mews.senders.connector.shape_strategies import MAX_AGE_S, canonical_example
from pytest_mews.senders.connector.subscription import general_events, integration_actions
from pytest_mews.senders.ids import IdSource, Template, fill
from pytest_mews.senders.plan import NO_PLANS, Plan, Plans, Target

EVENTS = "events"  # the name of a lifecycle step that is a General Webhook
DUPLICATE = " (duplicate)"
MAX_STEPS = 10
# How often a message is sent again, and how many messages may come before. Mews re-sends it after a
# few minutes, and a hotel changes an integration seldom. Our choice; no figure is documented.
MAX_COPIES, MAX_MESSAGES_BEFORE_COPY = 2, 2
STEP_S = 10  # between the datetimes of two consecutive steps


# The fixed cases by the names of their steps.
LIFECYCLES: tuple[tuple[str, ...], ...] = (
    (CREATED,),
    (CREATED, CREATED + DUPLICATE),
    (CREATED, "IntegrationDisabled", CREATED + DUPLICATE, "IntegrationEnabled", EVENTS),
    (CREATED, *("IntegrationDisabled", "IntegrationEnabled") * 3),
    (CREATED, "IntegrationCanceled", "IntegrationReinstated", EVENTS),
    (CREATED, API_KEY_CREATED, API_KEY_CREATED, API_KEY_CREATED + DUPLICATE, EVENTS),
    (CREATED, "IntegrationDisabled", API_KEY_CREATED, "IntegrationEnabled", EVENTS),
    (CREATED, EVENTS, DELETED, DELETED + DUPLICATE, CREATED, EVENTS),
    (
        CREATED,
        "IntegrationDisabled",
        "IntegrationEnabled",
        API_KEY_CREATED,
        EVENTS,
        "IntegrationCanceled",
        "IntegrationReinstated",
        DELETED,
    ),
)
LIFECYCLES_AFTER_END: tuple[tuple[str, ...], ...] = (
    (CREATED, "IntegrationDisabled", EVENTS),
    (CREATED, "IntegrationCanceled", EVENTS),
    (CREATED, DELETED, EVENTS),
    (CREATED, DELETED, CREATED + DUPLICATE),
    (CREATED, "IntegrationDisabled", DELETED, "IntegrationDisabled" + DUPLICATE),
)


@dataclass(frozen=True)
class LifecycleStep:
    """One message of a lifecycle.

    Attributes:
        name: the action, or `EVENTS`.
        state: the state of the integration after the message.
        duplicate_of: the index of the earlier step whose bytes are sent again; None for a new
            message.
        after_end: whether the integration was disabled, canceled or deleted before the message.

    """

    name: str
    state: IntegrationState
    duplicate_of: int | None = None
    after_end: bool = False

    @property
    def is_creation(self) -> bool:
        """Whether the step creates an integration."""
        return self.name == CREATED and self.duplicate_of is None


def next_steps(steps: Sequence[LifecycleStep], target: Target) -> tuple[LifecycleStep, ...]:
    """List all possible next steps: new actions first, then events, then duplicates.

    Only what the integration is subscribed to is listed. Events are possible once the integration
    has been enabled. A message is sent again within the time of its retries only, and never after
    another integration was created.
    """
    state = steps[-1].state if steps else IntegrationState.NOT_CREATED
    actions = [
        LifecycleStep(transition.action, transition.after)
        for transition in TRANSITIONS
        if transition.before is state and transition.action in integration_actions(target)
    ]
    created = max((index for index, step in enumerate(steps) if step.is_creation), default=0)
    was_enabled = any(step.state is IntegrationState.ENABLED for step in steps[created:])
    events = []
    if was_enabled and general_events(target):
        after_end = state is not IntegrationState.ENABLED
        events.append(LifecycleStep(EVENTS, state, after_end=after_end))
    deletions = [
        index
        for index, step in enumerate(steps)
        if step.name == DELETED and step.duplicate_of is None
    ]
    duplicates = [
        LifecycleStep(
            step.name,
            state,
            duplicate_of=index,
            after_end=any(index < deletion for deletion in deletions),
        )
        for index, step in enumerate(steps)
        if step.duplicate_of is None
        and step.name != EVENTS
        and index >= max(created, len(steps) - 1 - MAX_MESSAGES_BEFORE_COPY)
        and sum(copy.duplicate_of == index for copy in steps) < MAX_COPIES
    ]
    return (*actions, *events, *duplicates)


@dataclass(frozen=True)
class Lifecycle:
    """A plan for all messages of one lifecycle, for one enterprise.

    Attributes:
        profile: the name of the delivery profile.
        steps: one for each message, in order.
        events: the discriminators of the events in each General Webhook.

    """

    profile: str
    steps: tuple[LifecycleStep, ...]
    events: tuple[str, ...]

    def describe(self) -> str:
        """Name the messages, in order."""
        return f"lifecycle: {', '.join(map(_describe_step, self.steps))}"

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build one message for each step.

        Ids, tokens and keys don't change during a lifecycle. An integration that is created after
        a deletion has new ones, for the same enterprise. `integration_statuses` reads them back.
        """
        messages: list[Message] = []
        for index, step in enumerate(self.steps):
            if step.is_creation and messages:
                ids = ids.for_new_integration()
            if step.duplicate_of is not None:
                message = replace(messages[step.duplicate_of], duplicate=True)
            elif step.name == EVENTS:
                entries = tuple((name, entity) for entity, name in enumerate(self.events))
                (message,) = EventList(self.profile, entries, len(entries)).build(ids)
            else:
                body = fill(_template(self.profile, step, index), ids)
                message = build_message(WebhookKind.INTEGRATION, body, "")
            place = f"message {index + 1} of {len(self.steps)}: {_describe_step(step)}"
            messages.append(replace(message, description=f"{self.describe()} ({place})"))
        return tuple(messages)


def integration_lifecycle(
    target: Target, *, after_end: bool = False, unambiguous: bool = False
) -> Plans:
    """Generate the webhooks of one integration from its creation on, in any possible order.

    Batches of up to two events come in between, and some Integration Webhooks are sent twice.

    Args:
        target: what to generate for.
        after_end: whether every case has a message after the end of the integration: events after
            it was disabled, canceled or deleted, or a duplicate of an older message after it was
            deleted. By default no case has one.
        unambiguous: whether every case has events, and the receiver can know from the messages so
            far that the integration is enabled at each of them, and at any time its access token
            or API key.

    """
    names_of_steps = LIFECYCLES_AFTER_END if after_end else LIFECYCLES
    fixed = without_duplicates(
        Lifecycle(target.profile, steps, _events(target))
        for names in names_of_steps
        if (steps := _possible_steps(names, target))
        and any(step.after_end for step in steps) is after_end
    )
    if unambiguous:
        fixed = tuple(plan for plan in fixed if _is_unambiguous(plan, target))
    if not fixed:
        return NO_PLANS
    strategy = lifecycles(target, after_end=after_end)
    if unambiguous:
        strategy = strategy.filter(partial(_is_unambiguous, target=target))
    if after_end:
        strategy = strategy.filter(_has_steps_after_end)
    return Plans(fixed, strategy)


@st.composite
def lifecycles(draw: DrawFn, target: Target, *, after_end: bool) -> Lifecycle:
    """Generate a lifecycle of up to `MAX_STEPS` messages; it shrinks towards few of them."""
    steps: tuple[LifecycleStep, ...] = ()
    while len(steps) < MAX_STEPS:
        possible = [step for step in next_steps(steps, target) if after_end or not step.after_end]
        # Another step with a probability of 7 in 8; 0, the simplest value, ends the lifecycle.
        if not possible or (steps and not draw(st.integers(0, 7))):
            break
        steps = (*steps, draw(st.sampled_from(possible)))
    return Lifecycle(target.profile, steps, _events(target))


def _has_steps_after_end(plan: Lifecycle) -> bool:
    return any(step.after_end for step in plan.steps)


def _is_unambiguous(plan: Plan, target: Target) -> bool:
    """Whether there are events, and a receiver knows at each that the integration is enabled.

    It also knows the credential throughout, since it may make a request at any time.
    """
    ids = IdSource(0, "whether a lifecycle is unambiguous", 0, target.tenants)
    messages = plan.build(ids.for_enterprise("new"))
    statuses = integration_statuses(messages)
    at_events = [
        status
        for message, status in zip(messages, statuses, strict=True)
        if message.kind is WebhookKind.GENERAL
    ]
    return (
        bool(at_events)
        and all(status.is_certain and status.is_enabled for status in at_events)
        and all(status.is_credential_certain for status in statuses)
    )


def _possible_steps(names: Sequence[str], target: Target) -> tuple[LifecycleStep, ...]:
    """Return the steps with these names; impossible and unsubscribed ones are left out."""
    steps: tuple[LifecycleStep, ...] = ()
    for name in names:
        candidates = [
            step for step in next_steps(steps, target) if step.name == name.removesuffix(DUPLICATE)
        ]
        duplicates = [step for step in candidates if step.duplicate_of is not None]
        new = [step for step in candidates if step.duplicate_of is None]
        steps += tuple(duplicates[-1:] if name.endswith(DUPLICATE) else new[:1])
    return steps


def _events(target: Target) -> tuple[str, ...]:
    return general_events(target)[: min(2, target.batch_limit)]


def _describe_step(step: LifecycleStep) -> str:
    name = step.name.removeprefix("Integration")
    if step.is_creation and step.state is IntegrationState.DISABLED:
        name += " (not enabled)"
    return name + (DUPLICATE if step.duplicate_of is not None else "")


def _template(profile: str, step: LifecycleStep, index: int) -> Template:
    template = with_age(_example(profile, step.name), MAX_AGE_S - STEP_S * index)
    if step.name != CREATED:
        return template
    is_enabled = step.state is IntegrationState.ENABLED
    data: dict[str, Any] = {**template["Data"], "IsEnabled": is_enabled}
    return {**template, "Data": data}


@cache
def _example(profile: str, action: str) -> Template:
    return canonical_example(action_shape(profile, action))


@dataclass(frozen=True)
class IntegrationStatus:
    """The status of an integration at Mews after a message.

    Attributes:
        integration_id: the integration.
        state: its state; `NOT_CREATED` if its creation was not among the messages.
        enterprise_id: the enterprise; None if no message named it.
        credential: the valid access token or API key, whichever is newest; None before the
            creation and after the deletion.
        is_certain: whether a receiver can know the status. False if a duplicate arrived after
            newer messages and would, taken for a new message, lead to another status.
        is_credential_certain: the same for the credential alone.

    """

    integration_id: str
    state: IntegrationState = IntegrationState.NOT_CREATED
    enterprise_id: str | None = None
    credential: str | None = field(default=None, repr=False)
    is_certain: bool = True
    is_credential_certain: bool = True

    @property
    def is_enabled(self) -> bool:
        """Whether Mews would answer a call with the credential."""
        return self.state is IntegrationState.ENABLED


def integration_statuses(messages: Iterable[Message]) -> tuple[IntegrationStatus, ...]:
    """Return the status of the integration of each message, in order of delivery.

    A sound receiver may take a duplicate for a new message or ignore it, each one differently: an
    upsert of the creation, but an exact match of a key, for example. The status is certain if all
    of these receivers have the same.

    Args:
        messages: messages with valid bodies, as a `Lifecycle` builds them.

    """
    actual: dict[str, IntegrationStatus] = {}
    believed: dict[str, frozenset[IntegrationStatus]] = {}  # by any sound receiver
    statuses: list[IntegrationStatus] = []
    for message in messages:
        body = json.loads(message.body)
        is_general = message.kind is WebhookKind.GENERAL
        integration_id = body["IntegrationId"] if is_general else body["Data"]["Integration"]["Id"]
        status = actual.setdefault(integration_id, IntegrationStatus(integration_id))
        beliefs = believed.setdefault(integration_id, frozenset({status}))
        if not is_general:
            after = frozenset(
                _status_after(belief, body["Action"], body["Data"]) for belief in beliefs
            )
            believed[integration_id] = beliefs | after if message.duplicate else after
            if not message.duplicate:
                actual[integration_id] = _status_after(status, body["Action"], body["Data"])
        status, beliefs = actual[integration_id], believed[integration_id]
        statuses.append(
            replace(
                status,
                is_certain=len(beliefs) == 1,
                is_credential_certain=len({belief.credential for belief in beliefs}) == 1,
            )
        )
    return tuple(statuses)


def _status_after(
    status: IntegrationStatus, action: str, data: dict[str, object]
) -> IntegrationStatus:
    if action == CREATED:
        enterprise = data["Enterprise"]
        assert isinstance(enterprise, dict)
        return replace(
            status,
            state=IntegrationState.ENABLED if data["IsEnabled"] else IntegrationState.DISABLED,
            enterprise_id=enterprise["Id"],
            credential=str(data["AccessToken"]),
        )
    if action == API_KEY_CREATED:
        return replace(status, credential=str(data["ApiKey"]))
    state = STATE_AFTER[action]
    deleted = state is IntegrationState.DELETED
    return replace(status, state=state, credential=None if deleted else status.credential)
