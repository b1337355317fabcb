"""`mews sample`: payloads that the documented schemas allow."""

from __future__ import annotations

import json

import pytest

from pytest_mews.mews.events import EVENTS, Channel, event_names
from pytest_mews.senders.connector.payload_schemas import ALL_REVISIONS, validation_errors
from tests.command.conftest import Mews


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_valid_payload(name: str, mews: Mews) -> None:
    """It is one JSON document, and names the event."""
    done = mews("sample", name)
    assert done.status == 0
    payload = json.loads(done.output)
    assert validation_errors(EVENTS[name].channel, ALL_REVISIONS, payload) == []
    assert name in done.output


def test_compact_is_what_is_sent(mews: Mews) -> None:
    """One line per message, without blanks; the same ids with the same seed."""
    words = ("sample", "CustomerAdded", "--count", "501", "--seed", "3")
    done = mews(*words, "--compact")
    first, second = done.output.splitlines()
    assert len(json.loads(first)["Events"]) == 500
    assert len(json.loads(second)["Events"]) == 1
    assert ": " not in second
    assert mews(*words, "--compact").output == done.output
    assert mews("sample", "CustomerAdded").output != mews("sample", "CustomerAdded").output


def test_a_lifecycle_is_a_message_per_step(mews: Mews) -> None:
    """Every action of Integration Webhooks is in it."""
    lines = mews("sample", "lifecycle", "--compact").output.splitlines()
    actions = {json.loads(line).get("Action") for line in lines}
    assert actions == {None, *event_names(Channel.INTEGRATION)}


def test_a_profile_limits_the_properties(mews: Mews) -> None:
    """An event that the profile does not document is refused."""
    done = mews("sample", "ProductUpdated", "--profile", "2022-08")
    assert done.status == 4
    assert "is documented since 2026-08, later than profile 2022-08" in done.errors
