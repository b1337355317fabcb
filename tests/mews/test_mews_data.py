"""The facts about Mews as data: complete, each with its fact, and as the schemas have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from pytest_mews.config import profiles
from pytest_mews.mews import limits
from pytest_mews.mews.api_operations import ENTITIES
from pytest_mews.mews.events import (
    EVENTS,
    Change,
    Channel,
    Event,
    event_names,
    operations_by_event,
)
from pytest_mews.mews.facts import Basis, load_facts
from pytest_mews.mews.lifecycle import (
    API_KEY_CREATED,
    CREATED,
    DELETED,
    STATE_AFTER,
    TRANSITIONS,
    IntegrationState,
)
from pytest_mews.mews.use_cases import USE_CASES, UseCase
from pytest_mews.senders.connector import CONNECTOR

ROOT = Path(__file__).parents[2]
FACTS = load_facts()
NEWEST = max(CONNECTOR.profiles)
every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.name)


def _allowed_values(node: object, key: str) -> Iterator[str]:
    """Yield the allowed values of a property anywhere in a schema."""
    if isinstance(node, dict):
        rule = node.get(key)
        if isinstance(rule, dict):
            yield from [rule["const"]] if "const" in rule else rule.get("enum", [])
        for child in node.values():
            yield from _allowed_values(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from _allowed_values(child, key)


@pytest.mark.parametrize(
    ("file", "key", "channel"),
    [
        ("general.schema.json", "Discriminator", Channel.GENERAL),
        ("integration.schema.json", "Action", Channel.INTEGRATION),
        ("websocket.schema.json", "Type", Channel.WEBSOCKET),
    ],
)
def test_the_schemas_have_the_same_names(file: str, key: str, channel: Channel) -> None:
    """The events of the newest profile are those that the schemas allow."""
    text = (resources.files("pytest_mews.schemas") / file).read_text(encoding="utf-8")
    names = set(event_names(channel, revision=NEWEST))
    assert set(_allowed_values(json.loads(text), key)) == names


@every_event
def test_an_event_is_documented(event: Event) -> None:
    """Its fact is documented and names it."""
    assert FACTS[event.fact].basis is Basis.DOCUMENTED
    assert f"`{event.name}`" in FACTS[event.fact].text


@every_event
def test_the_entity_of_an_event_can_be_fetched(event: Event) -> None:
    """An event with an entity has an operation that returns it."""
    assert (event.entity is None) != bool(event.operations)
    assert event.entity in {None, *ENTITIES}


def test_messages_are_not_fetched_by_id() -> None:
    """Of the entities of General Webhooks, only messages have no operation that takes their id."""
    names = event_names(Channel.GENERAL, revision=NEWEST)
    assert [name for name in names if not EVENTS[name].is_fetchable_by_id] == ["MessageAdded"]


def test_the_operations_of_events() -> None:
    """The first operation is the one that events/wh-general names."""
    by_event = operations_by_event(Channel.GENERAL)
    reservations = ("reservations/getAll/2023-06-06", "reservations/getAll")
    assert by_event["ServiceOrderUpdated"] == reservations
    assert by_event["CustomerAdded"] == by_event["CustomerUpdated"] == ("customers/getAll",)
    assert operations_by_event(Channel.WEBSOCKET) == {
        "DeviceCommand": ("commands/getAllByIds", "commands/getAllActive"),
        "Reservation": reservations,
        "Resource": ("resources/getAll",),
    }


def test_events_that_create_or_delete() -> None:
    """Each of the others is an update."""
    changes = {change: [e.name for e in EVENTS.values() if e.change is change] for change in Change}
    assert set(changes[Change.CREATED]) == {"MessageAdded", "CustomerAdded", CREATED}
    assert set(changes[Change.DELETED]) == {"ResourceDeleted", "ProductDeleted", DELETED}


def test_the_old_profile_lacks_newer_events() -> None:
    """Events that were documented after August 2022 are not in that profile."""
    webhooks = (Channel.GENERAL, Channel.INTEGRATION)
    older = event_names(*webhooks, revision="2022-08")
    assert set(event_names(*webhooks, revision="2026-04")) - set(older) == {
        "PaymentUpdated",
        "IntegrationApiKeyCreated",
    }


def test_the_newest_events_are_sent_only_on_request() -> None:
    """The events of August 2026 are in no older profile, and in no subscription by default."""
    newer = set(event_names()) - set(event_names(revision="2026-04"))
    assert newer == {"ResourceDeleted", "ProductUpdated", "ProductDeleted"}
    assert set(event_names(revision=NEWEST)) == set(event_names())
    assert set(event_names(opt_in=False)) == set(event_names()) - newer


def test_product_events_belong_together() -> None:
    """They are one subscription."""
    for use_case in USE_CASES.values():
        assert ("ProductUpdated" in use_case.events) == ("ProductDeleted" in use_case.events)


@pytest.mark.parametrize("name", limits.LIMITS)
def test_a_limit_is_documented(name: str) -> None:
    """Each limit has a documented fact, whose text has the figure."""
    limit = limits.LIMITS[name]
    assert FACTS[limit.fact].basis is Basis.DOCUMENTED
    assert re.search(rf"\b{limit.value}\b", FACTS[limit.fact].text)


def test_no_limit_is_unused() -> None:
    """Every limit has a constant, and some module of the package reads it."""
    constants = {name.upper() for name in limits.LIMITS}
    assert constants <= set(vars(limits))
    sources = [
        path.read_text("utf-8")
        for folder in ("harness", "reports")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "limits.py"
    ]
    assert [name for name in constants if not any(name in text for text in sources)] == []


def test_the_documented_timeout_of_a_profile_is_the_limit() -> None:
    """The figure stands in the limits; profiles that document it have the same."""
    for name in CONNECTOR.profiles:
        timeout = profiles.load_profile(name, CONNECTOR.profiles)["timeout_s"]
        assert timeout.origin == "assumed" or timeout.value == limits.RESPONSE_TIMEOUT_S


def test_the_lifecycle_has_every_action() -> None:
    """Every documented action is possible in some state, and every state can be reached."""
    actions = set(event_names(Channel.INTEGRATION))
    assert {transition.action for transition in TRANSITIONS} == actions
    reached = {transition.after for transition in TRANSITIONS}
    assert reached | {IntegrationState.NOT_CREATED} == set(IntegrationState)
    assert STATE_AFTER.keys() == actions - {CREATED, API_KEY_CREATED}


def test_the_state_after_an_action_is_unambiguous() -> None:
    """Apart from the creation and a new key, an action leads to one state."""
    for action, state in STATE_AFTER.items():
        assert {t.after for t in TRANSITIONS if t.action == action} == {state}


@pytest.mark.parametrize("use_case", USE_CASES.values(), ids=lambda use_case: use_case.name)
def test_a_use_case_has_events_with_a_page_and_a_basis(use_case: UseCase) -> None:
    """Each claim about a use case has its source."""
    assert use_case.events
    assert use_case.events.keys() <= set(event_names(Channel.GENERAL, revision=NEWEST))
    assert use_case.url == f"https://docs.mews.com/connector-api/use-cases/{use_case.name}"


def test_housekeeping_has_documented_and_inferred_events() -> None:
    """Its page names ServiceOrderUpdated; it only says to fetch the other two entities."""
    assert USE_CASES["housekeeping"].events == {
        "ServiceOrderUpdated": Basis.DOCUMENTED,
        "ResourceUpdated": Basis.INFERRED,
        "ResourceBlockUpdated": Basis.INFERRED,
    }


def test_customer_added_and_updated_belong_together() -> None:
    """A CustomerAdded always comes with a CustomerUpdated (events/wh-general)."""
    for use_case in USE_CASES.values():
        assert ("CustomerAdded" in use_case.events) == ("CustomerUpdated" in use_case.events)
