"""Draw words for the WebSocket send what they say, and only what is subscribed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.errors import ScenarioFileError
from pytest_mews.mews.event_types import STREAMED, all_known_to
from pytest_mews.model import Message, MessageSpec, WebhookKind
from pytest_mews.senders.connector import IdSource, Plan, Plans, Target, plans
from pytest_mews.senders.connector.payload_schemas import explain, types
from pytest_mews.senders.connector.websocket_plans import GARBAGE
from pytest_mews.senders.connector.websocket_shapes import states

PROFILE = "2026-04"
SUBJECT = Target(PROFILE, all_known_to(PROFILE), 500, DEFAULT)
VALID = [
    "websocket-event",
    "websocket-single-events",
    "websocket-batch",
    "websocket-burst",
    "websocket-commands",
]
EVERY = [
    *VALID,
    "websocket-unknown-type",
    "websocket-unknown-property",
    "websocket-unreadable",
    "same-entity-on-both-channels",
]


def ask(word: str, subject: Target = SUBJECT, **arguments: Any) -> Plans:  # noqa: ANN401
    """Give the plans of a word."""
    return plans(MessageSpec("message", word, arguments), subject)


def built(plan: Plan) -> tuple[Message, ...]:
    """Write the messages of a plan."""
    return plan.build(IdSource(1, "streamed", 0, DEFAULT))


def events(message: Message) -> list[dict[str, Any]]:
    """Read the events of a message."""
    found: list[dict[str, Any]] = json.loads(message.body)["Events"]
    return found


def test_the_types_are_those_of_the_schema() -> None:
    """What can be named in --mews-events is what can be sent."""
    assert types(PROFILE) == tuple(STREAMED)


@pytest.mark.parametrize("word", VALID)
def test_what_should_be_valid_is(word: str) -> None:
    """Every fixed case follows the schema, is a text frame, and is for the first enterprise."""
    found = ask(word)
    assert found.fixed
    for plan in found.fixed:
        assert plan.describe()
        for message in built(plan):
            assert explain("websocket", PROFILE, json.loads(message.body)) == []
            assert (message.kind, message.binary) == (WebhookKind.WEBSOCKET, False)
            assert message.enterprise_id == DEFAULT.enterprises[0].id
            assert [(e.discriminator, e.entity_id, e.state) for e in message.events] == [
                (each["Type"], each["Id"], each.get("State", "")) for each in events(message)
            ]


@pytest.mark.parametrize("word", ["websocket-event", "websocket-batch"])
def test_what_is_drawn_is_valid_too(word: str) -> None:
    """Whatever Hypothesis makes of it."""
    drawn = ask(word).drawn
    assert drawn is not None

    @settings(database=None, deadline=None, max_examples=40)
    @given(drawn)
    def check(plan: Plan) -> None:
        for message in built(plan):
            assert explain("websocket", PROFILE, json.loads(message.body)) == []

    check()


def test_every_state_and_every_absence_is_sent() -> None:
    """All 18 states, optional properties missing, and the documented null."""
    sent = [events(message)[0] for plan in ask("websocket-event").fixed for message in built(plan)]
    assert {(each["Type"], each.get("State")) for each in sent} >= {
        (kind, state) for kind in STREAMED for state in states(PROFILE, kind)
    }
    assert {"Type", "Id"} in [each.keys() for each in sent if each["Type"] == "PriceUpdate"]
    assert any(each.get("ResourceCategoryId", "") is None for each in sent)
    nulls = [events(built(plan)[0])[0] for plan in ask("websocket-event", all_null=True).fixed]
    assert [each["Type"] for each in nulls] == ["Reservation", "PriceUpdate"]
    assert nulls[0]["AssignedResourceId"] is None
    assert nulls[1]["RateId"] is None


def test_a_batch_has_every_type_and_commands_to_carry_out() -> None:
    """In either order; the largest is as large as it was asked to be."""
    found = [events(built(plan)[0]) for plan in ask("websocket-batch", max_events=20).fixed]
    assert [len(each) for each in found] == [4, 4, 20]
    for each in found:
        assert {event["Type"] for event in each} == set(STREAMED)
        assert {e["State"] for e in each if e["Type"] == "DeviceCommand"} == {"Pending"}
    assert found[0][0]["Type"] == found[1][-1]["Type"] == "DeviceCommand"


def test_a_burst_asks_nobody_to_do_anything() -> None:
    """1,000 events in many messages, in some, and in one; ids are unique."""
    for plan, number in zip(ask("websocket-burst").fixed, (1000, 20, 1), strict=True):
        messages = built(plan)
        assert len(messages) == number
        every = [event for message in messages for event in events(message)]
        assert len({event["Id"] for event in every}) == len(every) == 1000
        assert "Pending" not in {e["State"] for e in every if e["Type"] == "DeviceCommand"}


def test_the_unknown_comes_alone_and_beside_the_known() -> None:
    """Its name is not documented, wherever it stands."""
    alone, first, last = (events(built(plan)[0]) for plan in ask("websocket-unknown-type").fixed)
    assert [each["Type"] in STREAMED for each in alone] == [False]
    assert [each["Type"] in STREAMED for each in first] == [False, True, True, True, True]
    assert [each["Type"] in STREAMED for each in last] == [True, True, True, True, False]


def test_one_property_too_many_is_all_that_is_wrong() -> None:
    """In an event of each type, and beside the events."""
    for plan in ask("websocket-unknown-property").fixed:
        (message,) = built(plan)
        (said,) = explain("websocket", PROFILE, json.loads(message.body))
        assert "AddedLater" in said or "is none of the documented variants" in said


def test_garbage_is_no_message_of_mews() -> None:
    """No JSON, or another shape; the last is binary."""
    found = [built(plan)[0] for plan in ask("websocket-unreadable").fixed]
    assert len(found) == len(GARBAGE) + 1
    assert [each.binary for each in found] == [False] * len(GARBAGE) + [True]
    for message in found:
        try:
            wrong = bool(explain("websocket", PROFILE, json.loads(message.body)))
        except ValueError:
            wrong = True
        assert wrong, message.description
        assert message.events == ()


def test_commands_come_together_or_apart_in_their_state() -> None:
    """One case for each state that leaves nothing to do, where that is asked for."""
    (together,) = ask("websocket-commands", count=3).fixed
    (apart,) = ask("websocket-commands", count=3, separate=True).fixed
    assert [len(events(each)) for each in built(together)] == [3]
    assert [len(events(each)) for each in built(apart)] == [1, 1, 1]
    over = [
        events(built(plan)[0])[0]["State"]
        for plan in ask("websocket-commands", state="any-final").fixed
    ]
    assert over == ["Processed", "Cancelled", "Error"]
    with pytest.raises(ScenarioFileError, match="is no state"):
        ask("websocket-commands", state="Printed")


def test_both_channels_tell_of_one_reservation() -> None:
    """The webhook first, then the event; other ids in the event are others."""
    webhook, event = built(ask("same-entity-on-both-channels").fixed[0])
    assert (webhook.kind, event.kind) == (WebhookKind.GENERAL, WebhookKind.WEBSOCKET)
    assert [each.entity_id for each in webhook.events] == [each.entity_id for each in event.events]
    (written,) = events(event)
    assert written["AssignedResourceId"] != written["Id"]


@pytest.mark.parametrize("word", EVERY)
def test_what_is_not_subscribed_is_not_sent(word: str) -> None:
    """Without a type there is nothing to send, and with one only that."""
    none = replace(SUBJECT, events=("CustomerAdded",))
    assert ask(word, none).fixed == ()
    if word not in {
        "websocket-commands",
        "same-entity-on-both-channels",
        "websocket-unknown-type",
        "websocket-unreadable",
    }:
        only = replace(SUBJECT, events=("Reservation",))
        sent = [message for plan in ask(word, only).fixed for message in built(plan)]
        assert {each.discriminator for message in sent for each in message.events} == {
            "Reservation"
        }


def test_messages_may_be_for_another_enterprise() -> None:
    """As with webhooks, by its number."""
    (plan,) = ask("websocket-commands", enterprise=2).fixed
    assert built(plan)[0].enterprise_id == DEFAULT.enterprises[1].id
    assert "for enterprise 2" in plan.describe()
