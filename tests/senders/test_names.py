"""Unusual names: what they are, where they stand, and how they are written."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings

from pytest_mews.model import MessageSpec
from pytest_mews.senders.connector import IdSource, Plan, Plans, Target, plans
from pytest_mews.senders.connector.payload_schemas import validator
from pytest_mews.senders.connector.unusual_names import ESCAPED, NAMES

QUIET = settings(database=None, deadline=None, max_examples=60)


def sent(plan: Plan, subject: Target) -> tuple[bytes, dict[str, str]]:
    """Build a plan: its body, and the names in it by place."""
    (message,) = plan.build(IdSource(1, "names", 0, subject.tenants))
    assert message.description == plan.describe()
    data = json.loads(message.body)["Data"]
    return message.body, {k: v["Name"] for k, v in data.items() if isinstance(v, dict)}


def ask(subject: Target) -> Plans:
    """Look the word up."""
    return plans(MessageSpec("message", "unusual-names"), subject)


def test_names_are_what_they_are_called() -> None:
    """Lengths are as said; nothing holds a NUL, and everything can be written in UTF-8."""
    lengths = [len(NAMES[name]) for name in ("1 character", "255 characters", "2,000 characters")]
    assert lengths == [1, 255, 2_000]
    for name in NAMES.values():
        assert "\0" not in name
        assert name.encode().decode() == name
    for phrase in ESCAPED:
        assert any(ord(character) > 0xFFFF for character in NAMES[phrase])


def test_fixed_names_stand_in_all_places(subject: Target) -> None:
    """Enterprise, service, requestor and integration have the name, and all else is valid."""
    found = ask(subject).fixed
    for plan, name in zip(found, NAMES.values(), strict=False):
        body, names = sent(plan, subject)
        assert names == dict.fromkeys(["Enterprise", "Service", "Requestor", "Integration"], name)
        if len(name) <= 255:
            assert validator("integration", subject.profile).is_valid(json.loads(body))


def test_escapes_are_the_same_json(subject: Target) -> None:
    """A surrogate pair in escapes means what its UTF-8 means."""
    found = ask(subject).fixed
    plain = {plan.describe(): sent(plan, subject) for plan in found}
    escaped = {text: each for text, each in plain.items() if text.endswith(", in escapes")}
    assert len(escaped) == len(ESCAPED)
    for text, (body, names) in escaped.items():
        assert body.isascii()
        assert b"\\ud8" in body
        assert names == plain[text.removesuffix(", in escapes")][1]


def test_drawn_names_stand_in_one_place_or_all(subject: Target) -> None:
    """Whatever is drawn is no NUL, and is not empty."""
    usual = {"Sample Chain Hotel 1", "Accommodation", "Requesting Person", "WebhookTEST"}
    changed: set[int] = set()
    drawn = ask(subject).drawn
    assert drawn is not None

    def check(plan: Plan) -> None:
        _, names = sent(plan, subject)
        assert all(name and "\0" not in name for name in names.values())
        changed.add(sum(name not in usual for name in names.values()))

    QUIET(given(drawn)(check))()
    assert changed == {1, 4}


def test_another_action_has_names_too(subject: Target) -> None:
    """Who is not subscribed to creations gets the first action that it is."""
    other = replace(subject, events=("MessageAdded", "IntegrationDisabled"))
    body, names = sent(ask(other).fixed[0], other)
    assert json.loads(body)["Action"] == "IntegrationDisabled"
    assert names == {"Integration": "H"}
