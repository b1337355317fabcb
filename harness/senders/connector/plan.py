"""Plans: generated messages without ids; building a plan adds ids that no earlier message had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hypothesis.strategies import SearchStrategy

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import EventReference, Message, Tenants, WebhookKind
from pytest_mews.senders.connector.ids import Enterprise, IdSource, Template, fill, serialize
from pytest_mews.senders.connector.payload_schemas import (
    actions,
    discriminators,
    websocket_event_types,
)


@dataclass(frozen=True)
class Target:
    """What messages are generated for.

    Attributes:
        profile: the name of the delivery profile.
        events: the subscribed discriminators, actions and WebSocket event types. No other
            documented event is sent.
        batch_limit: the maximum number of events in a message.
        tenants: the enterprises that messages can be for.
        peak_messages: the number of messages that `peak-minute` generates.
        lag_s: the shortest and the longest time from an event to its message, in seconds.

    """

    profile: str
    events: tuple[str, ...]
    batch_limit: int
    tenants: Tenants
    peak_messages: int = 15
    lag_s: tuple[int, int] = (120, 300)

    @property
    def general_events(self) -> tuple[str, ...]:
        """The subscribed discriminators of General Webhooks, in the order of subscription."""
        known = discriminators(self.profile)
        return tuple(event for event in self.events if event in known)

    @property
    def websocket_events(self) -> tuple[str, ...]:
        """The subscribed types of WebSocket events, in the order of subscription."""
        known = websocket_event_types(self.profile)
        return tuple(event for event in self.events if event in known)

    @property
    def integration_actions(self) -> tuple[str, ...]:
        """The subscribed actions of Integration Webhooks, in the order of subscription."""
        known = actions(self.profile)
        return tuple(event for event in self.events if event in known)


class Plan(Protocol):
    """Generated messages without ids. Plans are comparable; each build uses new ids."""

    def describe(self) -> str:
        """Describe the messages in one phrase, such as "1 event: ServiceOrderUpdated"."""
        ...

    def build(self, ids: IdSource) -> tuple[Message, ...]:
        """Build the messages, usually one, in the order in which Mews would send them."""
        ...


@dataclass(frozen=True)
class Plans:
    """All plans of a generator.

    Attributes:
        fixed: the boundary cases, which are run first, smallest first. Empty if the integration is
            not subscribed to what the generator sends, or if the profile doesn't document it.
        strategy: generates further plans at random; None if the fixed plans are all there are.

    """

    fixed: tuple[Plan, ...]
    strategy: SearchStrategy[Plan] | None = None


NO_PLANS = Plans(())


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
    """A plan whose messages are for another enterprise than the first: its number, or `new`."""

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
        new = self.enterprise == "new"
        return ", for a new enterprise" if new else f", for enterprise {self.enterprise}"


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
