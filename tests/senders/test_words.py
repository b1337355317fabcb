"""Every draw word sends what it says, and only what is subscribed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from pytest_mews.errors import HarnessError, ScenarioFileError
from pytest_mews.model import Message, MessageSpec, Tenants, WebhookKind
from pytest_mews.senders.connector import (
    GENERATORS,
    IdSource,
    Plan,
    Plans,
    Target,
    actions,
    discriminators,
    plans,
)
from pytest_mews.senders.connector.batch import BatchSequence
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.invalid_structure import HERE
from pytest_mews.senders.connector.malformed_bodies import BREAKAGES
from pytest_mews.senders.connector.payload_schemas import explain, validator

QUIET = settings(database=None, deadline=None, max_examples=40)
VALID: list[tuple[str, Mapping[str, Any]]] = [
    ("single-event", {}),
    ("one-per-event-type", {}),
    ("documented-example", {}),
    ("batch", {}),
    ("batch", {"over_limit": True}),
    ("over-limit", {}),
    ("repeated-updates", {}),
    ("customer-added-and-updated", {}),
    ("customer-added-and-updated", {"separate": True}),
    ("message-sequence", {"messages": 3}),
    ("integration-action", {"action": "IntegrationDeleted", "ages_s": [60, 86_400]}),
    *[("integration-action", {"action": action}) for action in actions("2026-04")],
    (
        "integration-action",
        {"action": "IntegrationCreated", "null": ["Requestor"], "absent": ["Service"]},
    ),
    ("integration-lifecycle", {}),
]


def ask(subject: Target, word: str, /, **arguments: Any) -> Plans:  # noqa: ANN401 - as in TOML
    """Look a word up."""
    return plans(MessageSpec("message", word, arguments), subject)


def every_message(found: Plans, tenants: Tenants) -> list[Message]:
    """Build all fixed plans and some drawn ones."""
    messages: list[Message] = []

    def build(plan: Plan) -> None:
        made = plan.build(IdSource(1, "words", len(messages), tenants))
        assert made
        each = isinstance(plan, BatchSequence)  # its messages are told one by one
        assert each or all(message.description.startswith(plan.describe()) for message in made)
        messages.extend(made)

    for plan in found.fixed:
        build(plan)
    if found.drawn is not None:
        QUIET(given(found.drawn)(build))()
    return messages


@pytest.mark.parametrize("profile", ["2022-08", "2026-04"])
@pytest.mark.parametrize(("word", "arguments"), VALID, ids=str)
def test_whatever_should_be_valid_is(
    word: str, arguments: Mapping[str, Any], profile: str, subject: Target
) -> None:
    """What the valid words send validates, fixed and drawn, in every profile."""
    then = replace(subject, profile=profile)
    for message in every_message(plans(MessageSpec("m", word, arguments), then), subject.tenants):
        body = json.loads(message.body)
        assert validator(message.kind, profile).is_valid(body), explain(message.kind, profile, body)
        assert message.events
        assert message.content_type == "application/json"


@pytest.mark.parametrize(("word", "arguments"), VALID, ids=str)
def test_only_subscribed_events_are_sent(
    word: str, arguments: Mapping[str, Any], subject: Target
) -> None:
    """An integration with three events and one action receives nothing else."""
    events = ("CustomerAdded", "MessageAdded", "CustomerUpdated", "IntegrationCreated")
    some = replace(subject, events=events)
    found = plans(MessageSpec("m", word, arguments), some)
    sent = {e.discriminator for m in every_message(found, some.tenants) for e in m.events}
    assert sent <= set(events)
    if arguments.get("action", "IntegrationCreated") in events:
        assert sent


@pytest.mark.parametrize("word", GENERATORS)
def test_nothing_subscribed_means_nothing_to_play(word: str, subject: Target) -> None:
    """Without a subscription a word has no cases at all."""
    arguments = {"action": "IntegrationCreated"} if word == "integration-action" else {}
    assert ask(replace(subject, events=()), word, **arguments) == Plans((), None)


@pytest.mark.parametrize("word", GENERATORS)
def test_plans_are_comparable(word: str, subject: Target) -> None:
    """Asked twice, a word gives equal fixed plans with equal reprs: a case can be recognised."""
    arguments = {"action": "IntegrationCreated"} if word == "integration-action" else {}
    first, second = ask(subject, word, **arguments).fixed, ask(subject, word, **arguments).fixed
    assert first == second
    assert repr(first) == repr(second)
    assert len(set(map(repr, first))) == len(first)
    assert hash(first) == hash(second)


def test_one_is_the_first_event_or_the_one_asked_for(subject: Target) -> None:
    """`one` sends the first subscribed event unless told which."""
    assert ask(subject, "single-event").fixed[0].describe() == "1 event: ServiceOrderUpdated"
    chosen = ask(subject, "single-event", event="PaymentUpdated")
    assert [plan.describe() for plan in chosen.fixed] == ["1 event: PaymentUpdated"]
    assert chosen.drawn is None
    unsubscribed = replace(subject, events=("MessageAdded",))
    assert ask(unsubscribed, "single-event", event="PaymentUpdated").fixed == ()
    with pytest.raises(ScenarioFileError, match="BillUpdated"):
        ask(subject, "single-event", event="BillUpdated")


def test_each_event_alone(subject: Target) -> None:
    """`each-event` sends every subscribed event once, alone."""
    described = [plan.describe() for plan in ask(subject, "one-per-event-type").fixed]
    assert described == [f"1 event: {name}" for name in discriminators("2026-04")]


def test_example_is_the_documented_one(subject: Target, tenants: Tenants) -> None:
    """`example` keeps the documented entity ids and order, under the tenant's own ids."""
    (message,) = every_message(ask(subject, "documented-example"), tenants)
    assert [event.discriminator for event in message.events][:2] == [
        "ServiceOrderUpdated",
        "ResourceUpdated",
    ]
    assert message.events[0].entity_id == "bfee2c44-1f84-4326-a862-5289598f6e2d"
    assert message.enterprise_id == tenants.enterprises[0].id
    assert message.description == "the documented example, 6 of 6 events"


