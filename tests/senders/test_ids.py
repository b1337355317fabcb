"""Ids are unique in a run, and the same for the same seed."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import find, settings

from pytest_mews.errors import UsageError
from pytest_mews.model import MessageSpec, Tenants
from pytest_mews.senders import IdSource, Target
from pytest_mews.senders.connector import plans_for
from pytest_mews.senders.connector.payload_schemas import validator


def test_same_execution_same_bytes(target: Target, tenants: Tenants) -> None:
    """The same seed, scenario and execution build identical bytes."""
    plan = plans_for(MessageSpec("batch", "batch"), target).fixed[-1]
    builds = [plan.build(IdSource(7, "REC-01", 3, tenants)) for _ in range(2)]
    assert builds[0] == builds[1]


def test_ids_are_unique_across_executions(target: Target, tenants: Tenants) -> None:
    """The same plan has other ids for each seed, scenario and execution."""
    plan = plans_for(MessageSpec("batch", "batch"), target).fixed[-1]
    id_sources = [
        IdSource(seed, scenario, execution, tenants)
        for seed in (1, 2)
        for scenario in ("REC-01", "REC-02")
        for execution in range(10)
    ]
    entity_ids = [
        {event.entity_id for message in plan.build(ids) for event in message.events}
        for ids in id_sources
    ]
    assert len(set().union(*entity_ids)) == sum(map(len, entity_ids))


def test_building_twice_uses_new_ids(target: Target, tenants: Tenants) -> None:
    """Two messages of one execution never share an id by accident."""
    plan = plans_for(MessageSpec("message", "single-event"), target).fixed[0]
    ids = IdSource(1, "REC-01", 0, tenants)
    assert plan.build(ids)[0].events != plan.build(ids)[0].events


def test_entity_ids_are_random_guids(tenants: Tenants) -> None:
    """Ids are version 4 GUIDs in lower case."""
    entity_id = IdSource(1, "REC-01", 0, tenants).entity_id()
    assert UUID(entity_id).version == 4
    assert entity_id == str(UUID(entity_id))


def test_messages_for_another_enterprise(target: Target, tenants: Tenants) -> None:
    """`enterprise` selects the tenant; `new` is not one of them, and the same for all messages."""
    ids = IdSource(1, "REC-01", 0, tenants)
    second = plans_for(MessageSpec("message", "single-event", {"enterprise": 2}), target).fixed[0]
    assert second.describe() == "1 event: ServiceOrderUpdated, for enterprise 2"
    assert second.build(ids)[0].enterprise_id == tenants.enterprises[1].id
    new = {"enterprise": "new"}
    created = plans_for(
        MessageSpec("a", "integration-action", {"action": "IntegrationCreated", **new}), target
    )
    updated = plans_for(MessageSpec("b", "single-event", new), target)
    messages = created.fixed[0].build(ids) + updated.fixed[0].build(ids)
    assert messages[0].enterprise_id == messages[1].enterprise_id
    assert messages[0].enterprise_id not in {tenant.id for tenant in tenants.enterprises}
    assert "for a new enterprise" in created.fixed[0].describe()


def test_random_plans_for_another_enterprise(target: Target) -> None:
    """`enterprise` applies to random plans as to fixed ones."""
    strategy = plans_for(MessageSpec("b", "batch", {"enterprise": 2}), target).strategy
    assert strategy is not None
    plan = find(strategy, lambda _: True, settings=settings(database=None))
    (message,) = plan.build(IdSource(1, "REC-01", 0, target.tenants))
    assert message.enterprise_id == target.tenants.enterprises[1].id
    assert (
        message.description == plan.describe() == "1 event: ServiceOrderUpdated, for enterprise 2"
    )


def test_missing_enterprise_is_a_usage_error(target: Target, tenants: Tenants) -> None:
    """The error for a third of two enterprises names the option to change."""
    plan = plans_for(MessageSpec("message", "single-event", {"enterprise": 3}), target).fixed[0]
    with pytest.raises(UsageError, match="--mews-tenants: '3' is more than the 2"):
        plan.build(IdSource(1, "REC-01", 0, tenants))


def test_rotated_key_is_new(target: Target, tenants: Tenants) -> None:
    """A rotated key is new in each execution, and the message is valid."""
    spec = MessageSpec("key", "integration-action", {"action": "IntegrationApiKeyCreated"})
    bodies = {
        plans_for(spec, target).fixed[0].build(IdSource(1, "INT-09", execution, tenants))[0].body
        for execution in range(3)
    }
    assert len(bodies) == 3
    assert not any(b"access-token" in body for body in bodies)
    valid = validator("integration", target.profile)
    assert all(valid.is_valid(json.loads(body)) for body in bodies)
