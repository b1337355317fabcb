"""From what a failing play sent to the text of a replay file, or why there can be none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pytest_mews.model import EventReference, Message, Parameter, Profile, Replay, Scenario
from pytest_mews.redaction import Mask
from pytest_mews.replay.body_pieces import digest, join, split
from pytest_mews.replay.replay_file import Kept, KeptMessage, write
from pytest_mews.senders.connector.plan import references

MOST_BYTES = 1_000_000
IN_PIECES = "a secret stands in it in a form that can't be taken out"


def keep(kept: Kept, mask: Mask) -> Replay:
    """Write a replay file; `mask` shows whether anything secret is left in it."""
    text = write(kept)
    if len(text) > MOST_BYTES:
        return Replay("", f"its messages take {len(text):,} bytes, more than {MOST_BYTES:,}")
    pieces = (piece for each in kept.messages for piece in each.body if "secret" not in piece)
    bodies = [join([piece], {}) for piece in pieces]
    if mask.text(text) != text or any(mask.bytes(each) != each for each in bodies):
        return Replay("", IN_PIECES)
    return Replay(text)


def kept_messages(
    messages: Mapping[str, Sequence[Message]], secrets: Mapping[str, str], mask: Mask
) -> tuple[tuple[KeptMessage, ...], dict[str, tuple[int, ...]]]:
    """Give each message once, and for each draw which of them it gave.

    Args:
        messages: what was drawn, by the draw's name.
        secrets: those that bodies may hold, by the names that stand for them.
        mask: for what people read.

    """
    numbers: dict[Message, int] = {}
    draws = {
        name: tuple(numbers.setdefault(message, len(numbers)) for message in drawn)
        for name, drawn in messages.items()
    }
    return tuple(_kept(message, secrets, mask) for message in numbers), draws


def _kept(message: Message, secrets: Mapping[str, str], mask: Mask) -> KeptMessage:
    body = split(message.body, secrets)
    return KeptMessage(
        message.kind,
        message.content_type,
        mask.text(message.description),
        message.enterprise_id,
        len(message.body),
        digest(body),
        body,
        message.duplicate,
        None if named(message) == message.events else message.events,
    )


def named(message: Message) -> tuple[EventReference, ...] | None:
    """List the events that a message's body names; None where it can't be read."""
    try:
        return references(message.kind, json.loads(message.body))
    except (ValueError, RecursionError):
        return None


def as_steps(scenario: Scenario) -> tuple[dict[str, object], ...]:
    """Write a scenario's steps as its file does."""
    return tuple({"do": step.name, **step.arguments} for step in scenario.steps)


def as_expectations(scenario: Scenario) -> tuple[dict[str, object], ...]:
    """Write a scenario's expectations as its file does, each with its obligation."""
    return tuple(
        {"that": each.check, "level": each.level.value, "of": list(each.of)}
        for each in scenario.expectations
    )


def overrides(profile: Profile) -> tuple[str, ...]:
    """List what --mews-profile-set changed in a profile, as one types it."""
    return tuple(
        f"{parameter.name}={_typed(parameter)}"
        for parameter in profile.parameters
        if parameter.origin == "overridden"
    )


def _typed(parameter: Parameter) -> str:
    value = parameter.value
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