def test_action_fixed_cases(subject: Target) -> None:
    """`action` begins with the fullest, the barest and the null form, each once."""
    described = [
        plan.describe() for plan in ask(subject, "integration-action", action=created()).fixed
    ]
    assert described == [
        "IntegrationCreated",
        "IntegrationCreated, without Service, without Requestor",
        "IntegrationCreated, Requestor null",
    ]
    enabled = ask(subject, "integration-action", action="IntegrationEnabled").fixed
    assert [plan.describe() for plan in enabled] == ["IntegrationEnabled"]


def created() -> str:
    """Name the action with the most properties."""
    return "IntegrationCreated"


def test_action_bears_the_tenants_ids(subject: Target, tenants: Tenants) -> None:
    """An integration message is about the tenant's integration, enterprise and token."""
    tenant = tenants.enterprises[0]
    for message in every_message(ask(subject, "integration-action", action=created()), tenants):
        data = json.loads(message.body)["Data"]
        assert data["Enterprise"]["Id"] == message.enterprise_id == tenant.id
        assert data["Integration"]["Id"] == message.events[0].entity_id == tenant.integration_id
        assert data["AccessToken"] == tenant.access_token
        assert message.kind is WebhookKind.INTEGRATION


def test_action_can_be_pinned(subject: Target, tenants: Tenants) -> None:
    """`null` and `absent` hold in every case, fixed and drawn."""
    found = ask(
        subject, "integration-action", action=created(), null=["Requestor"], absent=["Service"]
    )
    for message in every_message(found, tenants):
        data = json.loads(message.body)["Data"]
        assert data["Requestor"] is None
        assert "Service" not in data


