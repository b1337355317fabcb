"""Restores the messages of a replay file, including their secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pytest_mews.model import Message, Tenants
from pytest_mews.replay.body_pieces import join_body
from pytest_mews.replay.replay_file import RecordedCase, RecordedMessage
from pytest_mews.senders import Sender
from pytest_mews.senders.ids import generate_token, random_seed

GENERATED, TENANT = "generated token ", "AccessToken of "


class RestoreError(Exception):
    """The messages can't be restored; the error says why."""


def secrets_by_name(tenants: Tenants, generated: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets that a body can contain by the names that replace them, longest first.

    Args:
        tenants: the tenants of the run, whose access tokens are named by their enterprise.
        generated: the generated tokens of an execution, as in `IdSource.tokens`.

    """
    secrets = {f"{GENERATED}{name}": token for name, token in generated.items()}
    secrets |= {f"{TENANT}{tenant.id}": tenant.access_token for tenant in tenants.enterprises}
    return dict(sorted(secrets.items(), key=lambda item: -len(item[1])))


def restore_messages(
    case: RecordedCase, tenants: Tenants, sender: Sender
) -> dict[str, tuple[Message, ...]]:
    """Return the messages for each message spec.

    Args:
        case: the content of a replay file.
        tenants: the tenants of this run, which must be those that the case was recorded with.
        sender: knows where the events are in a body.

    Raises:
        RestoreError: an enterprise is missing or has another integration, an access token has
            another length, or a secret has an unknown name.

    """
    integrations = {tenant.id: tenant.integration_id for tenant in tenants.enterprises}
    for enterprise_id, integration_id in case.conditions.enterprises:
        if integrations.get(enterprise_id) != integration_id:
            raise RestoreError(
                f"it was recorded with enterprise {enterprise_id}, integration {integration_id}, "
                "which is not among the tenants of this run: give the same --mews-tenants"
            )
    if tuple(integrations.items()) != case.conditions.enterprises:
        raise RestoreError("it was recorded with other tenants: give the same --mews-tenants")
    seed = random_seed(case.conditions.seed, case.scenario, case.execution)
    generated = {
        name.removeprefix(GENERATED): generate_token(seed, name.removeprefix(GENERATED))
        for message in case.messages
        for piece in message.body
        if (name := str(piece.get("secret", ""))).startswith(GENERATED)
    }
    secrets = secrets_by_name(tenants, generated)
    messages = [_restore_message(message, secrets, sender) for message in case.messages]
    return {
        name: tuple(messages[index] for index in indexes)
        for name, indexes in case.message_indexes.items()
    }


def _restore_message(
    message: RecordedMessage, secrets: Mapping[str, str], sender: Sender
) -> Message:
    try:
        body = join_body(message.body, secrets)
    except KeyError as error:
        raise RestoreError(f"there is no secret with the name {error}") from error
    if len(body) != message.size:
        raise RestoreError(
            f"a body has {len(body):,} bytes instead of {message.size:,}: an access token of "
            "--mews-tenants has changed"
        )
    events = message.events
    if events is None:
        events = sender.event_references(message.kind, json.loads(body))
    return Message(
        message.kind,
        body,
        events,
        message.description,
        message.content_type,
        message.enterprise_id,
        message.duplicate,
        message.binary,
    )
