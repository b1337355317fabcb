"""Plans: generated messages without ids; building a plan adds ids that no earlier message had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from hypothesis.strategies import SearchStrategy

from pytest_mews.model import Message, Tenants
from pytest_mews.senders.ids import IdSource


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
        has_portfolios: whether the integration is offered to portfolios of several properties.

    """

    profile: str
    events: tuple[str, ...]
    batch_limit: int
    tenants: Tenants
    peak_messages: int = 15
    lag_s: tuple[int, int] = (120, 300)
    has_portfolios: bool = False


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
        exceeds_limit: whether a case can have more events than fit into one message, to see how
            large a batch may be.

    """

    fixed: tuple[Plan, ...]
    strategy: SearchStrategy[Plan] | None = None
    exceeds_limit: bool = False

    def map(self, change: Callable[[Plan], Plan]) -> Plans:
        """Return these plans, each changed by a function."""
        strategy = None if self.strategy is None else self.strategy.map(change)
        return replace(self, fixed=tuple(map(change, self.fixed)), strategy=strategy)


NO_PLANS = Plans(())
