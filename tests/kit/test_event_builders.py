"""The builders of messages: one for each event type, batches, lifecycles, any body."""

from __future__ import annotations

import inspect
import json
import runpy
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import pytest_mews
from pytest_mews import Message, WebhookKind, batch, lifecycle, webhook
from pytest_mews.kit import event_builders
from pytest_mews.mews.events import EVENTS, Channel, Event
from pytest_mews.senders.connector import CONNECTOR
from pytest_mews.senders.connector.payload_schemas import validation_errors

ROOT = Path(__file__).parents[2]
GENERATOR = runpy.run_path(str(ROOT / "docs" / "generate_builders.py"))
PROFILE = CONNECTOR.default_profile
ID = "35d4b117-4e60-44a3-9580-c582117eff98"


def builder_of(event: Event) -> Callable[..., Any]:
    """Return the public builder of an event."""
    builder: Callable[..., Any] = getattr(pytest_mews, GENERATOR["builder_name"](event))
    return builder


def test_the_module_is_up_to_date() -> None:
    """It is what the events and schemas say."""
    text = Path(event_builders.__file__).read_text("utf-8")
    assert GENERATOR["render_module"]() == text, "run .venv/bin/python docs/generate_builders.py"


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.name)
def test_every_event_has_a_builder_of_valid_messages(event: Event) -> None:
    """Its messages are documented ones, and no two are about the same entity."""
    build = builder_of(event)
    if event.channel is Channel.WEBSOCKET:
        body = {"Events": [build(), build()]}
        assert validation_errors("websocket", PROFILE, body) == []
        assert body["Events"][0]["Id"] != body["Events"][1]["Id"]
        return
    message, other = build(), build()
    assert validation_errors(event.channel.value, PROFILE, message.json()) == []
    assert message.kind == event.channel.value
    assert [reference.discriminator for reference in message.events] == [event.name]
    if event.channel is Channel.GENERAL:
        assert message.events != other.events


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.name)
def test_every_argument_is_used(event: Event) -> None:
    """A value that a test gives is in the message."""
    build = builder_of(event)
    names = [
        name
        for name, parameter in inspect.signature(build).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name != "is_enabled"
    ]
    values = {name: f"value-of-{name}" for name in names}
    built = build(**values)
    text = built.body.decode() if isinstance(built, Message) else json.dumps(built)
    assert [name for name, value in values.items() if value not in text] == []


def test_properties_of_data_can_be_replaced() -> None:
    """Also by null."""
    data = pytest_mews.integration_created(is_enabled=False, Requestor=None).json()["Data"]
    assert (data["IsEnabled"], data["Requestor"]) == (False, None)


def test_a_batch_has_events_about_different_entities() -> None:
    """Of all types in turn, or of the given ones."""
    message = batch(500)
    assert len({event.entity_id for event in message.events}) == 500
    assert validation_errors("general", PROFILE, message.json()) == []
    assert not any("Product" in event.discriminator for event in message.events)  # opt-in
    counts = Counter(
        event.discriminator for event in batch(4, types=["CustomerAdded", "ProductDeleted"]).events
    )
    assert counts == {"CustomerAdded": 2, "ProductDeleted": 2}
    assert batch(1, enterprise_id="hotel").json()["EnterpriseId"] == "hotel"


@pytest.mark.parametrize(
    ("events", "types", "message"),
    [
        (0, [], "a batch has at least 1 event, not 0"),
        (1, ["CustomerAded"], r"'CustomerAded' is not an event.*mean CustomerAdded\?"),
        (1, ["IntegrationCreated"], "'IntegrationCreated' is not an event of General"),
    ],
)
def test_a_wrong_batch(events: int, types: list[str], message: str) -> None:
    """The error names the argument."""
    with pytest.raises(ValueError, match=message):
        batch(events, types=types)


def test_a_lifecycle_is_of_one_new_integration() -> None:
    """Ids and enterprise are the same in all messages, and the events come after the creation."""
    messages = lifecycle(
        "IntegrationCreated", "events", "IntegrationDisabled", "IntegrationDeleted"
    )
    created, events, disabled, deleted = (message.json() for message in messages)
    integration = created["Data"]["Integration"]
    assert events["IntegrationId"] == integration["Id"]
    assert events["EnterpriseId"] == created["Data"]["Enterprise"]["Id"]
    assert disabled["Data"]["Integration"] == deleted["Data"]["Integration"] == integration
    (other, *_) = lifecycle()
    assert other.json()["Data"]["Integration"] != integration


def test_a_lifecycle_has_every_action_by_default() -> None:
    """And a General Webhook."""
    messages = lifecycle()
    actions = {message.json().get("Action") for message in messages}
    assert actions == {
        *(name for name, event in EVENTS.items() if event.channel == "integration"),
        None,
    }


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["IntegrationEnabled"], "'IntegrationEnabled' is not possible at the start"),
        (
            ["IntegrationCreated", "IntegrationDisabeld"],
            r"'IntegrationDisabeld' is not possible .* Did you mean IntegrationDisabled\?",
        ),
    ],
)
def test_an_impossible_lifecycle(steps: list[str], message: str) -> None:
    """The error lists what is possible."""
    with pytest.raises(ValueError, match=message):
        lifecycle(*steps)


def test_any_body() -> None:
    """JSON or bytes, of either kind."""
    message = webhook(
        {"Action": "X", "Data": {"Integration": {"Id": ID}}}, kind=WebhookKind.INTEGRATION
    )
    assert (message.kind, message.events[0].entity_id) == (WebhookKind.INTEGRATION, ID)
    assert webhook(b"{").body == b"{"
    with pytest.raises(ValueError, match="Expecting"):
        webhook(b"{").json()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("customer_added", {"id": UUID(ID)}, "id: UUID.* is not a string"),
        ("customer_added", {"enterprise_id": 7}, "enterprise_id: 7 is not a string"),
        ("integration_created", {"access_token": b"x"}, "access_token: b'x' is not a string"),
        ("reservation_event", {"start_utc": datetime.now(UTC)}, "StartUtc: .* is not a string"),
        ("integration_created", {"is_enabld": False}, "'is_enabld' is neither an argument nor"),
        ("batch", {"events": "3"}, "events: '3' is not a whole number"),
    ],
)
def test_a_wrong_argument(name: str, arguments: dict[str, object], message: str) -> None:
    """The error names it."""
    with pytest.raises(TypeError, match=message):
        getattr(pytest_mews, name)(**arguments)


def test_an_unknown_kind() -> None:
    """It would be delivered as no webhook of Mews."""
    kind: Any = "generall"
    with pytest.raises(ValueError, match="'generall' is not a valid WebhookKind"):
        webhook({}, kind=kind)
