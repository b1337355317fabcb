"""Draw words for JSON that is no webhook: of the wrong shape, or lacking what not all need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.batch import event_template, message_template
from pytest_mews.senders.connector.ids import IdSource, Template
from pytest_mews.senders.connector.integration_webhooks import action_shape, data_of
from pytest_mews.senders.connector.json_shapes import Record, nullable
from pytest_mews.senders.connector.plan import (
    NO_PLANS,
    Plan,
    Plans,
    Target,
    TemplateMessage,
    known_kind,
)
from pytest_mews.senders.connector.shape_strategies import canonical_example

Bodies = Mapping[str, Template]
HERE = "a number of 5,000 digits"
DIGITS = b"9" * 5_000  # more than Python reads, or writes; far more than a float holds
FULLEST = "IntegrationCreated"  # the action that no receiver can take without its Data


@dataclass(frozen=True)
class Huge:
    """A plan whose messages have a huge number where `HERE` stands, which Python can't write."""

    plan: Plan

    def describe(self) -> str:
        """Say what is sent."""
        return self.plan.describe()

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the messages, and the number into them; no event of theirs can be read."""
        return tuple(
            replace(message, body=message.body.replace(f'"{HERE}"'.encode(), DIGITS), events=())
            for message in self.plan.build(mint)
        )


def invalid_structure(subject: Target, *, kind: str = "general") -> Plans:
    """Send valid JSON that is no webhook of this kind, and that no receiver can make sense of.

    Args:
        subject: what for.
        kind: `general` or `integration`.

    Raises:
        ScenarioMistake: there is no such kind.

    """
    of_kind = known_kind("invalid-structure", kind)
    return _plans(subject, of_kind, _senseless_general, _senseless_integration)


def missing_required(subject: Target, *, kind: str = "general") -> Plans:
    """Send a webhook of this kind that lacks something required, which not every receiver needs.

    A service for one hotel has no use for `EnterpriseId`: accepting the message is as good as
    refusing it.

    Args:
        subject: what for.
        kind: `general` or `integration`.

    Raises:
        ScenarioMistake: there is no such kind.

    """
    of_kind = known_kind("missing-required", kind)
    return _plans(subject, of_kind, _lacking_general, _lacking_integration)


def _plans(
    subject: Target,
    kind: WebhookKind,
    general: Callable[[str, str], Bodies],
    integration: Callable[[Record], Bodies],
) -> Plans:
    names = subject.general if kind is WebhookKind.GENERAL else subject.integration
    if not names:
        return NO_PLANS
    if kind is WebhookKind.GENERAL:
        bodies = general(subject.profile, names[0])
    else:
        name = FULLEST if FULLEST in names else names[0]
        bodies = integration(action_shape(subject.profile, name))
    plans = (TemplateMessage(kind, body, phrase) for phrase, body in bodies.items())
    return Plans(tuple(Huge(plan) if HERE in plan.phrase else plan for plan in plans))


def _senseless_general(profile: str, name: str) -> Bodies:
    event = event_template(profile, name)
    whole = message_template(profile, name)

    def of(changed: Template) -> Template:
        return {**whole, "Events": [changed]}

    return {
        "null as the body": None,
        "an empty list as the body": [],
        "a string as the body": "text",
        "a number as the body": 7,
        "no Events": _without(whole, "Events"),
        "Events null": {**whole, "Events": None},
        "Events a string": {**whole, "Events": "text"},
        "an event without Value": of(_without(event, "Value")),
        "an event whose Value is null": of({**event, "Value": None}),
        "an event whose Id is a number": of({**event, "Value": {**event["Value"], "Id": 7}}),
        f"an event whose Id is {HERE}": of({**event, "Value": {**event["Value"], "Id": HERE}}),
        "an event without Discriminator": of(_without(event, "Discriminator")),
        "an event whose Discriminator is a list": of({**event, "Discriminator": [name]}),
        # Alone: whoever skips a null between good events and accepts those is not wrong.
        "a null event": of(None),
    }


def _senseless_integration(shape: Record) -> Bodies:
    whole = canonical_example(shape)
    return {
        "no Action": _without(whole, "Action"),
        "Action null": {**whole, "Action": None},
        "Action a list": {**whole, "Action": [whole["Action"]]},
        f"{whole['Action']} without Data": _without(whole, "Data"),
        f"{whole['Action']}, Data null": {**whole, "Data": None},
        f"{whole['Action']}, Data a string": {**whole, "Data": "text"},
        f"{whole['Action']}, Data a list": {**whole, "Data": [whole["Data"]]},
        f"{whole['Action']}, Data empty": {**whole, "Data": {}},
    }


def _lacking_general(profile: str, name: str) -> Bodies:
    whole = message_template(profile, name)
    changes = {"null": None, "a number": 7, "an object": {"Id": 7}}
    bodies: dict[str, Template] = {}
    for required in ("EnterpriseId", "IntegrationId"):
        bodies[f"no {required}"] = _without(whole, required)
        bodies |= {f"{required} {how}": {**whole, required: to} for how, to in changes.items()}
    return bodies


def _lacking_integration(shape: Record) -> Bodies:
    whole = canonical_example(shape)
    action, data = whole["Action"], whole["Data"]

    def of(changed: Template) -> Template:
        return {**whole, "Data": changed}

    bodies: dict[str, Template] = {}
    for each in (one for one in data_of(shape).properties if one.required):
        name, value = each.name, data[each.name]
        bodies[f"{action} without {name}"] = of(_without(data, name))
        if not nullable(each.shape):
            bodies[f"{action}, {name} null"] = of({**data, name: None})
        if isinstance(value, dict):
            bodies[f"{action}, {name} a string"] = of({**data, name: "text"})
        if isinstance(value, dict) and "Id" in value:
            bodies[f"{action}, {name}.Id a number"] = of({**data, name: {**value, "Id": 7}})
            bodies[f"{action}, {name}.Id {HERE}"] = of({**data, name: {**value, "Id": HERE}})
    return bodies


def _without(node: Template, name: str) -> Template:
    return {key: value for key, value in node.items() if key != name}
