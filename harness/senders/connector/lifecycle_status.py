"""Reads a life back: how an integration stands after each of its messages, and its access token."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pytest_mews.model import Message, WebhookKind
from pytest_mews.senders.connector.lifecycle_transitions import (
    API_KEY_CREATED,
    CREATED,
    TRANSITIONS,
    State,
)

# The state after each action, which is the same wherever it comes from; a creation says its own,
# and a key changes none.
AFTER = {
    each.action: each.after for each in TRANSITIONS if each.action not in {CREATED, API_KEY_CREATED}
}


@dataclass(frozen=True)
class Standing:
    """How an integration stands at Mews.

    Attributes:
        integration_id: which one.
        state: what it is; `unborn` where its creation was not among the messages.
        enterprise_id: whose it is; None where no message said so.
        credential: the access token that is in force, the newest key if there was any; None
            before a message brought one, and after the deletion.
        certain: whether a receiver can know: False where the same bytes came again after newer
            ones and would, taken for news, have led to another state or credential.

    """

    integration_id: str
    state: State = State.UNBORN
    enterprise_id: str | None = None
    credential: str | None = field(default=None, repr=False)
    certain: bool = True

    @property
    def works(self) -> bool:
        """Whether Mews would answer a call with the credential."""
        return self.state is State.ENABLED


def standings(messages: Iterable[Message]) -> tuple[Standing, ...]:
    """Give for each message, in order of delivery, the standing of the integration that it names.

    Args:
        messages: as a life builds them; bodies must be valid.

    """
    true: dict[str, Standing] = {}
    believed: dict[str, Standing] = {}
    found: list[Standing] = []
    for message in messages:
        body = json.loads(message.body)
        general = message.kind is WebhookKind.GENERAL
        name = body["IntegrationId"] if general else body["Data"]["Integration"]["Id"]
        for held in (true, believed):
            before = held.setdefault(name, Standing(name))
            news = not general and not (held is true and message.duplicate)
            held[name] = _after(before, body["Action"], body["Data"]) if news else before
        found.append(replace(true[name], certain=true[name] == believed[name]))
    return tuple(found)


def _after(before: Standing, action: str, data: dict[str, object]) -> Standing:
    if action == CREATED:
        enterprise = data["Enterprise"]
        assert isinstance(enterprise, dict)
        return replace(
            before,
            state=State.ENABLED if data["IsEnabled"] else State.DISABLED,
            enterprise_id=enterprise["Id"],
            credential=str(data["AccessToken"]),
        )
    if action == API_KEY_CREATED:
        return replace(before, credential=str(data["ApiKey"]))
    state = AFTER[action]
    gone = state is State.DELETED
    return replace(before, state=state, credential=None if gone else before.credential)
