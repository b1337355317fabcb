"""Batches are large, mixed, rolled over in order, and shrink to the smallest failing one."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import EventReference, Message, MessageSpec, Tenants
from pytest_mews.senders.connector import IdSource, Plan, Target, plans
from pytest_mews.senders.connector.batch import Batch, EventList, RepeatedEvent

QUIET = settings(database=None, deadline=None)


def batches(subject: Target, **arguments: object) -> st.SearchStrategy[Plan]:
    """Give the drawn plans of the word `batch`."""
    drawn = plans(MessageSpec("batch", "batch", arguments), subject).drawn
    assert drawn is not None
    return drawn


def written(plan: Plan, tenants: Tenants) -> tuple[Message, ...]:
    """Build a plan."""
    return plan.build(IdSource(1, "batch", 0, tenants))


def events_of(plan: Plan, tenants: Tenants) -> list[EventReference]:
    """List a plan's events over all its messages."""
    return [event for message in written(plan, tenants) for event in message.events]


def test_large_batches_are_common(subject: Target, tenants: Tenants) -> None:
    """Of 200 draws at least a third have more than 100 events."""
    sizes: list[int] = []

    @settings(QUIET, max_examples=200, phases=(Phase.generate,))
    @given(batches(subject))
    def collect(plan: Plan) -> None:
        sizes.append(len(events_of(plan, tenants)))

    collect()
    assert len(sizes) >= 200
    assert sum(size > 100 for size in sizes) * 3 >= len(sizes)
    assert max(sizes) <= 500


@pytest.mark.parametrize("seed", range(5))
def test_planted_bug_shrinks_to_its_boundary(seed: int, subject: Target, tenants: Tenants) -> None:
    """A receiver that fails from 50 events on is shown exactly 50, all alike."""
    smallest = find(
        batches(subject),
        lambda plan: len(events_of(plan, tenants)) >= 50,
        settings=QUIET,
        random=Random(seed),
    )
    assert smallest.describe() == "50 events: 50 × ServiceOrderUpdated"  # noqa: RUF001


def test_bug_of_one_discriminator_shrinks_to_it(subject: Target, tenants: Tenants) -> None:
    """A receiver that fails on one discriminator is shown that one alone."""
    smallest = find(
        batches(subject),
        lambda plan: any(e.discriminator == "PaymentUpdated" for e in events_of(plan, tenants)),
        settings=QUIET,
        random=Random(0),
    )
    assert smallest.describe() == "1 event: PaymentUpdated"


def test_bug_of_a_repeat_shrinks_to_two_events(subject: Target, tenants: Tenants) -> None:
    """Repeats are drawn, so a receiver that chokes on one is found, and shown two events."""

    def repeats(plan: Plan) -> bool:
        events = events_of(plan, tenants)
        return len(set(events)) < len(events)

    smallest = find(batches(subject), repeats, settings=QUIET, random=Random(0))
    assert len(events_of(smallest, tenants)) == 2
    assert smallest.describe().endswith("; 1 sent again")


def test_bug_of_a_shared_id_shrinks_to_two_events(subject: Target, tenants: Tenants) -> None:
    """Ids under two discriminators are drawn beside the documented pairs."""

    def shares(plan: Plan) -> bool:
        return "under several" in plan.describe()

    smallest = find(batches(subject), shares, settings=QUIET, random=Random(0))
    assert len(events_of(smallest, tenants)) == 2


def test_added_customer_is_updated_too(subject: Target, tenants: Tenants) -> None:
    """Every CustomerAdded comes with a CustomerUpdated of the same id."""

    @settings(QUIET, max_examples=60)
    @given(batches(subject, max_events=60))
    def check(plan: Plan) -> None:
        events = events_of(plan, tenants)
        added = {e.entity_id for e in events if e.discriminator == "CustomerAdded"}
        updated = {e.entity_id for e in events if e.discriminator == "CustomerUpdated"}
        assert added <= updated

    check()


def test_added_customer_comes_alone_where_updates_are_off(
    subject: Target, tenants: Tenants
) -> None:
    """Without a subscription to CustomerUpdated, none is sent."""
    only = replace(subject, events=("CustomerAdded",))
    names = {
        event.discriminator
        for plan in plans(MessageSpec("batch", "batch"), only).fixed
        for event in events_of(plan, tenants)
    }
    assert names == {"CustomerAdded"}


def test_rollover_keeps_order_within_the_limit(subject: Target, tenants: Tenants) -> None:
    """Over the limit a stream becomes several messages, none too large, in the plan's order."""
    small = replace(subject, batch_limit=20)
    sizes: list[int] = []

    @settings(QUIET, max_examples=60)
    @given(batches(small, over_limit=True))
    def check(plan: Plan) -> None:
        assert isinstance(plan, Batch)
        messages = written(plan, tenants)
        sizes.append(len(messages))
        assert [len(message.events) for message in messages[:-1]] == [20] * (len(messages) - 1)
        assert 1 <= len(messages[-1].events) <= 20
        events = [event for message in messages for event in message.events]
        assert [event.discriminator for event in events] == [name for name, _ in plan.entries]
        ids = {number: event.entity_id for (_, number), event in zip(plan.entries, events)}  # noqa: B905
        assert [event.entity_id for event in events] == [ids[n] for _, n in plan.entries]
        assert len(set(ids.values())) == len(ids)

    check()
    assert set(sizes) == {1, 2}


