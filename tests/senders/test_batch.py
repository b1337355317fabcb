"""Batches are large, mixed, split at the limit in order, and shrink to the smallest failing one."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import EventReference, Message, MessageSpec, Tenants
from pytest_mews.senders import IdSource, Plan, Target
from pytest_mews.senders.connector import plans_for
from pytest_mews.senders.connector.batch import Batch, EventList, RepeatedEvent

SETTINGS = settings(database=None, deadline=None)


def random_batches(target: Target, **arguments: object) -> st.SearchStrategy[Plan]:
    """Return the strategy of the generator `batch`."""
    strategy = plans_for(MessageSpec("batch", "batch", arguments), target).strategy
    assert strategy is not None
    return strategy


def build(plan: Plan, tenants: Tenants) -> tuple[Message, ...]:
    """Build a plan."""
    return plan.build(IdSource(1, "batch", 0, tenants))


def events_of(plan: Plan, tenants: Tenants) -> list[EventReference]:
    """List the events of all messages of a plan."""
    return [event for message in build(plan, tenants) for event in message.events]


def test_large_batches_are_common(target: Target, tenants: Tenants) -> None:
    """At least a third of 200 random batches have more than 100 events."""
    sizes: list[int] = []

    @settings(SETTINGS, max_examples=200, phases=(Phase.generate,))
    @given(random_batches(target))
    def collect(plan: Plan) -> None:
        sizes.append(len(events_of(plan, tenants)))

    collect()
    assert len(sizes) >= 200
    assert sum(size > 100 for size in sizes) * 3 >= len(sizes)
    assert max(sizes) <= 500


@pytest.mark.parametrize("seed", range(5))
def test_failure_shrinks_to_its_boundary(seed: int, target: Target, tenants: Tenants) -> None:
    """The smallest failing case of a receiver that fails from 50 events on has exactly 50."""
    smallest = find(
        random_batches(target),
        lambda plan: len(events_of(plan, tenants)) >= 50,
        settings=SETTINGS,
        random=Random(seed),
    )
    assert smallest.describe() == "50 events: 50 × ServiceOrderUpdated"  # noqa: RUF001


def test_failure_of_one_discriminator_shrinks_to_it(target: Target, tenants: Tenants) -> None:
    """The smallest failing case for one discriminator has that event only."""
    smallest = find(
        random_batches(target),
        lambda plan: any(e.discriminator == "PaymentUpdated" for e in events_of(plan, tenants)),
        settings=SETTINGS,
        random=Random(0),
    )
    assert smallest.describe() == "1 event: PaymentUpdated"


def test_failure_of_a_repeated_event_shrinks_to_two_events(
    target: Target, tenants: Tenants
) -> None:
    """Random batches repeat events, and the smallest failing case has two events."""

    def has_repeated_event(plan: Plan) -> bool:
        events = events_of(plan, tenants)
        return len(set(events)) < len(events)

    smallest = find(random_batches(target), has_repeated_event, settings=SETTINGS, random=Random(0))
    assert len(events_of(smallest, tenants)) == 2
    assert smallest.describe().endswith("; 1 repeated")


def test_failure_of_a_shared_id_shrinks_to_two_events(target: Target, tenants: Tenants) -> None:
    """Random batches have ids under two discriminators besides the documented pairs."""

    def has_shared_id(plan: Plan) -> bool:
        return "under several" in plan.describe()

    smallest = find(random_batches(target), has_shared_id, settings=SETTINGS, random=Random(0))
    assert len(events_of(smallest, tenants)) == 2


def test_repeated_events_shrink_in_few_executions(target: Target, tenants: Tenants) -> None:
    """Two repeated events take fewer executions than the budget of a scenario, which is 60."""
    executions: set[str] = set()

    def repeats_two_events(plan: Plan) -> bool:
        events = events_of(plan, tenants)
        failed = len(events) - len(set(events)) >= 2
        if failed or executions:
            executions.add(repr(plan))
        return failed

    smallest = find(random_batches(target), repeats_two_events, settings=SETTINGS, random=Random(0))
    assert len(events_of(smallest, tenants)) == 3
    assert len(executions) < 50


def test_added_customer_is_updated_too(target: Target, tenants: Tenants) -> None:
    """Every CustomerAdded comes with a CustomerUpdated of the same id."""

    @settings(SETTINGS, max_examples=60)
    @given(random_batches(target, max_events=60))
    def check(plan: Plan) -> None:
        events = events_of(plan, tenants)
        added = {e.entity_id for e in events if e.discriminator == "CustomerAdded"}
        updated = {e.entity_id for e in events if e.discriminator == "CustomerUpdated"}
        assert added <= updated

    check()


def test_added_customer_is_alone_without_subscription_to_updates(
    target: Target, tenants: Tenants
) -> None:
    """Without a subscription to CustomerUpdated, none is generated."""
    only = replace(target, events=("CustomerAdded",))
    names = {
        event.discriminator
        for plan in plans_for(MessageSpec("batch", "batch"), only).fixed
        for event in events_of(plan, tenants)
    }
    assert names == {"CustomerAdded"}


def test_split_keeps_order_within_the_limit(target: Target, tenants: Tenants) -> None:
    """Events beyond the limit go into a second message, in the order of the plan."""
    small = replace(target, batch_limit=20)
    sizes: list[int] = []

    @settings(SETTINGS, max_examples=60)
    @given(random_batches(small, over_limit=True))
    def check(plan: Plan) -> None:
        assert isinstance(plan, Batch)
        messages = build(plan, tenants)
        sizes.append(len(messages))
        assert [len(message.events) for message in messages[:-1]] == [20] * (len(messages) - 1)
        assert 1 <= len(messages[-1].events) <= 20
        events = [event for message in messages for event in message.events]
        assert [event.discriminator for event in events] == [name for name, _ in plan.entries]
        ids = {entity: event.entity_id for (_, entity), event in zip(plan.entries, events)}  # noqa: B905
        assert [event.entity_id for event in events] == [ids[entity] for _, entity in plan.entries]
        assert len(set(ids.values())) == len(ids)

    check()
    assert set(sizes) == {1, 2}


def test_fixed_sizes_surround_the_limit(target: Target, tenants: Tenants) -> None:
    """The fixed cases are the boundaries within the requested range, smallest first."""

    def sizes(**arguments: object) -> list[int]:
        fixed = plans_for(MessageSpec("batch", "batch", arguments), target).fixed
        return [len(events_of(plan, tenants)) for plan in fixed]

    assert sizes() == [1, 2, 2, 2, 2, 50, 499, 500]
    assert sizes(over_limit=True) == [1, 2, 2, 2, 2, 50, 499, 500, 501]
    assert sizes(max_events=50) == [1, 2, 2, 2, 2, 50]
    assert sizes(min_events=3, max_events=49) == [3, 49]
    assert sizes(min_events=100, max_events=100) == [100]
    assert sizes(min_events=100, over_limit=True) == [100, 499, 500, 501]


def test_one_over_the_limit_is_two_messages(target: Target, tenants: Tenants) -> None:
    """501 events become messages of 500 and 1, whose descriptions have their numbers."""
    plan = plans_for(MessageSpec("batch", "batch", {"over_limit": True}), target).fixed[-1]
    first, second = build(plan, tenants)
    assert (len(first.events), len(second.events)) == (500, 1)
    assert first.description == f"{plan.describe()} (message 1 of 2)"
    assert second.description.endswith("; in 2 messages (message 2 of 2)")


def test_fixed_cases_include_pairs_repetitions_and_shared_ids(target: Target) -> None:
    """A customer pair, a repeated event and a shared id are among the fixed cases."""
    descriptions = [
        plan.describe() for plan in plans_for(MessageSpec("batch", "batch"), target).fixed
    ]
    assert "2 events: CustomerAdded, CustomerUpdated" in descriptions
    assert "2 events: 2 × ServiceOrderUpdated; 1 repeated" in descriptions  # noqa: RUF001
    assert (
        "2 events: ServiceOrderUpdated, ResourceUpdated; 1 id under several discriminators"
        in descriptions
    )


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_size_is_exact(size: int, tenants: Tenants) -> None:
    """A plan has exactly `size` events, including pairs and repeated events."""
    repeated_events = (RepeatedEvent(0, 1), RepeatedEvent(0, 0, "CustomerUpdated"))[: size - 1]
    plan = Batch(
        "2026-04",
        size,
        ("CustomerAdded",),
        5,
        customer_pairs=True,
        batch_limit=500,
        repeated_events=repeated_events,
    )
    assert len(events_of(plan, tenants)) == size


def test_batches_of_one_discriminator(target: Target, tenants: Tenants) -> None:
    """An integration that is subscribed to one event gets batches of that event only."""
    only = replace(target, events=("PaymentUpdated", "IntegrationCreated"), batch_limit=5)

    @settings(SETTINGS, max_examples=30)
    @given(random_batches(only))
    def check(plan: Plan) -> None:
        assert {e.discriminator for e in events_of(plan, tenants)} == {"PaymentUpdated"}

    check()


@pytest.mark.parametrize("limit", [1, 2, 3, 49, 50, 51])
def test_small_limits_are_respected(target: Target, tenants: Tenants, limit: int) -> None:
    """No message exceeds an overridden limit, and no size is repeated."""
    small = replace(target, batch_limit=limit)
    fixed = plans_for(MessageSpec("batch", "batch", {"over_limit": True}), small).fixed
    for plan in fixed:
        assert all(len(message.events) <= limit for message in build(plan, tenants))
    sizes = [len(events_of(plan, tenants)) for plan in fixed]
    assert sizes == sorted(sizes)
    assert limit + 1 in sizes


def test_more_events_than_the_limit_have_no_cases(target: Target) -> None:
    """Without `over_limit`, more events than fit into one message have no cases."""
    small = replace(target, batch_limit=20)
    assert plans_for(MessageSpec("batch", "batch", {"min_events": 100}), small).fixed == ()
    over_limit = plans_for(
        MessageSpec("batch", "batch", {"min_events": 100, "over_limit": True}), small
    )
    assert over_limit.strategy is not None


@pytest.mark.parametrize(
    "arguments",
    [{"min_events": 0, "max_events": 5}, {"min_events": 9, "max_events": 5}, {"max_events": "all"}],
)
def test_impossible_ranges_are_errors(target: Target, arguments: dict[str, object]) -> None:
    """An empty or invalid range is an error of the scenario file."""
    with pytest.raises(ScenarioFileError, match="min_events, max_events"):
        plans_for(MessageSpec("batch", "batch", arguments), target)


def test_body_is_compact_json(tenants: Tenants) -> None:
    """A body is compact JSON and contains the events of the message."""
    (message,) = build(EventList("2026-04", (("MessageAdded", 0),), 500), tenants)
    body = json.loads(message.body)
    assert json.dumps(body, separators=(",", ":")).encode() == message.body
    assert message.events == (EventReference("MessageAdded", body["Events"][0]["Value"]["Id"]),)
    assert message.enterprise_id == body["EnterpriseId"] == tenants.enterprises[0].id
    assert body["IntegrationId"] == tenants.enterprises[0].integration_id
