"""From a replay file back to the messages that were sent, secrets included."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pytest_mews.model import Message, Tenants
from pytest_mews.replay.body_pieces import join
from pytest_mews.replay.replay_file import Kept, KeptMessage
from pytest_mews.senders.connector.ids import origin_of, token_of
from pytest_mews.senders.connector.plan import references

MINTED, OWNED = "minted ", "AccessToken of "


class RestoreError(Exception):
    """The bytes that were sent can't be put together again; says why."""


def secrets_of(tenants: Tenants, minted: Mapping[str, str]) -> dict[str, str]:
    """Name whatever is secret and may stand in a body, longest first.

    Args:
        tenants: the user's own, each named by its enterprise.
        minted: what a play has minted, by the mint's own names.

    """
    named = {f"{MINTED}{name}": token for name, token in minted.items()}
    named |= {f"{OWNED}{each.id}": each.access_token for each in tenants.enterprises}
    return dict(sorted(named.items(), key=lambda pair: -len(pair[1])))


def restore(kept: Kept, tenants: Tenants) -> dict[str, tuple[Message, ...]]:
    """Give the messages of each draw.

    Args:
        kept: the file's content.
        tenants: the present ones; they must be those that the file was kept with.

    Raises:
        NotRestored: an enterprise is missing, or has another integration.

    """
    present = {each.id: each.integration_id for each in tenants.enterprises}
    for enterprise, integration in kept.conditions.enterprises:
        if present.get(enterprise) != integration:
            raise RestoreError(
                f"it was kept with enterprise {enterprise}, integration {integration}, which is "
                "not among the present tenants: give the same --mews-tenants"
            )
    if tuple(present.items()) != kept.conditions.enterprises:
        raise RestoreError("it was kept with other tenants: give the same --mews-tenants")
    origin = origin_of(kept.conditions.seed, kept.scenario, kept.play)
    minted = {
        name.removeprefix(MINTED): token_of(origin, name.removeprefix(MINTED))
        for message in kept.messages
        for piece in message.body
        if (name := str(piece.get("secret", ""))).startswith(MINTED)
    }
    secrets = secrets_of(tenants, minted)
    messages = [_message(each, secrets) for each in kept.messages]
    return {
        name: tuple(messages[number] for number in numbers) for name, numbers in kept.draws.items()
    }


def _message(kept: KeptMessage, secrets: Mapping[str, str]) -> Message:
    try:
        body = join(kept.body, secrets)
    except KeyError as error:
        raise RestoreError(f"nothing is known by the name {error}") from error
    if len(body) != kept.size:
        raise RestoreError(
            f"a body would have {len(body):,} bytes and had {kept.size:,}: an access token of "
            "--mews-tenants has changed"
        )
    events = kept.events
    if events is None:
        events = references(kept.kind, json.loads(body))
    return Message(
        kept.kind,
        body,
        events,
        kept.description,
        kept.content_type,
        kept.enterprise_id,
        kept.again,
    )