def test_fixed_sizes_surround_the_limit(subject: Target, tenants: Tenants) -> None:
    """The fixed cases are the boundaries, smallest first, within what was asked for."""

    def sizes(**arguments: object) -> list[int]:
        fixed = plans(MessageSpec("batch", "batch", arguments), subject).fixed
        return [len(events_of(plan, tenants)) for plan in fixed]

    assert sizes() == [1, 2, 2, 2, 2, 50, 499, 500]
    assert sizes(over_limit=True) == [1, 2, 2, 2, 2, 50, 499, 500, 501]
    assert sizes(max_events=50) == [1, 2, 2, 2, 2, 50]
    assert sizes(min_events=3, max_events=49) == [3, 49]
    assert sizes(min_events=100, max_events=100) == [100]
    assert sizes(min_events=100, over_limit=True) == [100, 499, 500, 501]


def test_one_over_the_limit_is_two_messages(subject: Target, tenants: Tenants) -> None:
    """501 events become 500 and 1, and each says which part it is."""
    plan = plans(MessageSpec("batch", "batch", {"over_limit": True}), subject).fixed[-1]
    first, second = written(plan, tenants)
    assert (len(first.events), len(second.events)) == (500, 1)
    assert first.description == f"{plan.describe()} (message 1 of 2)"
    assert second.description.endswith("; in 2 messages (message 2 of 2)")


def test_fixed_cases_hold_the_known_traps(subject: Target) -> None:
    """Added and updated, sent twice, one id under two discriminators: all among the fixed."""
    described = [plan.describe() for plan in plans(MessageSpec("batch", "batch"), subject).fixed]
    assert "2 events: CustomerAdded, CustomerUpdated" in described
    assert "2 events: 2 × ServiceOrderUpdated; 1 sent again" in described  # noqa: RUF001
    assert (
        "2 events: ServiceOrderUpdated, ResourceUpdated; 1 id under several discriminators"
        in described
    )


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_size_is_exact(size: int, tenants: Tenants) -> None:
    """A plan has as many events as it says, with pairs and echoes in them."""
    echoes = (RepeatedEvent(0, 1), RepeatedEvent(0, 0, "CustomerUpdated"))[: size - 1]
    plan = Batch("2026-04", size, ("CustomerAdded",), 5, paired=True, limit=500, echoes=echoes)
    assert len(events_of(plan, tenants)) == size


def test_one_discriminator_is_enough(subject: Target, tenants: Tenants) -> None:
    """An integration subscribed to one event gets batches of that event only."""
    only = replace(subject, events=("PaymentUpdated", "IntegrationCreated"), batch_limit=5)

    @settings(QUIET, max_examples=30)
    @given(batches(only))
    def check(plan: Plan) -> None:
        assert {e.discriminator for e in events_of(plan, tenants)} == {"PaymentUpdated"}

    check()


@pytest.mark.parametrize("limit", [1, 2, 3, 49, 50, 51])
def test_small_limits_are_kept(subject: Target, tenants: Tenants, limit: int) -> None:
    """A limit may be overridden to anything; no message goes beyond it, no size comes twice."""
    small = replace(subject, batch_limit=limit)
    fixed = plans(MessageSpec("batch", "batch", {"over_limit": True}), small).fixed
    for plan in fixed:
        assert all(len(message.events) <= limit for message in written(plan, tenants))
    sizes = [len(events_of(plan, tenants)) for plan in fixed]
    assert sizes == sorted(sizes)
    assert limit + 1 in sizes


def test_more_than_the_limit_allows_is_not_played(subject: Target) -> None:
    """A scenario that needs more events than fit, and may not roll over, has no cases."""
    small = replace(subject, batch_limit=20)
    assert plans(MessageSpec("batch", "batch", {"min_events": 100}), small).fixed == ()
    rolled = plans(MessageSpec("batch", "batch", {"min_events": 100, "over_limit": True}), small)
    assert rolled.drawn is not None


@pytest.mark.parametrize(
    "arguments",
    [{"min_events": 0, "max_events": 5}, {"min_events": 9, "max_events": 5}, {"max_events": "all"}],
)
def test_impossible_numbers_are_a_mistake(subject: Target, arguments: dict[str, object]) -> None:
    """Numbers that leave nothing between them are the scenario's mistake."""
    with pytest.raises(ScenarioFileError, match="min_events, max_events"):
        plans(MessageSpec("batch", "batch", arguments), subject)


def test_body_is_compact_json(tenants: Tenants) -> None:
    """A body is compact JSON that says what the message's references say."""
    (message,) = written(EventList("2026-04", (("MessageAdded", 0),), 500), tenants)
    body = json.loads(message.body)
    assert json.dumps(body, separators=(",", ":")).encode() == message.body
    assert message.events == (EventReference("MessageAdded", body["Events"][0]["Value"]["Id"]),)
    assert message.enterprise_id == body["EnterpriseId"] == tenants.enterprises[0].id
    assert body["IntegrationId"] == tenants.enterprises[0].integration_id
