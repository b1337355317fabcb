"""The chain from a delivered message to the answer that held its entity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.emulator.connector_api.operations import EVENT_KINDS, OPERATIONS
from pytest_mews.model import OPERATIONS_BY_DISCRIMINATOR, Outcome, entity_fetches
from tests.transcripts import HERE, RESERVATION, RESERVATIONS, THERE, call, delivery, of_events


def test_fetched_with_agrees_with_the_documented_data() -> None:
    """An event's operations are those of the twin that list entities of its kind, and no others."""
    for discriminator, kind in EVENT_KINDS.items():
        giving = {name for name, each in OPERATIONS.items() if each.kind == kind}
        assert set(OPERATIONS_BY_DISCRIMINATOR[discriminator]) == giving
    assert set(OPERATIONS_BY_DISCRIMINATOR) == set(EVENT_KINDS)


def test_a_link_says_when_each_step_was() -> None:
    """Sent, acknowledged, asked and fetched, in milliseconds of the run."""
    (link,) = entity_fetches([delivery("a", at_ms=50)], [call("a", at_ms=200)])
    assert (link.discriminator, link.entity_id, link.enterprise_id) == (RESERVATION, "a", HERE)
    assert (link.sent_ms, link.acknowledged_ms) == (50, 60)
    assert (link.asked_ms, link.fetched_ms) == (200, 205)
    assert (link.copies, link.fetches, link.named, link.in_flight) == (1, 1, 1, False)


def test_one_id_under_two_discriminators_is_two_entities() -> None:
    """A reservation and a customer of the same id are fetched each with its own operation."""
    shared = of_events((RESERVATION, "a"), ("CustomerUpdated", "a"))
    first, second = entity_fetches([shared], [call("a", operation="customers/getAll")])
    assert (first.discriminator, first.fetched_ms) == (RESERVATION, None)
    assert (second.discriminator, second.fetched_ms) == ("CustomerUpdated", 105)


def test_added_and_updated_are_one() -> None:
    """A created customer yields both events and is one entity, in one message or in two."""
    pair = of_events(("CustomerAdded", "a"), ("CustomerUpdated", "a"))
    (link,) = entity_fetches([pair], [call("a", operation="customers/getAll")])
    assert (link.copies, link.fetches) == (1, 1)
    apart = [
        delivery("a", event="CustomerAdded"),
        delivery("a", event="CustomerUpdated", at_ms=500),
    ]
    (link,) = entity_fetches(apart, [])
    assert (link.discriminator, link.copies, link.sent_ms) == ("CustomerUpdated", 2, 500)


def test_the_same_id_of_two_enterprises_is_two_entities() -> None:
    """What is asked with the token of one enterprise is not fetched for the other."""
    both = [delivery("a"), delivery("a", enterprise=THERE)]
    first, second = entity_fetches(both, [call("a", enterprise=THERE)])
    assert (first.fetched_ms, second.fetched_ms) == (None, 105)


@pytest.mark.parametrize(
    ("outcomes", "copies"),
    [
        ((Outcome.DELIVERED,), 1),
        ((Outcome.ANSWER_LOST, Outcome.CONNECTION_DROPPED, Outcome.DELIVERED), 3),
        ((Outcome.TIMEOUT_ANSWER, Outcome.TIMEOUT_BODY, Outcome.DELIVERED), 3),
        ((Outcome.BODY_CUT, Outcome.ERROR_STATUS, Outcome.DELIVERED), 1),
        ((Outcome.CONNECTION_REFUSED, Outcome.TIMEOUT_SEND, Outcome.DELIVERED), 1),
    ],
)
def test_copies_are_what_may_have_been_taken_for_a_message(
    outcomes: tuple[Outcome, ...], copies: int
) -> None:
    """An attempt that came whole counts, answered in time or not; one that was refused does not."""
    (link,) = entity_fetches([delivery("a", outcomes=outcomes)], [])
    assert link.copies == copies


@pytest.mark.parametrize(
    "nothing",
    [
        delivery("a", outcomes=(Outcome.DELIVERED, Outcome.ERROR_STATUS)),
        delivery("a", outcomes=(Outcome.ANSWER_LOST,)),
        delivery("a", enterprise=None),
        delivery("a", event="IntegrationCreated"),
        delivery("a", event="SomethingNew"),
    ],
)
def test_what_is_owed_to_nobody_is_left_out(nothing: object) -> None:
    """Without a success at the end, an enterprise, or an operation that gives it: no link."""
    assert entity_fetches([nothing], [call("a")]) == ()  # type: ignore[list-item]


def test_a_fetch_before_the_last_message_does_not_count_for_it() -> None:
    """It is one of the fetches, but nobody saw that change."""
    twice = [delivery("a", at_ms=0), delivery("a", at_ms=1000)]
    (link,) = entity_fetches(twice, [call("a", at_ms=500), call("a", at_ms=999, took_ms=50)])
    assert (link.fetches, link.asked_ms, link.fetched_ms) == (2, None, None)
    (link,) = entity_fetches(twice, [call("a", at_ms=500), call("a", at_ms=1000)])
    assert (link.fetches, link.fetched_ms) == (2, 1005)


def test_a_fetch_since_the_api_knew_of_it_counts() -> None:
    """Who reads by an interval may be told just before the message comes, and never again."""
    told = replace(delivery("a", at_ms=1000), visible_from_ms=990)
    (link,) = entity_fetches([told], [call(returned=("a",), at_ms=995)])
    assert (link.sent_ms, link.fetched_ms) == (1000, 1000)
    (link,) = entity_fetches([told], [call(returned=("a",), at_ms=985)])
    assert link.fetched_ms is None


def test_a_request_that_is_being_answered_is_in_flight() -> None:
    """It was asked for; nothing is known of the answer."""
    (link,) = entity_fetches([delivery("a")], [call("a", took_ms=None)])
    assert (link.asked_ms, link.fetched_ms, link.fetches, link.in_flight) == (100, None, 0, True)


def test_a_request_by_an_interval_fetches_and_names_nothing() -> None:
    """However it was asked for, what the answer held is fetched."""
    (link,) = entity_fetches([delivery("a")], [call(returned=("a", "other"))])
    assert (link.fetched_ms, link.fetches, link.named) == (105, 1, 0)


def test_only_operations_that_give_the_entity_count() -> None:
    """A customer's id in a request for reservations leads to no customer."""
    (link,) = entity_fetches(
        [delivery("a", event="CustomerUpdated")], [call("a", operation=RESERVATIONS)]
    )
    assert (link.fetches, link.asked_ms) == (0, None)
