"""Draw word for the life of one integration: its webhooks in a legal order, some of them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.batch import EventList
from pytest_mews.senders.connector.ids import IdSource, Template, fill
from pytest_mews.senders.connector.integration_webhooks import action_shape, aged
from pytest_mews.senders.connector.lifecycle_status import standings
from pytest_mews.senders.connector.lifecycle_transitions import (
    CREATED,
    GENERAL,
    LifecycleStep,
    State,
    next_steps,
)
from pytest_mews.senders.connector.plan import NO_PLANS, Plan, Plans, Target, unique, write
from pytest_mews.senders.connector.shape_strategies import OLDEST_AGE_S, canonical_example

MOST_TURNS = 10
TURN_S = 10  # from one turn to the next, in the dates that they bear
AGAIN = " again"

# What comes in turn; "… again" repeats the newest message of that action.
LIVES: tuple[tuple[str, ...], ...] = (
    (CREATED,),
    (CREATED, CREATED + AGAIN),
    (CREATED, "IntegrationDisabled", CREATED + AGAIN, "IntegrationEnabled", GENERAL),
    (CREATED, *("IntegrationDisabled", "IntegrationEnabled") * 3),
    (CREATED, "IntegrationCanceled", "IntegrationReinstated", GENERAL),
    (CREATED, *("IntegrationApiKeyCreated",) * 2, "IntegrationApiKeyCreated" + AGAIN, GENERAL),
    (CREATED, GENERAL, "IntegrationDeleted", "IntegrationDeleted" + AGAIN, CREATED, GENERAL),
    (
        CREATED,
        "IntegrationDisabled",
        "IntegrationEnabled",
        "IntegrationApiKeyCreated",
        GENERAL,
        "IntegrationCanceled",
        "IntegrationReinstated",
        "IntegrationDeleted",
    ),
)
LATE_LIVES: tuple[tuple[str, ...], ...] = (
    (CREATED, "IntegrationDisabled", GENERAL),
    (CREATED, "IntegrationCanceled", GENERAL),
    (CREATED, "IntegrationDeleted", GENERAL),
    (CREATED, "IntegrationDeleted", CREATED + AGAIN),
    (CREATED, "IntegrationDisabled", "IntegrationDeleted", "IntegrationDisabled" + AGAIN),
)


@dataclass(frozen=True)
class Life:
    """All messages of one life, for one enterprise.

    Attributes:
        profile: whose schema they follow.
        turns: one for each message, in order; their states are those at Mews.
        events: the discriminators of the General Webhooks in between, each of one message.

    """

    profile: str
    turns: tuple[LifecycleStep, ...]
    events: tuple[str, ...]

    def describe(self) -> str:
        """Name the messages in order."""
        return f"a life: {', '.join(map(_name, self.turns))}"

    def build(self, mint: IdSource) -> tuple[Message, ...]:
        """Write the messages, one for each turn.

        Ids, tokens and keys stay the same through a life; an integration that is created after a
        deletion has its own, for the same enterprise. `standings` reads them back.
        """
        sent: list[Message] = []
        for number, turn in enumerate(self.turns):
            if turn.born and sent:
                mint = mint.renewed()
            if turn.again is not None:
                message = replace(sent[turn.again], duplicate=True)
            elif turn.name == GENERAL:
                entries = tuple((name, entity) for entity, name in enumerate(self.events))
                (message,) = EventList(self.profile, entries, len(entries)).build(mint)
            else:
                body = fill(_template(self.profile, turn, number), mint)
                message = write(WebhookKind.INTEGRATION, body, "")
            place = f"message {number + 1} of {len(self.turns)}: {_name(turn)}"
            sent.append(replace(message, description=f"{self.describe()} ({place})"))
        return tuple(sent)


def integration_lifecycle(
    subject: Target, *, after_end: bool = False, unambiguous: bool = False
) -> Plans:
    """Send the webhooks of one integration in a legal order, some of them again.

    Args:
        subject: what for.
        unambiguous: whether only such lives are sent in which events come, and a receiver can know at
            each of them whether the integration works, and with which key.
        after_end: whether messages come that are late: events of an integration that does not work any
            more, and what was sent before its deletion once more. Every life then has one.

    """
    fixed = unique(
        Life(subject.profile, turns, _events(subject))
        for names in (LATE_LIVES if after_end else LIVES)
        if (turns := _legal(names, subject)) and any(turn.late for turn in turns) is after_end
    )
    if unambiguous:
        fixed = tuple(each for each in fixed if _is_clear(each, subject))
    if not fixed:
        return NO_PLANS
    drawn = draw_lives(subject, late=after_end)
    if unambiguous:
        drawn = drawn.filter(lambda each: _is_clear(each, subject))
    if after_end:
        drawn = drawn.filter(lambda each: any(turn.late for turn in each.turns))
    return Plans(fixed, drawn)


def _is_clear(plan: Plan, subject: Target) -> bool:
    """Tell whether events come, each while the integration works for all that a receiver knows."""
    sample = IdSource(0, "whether a life is clear", 0, subject.tenants).of("new")
    messages = plan.build(sample)
    of_events = [
        standing
        for message, standing in zip(messages, standings(messages), strict=True)
        if message.kind is WebhookKind.GENERAL
    ]
    return bool(of_events) and all(each.certain and each.works for each in of_events)


@st.composite
def draw_lives(draw: DrawFn, subject: Target, *, late: bool) -> Life:
    """Draw a life of up to `MOST_TURNS` messages; it shrinks to few of them."""
    turns: tuple[LifecycleStep, ...] = ()
    # One more each time but one in eight; 0, the simplest, ends it.
    while len(turns) < MOST_TURNS and (not turns or draw(st.integers(0, 7))):
        possible = [turn for turn in next_steps(turns, subject) if late or not turn.late]
        turns = (*turns, draw(st.sampled_from(possible)))
    return Life(subject.profile, turns, _events(subject))


def _legal(names: Sequence[str], subject: Target) -> tuple[LifecycleStep, ...]:
    """Take the turns with these names; what is not possible or not subscribed to is left out."""
    turns: tuple[LifecycleStep, ...] = ()
    for name in names:
        found = [
            turn for turn in next_steps(turns, subject) if turn.name == name.removesuffix(AGAIN)
        ]
        repeated = [turn for turn in found if turn.again is not None]
        new = [turn for turn in found if turn.again is None]
        turns += tuple(repeated[-1:] if name.endswith(AGAIN) else new[:1])
    return turns


def _events(subject: Target) -> tuple[str, ...]:
    return subject.general[: min(2, subject.batch_limit)]


def _name(turn: LifecycleStep) -> str:
    name = turn.name.removeprefix("Integration")
    if turn.born and turn.state is State.DISABLED:
        name += " (not enabled)"
    return name + (AGAIN if turn.again is not None else "")


def _template(profile: str, turn: LifecycleStep, number: int) -> Template:
    template = aged(_exemplar(profile, turn.name), OLDEST_AGE_S - TURN_S * number)
    if turn.name != CREATED:
        return template
    data: dict[str, Any] = {**template["Data"], "IsEnabled": turn.state is State.ENABLED}
    return {**template, "Data": data}


@cache
def _exemplar(profile: str, action: str) -> Template:
    return canonical_example(action_shape(profile, action))