def test_null_beyond_the_documentation_is_all_that_is_wrong(
    subject: Target, tenants: Tenants
) -> None:
    """`null_undocumented` holds in every case, and nothing else breaks the schema."""
    found = ask(subject, "integration-action", action=created(), null_undocumented=["Service"])
    assert found.fixed[0].describe() == "IntegrationCreated, Service null"
    for message in every_message(found, tenants):
        body = json.loads(message.body)
        assert body["Data"].pop("Service") is None
        assert validator("integration", "2026-04").is_valid(body)


@pytest.mark.parametrize("pin", [{"null": ["Service"]}, {"absent": ["Integration"]}])
def test_pin_beyond_the_documentation_is_not_played(subject: Target, pin: dict[str, Any]) -> None:
    """What the profile does not allow is not sent as a valid message."""
    assert ask(subject, "integration-action", action=created(), **pin).fixed == ()


def test_absent_requestor_is_not_played_in_the_older_profile(subject: Target) -> None:
    """Before 2026-04 Requestor was there, if only as null."""
    older = replace(subject, profile="2022-08")
    assert ask(older, "integration-action", action=created(), absent=["Requestor"]).fixed == ()
    assert ask(older, "integration-action", action=created(), null=["Requestor"]).fixed
    assert ask(older, "integration-action", action="IntegrationApiKeyCreated").fixed == ()


@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "IntegrationRenamed"},
        {"action": "IntegrationCreated", "null": ["Requester"]},
        {"action": "IntegrationEnabled", "absent": ["Service"]},
        {"action": "IntegrationEnabled", "null_undocumented": ["Service"]},
    ],
)
def test_undocumented_action_or_property_is_a_mistake(
    subject: Target, arguments: dict[str, Any]
) -> None:
    """A misspelt action or property is the scenario's mistake."""
    with pytest.raises(ScenarioFileError, match="action: "):
        ask(subject, "integration-action", **arguments)


def test_unknown_event_alone_and_among_others(subject: Target, tenants: Tenants) -> None:
    """Every case has exactly one unknown event, otherwise in the form of the known ones."""
    found = ask(subject, "unknown-event")
    assert [plan.describe() for plan in found.fixed] == [
        "1 event: BillUpdated",
        "3 events: ServiceOrderUpdated, BillUpdated, PaymentUpdated",
    ]
    known = set(discriminators("2026-04"))
    for message in every_message(found, tenants):
        assert sum(event.discriminator not in known for event in message.events) == 1
        complaints = explain("general", "2026-04", json.loads(message.body))
        assert len(complaints) == 1
        assert "Discriminator: breaks enum" in complaints[0]


@pytest.mark.parametrize("limit", [1, 2])
def test_unknown_event_keeps_to_a_small_limit(subject: Target, limit: int) -> None:
    """However small the limit is, the unknown event stays within it."""
    small = replace(subject, batch_limit=limit)
    for message in every_message(ask(small, "unknown-event"), small.tenants):
        assert len(message.events) <= limit


def test_unknown_action(subject: Target, tenants: Tenants) -> None:
    """An unknown action comes with the Integration that every action has."""
    messages = every_message(ask(subject, "unknown-action"), tenants)
    for message in messages:
        body = json.loads(message.body)
        assert body["Action"] not in actions("2026-04")
        assert body["Data"]["Integration"]["Id"] == tenants.enterprises[0].integration_id
    assert len({message.body for message in messages}) > 5


@pytest.mark.parametrize(
    ("kind", "levels"),
    [
        ("general", {"body", "Events.0", "Events.0.Value"}),
        (
            "integration",
            {
                "body",
                "Data",
                "Data.Enterprise",
                "Data.Service",
                "Data.Requestor",
                "Data.Integration",
            },
        ),
    ],
)
def test_extra_property_at_each_level(
    kind: str, levels: set[str], subject: Target, tenants: Tenants
) -> None:
    """One property too many, at each level, is all that is wrong."""
    found = ask(subject, "unknown-property", kind=kind)
    seen: set[str] = set()
    for message in every_message(replace(found, drawn=None), tenants):
        complaints = explain(kind, "2026-04", json.loads(message.body))
        assert len(complaints) == 1
        place, _, problem = complaints[0].partition(": ")
        assert "'AddedLater' was unexpected" in problem
        seen.add(place)
    assert seen == levels
    for message in every_message(found, tenants):
        assert len(explain(kind, "2026-04", json.loads(message.body))) == 1


