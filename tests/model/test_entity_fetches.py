"""Entity fetches: from a delivered message to the response with its entity."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.model import ApiCall, ApiFault, Outcome, entity_fetches
from pytest_mews.model.fetches import requests_by_interval
from tests.transcript_builders import (
    ENTERPRISE,
    GET_RESERVATIONS,
    OTHER_ENTERPRISE,
    RESERVATION_EVENT,
    call,
    delivery,
    delivery_of,
)


def test_times_of_a_fetch() -> None:
    """Sent, acknowledged, requested and fetched, in milliseconds of the run."""
    (fetch,) = entity_fetches([delivery("a", at_ms=50)], [call("a", at_ms=200)])
    assert (fetch.discriminator, fetch.entity_id, fetch.enterprise_id) == (
        RESERVATION_EVENT,
        "a",
        ENTERPRISE,
    )
    assert (fetch.sent_ms, fetch.acknowledged_ms) == (50, 60)
    assert (fetch.requested_ms, fetch.fetched_ms) == (200, 205)
    assert (fetch.accepted_count, fetch.fetch_count, fetch.fetch_by_id_count, fetch.in_flight) == (
        1,
        1,
        1,
        False,
    )


def test_one_id_under_two_discriminators_is_two_entities() -> None:
    """A reservation and a customer with the same id are fetched with different operations."""
    shared = delivery_of((RESERVATION_EVENT, "a"), ("CustomerUpdated", "a"))
    first, second = entity_fetches([shared], [call("a", operation="customers/getAll")])
    assert (first.discriminator, first.fetched_ms) == (RESERVATION_EVENT, None)
    assert (second.discriminator, second.fetched_ms) == ("CustomerUpdated", 105)


def test_added_and_updated_are_one_entity() -> None:
    """A new customer causes both events and is one entity, in one message or in two."""
    pair = delivery_of(("CustomerAdded", "a"), ("CustomerUpdated", "a"))
    (fetch,) = entity_fetches([pair], [call("a", operation="customers/getAll")])
    assert (fetch.accepted_count, fetch.fetch_count) == (1, 1)
    apart = [
        delivery("a", event="CustomerAdded"),
        delivery("a", event="CustomerUpdated", at_ms=500),
    ]
    (fetch,) = entity_fetches(apart, [])
    assert (fetch.discriminator, fetch.accepted_count, fetch.sent_ms) == ("CustomerUpdated", 2, 500)


def test_one_id_in_two_enterprises_is_two_entities() -> None:
    """A request with the token of one enterprise fetches nothing for the other."""
    both = [delivery("a"), delivery("a", enterprise=OTHER_ENTERPRISE)]
    first, second = entity_fetches(both, [call("a", enterprise=OTHER_ENTERPRISE)])
    assert (first.fetched_ms, second.fetched_ms) == (None, 105)


@pytest.mark.parametrize(
    ("outcomes", "accepted_count"),
    [
        ((Outcome.DELIVERED,), 1),
        ((Outcome.RESPONSE_DROPPED, Outcome.RESET_BY_HARNESS, Outcome.DELIVERED), 3),
        ((Outcome.TIMEOUT_ANSWER, Outcome.TIMEOUT_BODY, Outcome.DELIVERED), 3),
        ((Outcome.REQUEST_TRUNCATED, Outcome.ERROR_STATUS, Outcome.DELIVERED), 1),
        ((Outcome.CONNECTION_REFUSED, Outcome.TIMEOUT_SEND, Outcome.DELIVERED), 1),
    ],
)
def test_attempts_that_may_have_been_accepted_are_counted(
    outcomes: tuple[Outcome, ...], accepted_count: int
) -> None:
    """A complete request counts, with a response in time or not; a rejected request does not."""
    (fetch,) = entity_fetches([delivery("a", outcomes=outcomes)], [])
    assert fetch.accepted_count == accepted_count


@pytest.mark.parametrize(
    "ignored",
    [
        delivery("a", outcomes=(Outcome.DELIVERED, Outcome.ERROR_STATUS)),
        delivery("a", outcomes=(Outcome.RESPONSE_DROPPED,)),
        delivery("a", enterprise=None),
        delivery("a", event="IntegrationCreated"),
        delivery("a", event="SomethingNew"),
    ],
)
def test_deliveries_without_a_possible_fetch_are_ignored(ignored: object) -> None:
    """Without a success at the end, an enterprise, or an operation that returns the entity."""
    assert entity_fetches([ignored], [call("a")]) == ()  # type: ignore[list-item]


def test_a_fetch_before_the_last_message_does_not_count_for_it() -> None:
    """Such a fetch is counted, but it can't have returned the last change."""
    twice = [delivery("a", at_ms=0), delivery("a", at_ms=1000)]
    (fetch,) = entity_fetches(twice, [call("a", at_ms=500), call("a", at_ms=999, duration_ms=50)])
    assert (fetch.fetch_count, fetch.requested_ms, fetch.fetched_ms) == (2, None, None)
    (fetch,) = entity_fetches(twice, [call("a", at_ms=500), call("a", at_ms=1000)])
    assert (fetch.fetch_count, fetch.fetched_ms) == (2, 1005)


