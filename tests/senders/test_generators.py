"""Every generator sends what it documents, and only what is subscribed to."""

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
from pytest_mews.senders import IdSource, Plan, Plans, Target
from pytest_mews.senders.connector import GENERATORS, actions, discriminators, plans_for
from pytest_mews.senders.connector.batch import BatchSequence
from pytest_mews.senders.connector.integration_webhooks import action_shape
from pytest_mews.senders.connector.invalid_structure import HUGE_NUMBER
from pytest_mews.senders.connector.malformed_bodies import CORRUPTIONS
from pytest_mews.senders.connector.payload_schemas import validation_errors, validator

SETTINGS = settings(database=None, deadline=None, max_examples=20)
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
    ("distinct-entities", {"events": 3}),
    ("integration-action", {"action": "IntegrationDeleted", "ages_s": [60, 86_400]}),
    *[("integration-action", {"action": action}) for action in actions("2026-04")],
    (
        "integration-action",
        {"action": "IntegrationCreated", "null": ["Requestor"], "absent": ["Service"]},
    ),
    ("integration-lifecycle", {}),
]


def generate(target: Target, generator: str, /, **arguments: Any) -> Plans:  # noqa: ANN401 - as in TOML
    """Return the plans of a generator."""
    return plans_for(MessageSpec("message", generator, arguments), target)


def every_message(plans: Plans, tenants: Tenants) -> list[Message]:
    """Build all fixed plans and some random ones."""
    messages: list[Message] = []

    def build(plan: Plan) -> None:
        built = plan.build(IdSource(1, "generators", len(messages), tenants))
        assert built
        # The messages of a BatchSequence have their own descriptions.
        assert isinstance(plan, BatchSequence) or all(
            message.description.startswith(plan.describe()) for message in built
        )
        messages.extend(built)

    for plan in plans.fixed:
        build(plan)
    if plans.strategy is not None:
        SETTINGS(given(plans.strategy)(build))()
    return messages


@pytest.mark.parametrize("profile", ["2022-08", "2026-04", "2026-08"])
@pytest.mark.parametrize(("generator", "arguments"), VALID, ids=str)
def test_valid_messages_match_the_schema(
    generator: str, arguments: Mapping[str, Any], profile: str, target: Target
) -> None:
    """Fixed and random messages of these generators are valid in every profile."""
    target = replace(target, profile=profile)
    for message in every_message(
        plans_for(MessageSpec("message", generator, arguments), target), target.tenants
    ):
        body = json.loads(message.body)
        assert validator(message.kind, profile).is_valid(body), validation_errors(
            message.kind, profile, body
        )
        assert message.events
        assert message.content_type == "application/json"


@pytest.mark.parametrize(("generator", "arguments"), VALID, ids=str)
def test_only_subscribed_events_are_sent(
    generator: str, arguments: Mapping[str, Any], target: Target
) -> None:
    """An integration with three events and one action receives nothing else."""
    events = ("CustomerAdded", "MessageAdded", "CustomerUpdated", "IntegrationCreated")
    some = replace(target, events=events)
    plans = plans_for(MessageSpec("message", generator, arguments), some)
    sent = {e.discriminator for m in every_message(plans, some.tenants) for e in m.events}
    assert sent <= set(events)
    if arguments.get("action", "IntegrationCreated") in events:
        assert sent


@pytest.mark.parametrize("generator", GENERATORS)
def test_without_subscriptions_there_are_no_cases(generator: str, target: Target) -> None:
    """Without a subscription a generator has no cases."""
    arguments = {"action": "IntegrationCreated"} if generator == "integration-action" else {}
    assert generate(replace(target, events=()), generator, **arguments) == Plans((), None)


@pytest.mark.parametrize("generator", GENERATORS)
def test_plans_are_comparable(generator: str, target: Target) -> None:
    """Fixed plans are equal and have equal reprs each time, so that a case can be recognised."""
    arguments = {"action": "IntegrationCreated"} if generator == "integration-action" else {}
    first, second = (generate(target, generator, **arguments).fixed for _ in range(2))
    assert first == second
    assert repr(first) == repr(second)
    assert len(set(map(repr, first))) == len(first)
    assert hash(first) == hash(second)


