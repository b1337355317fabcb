"""Serializes a failing case: its messages without secrets, its steps and expectations as data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pytest_mews.model import EventReference, Message, Parameter, Profile, Replay, Scenario
from pytest_mews.model.step_tables import step_to_table
from pytest_mews.redaction import Redactor
from pytest_mews.replay.body_pieces import body_digest, join_body, split_body
from pytest_mews.replay.replay_file import RecordedCase, RecordedMessage, to_json
from pytest_mews.senders import Sender

MAX_SIZE = 1_000_000  # of a replay file, in bytes
NOT_SEPARABLE = "a body contains a secret in a form that can't be separated from it"


def to_replay(case: RecordedCase, redactor: Redactor) -> Replay:
    """Return the text of a replay file, or the reason why there can't be one.

    There is none if it would be larger than 1 MB, or if the redactor finds a secret in it.
    """
    text = to_json(case)
    if len(text) > MAX_SIZE:
        return Replay("", f"its messages take {len(text):,} bytes, more than {MAX_SIZE:,}")
    pieces = (piece for message in case.messages for piece in message.body)
    parts = [join_body([piece], {}) for piece in pieces if "secret" not in piece]
    if redactor.redact_text(text) != text or any(
        redactor.redact_bytes(part) != part for part in parts
    ):
        return Replay("", NOT_SEPARABLE)
    return Replay(text)


def record_messages(
    messages: Mapping[str, Sequence[Message]],
    secrets: Mapping[str, str],
    redactor: Redactor,
    sender: Sender,
) -> tuple[tuple[RecordedMessage, ...], dict[str, tuple[int, ...]]]:
    """Return each message once, and for each message spec the indexes of its messages.

    Args:
        messages: the messages by the name of their message spec.
        secrets: the secrets that bodies can contain, by name.
        redactor: removes secrets from the descriptions.
        sender: knows where the events are in a body.

    """
    indexes: dict[Message, int] = {}
    indexes_by_name = {
        name: tuple(indexes.setdefault(message, len(indexes)) for message in of_spec)
        for name, of_spec in messages.items()
    }
    recorded = tuple(_record_message(message, secrets, redactor, sender) for message in indexes)
    return recorded, indexes_by_name


def _record_message(
    message: Message, secrets: Mapping[str, str], redactor: Redactor, sender: Sender
) -> RecordedMessage:
    body = split_body(message.body, secrets)
    return RecordedMessage(
        message.kind,
        message.content_type,
        redactor.redact_text(message.description),
        message.enterprise_id,
        len(message.body),
        body_digest(body),
        body,
        message.duplicate,
        None if _events_in_body(message, sender) == message.events else message.events,
        message.binary,
    )


def _events_in_body(message: Message, sender: Sender) -> tuple[EventReference, ...] | None:
    """List the events that the body contains; None if it can't be parsed."""
    try:
        return sender.event_references(message.kind, json.loads(message.body))
    except (ValueError, RecursionError):
        return None


def steps_as_data(scenario: Scenario) -> tuple[dict[str, object], ...]:
    """Return the steps of a scenario as its file has them."""
    return tuple(map(step_to_table, scenario.steps))


def expectations_as_data(scenario: Scenario) -> tuple[dict[str, object], ...]:
    """Return the expectations of a scenario as its file has them, each with its level."""
    return tuple(
        {
            "that": expectation.check,
            "level": expectation.level.value,
            "of": list(expectation.of),
        }
        for expectation in scenario.expectations
    )


def profile_overrides(profile: Profile) -> tuple[str, ...]:
    """List the overridden parameters of a profile in the form of --mews-profile-set."""
    return tuple(
        f"{parameter.name}={_option_value(parameter)}"
        for parameter in profile.parameters
        if parameter.origin == "overridden"
    )


def _option_value(parameter: Parameter) -> str:
    value = parameter.value
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