def test_a_fetch_just_before_the_message_counts() -> None:
    """The emulator shows a change before the message; a request by interval can return it then."""
    visible = replace(delivery("a", at_ms=1000), visible_from_ms=990)
    (fetch,) = entity_fetches([visible], [call(returned_ids=("a",), at_ms=995)])
    assert (fetch.sent_ms, fetch.fetched_ms) == (1000, 1000)
    (fetch,) = entity_fetches([visible], [call(returned_ids=("a",), at_ms=985)])
    assert fetch.fetched_ms is None


def test_a_request_for_other_ids_is_none_by_interval() -> None:
    """A case keeps only its own ids of a request; what it filters by shows that it had others."""
    (fetch,) = entity_fetches([delivery("a")], [])
    by_interval = call(at_ms=200, filters=("UpdatedUtc",))
    for_others = call(at_ms=200, filters=("ReservationIds",))
    assert requests_by_interval(fetch, [by_interval, for_others]) == [by_interval]


def test_a_request_without_a_response_is_in_flight() -> None:
    """The entity is requested, but not fetched."""
    (fetch,) = entity_fetches([delivery("a")], [call("a", duration_ms=None)])
    assert (fetch.requested_ms, fetch.fetched_ms, fetch.fetch_count, fetch.in_flight) == (
        100,
        None,
        0,
        True,
    )


def test_an_entity_is_refused_while_its_last_request_has_an_invalid_body() -> None:
    """An injected 400, a 500 and a later success are no such refusal."""
    refused = call("a", at_ms=100, status=400)

    def is_refused(*calls: ApiCall) -> bool:
        (fetch,) = entity_fetches([delivery("a")], calls)
        return fetch.is_refused

    assert is_refused(refused)
    assert is_refused(call("a", at_ms=90, status=500), refused)
    assert not is_refused()
    assert not is_refused(refused, call("a", at_ms=200))
    assert not is_refused(refused, call("a", at_ms=200, status=500))
    assert not is_refused(replace(refused, fault=ApiFault.BAD_REQUEST))


def test_a_request_by_interval_is_a_fetch_but_not_by_id() -> None:
    """Every entity in the response is fetched, whatever the request asked for."""
    (fetch,) = entity_fetches([delivery("a")], [call(returned_ids=("a", "other"))])
    assert (fetch.fetched_ms, fetch.fetch_count, fetch.fetch_by_id_count) == (105, 1, 0)


def test_a_further_page_of_an_older_listing_is_no_request_for_what_changed_since() -> None:
    """It says nothing of the entity, unless it returns it."""
    deliveries = [delivery("a"), delivery("a", at_ms=200)]
    first_page = call("a", at_ms=100, cursor="next")
    empty_page = call("a", at_ms=300, returned_ids=(), is_next_page=True)
    (fetch,) = entity_fetches(deliveries, [first_page, empty_page])
    assert (fetch.requested_ms, fetch.fetched_ms, fetch.fetch_count) == (None, None, 1)
    (fetch,) = entity_fetches(deliveries, [first_page, replace(empty_page, returned_ids=("a",))])
    assert (fetch.requested_ms, fetch.fetched_ms) == (300, 305)


def test_a_further_page_of_an_older_interval_is_no_request_by_interval() -> None:
    """Those of a listing that began after the message are."""
    (fetch,) = entity_fetches([delivery("a", at_ms=200)], [])
    older = call(at_ms=300, is_next_page=True)
    assert requests_by_interval(fetch, [call(at_ms=100), older]) == []
    since = [call(at_ms=400), call(at_ms=500, is_next_page=True)]
    assert requests_by_interval(fetch, [older, *since]) == since


def test_only_operations_that_return_the_entity_count() -> None:
    """A customer's id in a request for reservations fetches no customer."""
    (fetch,) = entity_fetches(
        [delivery("a", event="CustomerUpdated")], [call("a", operation=GET_RESERVATIONS)]
    )
    assert (fetch.fetch_count, fetch.requested_ms) == (0, None)