def test_extra_property_of_every_type(subject: Target, tenants: Tenants) -> None:
    """The surplus values are of every JSON type."""
    added: list[Any] = []

    def collect(node: dict[str, Any]) -> dict[str, Any]:
        added.extend(value for name, value in node.items() if name == "AddedLater")
        return node

    for message in every_message(replace(ask(subject, "unknown-property"), drawn=None), tenants):
        json.loads(message.body, object_hook=collect)
    assert {type(value) for value in added} == {str, int, float, bool, type(None), list, dict}


@pytest.mark.parametrize(
    "word", ["unknown-property", "malformed-body", "invalid-structure", "missing-required"]
)
def test_a_word_knows_its_kinds(word: str, subject: Target) -> None:
    """Any other kind is the scenario's mistake."""
    with pytest.raises(ScenarioFileError, match="websocket"):
        ask(subject, word, kind="websocket")


def test_malformed_is_no_json(subject: Target, tenants: Tenants) -> None:
    """No malformed body can be parsed, whatever encoding the parser guesses."""
    found = ask(subject, "malformed-body")
    assert len(found.fixed) == len(BREAKAGES) == 9
    for message in every_message(found, tenants):
        with pytest.raises((ValueError, RecursionError)):
            json.loads(message.body)
        assert message.events == ()
    assert found.fixed[2].describe() == "no JSON: cut off after byte 107"


def test_malformed_with_a_shorter_tenant(subject: Target) -> None:
    """A place beyond the end is moved inside: the body is still broken."""
    found = ask(subject, "malformed-body", enterprise=2)
    bare = replace(subject.tenants.enterprises[1], id="1", integration_id="2")
    shorter = replace(subject.tenants, enterprises=(subject.tenants.enterprises[0], bare))
    for message in every_message(found, shorter):
        with pytest.raises((ValueError, RecursionError)):
            json.loads(message.body)


def test_wrong_shape_is_json_and_invalid(subject: Target, tenants: Tenants) -> None:
    """A wrong shape is JSON that the schema rejects."""
    found = ask(subject, "invalid-structure")
    assert len(found.fixed) == 14
    assert found.drawn is None
    null_event = found.fixed[-1].build(IdSource(1, "words", 0, tenants))[0]
    assert null_event.events == ()


def assert_huge(message: Message) -> None:
    """Check that only a number, of too many digits for Python, keeps a body from being JSON."""
    with pytest.raises(ValueError, match="4300 digits"):
        json.loads(message.body)
    assert json.loads(message.body, parse_int=str)
    assert message.events == ()


@pytest.mark.parametrize("profile", ["2022-08", "2026-04"])
@pytest.mark.parametrize("kind", [WebhookKind.GENERAL, WebhookKind.INTEGRATION])
@pytest.mark.parametrize("word", ["invalid-structure", "missing-required"])
def test_what_should_be_invalid_is(
    word: str, kind: WebhookKind, profile: str, subject: Target
) -> None:
    """Both words send, for either kind and in every profile, what the schema rejects."""
    found = ask(replace(subject, profile=profile), word, kind=str(kind))
    assert len(found.fixed) >= 8
    for message in every_message(found, subject.tenants):
        if HERE in message.description:
            assert_huge(message)
            continue
        assert not validator(kind, profile).is_valid(json.loads(message.body)), message.description
        assert message.kind is kind


@pytest.mark.parametrize("word", ["invalid-structure", "missing-required"])
def test_a_wrong_shape_of_another_action(word: str, subject: Target) -> None:
    """Where IntegrationCreated is not subscribed, another action is bent; none at all is none."""
    few = replace(subject, events=("IntegrationDeleted",))
    described = [plan.describe() for plan in ask(few, word, kind="integration").fixed]
    assert any("IntegrationDeleted" in phrase for phrase in described)
    assert not any("IntegrationCreated" in phrase for phrase in described)
    assert ask(few, word).fixed == ()


