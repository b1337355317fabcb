"""The states of an integration, and which message may come next.

The documentation names the actions (events/wh-integration) and no order: the table has the orders
that follow from the actions' names, and leaves out what they do not decide, such as how a canceled
integration comes back that was disabled before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.senders.connector.plan import Target

CREATED, DELETED = "IntegrationCreated", "IntegrationDeleted"
API_KEY_CREATED = "IntegrationApiKeyCreated"
GENERAL = "events"  # a turn that is a General Webhook


class State(StrEnum):
    """How an integration stands at Mews."""

    UNBORN = "unborn"
    ENABLED = "enabled"
    DISABLED = "disabled"
    CANCELED = "canceled"
    DELETED = "deleted"


@dataclass(frozen=True)
class Transition:
    """An action that is possible in a state, and the state after it."""

    before: State
    action: str
    after: State


# After a deletion the enterprise may connect again: another integration, with a token of its own,
# since an integration corresponds to a unique access token (events/wh-integration, terminology).
TRANSITIONS = (
    Transition(State.UNBORN, CREATED, State.ENABLED),
    Transition(State.UNBORN, CREATED, State.DISABLED),  # IsEnabled is false
    Transition(State.ENABLED, "IntegrationDisabled", State.DISABLED),
    Transition(State.ENABLED, API_KEY_CREATED, State.ENABLED),
    Transition(State.ENABLED, "IntegrationCanceled", State.CANCELED),
    Transition(State.ENABLED, DELETED, State.DELETED),
    Transition(State.DISABLED, "IntegrationEnabled", State.ENABLED),
    Transition(State.DISABLED, API_KEY_CREATED, State.DISABLED),
    Transition(State.DISABLED, DELETED, State.DELETED),
    Transition(State.CANCELED, "IntegrationReinstated", State.ENABLED),
    Transition(State.CANCELED, DELETED, State.DELETED),
    Transition(State.DELETED, CREATED, State.ENABLED),
    Transition(State.DELETED, CREATED, State.DISABLED),
)


@dataclass(frozen=True)
class LifecycleStep:
    """One message of a life.

    Attributes:
        name: its action, or `GENERAL`.
        state: the integration's after it.
        again: which earlier turn's bytes come again, counted from 0; None where it is new.
        late: whether the integration was switched off or gone before the message came.

    """

    name: str
    state: State
    again: int | None = None
    late: bool = False

    @property
    def born(self) -> bool:
        """Whether an integration begins with it."""
        return self.name == CREATED and self.again is None


def next_steps(turns: Sequence[LifecycleStep], subject: Target) -> tuple[LifecycleStep, ...]:
    """List every turn that may come next: new actions first, events, then what comes again.

    Only what is subscribed to is listed. Events come once the integration has worked.
    """
    state = turns[-1].state if turns else State.UNBORN
    actions = [
        LifecycleStep(each.action, each.after)
        for each in TRANSITIONS
        if each.before is state and each.action in subject.integration
    ]
    begun = max((index for index, turn in enumerate(turns) if turn.born), default=0)
    worked = any(turn.state is State.ENABLED for turn in turns[begun:])
    events = [LifecycleStep(GENERAL, state, late=state is not State.ENABLED)]
    ended = [i for i, turn in enumerate(turns) if turn.name == DELETED and turn.again is None]
    again = [
        LifecycleStep(turn.name, state, again=index, late=any(index < end for end in ended))
        for index, turn in enumerate(turns)
        if turn.again is None and turn.name != GENERAL
    ]
    return (*actions, *(events if worked and subject.general else ()), *again)
