"""Generators for JSON that is not a valid webhook: invalid structure, or missing properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_mews.mews.lifecycle import CREATED
from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.batch import event_template, message_template
from pytest_mews.senders.connector.integration_webhooks import action_shape, data_shape
from pytest_mews.senders.connector.json_shapes import Record, is_nullable
from pytest_mews.senders.connector.message_plans import TemplateMessage, parse_kind
from pytest_mews.senders.connector.shape_strategies import canonical_example
from pytest_mews.senders.connector.subscription import general_events, integration_actions
from pytest_mews.senders.ids import IdSource, Template
from pytest_mews.senders.plan import NO_PLANS, Plan, Plans, Target

Bodies = Mapping[str, Template]  # by description
HUGE_NUMBER = "a number of 5,000 digits"
HUGE_NUMBER_BYTES = b"9" * 5_000  # more digits than Python parses or writes, or a float holds
PREFERRED_ACTION = CREATED  # the action that no receiver can handle without its Data


@dataclass(frozen=True)
class WithHugeNumber:
    """A plan whose messages have the string `HUGE_NUMBER`, to be replaced by such a number."""

    plan: Plan

    def describe(self) -> str:
        """Return the description of the plan."""
        return self.plan.describe()

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the messages with the number; their events are unreadable, so they have none."""
        placeholder = f'"{HUGE_NUMBER}"'.encode()
        return tuple(
            replace(message, body=message.body.replace(placeholder, HUGE_NUMBER_BYTES), events=())
            for message in self.plan.build(ids)
        )


def invalid_structure(target: Target, *, kind: str = "general") -> Plans:
    """Generate valid JSON that is not a webhook, and that no receiver can interpret.

    Args:
        target: what to generate for.
        kind: the kind of webhook that it resembles, `general` or `integration`.

    Raises:
        ScenarioFileError: there is no such kind.

    """
    webhook_kind = parse_kind("invalid-structure", kind)
    return _plans(target, webhook_kind, _invalid_general, _invalid_integration)


def missing_required(target: Target, *, kind: str = "general") -> Plans:
    """Generate a webhook with a required property missing or invalid that not every receiver uses.

    For example, a service for one hotel doesn't use `EnterpriseId`. The endpoint may accept the
    message or refuse it. Cases without a property come first.

    Args:
        target: what to generate for.
        kind: the kind of webhook, `general` or `integration`.

    Raises:
        ScenarioFileError: there is no such kind.

    """
    webhook_kind = parse_kind("missing-required", kind)
    return _plans(target, webhook_kind, _incomplete_general, _incomplete_integration)


def unusable_access_token(target: Target) -> Plans:
    """Generate IntegrationCreated with an AccessToken that no request can use: null, a number."""
    if CREATED not in integration_actions(target):
        return NO_PLANS
    message = canonical_example(action_shape(target.profile, CREATED))
    return Plans(
        tuple(
            TemplateMessage(
                WebhookKind.INTEGRATION,
                {**message, "Data": {**message["Data"], "AccessToken": value}},
                f"{CREATED}, AccessToken {description}",
            )
            for description, value in (("null", None), ("a number", 7))
        )
    )


def _plans(
    target: Target,
    kind: WebhookKind,
    general_bodies: Callable[[str, str], Bodies],
    integration_bodies: Callable[[Record], Bodies],
) -> Plans:
    is_general = kind is WebhookKind.GENERAL
    names = general_events(target) if is_general else integration_actions(target)
    if not names:
        return NO_PLANS
    if is_general:
        bodies = general_bodies(target.profile, names[0])
    else:
        action = PREFERRED_ACTION if PREFERRED_ACTION in names else names[0]
        bodies = integration_bodies(action_shape(target.profile, action))
    plans = (TemplateMessage(kind, body, description) for description, body in bodies.items())
    return Plans(
        tuple(WithHugeNumber(plan) if HUGE_NUMBER in plan.description else plan for plan in plans)
    )


def _invalid_general(profile: str, discriminator: str) -> Bodies:
    event = event_template(profile, discriminator)
    value = event["Value"]
    message = message_template(profile, discriminator)

    def with_event(changed: Template) -> Template:
        return {**message, "Events": [changed]}

    def with_id(changed: Template) -> Template:
        return with_event({**event, "Value": {**value, "Id": changed}})

    return {
        "null as the body": None,
        "an empty array as the body": [],
        "a string as the body": "text",
        "a number as the body": 7,
        "no Events": _without(message, "Events"),
        "Events null": {**message, "Events": None},
        "Events a string": {**message, "Events": "text"},
        "an event without Value": with_event(_without(event, "Value")),
        "an event whose Value is null": with_event({**event, "Value": None}),
        "an event whose Id is a number": with_id(7),
        f"an event whose Id is {HUGE_NUMBER}": with_id(HUGE_NUMBER),
        "an event without Discriminator": with_event(_without(event, "Discriminator")),
        "an event whose Discriminator is an array": with_event(
            {**event, "Discriminator": [discriminator]}
        ),
        # As the only event: a receiver may skip a null among valid events and accept those.
        "a null event": with_event(None),
    }


def _invalid_integration(shape: Record) -> Bodies:
    message = canonical_example(shape)
    action, data = message["Action"], message["Data"]
    return {
        "no Action": _without(message, "Action"),
        "Action null": {**message, "Action": None},
        "Action an array": {**message, "Action": [action]},
        f"{action} without Data": _without(message, "Data"),
        f"{action}, Data null": {**message, "Data": None},
        f"{action}, Data a string": {**message, "Data": "text"},
        f"{action}, Data an array": {**message, "Data": [data]},
        f"{action}, Data empty": {**message, "Data": {}},
    }


def _incomplete_general(profile: str, discriminator: str) -> Bodies:
    message = message_template(profile, discriminator)
    invalid_values = {"null": None, "a number": 7, "an object": {"Id": 7}}
    names = ("EnterpriseId", "IntegrationId")
    absent = {f"no {name}": _without(message, name) for name in names}
    return absent | {
        f"{name} {description}": {**message, name: value}
        for name in names
        for description, value in invalid_values.items()
    }


def _incomplete_integration(shape: Record) -> Bodies:
    message = canonical_example(shape)
    action, data = message["Action"], message["Data"]

    def with_data(changed: Template) -> Template:
        return {**message, "Data": changed}

    required = [member for member in data_shape(shape).properties if member.required]
    bodies: dict[str, Template] = {
        f"{action} without {member.name}": with_data(_without(data, member.name))
        for member in required
    }
    for member in required:
        name, value = member.name, data[member.name]
        if not is_nullable(member.shape):
            bodies[f"{action}, {name} null"] = with_data({**data, name: None})
        if isinstance(value, dict):
            bodies[f"{action}, {name} a string"] = with_data({**data, name: "text"})
        if isinstance(value, dict) and "Id" in value:
            for description, number in (("a number", 7), (HUGE_NUMBER, HUGE_NUMBER)):
                changed = {**data, name: {**value, "Id": number}}
                bodies[f"{action}, {name}.Id {description}"] = with_data(changed)
    return bodies


def _without(node: Template, name: str) -> Template:
    return {key: value for key, value in node.items() if key != name}