def test_single_event_is_the_first_or_the_requested_one(target: Target) -> None:
    """`single-event` sends the first subscribed event, or the one in `event`."""
    assert generate(target, "single-event").fixed[0].describe() == "1 event: ServiceOrderUpdated"
    chosen = generate(target, "single-event", event="PaymentUpdated")
    assert [plan.describe() for plan in chosen.fixed] == ["1 event: PaymentUpdated"]
    assert chosen.strategy is None
    unsubscribed = replace(target, events=("MessageAdded",))
    assert generate(unsubscribed, "single-event", event="PaymentUpdated").fixed == ()
    older = replace(target, profile="2022-08")
    assert generate(older, "single-event", event="ProductUpdated").fixed == ()
    with pytest.raises(ScenarioFileError, match="BillUpdated"):
        generate(target, "single-event", event="BillUpdated")


def test_updated_and_deleted_share_an_entity(target: Target, tenants: Tenants) -> None:
    """Each Deleted comes with the Updated of its entity, in either order or the Deleted first."""
    together = generate(target, "updated-and-deleted")
    assert [plan.describe() for plan in together.fixed] == [
        "2 events: ResourceUpdated, ResourceDeleted; 1 id under several discriminators",
        "2 events: ResourceDeleted, ResourceUpdated; 1 id under several discriminators",
        "2 events: ProductUpdated, ProductDeleted; 1 id under several discriminators",
        "2 events: ProductDeleted, ProductUpdated; 1 id under several discriminators",
    ]
    separate = generate(target, "updated-and-deleted", separate=True)
    messages = every_message(separate, tenants)
    assert [message.events[0].discriminator for message in messages] == [
        *("ResourceDeleted", "ResourceUpdated"),
        *("ProductDeleted", "ProductUpdated"),
    ]
    assert len({message.events[0].entity_id for message in messages}) == 2
    without = replace(target, events=("ResourceDeleted", "ProductUpdated"))
    assert generate(without, "updated-and-deleted").fixed == ()


def test_a_property_shares_the_integration_of_its_chain(target: Target, tenants: Tenants) -> None:
    """The messages of two properties have their own enterprise and the chain's integration."""
    chain, first, second = (
        json.loads(
            every_message(generate(target, "single-event", enterprise=name), tenants)[0].body
        )
        for name in ("new", "property-1", "property-2")
    )
    assert chain["IntegrationId"] == first["IntegrationId"] == second["IntegrationId"]
    assert len({body["EnterpriseId"] for body in (chain, first, second)}) == 3


def test_one_per_event_type(target: Target) -> None:
    """`one-per-event-type` has one message for each subscribed discriminator."""
    descriptions = [plan.describe() for plan in generate(target, "one-per-event-type").fixed]
    assert descriptions == [f"1 event: {name}" for name in discriminators("2026-08")]


def test_example_is_the_documented_one(target: Target, tenants: Tenants) -> None:
    """`documented-example` has the documented entity ids and order, and the tenant's ids."""
    (message,) = every_message(generate(target, "documented-example"), tenants)
    assert [event.discriminator for event in message.events][:2] == [
        "ServiceOrderUpdated",
        "ResourceUpdated",
    ]
    assert message.events[0].entity_id == "bfee2c44-1f84-4326-a862-5289598f6e2d"
    assert message.enterprise_id == tenants.enterprises[0].id
    assert message.description == "the documented example, 9 of 9 events"


def test_action_fixed_cases(target: Target) -> None:
    """The fixed cases have all properties, no optional ones, and nulls, without duplicates."""
    descriptions = [
        plan.describe()
        for plan in generate(target, "integration-action", action="IntegrationCreated").fixed
    ]
    assert descriptions == [
        "IntegrationCreated",
        "IntegrationCreated, without Service, without Requestor",
        "IntegrationCreated, Requestor null",
    ]
    enabled = generate(target, "integration-action", action="IntegrationEnabled").fixed
    assert [plan.describe() for plan in enabled] == ["IntegrationEnabled"]


def test_action_has_the_tenants_ids(target: Target, tenants: Tenants) -> None:
    """An integration message is about the tenant's integration, enterprise and token."""
    tenant = tenants.enterprises[0]
    for message in every_message(
        generate(target, "integration-action", action="IntegrationCreated"), tenants
    ):
        data = json.loads(message.body)["Data"]
        assert data["Enterprise"]["Id"] == message.enterprise_id == tenant.id
        assert data["Integration"]["Id"] == message.events[0].entity_id == tenant.integration_id
        assert data["AccessToken"] == tenant.access_token
        assert message.kind is WebhookKind.INTEGRATION


