"""The lifecycle of an integration: its states and the actions between them (`lifecycle.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pytest_mews.mews.toml_data import read_data

CREATED, DELETED = "IntegrationCreated", "IntegrationDeleted"
API_KEY_CREATED = "IntegrationApiKeyCreated"


class IntegrationState(StrEnum):
    """The state of an integration at Mews."""

    NOT_CREATED = "not-created"
    ENABLED = "enabled"
    DISABLED = "disabled"
    CANCELED = "canceled"
    DELETED = "deleted"


@dataclass(frozen=True)
class Transition:
    """An action that is possible in a state, and the state after it."""

    before: IntegrationState
    action: str
    after: IntegrationState


TRANSITIONS: tuple[Transition, ...] = tuple(
    Transition(IntegrationState(data["before"]), data["action"], IntegrationState(data["after"]))
    for data in read_data("lifecycle")["transition"]
)
"""Every transition, in the order of the file."""

STATE_AFTER: Mapping[str, IntegrationState] = MappingProxyType(
    {
        transition.action: transition.after
        for transition in TRANSITIONS
        if transition.action not in {CREATED, API_KEY_CREATED}
    }
)
"""The state after an action, which doesn't depend on the state before it.

Omitted are the creation, whose message has the state, and a new API key, which doesn't change it.
"""
