"""Generators for the WebSocket send what they document, and only subscribed types."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.errors import ScenarioFileError
from pytest_mews.mews.events import Channel, event_names
from pytest_mews.model import Message, MessageSpec, WebhookKind
from pytest_mews.senders import IdSource, Plan, Plans, Target
from pytest_mews.senders.connector import plans_for
from pytest_mews.senders.connector.payload_schemas import validation_errors, websocket_event_types
from pytest_mews.senders.connector.websocket_messages import UNREADABLE_FRAMES, states_of

PROFILE = "2026-04"
WEBSOCKET_TYPES = event_names(Channel.WEBSOCKET)
TARGET = Target(PROFILE, event_names(revision=PROFILE), 500, DEFAULT_TENANTS)
VALID = [
    "websocket-event",
    "websocket-single-events",
    "websocket-batch",
    "websocket-burst",
    "websocket-commands",
]
GENERATORS = [
    *VALID,
    "websocket-unknown-type",
    "websocket-unknown-property",
    "websocket-unreadable",
    "same-entity-on-both-channels",
]


def generate(generator: str, target: Target = TARGET, **arguments: Any) -> Plans:  # noqa: ANN401
    """Return the plans of a generator."""
    return plans_for(MessageSpec("message", generator, arguments), target)


def build(plan: Plan) -> tuple[Message, ...]:
    """Build the messages of a plan."""
    return plan.build(IdSource(1, "websocket", 0, DEFAULT_TENANTS))


def events(message: Message) -> list[dict[str, Any]]:
    """Parse the events of a message."""
    parsed: list[dict[str, Any]] = json.loads(message.body)["Events"]
    return parsed


def test_types_are_those_of_the_schema() -> None:
    """The types that --mews-events accepts are those that can be sent."""
    assert websocket_event_types(PROFILE) == WEBSOCKET_TYPES


@pytest.mark.parametrize("generator", VALID)
def test_fixed_cases_are_valid(generator: str) -> None:
    """Fixed cases match the schema, are text frames, and are for the first enterprise."""
    plans = generate(generator)
    assert plans.fixed
    for plan in plans.fixed:
        assert plan.describe()
        for message in build(plan):
            assert validation_errors("websocket", PROFILE, json.loads(message.body)) == []
            assert (message.kind, message.binary) == (WebhookKind.WEBSOCKET, False)
            assert message.enterprise_id == DEFAULT_TENANTS.enterprises[0].id
            assert [(e.discriminator, e.entity_id, e.state) for e in message.events] == [
                (event["Type"], event["Id"], event.get("State", "")) for event in events(message)
            ]


@pytest.mark.parametrize("generator", ["websocket-event", "websocket-batch"])
def test_random_cases_are_valid(generator: str) -> None:
    """Random cases match the schema."""
    strategy = generate(generator).strategy
    assert strategy is not None

    @settings(database=None, deadline=None, max_examples=40)
    @given(strategy)
    def check(plan: Plan) -> None:
        for message in build(plan):
            assert validation_errors("websocket", PROFILE, json.loads(message.body)) == []

    check()


def test_every_state_missing_property_and_null_is_sent() -> None:
    """The cases have all 18 states, missing optional properties, and the documented nulls."""
    sent = [
        events(message)[0] for plan in generate("websocket-event").fixed for message in build(plan)
    ]
    assert {(event["Type"], event.get("State")) for event in sent} >= {
        (name, state) for name in WEBSOCKET_TYPES for state in states_of(PROFILE, name)
    }
    assert {"Type", "Id"} in [event.keys() for event in sent if event["Type"] == "PriceUpdate"]
    assert any(event.get("ResourceCategoryId", "") is None for event in sent)
    nulls = [events(build(plan)[0])[0] for plan in generate("websocket-event", all_null=True).fixed]
    assert [event["Type"] for event in nulls] == ["Reservation", "PriceUpdate"]
    assert nulls[0]["AssignedResourceId"] is None
    assert nulls[1]["RateId"] is None


def test_a_batch_has_every_type_and_pending_commands() -> None:
    """Fixed batches have every type, in both orders; the largest has `max_events` events."""
    batches = [events(build(plan)[0]) for plan in generate("websocket-batch", max_events=20).fixed]
    assert [len(batch) for batch in batches] == [4, 4, 20]
    for batch in batches:
        assert {event["Type"] for event in batch} == set(WEBSOCKET_TYPES)
        assert {e["State"] for e in batch if e["Type"] == "DeviceCommand"} == {"Pending"}
    assert batches[0][0]["Type"] == batches[1][-1]["Type"] == "DeviceCommand"


def test_a_burst_has_no_pending_commands() -> None:
    """A burst has 1,000 events in 1,000, 20 or 1 messages; ids are unique."""
    for plan, number in zip(generate("websocket-burst").fixed, (1000, 20, 1), strict=True):
        messages = build(plan)
        assert len(messages) == number
        sent = [event for message in messages for event in events(message)]
        assert len({event["Id"] for event in sent}) == len(sent) == 1000
        assert "Pending" not in {e["State"] for e in sent if e["Type"] == "DeviceCommand"}


def test_unknown_types_come_alone_and_among_known_ones() -> None:
    """The unknown type is alone, first, or last."""
    fixed = generate("websocket-unknown-type").fixed
    alone, first, last = (events(build(plan)[0]) for plan in fixed)
    assert [event["Type"] in WEBSOCKET_TYPES for event in alone] == [False]
    assert [event["Type"] in WEBSOCKET_TYPES for event in first] == [False, True, True, True, True]
    assert [event["Type"] in WEBSOCKET_TYPES for event in last] == [True, True, True, True, False]


def test_unknown_property_is_the_only_error() -> None:
    """The unknown property, in an event or beside the events, is all that the schema rejects."""
    for plan in generate("websocket-unknown-property").fixed:
        (message,) = build(plan)
        (error,) = validation_errors("websocket", PROFILE, json.loads(message.body))
        assert "('AddedLater' was unexpected)" in error


def test_unreadable_frames_are_invalid() -> None:
    """Frames are not JSON, or do not match the schema; the last is binary."""
    messages = [build(plan)[0] for plan in generate("websocket-unreadable").fixed]
    assert len(messages) == len(UNREADABLE_FRAMES) + 1
    assert [message.binary for message in messages] == [False] * len(UNREADABLE_FRAMES) + [True]
    for message in messages:
        try:
            is_invalid = bool(validation_errors("websocket", PROFILE, json.loads(message.body)))
        except ValueError:
            is_invalid = True
        assert is_invalid, message.description
        assert message.events == ()


def test_commands_come_together_or_separately_in_their_state() -> None:
    """`any-final` has one case for each final state."""
    (together,) = generate("websocket-commands", count=3).fixed
    (separate,) = generate("websocket-commands", count=3, separate=True).fixed
    assert [len(events(message)) for message in build(together)] == [3]
    assert [len(events(message)) for message in build(separate)] == [1, 1, 1]
    states = [
        events(build(plan)[0])[0]["State"]
        for plan in generate("websocket-commands", state="any-final").fixed
    ]
    assert states == ["Processed", "Cancelled", "Error"]
    with pytest.raises(ScenarioFileError, match="is not a state"):
        generate("websocket-commands", state="Printed")


def test_both_channels_have_the_same_reservation() -> None:
    """The webhook comes first; only the id of the reservation is shared."""
    webhook, event = build(generate("same-entity-on-both-channels").fixed[0])
    assert (webhook.kind, event.kind) == (WebhookKind.GENERAL, WebhookKind.WEBSOCKET)
    assert [reference.entity_id for reference in webhook.events] == [
        reference.entity_id for reference in event.events
    ]
    (reservation,) = events(event)
    assert reservation["AssignedResourceId"] != reservation["Id"]


@pytest.mark.parametrize("generator", GENERATORS)
def test_unsubscribed_types_are_not_sent(generator: str) -> None:
    """Without a subscribed type there are no cases; with one, only that type is sent."""
    without = replace(TARGET, events=("CustomerAdded",))
    assert generate(generator, without).fixed == ()
    if generator not in {
        "websocket-commands",
        "same-entity-on-both-channels",
        "websocket-unknown-type",
        "websocket-unreadable",
    }:
        only = replace(TARGET, events=("Reservation",))
        sent = [message for plan in generate(generator, only).fixed for message in build(plan)]
        assert {event.discriminator for message in sent for event in message.events} == {
            "Reservation"
        }


def test_messages_for_another_enterprise() -> None:
    """`enterprise` is the number of a tenant, as for webhooks."""
    (plan,) = generate("websocket-commands", enterprise=2).fixed
    assert build(plan)[0].enterprise_id == DEFAULT_TENANTS.enterprises[1].id
    assert "for enterprise 2" in plan.describe()
