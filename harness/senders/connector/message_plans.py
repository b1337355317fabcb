"""Plans for the messages of the Connector API, and the events in a body."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import EventReference, Message, Validity, WebhookKind
from pytest_mews.senders.ids import (
    NEW_ENTERPRISE,
    NEW_PROPERTIES,
    Enterprise,
    IdSource,
    Template,
    fill,
    serialize,
)
from pytest_mews.senders.plan import Plan, Plans


@dataclass(frozen=True)
class TemplateMessage:
    """A plan for one message, built from a template."""

    kind: WebhookKind
    template: Template = field(hash=False)
    description: str

    def describe(self) -> str:
        """Return the description."""
        return self.description

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Fill the template's placeholders."""
        return (build_message(self.kind, fill(self.template, ids), self.description),)


@dataclass(frozen=True)
class ForTenant:
    """A plan whose messages are for another enterprise than the first: its number, or a name."""

    plan: Plan
    enterprise: Enterprise

    def describe(self) -> str:
        """Add the enterprise to the plan's description."""
        return f"{self.plan.describe()}{self._suffix}"

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the plan with the ids of that enterprise."""
        messages = self.plan.build(ids.for_enterprise(self.enterprise))
        return tuple(
            replace(message, description=f"{message.description}{self._suffix}")
            for message in messages
        )

    @property
    def _suffix(self) -> str:
        if self.enterprise in NEW_PROPERTIES:
            return f", for {self.enterprise} of a new chain"
        new = self.enterprise == NEW_ENTERPRISE
        return ", for a new enterprise" if new else f", for enterprise {self.enterprise}"


@dataclass(frozen=True)
class WithValidity:
    """A plan whose messages are not documented; `validity` says what they are instead."""

    plan: Plan
    validity: Validity

    def describe(self) -> str:
        """Return the plan's description."""
        return self.plan.describe()

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the plan, and set the validity of its messages."""
        messages = self.plan.build(ids)
        return tuple(replace(message, validity=self.validity) for message in messages)


def with_validity(plans: Plans, validity: Validity) -> Plans:
    """Return plans whose messages have this validity."""
    return plans.map(partial(WithValidity, validity=validity))


def parse_kind(generator: str, kind: str) -> WebhookKind:
    """Parse the argument `kind` of a generator.

    Raises:
        ScenarioFileError: `kind` is neither `general` nor `integration`.

    """
    if kind not in {WebhookKind.GENERAL, WebhookKind.INTEGRATION}:
        remedy = "Known: general, integration."
        raise ScenarioFileError(f"{generator}: kind", kind, "is not a kind of webhook", remedy)
    return WebhookKind(kind)


def build_message(kind: WebhookKind, body: Any, description: str) -> Message:  # noqa: ANN401 - JSON
    """Build a message from its JSON body, which may be invalid on purpose."""
    return Message(
        kind,
        serialize(body),
        event_references(kind, body),
        description,
        enterprise_id=_enterprise_id(body),
    )


def event_references(kind: WebhookKind, body: Any) -> tuple[EventReference, ...]:  # noqa: ANN401 - JSON
    """List the events in a JSON body; events without a readable name or id are left out."""
    if kind is WebhookKind.INTEGRATION:
        return _reference(body, ("Action",), ("Data", "Integration", "Id"))
    events = _value_at(body, ("Events",))
    if kind is WebhookKind.WEBSOCKET:
        return tuple(
            replace(reference, state=event.get("State") or "")
            for event in (events if isinstance(events, list) else ())
            for reference in _reference(event, ("Type",), ("Id",))
        )
    return tuple(
        reference
        for event in (events if isinstance(events, list) else ())
        for reference in _reference(event, ("Discriminator",), ("Value", "Id"))
    )


def without_duplicates(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    """Drop plans that equal an earlier one."""
    unique: list[Plan] = []
    for plan in plans:
        if plan not in unique:
            unique.append(plan)
    return tuple(unique)


def _reference(
    node: object, name_path: Sequence[str], id_path: Sequence[str]
) -> tuple[EventReference, ...]:
    name, entity_id = _value_at(node, name_path), _value_at(node, id_path)
    if isinstance(name, str) and isinstance(entity_id, str):
        return (EventReference(name, entity_id),)
    return ()


def _enterprise_id(body: object) -> str | None:
    for path in (("EnterpriseId",), ("Data", "Enterprise", "Id")):
        value = _value_at(body, path)
        if isinstance(value, str):
            return value
    return None


def _value_at(node: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node