def test_malformed_integration_is_no_json(subject: Target, tenants: Tenants) -> None:
    """Integration bodies are broken in the same ways, and go where such webhooks go."""
    found = ask(subject, "malformed-body", kind="integration")
    assert len(found.fixed) == len(BREAKAGES)
    for message in every_message(found, tenants):
        assert message.kind is WebhookKind.INTEGRATION
        with pytest.raises((ValueError, RecursionError)):
            json.loads(message.body)


def test_every_word_is_documented() -> None:
    """Every word has a docstring, for people who write scenarios."""
    for word, function in GENERATORS.items():
        assert function.__doc__, word


@pytest.mark.parametrize(
    ("word", "arguments", "problem"),
    [
        ("batches", {}, "'batches' is no draw word. Known: single-event, one-per-event-type"),
        (
            "batch",
            {"size": 5},
            "'size' is no argument of batch. Known: min_events, max_events, over_limit",
        ),
        ("single-event", {"subject": 5}, "'subject' is no argument of single-event"),
        ("integration-action", {}, "'integration-action' lacks the argument action"),
        ("single-event", {"enterprise": 0}, "'0' is no enterprise"),
        ("single-event", {"enterprise": "old"}, "'old' is no enterprise"),
    ],
)
def test_unknown_word_or_argument_is_a_mistake(
    word: str, arguments: dict[str, Any], problem: str, subject: Target
) -> None:
    """A word or argument that does not exist is the scenario's mistake, with the known ones."""
    with pytest.raises(ScenarioFileError) as mistake:
        plans(MessageSpec("message", word, arguments), subject)
    assert str(mistake.value).startswith(f"draw.message: {problem}")


def test_missing_action_is_our_own_fault() -> None:
    """An action that the profile does not have can't be shaped."""
    with pytest.raises(HarnessError, match="no IntegrationApiKeyCreated in profile 2022-08"):
        action_shape("2022-08", "IntegrationApiKeyCreated")


def test_updates_are_about_one_entity(subject: Target, tenants: Tenants) -> None:
    """Three messages, one event each, one id in all of them."""
    messages = every_message(ask(subject, "repeated-updates"), tenants)
    assert [len(message.events) for message in messages] == [1, 1, 1]
    assert len({event.entity_id for message in messages for event in message.events}) == 1


def test_a_pair_comes_together_or_apart(subject: Target, tenants: Tenants) -> None:
    """In one message Added is first; in two both orders are played. All are about one customer."""

    def orders(**arguments: object) -> list[list[list[str]]]:
        found: list[list[list[str]]] = []
        for plan in ask(subject, "customer-added-and-updated", **arguments).fixed:
            messages = plan.build(IdSource(1, "words", 0, tenants))
            assert len({event.entity_id for each in messages for event in each.events}) == 1
            found.append([[event.discriminator for event in each.events] for each in messages])
        return found

    added, updated = "CustomerAdded", "CustomerUpdated"
    assert orders() == [[[added, updated]]]
    assert orders(separate=True) == [[[added], [updated]], [[updated], [added]]]


def test_a_stream_is_of_many_messages(subject: Target, tenants: Tenants) -> None:
    """Each message is about an entity of its own, and they are of all tenants in turn."""
    messages = every_message(ask(subject, "message-sequence", messages=50), tenants)
    assert len(messages) == 50
    ids = [tenant.id for tenant in tenants.enterprises]
    assert [message.enterprise_id for message in messages[: len(ids)]] == ids
    assert {message.enterprise_id for message in messages} == set(ids)
    assert len({message.events[0].entity_id for message in messages}) == 50


