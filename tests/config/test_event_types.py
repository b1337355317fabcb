"""The names of the events, their revisions, and the use cases that need them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

import pytest

from pytest_mews.mews import event_types
from pytest_mews.mews.use_cases import USE_CASES, UseCase
from pytest_mews.model import Basis


def _allowed_values(node: object, key: str) -> Iterator[str]:
    """Yield the allowed values of a property anywhere in a schema."""
    if isinstance(node, dict):
        rule = node.get(key)
        if isinstance(rule, dict):
            yield from [rule["const"]] if "const" in rule else rule.get("enum", [])
        for child in node.values():
            yield from _allowed_values(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from _allowed_values(child, key)


@pytest.mark.parametrize(
    ("file", "key", "names"),
    [
        ("general.schema.json", "Discriminator", set(event_types.DISCRIMINATORS)),
        ("integration.schema.json", "Action", set(event_types.ACTIONS)),
        ("websocket.schema.json", "Type", set(event_types.WEBSOCKET_TYPES)),
    ],
)
def test_the_schemas_have_the_same_names(file: str, key: str, names: set[str]) -> None:
    """The events for subscriptions are those that the schemas allow."""
    text = (resources.files("pytest_mews.schemas") / file).read_text(encoding="utf-8")
    assert set(_allowed_values(json.loads(text), key)) == names


def test_the_newest_profile_has_every_event() -> None:
    """No event is newer than the newest profile."""
    assert event_types.webhook_events("2026-04") == (
        *event_types.DISCRIMINATORS,
        *event_types.ACTIONS,
    )
    all_events = (*event_types.DISCRIMINATORS, *event_types.ACTIONS, *event_types.WEBSOCKET_TYPES)
    assert event_types.all_events("2026-04") == all_events


def test_the_old_profile_lacks_newer_events() -> None:
    """Events that were documented after August 2022 are not in that profile."""
    missing = set(event_types.webhook_events("2026-04")) - set(
        event_types.webhook_events("2022-08")
    )
    assert missing == {"PaymentUpdated", "IntegrationApiKeyCreated"}


def test_events_newer_than_every_profile_are_in_none() -> None:
    """The table has them only so that an error message can give the reason."""
    assert event_types.NEWER_THAN_PROFILES.keys().isdisjoint(event_types.webhook_events("2026-04"))
    assert set(event_types.NEWER_THAN_PROFILES.values()) == {"2026-08"}


@pytest.mark.parametrize("use_case", USE_CASES.values(), ids=lambda use_case: use_case.name)
def test_a_use_case_has_events_with_a_page_and_a_basis(use_case: UseCase) -> None:
    """Each claim about a use case has its source."""
    assert use_case.events
    assert use_case.events.keys() <= event_types.DISCRIMINATORS.keys()
    assert use_case.url == f"https://docs.mews.com/connector-api/use-cases/{use_case.name}"
    assert set(use_case.events.values()) <= set(Basis)


def test_housekeeping_has_documented_and_inferred_events() -> None:
    """Its page names ServiceOrderUpdated; it only says to fetch the other two entities."""
    assert USE_CASES["housekeeping"].events == {
        "ServiceOrderUpdated": Basis.DOCUMENTED,
        "ResourceUpdated": Basis.INFERRED,
        "ResourceBlockUpdated": Basis.INFERRED,
    }


def test_customer_added_and_updated_belong_together() -> None:
    """A CustomerAdded always comes with a CustomerUpdated (events/wh-general)."""
    for use_case in USE_CASES.values():
        assert ("CustomerAdded" in use_case.events) == ("CustomerUpdated" in use_case.events)
