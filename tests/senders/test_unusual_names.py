"""Unusual names: their content, their places, and their encoding."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings

from pytest_mews.model import MessageSpec
from pytest_mews.senders import IdSource, Plan, Plans, Target
from pytest_mews.senders.connector import plans_for
from pytest_mews.senders.connector.payload_schemas import validator
from pytest_mews.senders.connector.unusual_names import ESCAPED_NAMES, NAMES

SETTINGS = settings(database=None, deadline=None, max_examples=60)


def build(plan: Plan, target: Target) -> tuple[bytes, dict[str, str]]:
    """Build a plan, and return its body and the names in it by place."""
    (message,) = plan.build(IdSource(1, "names", 0, target.tenants))
    assert message.description == plan.describe()
    data = json.loads(message.body)["Data"]
    return message.body, {
        key: value["Name"] for key, value in data.items() if isinstance(value, dict)
    }


def generate(target: Target) -> Plans:
    """Return the plans of the generator."""
    return plans_for(MessageSpec("message", "unusual-names"), target)


def test_names_match_their_descriptions() -> None:
    """Names have the described lengths, no NUL, and can be encoded in UTF-8."""
    lengths = [len(NAMES[name]) for name in ("1 character", "255 characters", "2,000 characters")]
    assert lengths == [1, 255, 2_000]
    for name in NAMES.values():
        assert "\0" not in name
        assert name.encode().decode() == name
    for description in ESCAPED_NAMES:
        assert any(ord(character) > 0xFFFF for character in NAMES[description])


def test_fixed_names_are_in_all_places(target: Target) -> None:
    """Enterprise, service, requestor and integration have the name; the message is valid."""
    fixed = generate(target).fixed
    for plan, name in zip(fixed, NAMES.values(), strict=False):
        body, names = build(plan, target)
        assert names == dict.fromkeys(["Enterprise", "Service", "Requestor", "Integration"], name)
        if len(name) <= 255:
            assert validator("integration", target.profile).is_valid(json.loads(body))


def test_escapes_are_the_same_json(target: Target) -> None:
    """A body with escaped surrogate pairs is the same JSON as in UTF-8."""
    fixed = generate(target).fixed
    built = {plan.describe(): build(plan, target) for plan in fixed}
    escaped = {text: value for text, value in built.items() if text.endswith(", escaped")}
    assert len(escaped) == len(ESCAPED_NAMES)
    for text, (body, names) in escaped.items():
        assert body.isascii()
        assert b"\\ud8" in body
        assert names == built[text.removesuffix(", escaped")][1]


def test_random_names_are_in_one_place_or_all(target: Target) -> None:
    """Random names are not empty and have no NUL."""
    canonical = {"Sample Chain Hotel 1", "Accommodation", "Requesting Person", "WebhookTEST"}
    changed: set[int] = set()
    strategy = generate(target).strategy
    assert strategy is not None

    def check(plan: Plan) -> None:
        _, names = build(plan, target)
        assert all(name and "\0" not in name for name in names.values())
        changed.add(sum(name not in canonical for name in names.values()))

    SETTINGS(given(strategy)(check))()
    assert changed == {1, 4}


def test_names_of_another_action(target: Target) -> None:
    """Without a subscription to IntegrationCreated, the first subscribed action is used."""
    other = replace(target, events=("MessageAdded", "IntegrationDisabled"))
    body, names = build(generate(other).fixed[0], other)
    assert json.loads(body)["Action"] == "IntegrationDisabled"
    assert names == {"Integration": "H"}