def test_oversize_batches_do_not_roll_over(subject: Target, tenants: Tenants) -> None:
    """Batches beyond the limit come in one message each: those asked for, then any up to them."""
    messages = every_message(ask(subject, "over-limit", sizes=[700, 1_100]), tenants)
    sizes = [len(message.events) for message in messages]
    assert sizes[:2] == [700, 1_100]
    assert all(500 < size <= 1_100 for size in sizes)


def test_ramp_grows_to_the_limit_in_rounds(subject: Target, tenants: Tenants) -> None:
    """Each round has the sizes up to the limit, each batch in one message."""
    (plan,) = ask(subject, "growing-batches", rounds=2).fixed
    messages = plan.build(IdSource(1, "words", 0, tenants))
    assert [len(message.events) for message in messages] == [1, 2, 50, 250, 500] * 2


def test_ramp_has_the_sizes_that_are_asked_for(subject: Target, tenants: Tenants) -> None:
    """The limit comes last; what is beyond it is left out."""
    (plan,) = ask(subject, "growing-batches", rounds=1, sizes=[1, 100, 501]).fixed
    messages = plan.build(IdSource(1, "words", 0, tenants))
    assert [len(message.events) for message in messages] == [1, 100, 500]


def test_peak_has_as_many_messages_as_asked_for(subject: Target, tenants: Tenants) -> None:
    """The messages are small, of several sizes, and each about entities of its own."""
    (plan,) = ask(subject, "peak-minute").fixed
    messages = plan.build(IdSource(1, "words", 0, tenants))
    sizes = [len(message.events) for message in messages]
    assert len(sizes) == subject.peak
    assert (min(sizes), max(sizes)) == (1, 20)


def test_ages_are_counted_from_the_beginning_of_the_run(subject: Target, tenants: Tenants) -> None:
    """A date lies as many seconds before the run's beginning as was asked for, in whole seconds."""
    found = ask(subject, "integration-action", action="IntegrationDeleted", ages_s=[0, 90, 7_200])
    began = datetime(2026, 11, 23, 12, 0, 0, 999_000, tzinfo=UTC)
    dates = [
        json.loads(plan.build(IdSource(1, "ages", 0, tenants, began))[0].body)["Data"]["DeletedUtc"]
        for plan in found.fixed
    ]
    assert dates == ["2026-11-23T12:00:00Z", "2026-11-23T11:58:30Z", "2026-11-23T10:00:00Z"]
    assert found.drawn is None


def test_ages_follow_the_lag_of_the_profile(subject: Target) -> None:
    """`lag` stands for both ends of it; an age that is there already is not played twice."""
    late = replace(subject, lag_s=(600, 7_200))
    found = ask(late, "integration-action", action="IntegrationDeleted", ages_s=["lag", 7_200, 90])
    assert [plan.describe() for plan in found.fixed] == [
        "IntegrationDeleted, 600 s ago",
        "IntegrationDeleted, 7,200 s ago",
        "IntegrationDeleted, 90 s ago",
    ]


def test_a_stream_of_another_tenant_is_of_that_one_alone(subject: Target, tenants: Tenants) -> None:
    """`enterprise` says whose messages they are, instead of all tenants' in turn."""
    (plan,) = ask(subject, "message-sequence", messages=4, enterprise=2).fixed
    messages = plan.build(IdSource(1, "words", 0, tenants))
    assert [message.enterprise_id for message in messages] == [tenants.enterprises[1].id] * 4


def test_drawn_dates_lie_within_the_documented_lag(subject: Target, tenants: Tenants) -> None:
    """No date is in the future, and none is older than a message may usually be."""
    began = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    found = ask(subject, "integration-action", action="IntegrationDeleted")
    assert found.drawn is not None

    def check(plan: Plan) -> None:
        (message,) = plan.build(IdSource(1, "lag", 0, tenants, began))
        written = json.loads(message.body)["Data"]["DeletedUtc"]
        assert "2026-11-23T11:55:00Z" <= written <= "2026-11-23T12:00:00Z"

    QUIET(given(found.drawn)(check))()
