"""The Hypothesis strategies, and the state machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.stateful import run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

from pytest_mews import (
    IntegrationMachine,
    IntegrationStatus,
    Message,
    WebhookKind,
    general_webhooks,
    integration_lifecycles,
    integration_webhooks,
    malformed_bodies,
    websocket_messages,
)
from pytest_mews.senders.connector import CONNECTOR
from pytest_mews.senders.connector.payload_schemas import validator

PROFILE = CONNECTOR.default_profile
few = settings(max_examples=30, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(
    ("messages", "kind"),
    [
        (general_webhooks, "general"),
        (integration_webhooks, "integration"),
        (websocket_messages, "websocket"),
    ],
    ids=["general", "integration", "websocket"],
)
def test_messages_are_documented_ones(
    messages: Callable[[], SearchStrategy[Message]], kind: str
) -> None:
    """Each is valid against the schema of its kind."""

    @few
    @given(message=messages())
    def check(message: Message) -> None:
        assert message.kind == kind
        assert validator(kind, PROFILE).is_valid(message.json())

    check()


@few
@given(messages=integration_lifecycles())
def test_lifecycles_are_of_one_enterprise(messages: tuple[Message, ...]) -> None:
    """They begin with the creation, and are valid."""
    assert messages[0].json()["Action"] == "IntegrationCreated"
    for message in messages:
        assert validator(message.kind.value, PROFILE).is_valid(message.json())


@few
@given(message=malformed_bodies(kind=WebhookKind.INTEGRATION))
def test_malformed_bodies_are_no_json(message: Message) -> None:
    """No parser accepts them."""
    with pytest.raises((ValueError, RecursionError)):
        json.loads(message.body)


def test_failing_batches_shrink() -> None:
    """To the smallest one."""
    message = find(
        general_webhooks(),
        lambda message: len(message.events) >= 30,
        settings=settings(few, derandomize=True),
    )
    assert len(message.events) == 30


def test_a_repeated_example_has_new_ids() -> None:
    """So a service that remembers ids takes none for a copy."""
    seen: set[str] = set()

    @few
    @given(message=general_webhooks(max_events=3))
    def check(message: Message) -> None:
        ids = {event.entity_id for event in message.events}
        assert not ids & seen
        seen.update(ids)

    check()


@few
@given(message=general_webhooks(max_events=5, types=["ProductDeleted"]))
def test_types_and_sizes_can_be_chosen(message: Message) -> None:
    """Also events that Mews sends only on request."""
    assert {event.discriminator for event in message.events} == {"ProductDeleted"}
    assert len(message.events) <= 5


@few
@given(message=integration_webhooks(actions=["IntegrationDeleted"]))
def test_actions_can_be_chosen(message: Message) -> None:
    """No other is generated."""
    assert message.json()["Action"] == "IntegrationDeleted"


@few
@given(messages=integration_lifecycles(after_end=True))
def test_messages_may_come_after_the_end(messages: tuple[Message, ...]) -> None:
    """With `after_end` every lifecycle has such a message."""
    assert len(messages) > 1


def test_a_size_that_is_too_small() -> None:
    """It is refused at once, not with the first example."""
    with pytest.raises(ValueError, match="max_events: 0 is less than 1"):
        general_webhooks(max_events=0)
    with pytest.raises(ValueError, match="max_events: 3 is less than 4"):
        websocket_messages(max_events=3)


@pytest.mark.parametrize("strategy", [general_webhooks, integration_webhooks])
def test_an_unknown_event(strategy: object) -> None:
    """The error suggests the right name."""
    argument = "types" if strategy is general_webhooks else "actions"
    with pytest.raises(ValueError, match="'Customer' is not an event"):
        strategy(**{argument: ["Customer"]})  # type: ignore[operator]


class Service:
    """A service that remembers the newest credential of each integration."""

    def __init__(self) -> None:
        self.credentials: dict[str, str] = {}

    def handle(self, message: Message) -> None:
        """Apply an Integration Webhook."""
        body = message.json()
        if message.kind is not WebhookKind.INTEGRATION:
            return
        data, integration_id = body["Data"], body["Data"]["Integration"]["Id"]
        if body["Action"] == "IntegrationCreated":
            self.credentials.setdefault(integration_id, data["AccessToken"])
        elif body["Action"] == "IntegrationApiKeyCreated":
            self.rotate(integration_id, data["ApiKey"])
        elif body["Action"] == "IntegrationDeleted":
            self.credentials.pop(integration_id, None)

    def rotate(self, integration_id: str, key: str) -> None:
        """Replace the credential of an integration."""
        self.credentials[integration_id] = key


class KeepsOldKey(Service):
    """A flaw: the first key is used permanently."""

    def rotate(self, integration_id: str, key: str) -> None:
        """Ignore the new key."""


class Machine(IntegrationMachine):
    """Delivers to a service in this process."""

    service_class: ClassVar[type[Service]] = Service
    delivered: ClassVar[list[Message]] = []

    def __init__(self) -> None:
        super().__init__()
        self.service = self.service_class()

    def deliver(self, message: Message) -> None:
        """Pass the message on."""
        self.delivered.append(message)
        self.service.handle(message)

    def check(self, integration: IntegrationStatus) -> None:
        """Compare the credential."""
        assert self.service.credentials.get(integration.integration_id) == integration.credential


class FlawedMachine(Machine):
    """The same for the flawed service."""

    service_class = KeepsOldKey


many = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
)


def test_the_machine_passes_a_sound_service() -> None:
    """It sends each action, events, and copies, for several integrations."""
    Machine.delivered.clear()
    run_state_machine_as_test(Machine, settings=many)
    actions = {message.json().get("Action") for message in Machine.delivered}
    assert len(actions) == 8
    assert any(message.duplicate for message in Machine.delivered)
    assert all(
        validator(message.kind.value, PROFILE).is_valid(message.json())
        for message in Machine.delivered
    )


def test_the_machine_finds_a_flaw_and_prints_the_messages() -> None:
    """The shrunk program is the creation and the new key."""
    with pytest.raises(AssertionError) as error:
        run_state_machine_as_test(FlawedMachine, settings=many)
    program = "\n".join(error.value.__notes__)
    assert "Draw 1 (message): 'IntegrationApiKeyCreated'" in program
    assert program.count("state.send_next(") == 1
    assert "state.connect(" not in program


def test_a_machine_without_deliver() -> None:
    """The error says what is missing."""
    with pytest.raises(NotImplementedError, match="IntegrationMachine has no method deliver"):
        run_state_machine_as_test(IntegrationMachine, settings=many)