def test_null_and_absent_properties(target: Target, tenants: Tenants) -> None:
    """`null` and `absent` apply to every case, fixed and random."""
    plans = generate(
        target,
        "integration-action",
        action="IntegrationCreated",
        null=["Requestor"],
        absent=["Service"],
    )
    for message in every_message(plans, tenants):
        data = json.loads(message.body)["Data"]
        assert data["Requestor"] is None
        assert "Service" not in data


def test_undocumented_null_is_the_only_error(target: Target, tenants: Tenants) -> None:
    """`null_undocumented` applies to every case, and nothing else breaks the schema."""
    plans = generate(
        target, "integration-action", action="IntegrationCreated", null_undocumented=["Service"]
    )
    assert plans.fixed[0].describe() == "IntegrationCreated, Service null"
    for message in every_message(plans, tenants):
        body = json.loads(message.body)
        assert body["Data"].pop("Service") is None
        assert validator("integration", "2026-04").is_valid(body)


@pytest.mark.parametrize("arguments", [{"null": ["Service"]}, {"absent": ["Integration"]}])
def test_undocumented_null_or_absence_has_no_cases(
    target: Target, arguments: dict[str, Any]
) -> None:
    """A null or absence that the profile does not document is not sent as a valid message."""
    assert (
        generate(target, "integration-action", action="IntegrationCreated", **arguments).fixed == ()
    )


def test_absent_requestor_has_no_cases_in_the_older_profile(target: Target) -> None:
    """Before 2026-04 Requestor was required, though it could be null."""
    older = replace(target, profile="2022-08")
    assert (
        generate(
            older, "integration-action", action="IntegrationCreated", absent=["Requestor"]
        ).fixed
        == ()
    )
    assert generate(
        older, "integration-action", action="IntegrationCreated", null=["Requestor"]
    ).fixed
    assert generate(older, "integration-action", action="IntegrationApiKeyCreated").fixed == ()


@pytest.mark.parametrize(
    "arguments",
    [
        {"action": "IntegrationRenamed"},
        {"action": "IntegrationCreated", "null": ["Requester"]},
        {"action": "IntegrationEnabled", "absent": ["Service"]},
        {"action": "IntegrationEnabled", "null_undocumented": ["Service"]},
    ],
)
def test_undocumented_action_or_property_is_an_error(
    target: Target, arguments: dict[str, Any]
) -> None:
    """A misspelt action or property is an error of the scenario file."""
    with pytest.raises(ScenarioFileError, match=r"^integration-action: "):
        generate(target, "integration-action", **arguments)


def test_unknown_event_alone_and_among_known_ones(target: Target, tenants: Tenants) -> None:
    """Every case has exactly one unknown event, and nothing else breaks the schema."""
    plans = generate(target, "unknown-event")
    assert [plan.describe() for plan in plans.fixed] == [
        "1 event: BillUpdated",
        "3 events: ServiceOrderUpdated, BillUpdated, ProductDeleted",
    ]
    known = set(discriminators("2026-08"))
    for message in every_message(plans, tenants):
        assert sum(event.discriminator not in known for event in message.events) == 1
        errors = validation_errors("general", "2026-08", json.loads(message.body))
        assert len(errors) == 1
        assert "Discriminator: breaks enum" in errors[0]


@pytest.mark.parametrize("limit", [1, 2])
def test_unknown_event_respects_a_small_limit(target: Target, limit: int) -> None:
    """Messages with an unknown event don't exceed a small batch limit."""
    small = replace(target, batch_limit=limit)
    for message in every_message(generate(small, "unknown-event"), small.tenants):
        assert len(message.events) <= limit


def test_unknown_action(target: Target, tenants: Tenants) -> None:
    """A message with an unknown action has the Integration that every action has."""
    messages = every_message(generate(target, "unknown-action"), tenants)
    for message in messages:
        body = json.loads(message.body)
        assert body["Action"] not in actions("2026-04")
        assert body["Data"]["Integration"]["Id"] == tenants.enterprises[0].integration_id
    assert len({message.body for message in messages}) > 5


