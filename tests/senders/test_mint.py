"""Ids are unique to a run and the same again for the same seed."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import find, settings

from pytest_mews.errors import UsageError
from pytest_mews.model import MessageSpec, Tenants
from pytest_mews.senders.connector import IdSource, Target, plans
from pytest_mews.senders.connector.payload_schemas import validator


def test_same_play_same_bytes(subject: Target, tenants: Tenants) -> None:
    """The same seed, scenario and play make byte-identical bodies."""
    plan = plans(MessageSpec("batch", "batch"), subject).fixed[-1]
    again = [plan.build(IdSource(7, "REC-01", 3, tenants)) for _ in range(2)]
    assert again[0] == again[1]


def test_ids_are_unique_over_plays(subject: Target, tenants: Tenants) -> None:
    """Seed, scenario and play each make ids of their own, though the plan is the same."""
    plan = plans(MessageSpec("batch", "batch"), subject).fixed[-1]
    mints = [
        IdSource(seed, scenario, play, tenants)
        for seed in (1, 2)
        for scenario in ("REC-01", "REC-02")
        for play in range(10)
    ]
    ids = [
        {event.entity_id for message in plan.build(mint) for event in message.events}
        for mint in mints
    ]
    assert len(set().union(*ids)) == sum(map(len, ids))


def test_building_twice_with_one_mint_makes_new_ids(subject: Target, tenants: Tenants) -> None:
    """Two messages of one play never share an id by chance."""
    plan = plans(MessageSpec("message", "single-event"), subject).fixed[0]
    mint = IdSource(1, "REC-01", 0, tenants)
    assert plan.build(mint)[0].events != plan.build(mint)[0].events


def test_entity_ids_are_random_guids(tenants: Tenants) -> None:
    """Ids are version 4 GUIDs in lower case."""
    minted = IdSource(1, "REC-01", 0, tenants).entity_id()
    assert UUID(minted).version == 4
    assert minted == str(UUID(minted))


def test_messages_can_be_another_enterprises(subject: Target, tenants: Tenants) -> None:
    """`enterprise` chooses the tenant; `new` is unknown to the run and the same all play long."""
    mint = IdSource(1, "REC-01", 0, tenants)
    second = plans(MessageSpec("message", "single-event", {"enterprise": 2}), subject).fixed[0]
    assert second.describe() == "1 event: ServiceOrderUpdated, for enterprise 2"
    assert second.build(mint)[0].enterprise_id == tenants.enterprises[1].id
    new = {"enterprise": "new"}
    created = plans(
        MessageSpec("a", "integration-action", {"action": "IntegrationCreated", **new}), subject
    )
    updated = plans(MessageSpec("b", "single-event", new), subject)
    messages = created.fixed[0].build(mint) + updated.fixed[0].build(mint)
    assert messages[0].enterprise_id == messages[1].enterprise_id
    assert messages[0].enterprise_id not in {each.id for each in tenants.enterprises}
    assert "for a new enterprise" in created.fixed[0].describe()


def test_drawn_plans_are_owned_too(subject: Target) -> None:
    """`enterprise` holds for the drawn plans as for the fixed ones."""
    drawn = plans(MessageSpec("b", "batch", {"enterprise": 2}), subject).drawn
    assert drawn is not None
    found = find(drawn, lambda _: True, settings=settings(database=None))
    (message,) = found.build(IdSource(1, "REC-01", 0, subject.tenants))
    assert message.enterprise_id == subject.tenants.enterprises[1].id
    assert (
        message.description == found.describe() == "1 event: ServiceOrderUpdated, for enterprise 2"
    )


def test_missing_enterprise_is_the_users_mistake(subject: Target, tenants: Tenants) -> None:
    """Asking for a third of two enterprises names the option to change."""
    plan = plans(MessageSpec("message", "single-event", {"enterprise": 3}), subject).fixed[0]
    with pytest.raises(UsageError, match="--mews-tenants: '3' is more than the 2"):
        plan.build(IdSource(1, "REC-01", 0, tenants))


def test_rotated_key_is_new(subject: Target, tenants: Tenants) -> None:
    """A rotated key is none that the run knew, and valid."""
    draw = MessageSpec("key", "integration-action", {"action": "IntegrationApiKeyCreated"})
    bodies = {
        plans(draw, subject).fixed[0].build(IdSource(1, "INT-09", play, tenants))[0].body
        for play in range(3)
    }
    assert len(bodies) == 3
    assert not any(b"access-token" in body for body in bodies)
    valid = validator("integration", subject.profile)
    assert all(valid.is_valid(json.loads(body)) for body in bodies)
