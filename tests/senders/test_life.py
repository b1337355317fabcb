"""The life of an integration: legal orders, one set of ids, and what holds after each message."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import find, given, settings

from pytest_mews.model import Message, MessageSpec, WebhookKind
from pytest_mews.senders.connector import (
    IdSource,
    Plan,
    Plans,
    Standing,
    Target,
    actions,
    plans,
    standings,
)

QUIET = settings(database=None, deadline=None, max_examples=150)
# Written down anew: what must have been the newest action of the same integration.
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


def ask(subject: Target, **arguments: Any) -> Plans:  # noqa: ANN401 - as in TOML
    """Look the word up, for an enterprise of its own."""
    return plans(
        MessageSpec("life", "integration-lifecycle", {"enterprise": "new", **arguments}), subject
    )


def build(plan: Plan, subject: Target) -> tuple[Message, ...]:
    """Build with a fresh mint."""
    return plan.build(IdSource(1, "life", 0, subject.tenants))


def lived(subject: Target, name: str) -> tuple[tuple[Message, ...], tuple[Standing, ...]]:
    """Build the fixed life of this description, and read its standings."""
    described = f"a life: {name}, for a new enterprise"
    found = [*ask(subject).fixed, *ask(subject, after_end=True).fixed]
    (plan,) = [plan for plan in found if plan.describe() == described]
    messages = build(plan, subject)
    return messages, standings(messages)


def check_order(messages: tuple[Message, ...]) -> None:
    """Follow the states by the bodies alone."""
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


@pytest.mark.parametrize("late", [False, True])
def test_every_life_is_legal_and_of_one_enterprise(subject: Target, *, late: bool) -> None:
    """It begins with the creation, keeps to the order, and its repeats are the same bytes."""
    found = ask(subject, after_end=late)
    assert found.drawn is not None

    def check(plan: Plan) -> None:
        messages = build(plan, subject)
        assert messages[0].events[0].discriminator == "IntegrationCreated"
        check_order(messages)
        assert len({message.enterprise_id for message in messages} - {None}) == 1
        for number, message in enumerate(messages):
            earlier = {each.body for each in messages[:number]}
            assert not message.duplicate or message.body in earlier
        news = [message for message in messages if message.kind is WebhookKind.GENERAL]
        ids = [event.entity_id for message in news for event in message.events]
        assert len(set(ids)) == len(ids)

    for plan in found.fixed:
        check(plan)
    QUIET(given(found.drawn)(check))()


def test_a_life_that_is_not_late_keeps_to_what_works(subject: Target) -> None:
    """Events come while the integration is enabled; after its deletion nothing older comes."""
    found = ask(subject)
    assert found.drawn is not None

    def check(plan: Plan) -> None:
        messages = build(plan, subject)
        after = standings(messages)
        for message, standing in zip(messages, after, strict=True):
            assert message.kind is WebhookKind.INTEGRATION or standing.works
        for before, standing, message in zip(after, after[1:], messages[1:], strict=False):
            if before.state == "deleted" and before.integration_id == standing.integration_id:
                assert message.events[0].discriminator == "IntegrationDeleted"

    for plan in found.fixed:
        check(plan)
    QUIET(given(found.drawn)(check))()


def test_all_actions_occur_in_one_fixed_life(subject: Target) -> None:
    """All seven actions once, with events in between."""
    messages = build(ask(subject).fixed[-1], subject)
    sent = [m.events[0].discriminator for m in messages if m.kind is WebhookKind.INTEGRATION]
    assert sorted(sent) == sorted(actions("2026-04"))
    assert len(messages) == len(sent) + 1


def test_lives_shrink(subject: Target) -> None:
    """The smallest life with a reinstatement has nothing but what leads to it."""
    drawn = ask(subject).drawn
    assert drawn is not None
    shortest = find(
        drawn, lambda plan: "Reinstated" in plan.describe(), settings=QUIET, random=Random(0)
    )
    assert shortest.describe() == "a life: Created, Canceled, Reinstated, for a new enterprise"


def test_subscriptions_rule_out_turns(subject: Target) -> None:
    """Without the creation there is no life; without deletions nobody is deleted."""
    without = replace(subject, events=("ServiceOrderUpdated", "IntegrationEnabled"))
    assert ask(without) == Plans(())
    alone = replace(subject, events=("IntegrationCreated",))
    assert [plan.describe() for plan in ask(alone).fixed] == [
        "a life: Created, for a new enterprise",
        "a life: Created, Created again, for a new enterprise",
    ]
    assert ask(alone, after_end=True) == Plans(())


def test_messages_fit_into_the_smallest_limit(subject: Target) -> None:
    """With one event to a message the events in between are one."""
    small = replace(subject, batch_limit=1)
    for plan in ask(small).fixed:
        assert all(len(message.events) == 1 for message in build(plan, small))


def test_dates_follow_one_another(subject: Target) -> None:
    """An integration is deleted after it was created, and the next one created after that."""
    messages, _ = lived(subject, "Created, events, Deleted, Deleted again, Created, events")
    data = [json.loads(m.body)["Data"] for m in messages if m.kind is WebhookKind.INTEGRATION]
    dates = [each.get("CreatedUtc") or each["DeletedUtc"] for each in data]
    assert dates[1] == dates[2]
    assert all(earlier < later for earlier, later in pairwise(sorted(set(dates))))
    assert dates == sorted(dates)
    assert len(set(dates)) == 3


def test_the_newest_key_is_in_force(subject: Target) -> None:
    """A key replaces the token; an old one that comes again is told as uncertain, if at all."""
    life = "Created, ApiKeyCreated, ApiKeyCreated, ApiKeyCreated again, events"
    messages, after = lived(subject, life)
    data = [json.loads(message.body).get("Data", {}) for message in messages]
    assert data[3]["ApiKey"] == data[2]["ApiKey"] != data[1]["ApiKey"]
    credentials = [data[0]["AccessToken"], data[1]["ApiKey"], *[data[2]["ApiKey"]] * 3]
    assert [standing.credential for standing in after] == credentials
    assert all(standing.works and standing.certain for standing in after)
    stale = (*messages[:3], replace(messages[1], duplicate=True))
    last = standings(stale)[-1]
    assert (last.credential, last.certain) == (data[2]["ApiKey"], False)


def test_what_a_receiver_can_not_know_is_said(subject: Target) -> None:
    """A creation that comes again after a disabling changes nothing at Mews, and looks as if."""
    _, after = lived(subject, "Created, Disabled, Created again, Enabled, events")
    assert [standing.state for standing in after] == [
        "enabled",
        "disabled",
        "disabled",
        "enabled",
        "enabled",
    ]
    assert [standing.certain for standing in after] == [True, True, False, True, True]


def test_after_a_deletion_another_integration_begins(subject: Target) -> None:
    """The enterprise stays; integration and token are new, and the old token is none."""
    _, after = lived(subject, "Created, events, Deleted, Deleted again, Created, events")
    first, last = after[0], after[-1]
    assert [standing.credential is None for standing in after] == [False] * 2 + [True] * 2 + [
        False
    ] * 2
    assert first.enterprise_id == last.enterprise_id
    assert first.integration_id != last.integration_id
    assert first.credential != last.credential
    assert after[-2] == last


def test_an_integration_never_heard_of_is_unborn(subject: Target) -> None:
    """Events alone say nothing about the integration."""
    (plan,) = plans(MessageSpec("one", "single-event"), subject).fixed
    (standing,) = standings(build(plan, subject))
    tenant = subject.tenants.enterprises[0]
    assert standing == Standing(tenant.integration_id)
    assert not standing.works


def test_a_standing_does_not_show_its_credential(subject: Target) -> None:
    """The token is in no repr."""
    _, (standing,) = lived(subject, "Created")
    assert standing.credential is not None
    assert standing.credential not in repr(standing)
