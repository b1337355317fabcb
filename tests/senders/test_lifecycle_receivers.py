"""Sound receivers agree in every lifecycle that a scenario judges, whatever the seed.

The receivers below are simple state machines with different habits, independent of the
implementation. The emulator's registry of tokens says what Mews would answer to their requests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings

from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.model import Message, MessageSpec, TokenState, WebhookKind
from pytest_mews.senders import IdSource, Plan, Target
from pytest_mews.senders.connector import plans_for

pytestmark = pytest.mark.slow

SEEDS = range(25)
CASES = 12  # as many as PROC-31 runs
ACTIVE = {
    "IntegrationEnabled": True,
    "IntegrationReinstated": True,
    "IntegrationDisabled": False,
    "IntegrationCanceled": False,
    "IntegrationDeleted": False,
}
ONCE = {"IntegrationCreated", "IntegrationApiKeyCreated", "IntegrationDeleted"}
Ignores = Callable[["Receiver", Message, str], bool]


@dataclass
class Record:
    """What a receiver knows of one integration."""

    key: str
    is_active: bool


@dataclass
class Receiver:
    """A receiver that applies messages in the order of their arrival.

    Attributes:
        ignores: whether it ignores a message, by its action.
        by_enterprise: whether it has one record for each enterprise instead of each integration.

    """

    ignores: Ignores
    by_enterprise: bool = False
    records: dict[str, Record] = field(default_factory=dict)
    enterprises: dict[str, str] = field(default_factory=dict)  # by integration
    bodies: set[bytes] = field(default_factory=set)

    def key_of(self, integration: str) -> str:
        """Return the key of the record of an integration."""
        return self.enterprises.get(integration, "") if self.by_enterprise else integration

    def receive(self, message: Message) -> None:
        """Apply an Integration Webhook."""
        body = json.loads(message.body)
        action: str = body["Action"]
        data: dict[str, Any] = body["Data"]
        integration = data["Integration"]["Id"]
        is_ignored = self.ignores(self, message, action)
        self.bodies.add(message.body)
        if is_ignored:
            return
        if action == "IntegrationCreated":
            self.enterprises[integration] = data["Enterprise"]["Id"]
            record = Record(data["AccessToken"], data["IsEnabled"])
            self.records[self.key_of(integration)] = record
            return
        record = self.records[self.key_of(integration)]
        if action == "IntegrationApiKeyCreated":
            record.key = data["ApiKey"]
        else:
            record.is_active = ACTIVE[action]


def takes_all_for_new(_receiver: Receiver, _message: Message, _action: str) -> bool:
    """Ignore nothing: the last message wins."""
    return False


def ignores_copies(receiver: Receiver, message: Message, action: str) -> bool:
    """Ignore known bytes, except of an action that may happen again with the same bytes."""
    return message.body in receiver.bodies and action in ONCE


def ignores_repeated_creation(receiver: Receiver, message: Message, action: str) -> bool:
    """Ignore only the creation of a known integration, as ON CONFLICT DO NOTHING does."""
    return action == "IntegrationCreated" and message.body in receiver.bodies


def ignores_repeated_keys(receiver: Receiver, message: Message, action: str) -> bool:
    """Ignore only a known key."""
    return action == "IntegrationApiKeyCreated" and message.body in receiver.bodies


HABITS = (
    takes_all_for_new,
    ignores_copies,
    ignores_repeated_creation,
    ignores_repeated_keys,
)


def judged_lifecycles(target: Target, run_seed: int) -> list[Plan]:
    """Return the lifecycles that PROC-31 judges with a seed."""
    spec = MessageSpec("life", "integration-lifecycle", {"enterprise": "new", "unambiguous": True})
    plans = plans_for(spec, target)
    assert plans.strategy is not None
    chosen = list(plans.fixed)
    options = settings(
        database=None,
        deadline=None,
        max_examples=CASES,
        suppress_health_check=tuple(HealthCheck),
    )

    def choose(plan: Plan) -> None:
        chosen.append(plan)

    seed(Random(run_seed).getrandbits(64))(options(given(plans.strategy)(choose)))()
    return chosen


def build(plan: Plan, target: Target) -> tuple[Message, ...]:
    """Return the messages of a lifecycle."""
    return tuple(plan.build(IdSource(1, "lifecycle", 0, target.tenants)))


def refused_requests(
    messages: tuple[Message, ...], target: Target, receiver: Receiver
) -> list[str]:
    """Return those of some messages after which a receiver does not do what the checks demand.

    At an event it must make requests with the current key; at no time may it use an older one after
    a new one arrived.
    """
    registry = TokenRegistry(target.tenants)
    refused, has_new_key = [], False
    for message in messages:
        body = json.loads(message.body)
        if message.kind is WebhookKind.INTEGRATION:
            registry.apply(body["Action"], body["Data"])
            receiver.receive(message)
            has_new_key = has_new_key or body["Action"] == "IntegrationApiKeyCreated"
            states = {registry.state_of(record.key) for record in receiver.records.values()}
            if has_new_key and TokenState.REPLACED in states:
                refused.append(message.description)
            continue
        record = receiver.records[receiver.key_of(body["IntegrationId"])]
        if not record.is_active or registry.state_of(record.key) is not TokenState.CURRENT:
            refused.append(message.description)
    return refused


def test_sound_receivers_do_what_is_demanded(target: Target) -> None:
    """No sound habit leads to a request that Mews refuses, in the lifecycles of many seeds."""
    plans = [plan for run_seed in SEEDS for plan in judged_lifecycles(target, run_seed)]
    assert len({plan.describe() for plan in plans}) > len(SEEDS)
    refused: dict[tuple[str, bool], list[str]] = {}
    for messages in (build(plan, target) for plan in plans):
        for habit, by_enterprise in product(HABITS, [False, True]):
            found = refused_requests(messages, target, Receiver(habit, by_enterprise=by_enterprise))
            if found:
                refused.setdefault((habit.__name__, by_enterprise), found)
    assert refused == {}


def test_a_receiver_that_loses_keys_is_found(target: Target) -> None:
    """The comparison can fail: a receiver that ignores new keys makes a refused request."""
    lifecycles = [build(plan, target) for plan in judged_lifecycles(target, 0)]
    receivers = (
        Receiver(lambda _receiver, _message, action: action == "IntegrationApiKeyCreated")
        for _ in lifecycles
    )
    assert any(map(refused_requests, lifecycles, [target] * len(lifecycles), receivers))


@pytest.mark.parametrize("after_end", [False, True])
def test_copies_come_soon_and_for_the_same_integration(target: Target, *, after_end: bool) -> None:
    """A copy comes after at most two other messages, and not after another creation."""
    spec = MessageSpec(
        "life", "integration-lifecycle", {"enterprise": "new", "after_end": after_end}
    )
    plans = plans_for(spec, target)
    assert plans.strategy is not None

    def check(plan: Plan) -> None:
        messages = build(plan, target)
        for index, message in enumerate(messages):
            if message.duplicate:
                bodies = [previous.body for previous in messages[:index]]
                original = max(
                    number
                    for number, body in enumerate(bodies)
                    if body == message.body and not messages[number].duplicate
                )
                between = messages[original + 1 : index]
                assert len([other for other in between if other.body != message.body]) <= 2
                created = [
                    other
                    for other in between
                    if not other.duplicate and other.events[0].discriminator == "IntegrationCreated"
                ]
                assert not created

    for plan in plans.fixed:
        check(plan)
    settings(database=None, deadline=None, max_examples=150)(given(plans.strategy)(check))()
