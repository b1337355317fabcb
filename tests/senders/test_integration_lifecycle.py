"""Lifecycles of an integration: possible orders, ids, and the status after each message."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import find, given, settings

from pytest_mews.model import Message, MessageSpec, WebhookKind
from pytest_mews.senders import IdSource, Plan, Plans, Target
from pytest_mews.senders.connector import (
    IntegrationStatus,
    actions,
    integration_statuses,
    plans_for,
)

SETTINGS = settings(database=None, deadline=None, max_examples=150)
# Independent of the implementation: the states in which each action is possible.
ALLOWED = {
    "IntegrationCreated": {None},
    "IntegrationEnabled": {"off"},
    "IntegrationDisabled": {"on"},
    "IntegrationCanceled": {"on"},
    "IntegrationReinstated": {"canceled"},
    "IntegrationDeleted": {"on", "off", "canceled"},
    "IntegrationApiKeyCreated": {"on", "off"},
}
BECOMES = {
    "IntegrationEnabled": "on",
    "IntegrationDisabled": "off",
    "IntegrationCanceled": "canceled",
    "IntegrationReinstated": "on",
    "IntegrationDeleted": "deleted",
}


def generate(target: Target, **arguments: Any) -> Plans:  # noqa: ANN401 - as in TOML
    """Return the plans of the generator for a new enterprise."""
    return plans_for(
        MessageSpec("lifecycle", "integration-lifecycle", {"enterprise": "new", **arguments}),
        target,
    )


def build(plan: Plan, target: Target) -> tuple[Message, ...]:
    """Build the messages of a plan with a new id source."""
    return plan.build(IdSource(1, "lifecycle", 0, target.tenants))


def build_fixed(
    target: Target, name: str
) -> tuple[tuple[Message, ...], tuple[IntegrationStatus, ...]]:
    """Build the fixed lifecycle with this description, and return its statuses too."""
    description = f"lifecycle: {name}, for a new enterprise"
    fixed = [*generate(target).fixed, *generate(target, after_end=True).fixed]
    (plan,) = [plan for plan in fixed if plan.describe() == description]
    messages = build(plan, target)
    return messages, integration_statuses(messages)


def check_order(messages: tuple[Message, ...]) -> None:
    """Check from the bodies alone that each action is possible in its state."""
    states: dict[str, str | None] = {}
    for message in messages:
        body = json.loads(message.body)
        if message.duplicate or message.kind is WebhookKind.GENERAL:
            continue
        action, data = body["Action"], body["Data"]
        integration = data["Integration"]["Id"]
        assert states.get(integration) in ALLOWED[action]
        if action == "IntegrationCreated":
            assert set(states.values()) <= {"deleted"}
            states[integration] = "on" if data["IsEnabled"] else "off"
        else:
            states[integration] = BECOMES.get(action, states[integration])


@pytest.mark.parametrize("after_end", [False, True])
def test_lifecycles_are_possible_and_for_one_enterprise(target: Target, *, after_end: bool) -> None:
    """A lifecycle starts with the creation, has a possible order, and identical duplicates."""
    plans = generate(target, after_end=after_end)
    assert plans.strategy is not None

    def check(plan: Plan) -> None:
        messages = build(plan, target)
        assert messages[0].events[0].discriminator == "IntegrationCreated"
        check_order(messages)
        assert len({message.enterprise_id for message in messages} - {None}) == 1
        for number, message in enumerate(messages):
            earlier = {previous.body for previous in messages[:number]}
            assert not message.duplicate or message.body in earlier
        general = [message for message in messages if message.kind is WebhookKind.GENERAL]
        entity_ids = [event.entity_id for message in general for event in message.events]
        assert len(set(entity_ids)) == len(entity_ids)

    for plan in plans.fixed:
        check(plan)
    SETTINGS(given(plans.strategy)(check))()


def test_without_after_end_nothing_follows_the_end(target: Target) -> None:
    """Events come while the integration is enabled; nothing older comes after its deletion."""
    plans = generate(target)
    assert plans.strategy is not None

    def check(plan: Plan) -> None:
        messages = build(plan, target)
        statuses = integration_statuses(messages)
        for message, status in zip(messages, statuses, strict=True):
            assert message.kind is WebhookKind.INTEGRATION or status.is_enabled
        for before, status, message in zip(statuses, statuses[1:], messages[1:], strict=False):
            if before.state == "deleted" and before.integration_id == status.integration_id:
                assert message.events[0].discriminator == "IntegrationDeleted"

    for plan in plans.fixed:
        check(plan)
    SETTINGS(given(plans.strategy)(check))()


def test_one_fixed_lifecycle_has_all_actions(target: Target) -> None:
    """One fixed lifecycle has all seven actions, and events in between."""
    messages = build(generate(target).fixed[-1], target)
    names = [m.events[0].discriminator for m in messages if m.kind is WebhookKind.INTEGRATION]
    assert sorted(names) == sorted(actions("2026-04"))
    assert len(messages) == len(names) + 1


def test_lifecycles_shrink(target: Target) -> None:
    """The smallest lifecycle with a reinstatement has only the messages that it requires."""
    strategy = generate(target).strategy
    assert strategy is not None
    shortest = find(
        strategy, lambda plan: "Reinstated" in plan.describe(), settings=SETTINGS, random=Random(0)
    )
    assert shortest.describe() == "lifecycle: Created, Canceled, Reinstated, for a new enterprise"


def test_unsubscribed_steps_are_left_out(target: Target) -> None:
    """Without IntegrationCreated there are no lifecycles; other steps are left out."""
    without_creation = replace(target, events=("ServiceOrderUpdated", "IntegrationEnabled"))
    assert generate(without_creation) == Plans(())
    only_creation = replace(target, events=("IntegrationCreated",))
    assert [plan.describe() for plan in generate(only_creation).fixed] == [
        "lifecycle: Created, for a new enterprise",
        "lifecycle: Created, Created (duplicate), for a new enterprise",
    ]
    assert generate(only_creation, after_end=True) == Plans(())


def test_messages_fit_into_the_smallest_limit(target: Target) -> None:
    """With a batch limit of 1, each General Webhook has one event."""
    small = replace(target, batch_limit=1)
    for plan in generate(small).fixed:
        assert all(len(message.events) == 1 for message in build(plan, small))


def test_datetimes_are_in_order(target: Target) -> None:
    """An integration is deleted after its creation; the next one is created after that."""
    messages, _ = build_fixed(
        target, "Created, events, Deleted, Deleted (duplicate), Created, events"
    )
    data = [json.loads(m.body)["Data"] for m in messages if m.kind is WebhookKind.INTEGRATION]
    dates = [values.get("CreatedUtc") or values["DeletedUtc"] for values in data]
    assert dates[1] == dates[2]
    assert all(earlier < later for earlier, later in pairwise(sorted(set(dates))))
    assert dates == sorted(dates)
    assert len(set(dates)) == 3


def test_the_newest_key_is_valid(target: Target) -> None:
    """A key replaces the token; after a duplicate of an older key, the status is uncertain."""
    name = "Created, ApiKeyCreated, ApiKeyCreated, ApiKeyCreated (duplicate), events"
    messages, statuses = build_fixed(target, name)
    data = [json.loads(message.body).get("Data", {}) for message in messages]
    assert data[3]["ApiKey"] == data[2]["ApiKey"] != data[1]["ApiKey"]
    credentials = [data[0]["AccessToken"], data[1]["ApiKey"], *[data[2]["ApiKey"]] * 3]
    assert [status.credential for status in statuses] == credentials
    assert all(status.is_enabled and status.is_certain for status in statuses)
    out_of_order = (*messages[:3], replace(messages[1], duplicate=True))
    last = integration_statuses(out_of_order)[-1]
    assert (last.credential, last.is_certain) == (data[2]["ApiKey"], False)


def test_a_key_that_is_replaced_while_the_integration_is_disabled(target: Target) -> None:
    """After the integration is enabled again, only the new key is valid."""
    name = "Created, Disabled, ApiKeyCreated, Enabled, events"
    messages, statuses = build_fixed(target, name)
    new_key = json.loads(messages[2].body)["Data"]["ApiKey"]
    assert [status.credential for status in statuses[2:]] == [new_key] * 3
    assert [status.is_enabled for status in statuses] == [True, False, False, True, True]


def test_status_is_uncertain_after_a_duplicate_creation(target: Target) -> None:
    """A duplicate creation after IntegrationDisabled doesn't enable the integration at Mews."""
    _, statuses = build_fixed(target, "Created, Disabled, Created (duplicate), Enabled, events")
    assert [status.state for status in statuses] == [
        "enabled",
        "disabled",
        "disabled",
        "enabled",
        "enabled",
    ]
    assert [status.is_certain for status in statuses] == [True, True, False, True, True]


def test_creation_after_a_deletion_is_a_new_integration(target: Target) -> None:
    """The enterprise is the same; integration and token are new, and the old token is invalid."""
    _, statuses = build_fixed(
        target, "Created, events, Deleted, Deleted (duplicate), Created, events"
    )
    first, last = statuses[0], statuses[-1]
    without_credential = [status.credential is None for status in statuses]
    assert without_credential == [False] * 2 + [True] * 2 + [False] * 2
    assert first.enterprise_id == last.enterprise_id
    assert first.integration_id != last.integration_id
    assert first.credential != last.credential
    assert statuses[-2] == last


def test_unknown_integration_is_not_created(target: Target) -> None:
    """Events alone don't reveal the state of their integration."""
    (plan,) = plans_for(MessageSpec("message", "single-event"), target).fixed
    (status,) = integration_statuses(build(plan, target))
    tenant = target.tenants.enterprises[0]
    assert status == IntegrationStatus(tenant.integration_id)
    assert not status.is_enabled


def test_repr_of_a_status_omits_its_credential(target: Target) -> None:
    """The token is not in the repr."""
    _, (status,) = build_fixed(target, "Created")
    assert status.credential is not None
    assert status.credential not in repr(status)
