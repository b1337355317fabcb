"""Plans: what to send, without ids; these are minted when a plan is built, at every play anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from hypothesis.strategies import SearchStrategy

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import EventReference, Message, Tenants, WebhookKind
from pytest_mews.senders.connector.ids import Enterprise, IdSource, Template, fill, serialise
from pytest_mews.senders.connector.payload_schemas import actions, discriminators, types


@dataclass(frozen=True)
class Target:
    """What the messages are for.

    Attributes:
        profile: the delivery profile's name.
        events: the subscribed discriminators and actions; nothing else is sent as a known one.
        batch_limit: at most so many events in a message.
        tenants: whose messages they are.
        peak: how many messages a peak has.
        lag_s: from an event to its message, from and to.

    """

    profile: str
    events: tuple[str, ...]
    batch_limit: int
    tenants: Tenants
    peak: int = 15
    lag_s: tuple[int, int] = (120, 300)

    @property
    def general(self) -> tuple[str, ...]:
        """The subscribed discriminators, in the order of subscription."""
        known = discriminators(self.profile)
        return tuple(event for event in self.events if event in known)

    @property
    def streamed(self) -> tuple[str, ...]:
        """The subscribed types of events on the WebSocket, in the order of subscription."""
        known = types(self.profile)
        return tuple(event for event in self.events if event in known)

    @property
    def integration(self) -> tuple[str, ...]:
        """The subscribed actions, in the order of subscription."""
        known = actions(self.profile)
        return tuple(event for event in self.events if event in known)


class Plan(Protocol):
    """Messages to be, comparable and free of ids: building it twice makes two sets of ids."""

    def describe(self) -> str:
        """Say in a phrase what is sent, such as "3 events: ServiceOrderUpdated, …"."""
        ...

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the messages, usually one, in the order in which Mews would send them."""
        ...


@dataclass(frozen=True)
class Plans:
    """All that a draw word has to offer.

    Attributes:
        fixed: the boundary cases, to be played first, smallest first. Empty where the integration
            is not subscribed to what the word sends, or the profile does not document it.
        drawn: any other case; None where the fixed ones are all there is.

    """

    fixed: tuple[Plan, ...]
    drawn: SearchStrategy[Plan] | None = None


NO_PLANS = Plans(())


@dataclass(frozen=True)
class TemplateMessage:
    """One message from a template."""

    kind: WebhookKind
    template: Template = field(hash=False)
    phrase: str

    def describe(self) -> str:
        """Say what is sent."""
        return self.phrase

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Fill the template's slots."""
        return (write(self.kind, fill(self.template, mint), self.phrase),)


@dataclass(frozen=True)
class ForTenant:
    """A plan's messages for another enterprise than the first: its number, or `new`."""

    plan: Plan
    enterprise: Enterprise

    def describe(self) -> str:
        """Say what is sent, and whose it is."""
        return f"{self.plan.describe()}{self._whose}"

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Build the plan with that enterprise's ids."""
        messages = self.plan.build(mint.of(self.enterprise))
        return tuple(replace(m, description=f"{m.description}{self._whose}") for m in messages)

    @property
    def _whose(self) -> str:
        new = self.enterprise == "new"
        return ", for a new enterprise" if new else f", for enterprise {self.enterprise}"


def known_kind(word: str, kind: str) -> WebhookKind:
    """Read a draw word's argument `kind`; ScenarioMistake where there is no such kind."""
    if kind not in {WebhookKind.GENERAL, WebhookKind.INTEGRATION}:
        remedy = "Known: general, integration"
        raise ScenarioFileError(f"{word}: kind", kind, "is no kind of webhook", remedy)
    return WebhookKind(kind)


def write(kind: WebhookKind, body: Any, description: str) -> Message:  # noqa: ANN401 - JSON
    """Write a body, which may be wrong on purpose, as a message."""
    return Message(
        kind,
        serialise(body),
        references(kind, body),
        description,
        enterprise_id=_enterprise(body),
    )


def references(kind: WebhookKind, body: Any) -> tuple[EventReference, ...]:  # noqa: ANN401 - JSON
    """List the events that a body names; those that can't be read are left out."""
    if kind is WebhookKind.INTEGRATION:
        return _reference(body, ("Action",), ("Data", "Integration", "Id"))
    events = _at(body, ("Events",))
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


def unique(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    """Drop plans that repeat an earlier one."""
    kept: list[Plan] = []
    for plan in plans:
        if plan not in kept:
            kept.append(plan)
    return tuple(kept)


def _reference(
    node: object, name: Sequence[str], identity: Sequence[str]
) -> tuple[EventReference, ...]:
    event, entity = _at(node, name), _at(node, identity)
    if isinstance(event, str) and isinstance(entity, str):
        return (EventReference(event, entity),)
    return ()


def _enterprise(body: object) -> str | None:
    for path in (("EnterpriseId",), ("Data", "Enterprise", "Id")):
        found = _at(body, path)
        if isinstance(found, str):
            return found
    return None


def _at(node: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node