@pytest.mark.parametrize(
    ("kind", "objects"),
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
def test_unknown_property_in_each_object(
    kind: str, objects: set[str], target: Target, tenants: Tenants
) -> None:
    """An unknown property, in each object, is the only error."""
    plans = generate(target, "unknown-property", kind=kind)
    places: set[str] = set()
    for message in every_message(replace(plans, strategy=None), tenants):
        errors = validation_errors(kind, "2026-08", json.loads(message.body))
        assert len(errors) == 1
        place, _, problem = errors[0].partition(": ")
        assert "'AddedLater' was unexpected" in problem
        places.add(place)
    assert places == objects
    for message in every_message(plans, tenants):
        assert len(validation_errors(kind, "2026-08", json.loads(message.body))) == 1


def test_unknown_property_of_every_type(target: Target, tenants: Tenants) -> None:
    """The values of unknown properties have every JSON type."""
    added: list[Any] = []

    def collect(node: dict[str, Any]) -> dict[str, Any]:
        added.extend(value for name, value in node.items() if name == "AddedLater")
        return node

    plans = replace(generate(target, "unknown-property"), strategy=None)
    for message in every_message(plans, tenants):
        json.loads(message.body, object_hook=collect)
    assert {type(value) for value in added} == {str, int, float, bool, type(None), list, dict}


@pytest.mark.parametrize(
    "generator", ["unknown-property", "malformed-body", "invalid-structure", "missing-required"]
)
def test_unknown_kind_is_an_error(generator: str, target: Target) -> None:
    """Any other kind is an error of the scenario file."""
    with pytest.raises(ScenarioFileError, match="websocket"):
        generate(target, generator, kind="websocket")


def test_malformed_bodies_are_not_json(target: Target, tenants: Tenants) -> None:
    """No malformed body can be parsed, whatever encoding the parser detects."""
    plans = generate(target, "malformed-body")
    assert len(plans.fixed) == len(CORRUPTIONS) == 9
    for message in every_message(plans, tenants):
        with pytest.raises((ValueError, RecursionError)):
            json.loads(message.body)
        assert message.events == ()
    assert plans.fixed[2].describe() == "not JSON: truncated after byte 107"


def test_malformed_body_for_a_tenant_with_shorter_ids(target: Target) -> None:
    """A position beyond the end of the body is moved inside, so the body is still malformed."""
    plans = generate(target, "malformed-body", enterprise=2)
    short = replace(target.tenants.enterprises[1], id="1", integration_id="2")
    tenants = replace(target.tenants, enterprises=(target.tenants.enterprises[0], short))
    for message in every_message(plans, tenants):
        with pytest.raises((ValueError, RecursionError)):
            json.loads(message.body)


def test_invalid_structure_has_no_events(target: Target, tenants: Tenants) -> None:
    """There are 14 fixed cases and no random ones; a null event is not an event."""
    plans = generate(target, "invalid-structure")
    assert len(plans.fixed) == 14
    assert plans.strategy is None
    null_event = plans.fixed[-1].build(IdSource(1, "generators", 0, tenants))[0]
    assert null_event.events == ()


def assert_huge(message: Message) -> None:
    """Check that Python rejects a body only because of a number with too many digits."""
    with pytest.raises(ValueError, match="4300 digits"):
        json.loads(message.body)
    assert json.loads(message.body, parse_int=str)
    assert message.events == ()


@pytest.mark.parametrize("profile", ["2022-08", "2026-04", "2026-08"])
@pytest.mark.parametrize("kind", [WebhookKind.GENERAL, WebhookKind.INTEGRATION])
@pytest.mark.parametrize("generator", ["invalid-structure", "missing-required"])
def test_invalid_messages_break_the_schema(
    generator: str, kind: WebhookKind, profile: str, target: Target
) -> None:
    """Both generators send, for each kind and in every profile, what the schema rejects."""
    plans = generate(replace(target, profile=profile), generator, kind=str(kind))
    assert len(plans.fixed) >= 8
    for message in every_message(plans, target.tenants):
        if HUGE_NUMBER in message.description:
            assert_huge(message)
            continue
        assert not validator(kind, profile).is_valid(json.loads(message.body)), message.description
        assert message.kind is kind


def test_unusable_access_tokens(target: Target, tenants: Tenants) -> None:
    """AccessToken is null or a number, and the rest is valid; not without IntegrationCreated."""
    bodies = [
        json.loads(message.body)
        for message in every_message(generate(target, "unusable-access-token"), tenants)
    ]
    assert [body["Data"]["AccessToken"] for body in bodies] == [None, 7]
    for body in bodies:
        body["Data"]["AccessToken"] = "a-token"
        assert validator(WebhookKind.INTEGRATION, target.profile).is_valid(body)
    few = replace(target, events=("IntegrationDeleted",))
    assert generate(few, "unusable-access-token").fixed == ()


@pytest.mark.parametrize("generator", ["invalid-structure", "missing-required"])
def test_invalid_message_with_another_action(generator: str, target: Target) -> None:
    """Without a subscription to IntegrationCreated, another action is used."""
    few = replace(target, events=("IntegrationDeleted",))
    descriptions = [plan.describe() for plan in generate(few, generator, kind="integration").fixed]
    assert any("IntegrationDeleted" in description for description in descriptions)
    assert not any("IntegrationCreated" in description for description in descriptions)
    assert generate(few, generator).fixed == ()


def test_malformed_integration_webhooks_are_not_json(target: Target, tenants: Tenants) -> None:
    """Integration Webhooks are malformed in the same ways, and keep their kind."""
    plans = generate(target, "malformed-body", kind="integration")
    assert len(plans.fixed) == len(CORRUPTIONS)
    for message in every_message(plans, tenants):
        assert message.kind is WebhookKind.INTEGRATION
        with pytest.raises((ValueError, RecursionError)):
            json.loads(message.body)


def test_every_generator_is_documented() -> None:
    """Every generator has a docstring, for people who write scenarios."""
    for name, generator in GENERATORS.items():
        assert generator.__doc__, name


@pytest.mark.parametrize(
    ("generator", "arguments", "problem"),
    [
        ("batches", {}, "'batches' is not a generator. Known: single-event, one-per-event-type"),
        (
            "batch",
            {"size": 5},
            "'size' is not an argument of batch. Known: min_events, max_events, over_limit",
        ),
        ("single-event", {"target": 5}, "'target' is not an argument of single-event"),
        ("integration-action", {}, "'integration-action' lacks the argument action"),
        ("single-event", {"enterprise": 0}, "'0' is not an enterprise"),
        ("single-event", {"enterprise": "old"}, "'old' is not an enterprise"),
    ],
)
def test_unknown_generator_or_argument_is_an_error(
    generator: str, arguments: dict[str, Any], problem: str, target: Target
) -> None:
    """The error for an unknown generator or argument lists the known ones."""
    with pytest.raises(ScenarioFileError) as error:
        plans_for(MessageSpec("message", generator, arguments), target)
    assert str(error.value).startswith(f"message.message: {problem}")


def test_missing_action_is_a_harness_error() -> None:
    """There is no shape for an action that the profile does not have."""
    with pytest.raises(HarnessError, match="no IntegrationApiKeyCreated in profile 2022-08"):
        action_shape("2022-08", "IntegrationApiKeyCreated")


def test_repeated_updates_are_about_one_entity(target: Target, tenants: Tenants) -> None:
    """There are three messages with one event each, all with the same id."""
    messages = every_message(generate(target, "repeated-updates"), tenants)
    assert [len(message.events) for message in messages] == [1, 1, 1]
    assert len({event.entity_id for message in messages for event in message.events}) == 1


def test_a_customer_pair_comes_together_or_separately(target: Target, tenants: Tenants) -> None:
    """In one message Added is first; in two messages both orders are cases."""

    def orders_of(**arguments: object) -> list[list[list[str]]]:
        orders: list[list[list[str]]] = []
        for plan in generate(target, "customer-added-and-updated", **arguments).fixed:
            messages = plan.build(IdSource(1, "generators", 0, tenants))
            assert len({event.entity_id for message in messages for event in message.events}) == 1
            orders.append(
                [[event.discriminator for event in message.events] for message in messages]
            )
        return orders

    added, updated = "CustomerAdded", "CustomerUpdated"
    assert orders_of() == [[[added, updated]]]
    assert orders_of(separate=True) == [[[added], [updated]], [[updated], [added]]]


def test_message_sequence_is_for_all_tenants_in_turn(target: Target, tenants: Tenants) -> None:
    """Each message is about its own entity, and the messages are for all tenants in turn."""
    messages = every_message(generate(target, "message-sequence", messages=50), tenants)
    assert len(messages) == 50
    ids = [tenant.id for tenant in tenants.enterprises]
    assert [message.enterprise_id for message in messages[: len(ids)]] == ids
    assert {message.enterprise_id for message in messages} == set(ids)
    assert len({message.events[0].entity_id for message in messages}) == 50


def test_batches_over_the_limit_are_not_split(target: Target, tenants: Tenants) -> None:
    """Batches over the limit are one message each: the given sizes, then random ones."""
    messages = every_message(generate(target, "over-limit", sizes=[700, 1_100]), tenants)
    sizes = [len(message.events) for message in messages]
    assert sizes[:2] == [700, 1_100]
    assert all(500 < size <= 1_100 for size in sizes)


def test_batches_grow_to_the_limit_in_rounds(target: Target, tenants: Tenants) -> None:
    """Each round has all sizes up to the limit, with one message for each batch."""
    (plan,) = generate(target, "growing-batches", rounds=2).fixed
    messages = plan.build(IdSource(1, "generators", 0, tenants))
    assert [len(message.events) for message in messages] == [1, 2, 50, 250, 500] * 2


def test_growing_batches_have_the_given_sizes(target: Target, tenants: Tenants) -> None:
    """The limit comes last; larger sizes are left out."""
    (plan,) = generate(target, "growing-batches", rounds=1, sizes=[1, 100, 501]).fixed
    messages = plan.build(IdSource(1, "generators", 0, tenants))
    assert [len(message.events) for message in messages] == [1, 100, 500]


def test_peak_minute_has_the_given_number_of_messages(target: Target, tenants: Tenants) -> None:
    """The messages have 1 to 20 events."""
    (plan,) = generate(target, "peak-minute").fixed
    messages = plan.build(IdSource(1, "generators", 0, tenants))
    sizes = [len(message.events) for message in messages]
    assert len(sizes) == target.peak_messages
    assert (min(sizes), max(sizes)) == (1, 20)


def test_ages_are_relative_to_the_start_of_the_run(target: Target, tenants: Tenants) -> None:
    """A datetime is `ages_s` seconds before the start of the run, in whole seconds."""
    plans = generate(
        target, "integration-action", action="IntegrationDeleted", ages_s=[0, 90, 7_200]
    )
    run_start = datetime(2026, 11, 23, 12, 0, 0, 999_000, tzinfo=UTC)
    dates = [
        json.loads(plan.build(IdSource(1, "ages", 0, tenants, run_start))[0].body)["Data"][
            "DeletedUtc"
        ]
        for plan in plans.fixed
    ]
    assert dates == ["2026-11-23T12:00:00Z", "2026-11-23T11:58:30Z", "2026-11-23T10:00:00Z"]
    assert plans.strategy is None


def test_lag_ages_are_those_of_the_profile(target: Target) -> None:
    """`lag` means both ends of the profile's lag; an age is not repeated."""
    delayed = replace(target, lag_s=(600, 7_200))
    plans = generate(
        delayed, "integration-action", action="IntegrationDeleted", ages_s=["lag", 7_200, 90]
    )
    assert [plan.describe() for plan in plans.fixed] == [
        "IntegrationDeleted, 600 s ago",
        "IntegrationDeleted, 7,200 s ago",
        "IntegrationDeleted, 90 s ago",
    ]


def test_message_sequence_for_another_tenant(target: Target, tenants: Tenants) -> None:
    """With `enterprise` all messages are for that tenant, instead of all in turn."""
    (plan,) = generate(target, "message-sequence", messages=4, enterprise=2).fixed
    messages = plan.build(IdSource(1, "generators", 0, tenants))
    assert [message.enterprise_id for message in messages] == [tenants.enterprises[1].id] * 4


def test_random_datetimes_are_within_the_documented_lag(target: Target, tenants: Tenants) -> None:
    """No datetime is in the future or older than the usual maximum."""
    run_start = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    plans = generate(target, "integration-action", action="IntegrationDeleted")
    assert plans.strategy is not None

    def check(plan: Plan) -> None:
        (message,) = plan.build(IdSource(1, "lag", 0, tenants, run_start))
        deleted = json.loads(message.body)["Data"]["DeletedUtc"]
        assert "2026-11-23T11:55:00Z" <= deleted <= "2026-11-23T12:00:00Z"

    SETTINGS(given(plans.strategy)(check))()


@pytest.mark.parametrize("events", [("ServiceOrderUpdated",), ("CustomerAdded", "CustomerUpdated")])
def test_distinct_entities_have_their_own_ids(target: Target, events: tuple[str, ...]) -> None:
    """Also with one subscribed type, and with the two types of a customer."""
    plans = generate(replace(target, events=events), "distinct-entities", events=3)
    (message,) = every_message(plans, target.tenants)
    assert len({event.entity_id for event in message.events}) == 3
    assert {event.discriminator for event in message.events} == set(events)
