"""The event names, their revisions, and the use cases that need them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources

import pytest

from pytest_mews.mews import event_types
from pytest_mews.mews.use_cases import USE_CASES, UseCase
from pytest_mews.model import Basis


def _names_of(node: object, key: str) -> Iterator[str]:
    """Find the allowed values of a property anywhere in a schema."""
    if isinstance(node, dict):
        rule = node.get(key)
        if isinstance(rule, dict):
            yield from [rule["const"]] if "const" in rule else rule.get("enum", [])
        for child in node.values():
            yield from _names_of(child, key)
    elif isinstance(node, list):
        for child in node:
            yield from _names_of(child, key)


@pytest.mark.parametrize(
    ("file", "key", "names"),
    [
        ("general.schema.json", "Discriminator", set(event_types.DISCRIMINATORS)),
        ("integration.schema.json", "Action", set(event_types.ACTIONS)),
        ("websocket.schema.json", "Type", set(event_types.STREAMED)),
    ],
)
def test_the_schemas_have_the_same_names(file: str, key: str, names: set[str]) -> None:
    """What can be subscribed to and what can be sent never drift apart."""
    text = (resources.files("pytest_mews.schemas") / file).read_text(encoding="utf-8")
    assert set(_names_of(json.loads(text), key)) == names


def test_the_newest_profile_has_every_event() -> None:
    """Nothing in the table is out of reach."""
    assert event_types.known_to("2026-04") == (*event_types.DISCRIMINATORS, *event_types.ACTIONS)
    every = (*event_types.DISCRIMINATORS, *event_types.ACTIONS, *event_types.STREAMED)
    assert event_types.all_known_to("2026-04") == every


def test_the_old_profile_lacks_what_came_later() -> None:
    """Events that were documented after August 2022 are not part of that profile."""
    missing = set(event_types.known_to("2026-04")) - set(event_types.known_to("2022-08"))
    assert missing == {"PaymentUpdated", "IntegrationApiKeyCreated"}


def test_events_newer_than_every_profile_are_known_but_not_offered() -> None:
    """A mistake can say why they are refused."""
    assert event_types.LATER.keys().isdisjoint(event_types.known_to("2026-04"))
    assert set(event_types.LATER.values()) == {"2026-08"}


@pytest.mark.parametrize("case", USE_CASES.values(), ids=lambda case: case.name)
def test_a_use_case_names_known_events_with_page_and_basis(case: UseCase) -> None:
    """Each claim about a use case can be looked up."""
    assert case.events
    assert case.events.keys() <= event_types.DISCRIMINATORS.keys()
    assert case.url == f"https://docs.mews.com/connector-api/use-cases/{case.name}"
    assert set(case.events.values()) <= set(Basis)


def test_housekeeping_tells_the_named_event_from_the_inferred_ones() -> None:
    """Its page names ServiceOrderUpdated and only tells to fetch the other two entities."""
    assert USE_CASES["housekeeping"].events == {
        "ServiceOrderUpdated": Basis.DOCUMENTED,
        "ResourceUpdated": Basis.INFERRED,
        "ResourceBlockUpdated": Basis.INFERRED,
    }


def test_added_customers_are_never_listened_to_without_updated_ones() -> None:
    """Every Added is also an Updated (events/wh-general): the pair is never torn."""
    for case in USE_CASES.values():
        assert ("CustomerAdded" in case.events) == ("CustomerUpdated" in case.events)
