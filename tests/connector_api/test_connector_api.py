"""The emulator returns announced entities by ids, threads and intervals, page by page."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.entities import service_ids
from pytest_mews.emulator.connector_api.operations import OPERATIONS, Operation
from pytest_mews.mews.events import EVENTS, Channel
from pytest_mews.mews.limits import ITEMS_PER_PAGE
from pytest_mews.model import EventReference, Message, WebhookKind
from pytest_mews.model.api_call import RequestProblem
from tests.connector_api.emulator_client import (
    HOTEL,
    OTHER,
    STARTED,
    Clock,
    body_for,
    call_operation,
    general_webhook,
    guid,
    json_body,
    make_connector_api,
    request_for,
    send_request,
)

RESERVATIONS = "reservations/getAll/2023-06-06"
WHOLE_DAY = {"StartUtc": "2026-08-07T00:00:00Z", "EndUtc": "2026-08-08T00:00:00Z"}
DISCRIMINATORS = {
    event.entity: event.name
    for event in EVENTS.values()
    if event.channel is Channel.GENERAL and event.is_fetchable_by_id and not event.is_deletion
}


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS.values() if operation.kind in DISCRIMINATORS],
    ids=lambda operation: operation.name,
)
def test_entity_exists_after_its_event(operation: Operation) -> None:
    """Before its event a request for its id returns nothing."""
    assert operation.ids_property
    connector_api = make_connector_api()
    properties: dict[str, Any] = {operation.ids_property: [guid(1)]}
    if operation.deprecated:
        properties |= {"ServiceIds": [guid(7)], "Extent": {"Reservations": True}}
    if operation.kind == "product":
        properties |= {"ServiceIds": service_ids(HOTEL)}
    before, _ = call_operation(connector_api, operation.name, **properties)
    connector_api.apply_message(general_webhook((DISCRIMINATORS[operation.kind], guid(1))))
    after, response = call_operation(connector_api, operation.name, **properties)
    assert (before.returned_ids, after.returned_ids) == ((), (guid(1),))
    assert [entity["Id"] for entity in json_body(response)[operation.collection or ""]] == [guid(1)]


def test_enterprise_gets_its_own_entities_alone() -> None:
    """A request with another enterprise's token returns nothing for the id."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    call, _ = call_operation(
        connector_api, "customers/getAll", token="access-token-two", CustomerIds=[guid(1)]
    )
    assert (call.enterprise_id, call.requested_ids, call.returned_ids) == (OTHER, (guid(1),), ())


def test_update_changes_updated_utc_alone() -> None:
    """All other properties stay the same."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    _, first = call_operation(connector_api, "customers/getAll", CustomerIds=[guid(1)])
    clock.ms = 90_000
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    _, second = call_operation(connector_api, "customers/getAll", CustomerIds=[guid(1)])
    before, after = json_body(first)["Customers"][0], json_body(second)["Customers"][0]
    assert after == before | {"UpdatedUtc": "2026-08-07T12:01:30Z"}


def test_a_message_has_the_time_when_it_was_announced() -> None:
    """The emulator reads it later, when a request comes."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    clock.ms = 30_000
    connector_api.apply_message(general_webhook(("CustomerAdded", guid(1))))
    clock.ms = 90_000
    _, response = call_operation(connector_api, "customers/getAll", CustomerIds=[guid(1)])
    (customer,) = json_body(response)["Customers"]
    assert customer["CreatedUtc"] == customer["UpdatedUtc"] == "2026-08-07T12:00:30Z"


def test_added_entity_is_new_and_updated_entity_is_older() -> None:
    """An interval of CreatedUtc selects the customer that was added, not those that changed."""
    connector_api = make_connector_api()
    connector_api.apply_message(
        general_webhook(("CustomerUpdated", guid(1)), ("CustomerUpdated", guid(2)))
    )
    connector_api.apply_message(
        general_webhook(("CustomerUpdated", guid(3)), ("CustomerAdded", guid(3)))
    )
    created, _ = call_operation(connector_api, "customers/getAll", CreatedUtc=WHOLE_DAY)
    updated, _ = call_operation(connector_api, "customers/getAll", UpdatedUtc=WHOLE_DAY)
    assert created.returned_ids == (guid(3),)
    assert set(updated.returned_ids) == {guid(1), guid(2), guid(3)}


def test_interval_contains_the_exact_time_and_the_shown_second() -> None:
    """A change at 12:00:00.5 is in intervals from 12:00:00.4 and in those until 12:00:00."""
    clock = Clock()
    clock.ms = 500
    connector_api = make_connector_api(clock)
    connector_api.apply_message(general_webhook(("PaymentUpdated", guid(1))))
    for start, end, expected in (
        ("2026-08-07T12:00:00.4Z", "2026-08-07T13:00:00Z", True),
        ("2026-08-07T11:00:00Z", "2026-08-07T12:00:00Z", True),
        ("2026-08-07T12:00:00.6Z", "2026-08-07T13:00:00Z", False),
        ("2026-08-07T11:00:00Z", "2026-08-07T11:59:59Z", False),
    ):
        interval = {"StartUtc": start, "EndUtc": end}
        call, _ = call_operation(connector_api, "payments/getAll", UpdatedUtc=interval)
        assert bool(call.returned_ids) is expected, interval


def test_pages_are_sorted_newest_first() -> None:
    """The cursor is the last id of a page; following the cursors returns each entity once."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    for number in range(5):
        clock.ms += 1000
        connector_api.apply_message(general_webhook(("PaymentUpdated", guid(number))))
    ids: list[str] = []
    cursors: list[str | None] = []
    limitation: dict[str, Any] = {"Count": 2}
    for page in range(4):
        call, response = call_operation(connector_api, "payments/getAll", Limitation=limitation)
        assert call.is_next_page is (page > 0)
        cursors.append(call.cursor)
        body = json_body(response)
        assert body["Cursor"] == (call.returned_ids[-1] if call.returned_ids else None)
        limitation = {"Count": 2, "Cursor": body["Cursor"]}
        ids += call.returned_ids
        if body["Cursor"] is None:
            break
    assert ids == [guid(4), guid(3), guid(2), guid(1), guid(0)]
    assert cursors == [guid(3), guid(1), None, None]


def test_unknown_cursor_is_rejected() -> None:
    """The 400 names the property."""
    call, _ = call_operation(
        make_connector_api(), "payments/getAll", Limitation={"Count": 2, "Cursor": guid(1)}
    )
    assert (call.status, call.message) == (400, "Invalid Limitation.Cursor.")


def test_messages_are_returned_by_threads() -> None:
    """An interval returns the thread, and the thread returns the message."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("MessageAdded", guid(1))))
    threads, _ = call_operation(connector_api, "messageThreads/getAll", UpdatedUtc=WHOLE_DAY)
    call, response = call_operation(
        connector_api, "messages/getAll", MessageThreadIds=list(threads.returned_ids)
    )
    other, _ = call_operation(connector_api, "messages/getAll", MessageThreadIds=[guid(9)])
    assert call.requested_ids == threads.returned_ids
    assert (call.returned_ids, other.returned_ids) == ((guid(1),), ())
    assert json_body(response)["Messages"][0]["MessageThreadId"] == threads.returned_ids[0]


def test_entities_excluded_by_the_extent_are_not_returned() -> None:
    """Without `Customers` in the extent there are none; other requested lists are empty."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    extent = {"Customers": False, "Documents": True}
    call, response = call_operation(
        connector_api, "customers/getAll", CustomerIds=[guid(1)], Extent=extent
    )
    assert call.returned_ids == ()
    assert json_body(response) == {"Customers": [], "Documents": [], "Cursor": guid(1)}


def test_call_has_ids_as_announced() -> None:
    """Ids are case-insensitive; the entity is returned once."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    call, _ = call_operation(
        connector_api, "customers/getAll", CustomerIds=[guid(1).upper(), guid(1)]
    )
    assert call.returned_ids == (guid(1),)
    assert set(call.requested_ids) == {guid(1)}


def test_empty_page_is_204_if_preferred() -> None:
    """`Prefer: return=minimal` changes the empty response alone."""
    connector_api = make_connector_api()
    request = request_for("payments/getAll")
    minimal_request = type(request)(
        "POST", request.path, {**request.headers, "prefer": "return=minimal"}, request.body
    )
    call, response = send_request(connector_api, minimal_request)
    assert (call.status, response.body) == (204, b"")
    assert "Content-Type" not in response.headers
    connector_api.apply_message(general_webhook(("PaymentUpdated", guid(1))))
    assert send_request(connector_api, minimal_request)[0].status == 200


def test_enterprise_and_configuration_are_those_of_the_token() -> None:
    """An enterprise can read its own data and no other enterprise's."""
    connector_api = make_connector_api()
    call, response = call_operation(connector_api, "enterprises/getAll")
    assert (call.returned_ids, call.requested_ids) == ((HOTEL,), ())
    assert json_body(response)["Enterprises"][0]["Id"] == HOTEL
    _, response = call_operation(connector_api, "configuration/get")
    assert json_body(response)["Enterprise"]["Id"] == HOTEL
    assert json_body(response)["NowUtc"] == f"{STARTED:%Y-%m-%dT%H:%M:%SZ}"
    assert call_operation(connector_api, "configuration/get", EnterpriseId=OTHER)[0].status == 400


@pytest.mark.parametrize(
    ("state", "is_active"),
    [("Pending", True), ("Received", True), ("Processing", False), ("Processed", False)],
)
def test_active_commands_are_pending_or_received(state: str, *, is_active: bool) -> None:
    """That is what the operation's page says."""
    connector_api = make_connector_api()
    connector_api.add_command(HOTEL, guid(1), state)
    returned = call_operation(connector_api, "commands/getAllActive")[0].returned_ids
    assert returned == (guid(1),) * is_active


def test_command_keeps_its_state() -> None:
    """A processed command is no longer active, but still returned by its id."""
    connector_api = make_connector_api()
    connector_api.add_command(HOTEL, guid(1))
    assert call_operation(connector_api, "commands/getAllActive")[0].returned_ids == (guid(1),)
    update, response = call_operation(
        connector_api, "commands/update", CommandId=guid(1), State="Processed"
    )
    assert (update.status, update.requested_ids, json_body(response)) == (200, (guid(1),), {})
    assert call_operation(connector_api, "commands/getAllActive")[0].returned_ids == ()
    _, response = call_operation(connector_api, "commands/getAllByIds", CommandIds=[guid(1)])
    assert json_body(response)["Commands"][0]["State"] == "Processed"
    unknown, _ = call_operation(
        connector_api, "commands/update", CommandId=guid(2), State="Processed"
    )
    assert (unknown.status, unknown.message) == (400, "Invalid CommandId.")


def test_with_open_ids_every_requested_id_exists() -> None:
    """A developer can invent the ids of events."""
    connector_api = make_connector_api(open_ids=True)
    call, _ = call_operation(connector_api, "customers/getAll", CustomerIds=[guid(1)])
    again, _ = call_operation(connector_api, "customers/getAll")
    command, _ = call_operation(connector_api, "commands/getAllByIds", CommandIds=[guid(2)])
    assert (call.returned_ids, again.returned_ids, command.returned_ids) == (
        (guid(1),),
        (guid(1),),
        (guid(2),),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"EnterpriseId":1,"Events":[]}',
        b'{"EnterpriseId":"x","Events":[null,{},{"Value":1},{"Discriminator":[],"Value":{}}]}',
        b'{"EnterpriseId":"x","Events":[{"Discriminator":"New","Value":{"Id":"1"}}]}',
        b'{"Action":"IntegrationCreated"}',
        b'{"Action":"IntegrationCreated","Data":{"Integration":{"Id":"x"},"Enterprise":null}}',
        b'{"Action":"IntegrationDeleted","Data":{"Integration":null}}',
    ],
)
def test_unreadable_message_has_no_effect(body: bytes) -> None:
    """The emulator ignores hostile messages without an error."""
    connector_api = make_connector_api()
    message = general_webhook()
    connector_api.apply_message(type(message)(message.kind, body, (), ""))
    assert call_operation(connector_api, "customers/getAll")[0].returned_ids == ()


def test_valid_request_has_no_problems() -> None:
    """No operation has a problem unless it is deprecated."""
    connector_api = make_connector_api()
    special: dict[str, dict[str, Any]] = {
        "messages/getAll": {"MessageThreadIds": [guid(1)]},
        "commands/getAllByIds": {"CommandIds": [guid(1)]},
        "commands/update": {"CommandId": guid(1), "State": "Received"},
        "products/getAll": {"ServiceIds": [guid(7)]},
    }
    for operation in OPERATIONS.values():
        if not operation.deprecated:
            call, _ = call_operation(
                connector_api, operation.name, **special.get(operation.name, {})
            )
            assert call.request_problems == (), operation.name


@pytest.mark.parametrize(
    ("body", "problem", "status"),
    [
        (b'{"a": 1,}', RequestProblem.NOT_JSON, 400),
        (b'{"a": NaN}', RequestProblem.NOT_JSON, 400),
        (b"\xef\xbb\xbf{}", RequestProblem.NOT_JSON, 400),
        (b"\xff", RequestProblem.NOT_JSON, 400),
        (b"", RequestProblem.NOT_JSON, 400),
        (b"[" * 100_000, RequestProblem.NOT_JSON, 400),
        (b"[]", RequestProblem.NO_ACCESS_TOKEN, 400),
        (
            json.dumps(body_for("payments/getAll", Client=" ")).encode(),
            RequestProblem.NO_CLIENT,
            400,
        ),
    ],
)
def test_invalid_body_is_rejected(body: bytes, problem: RequestProblem, status: int) -> None:
    """A body is strict JSON: an object with ClientToken, AccessToken and Client."""
    request = request_for("payments/getAll")
    call, response = send_request(
        make_connector_api(), type(request)("POST", request.path, request.headers, body)
    )
    assert problem in call.request_problems
    assert (call.status, json_body(response)["Message"]) == (status, call.message)
    assert json_body(response)["RequestId"] == response.headers["Request-Id"]


@pytest.mark.parametrize("operation", [RESERVATIONS, "reservations/getAll"])
def test_referenced_entity_can_be_requested(operation: str) -> None:
    """The customer of a reservation exists once a response contained the reservation.

    Other ids and other enterprises are not affected. The customer has not changed recently, so an
    interval of UpdatedUtc doesn't select it.
    """
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    _, response = call_operation(
        connector_api,
        operation,
        ReservationIds=[guid(1)],
        ServiceIds=[guid(2)] if operation == "reservations/getAll" else None,
        Extent={"Reservations": True} if operation == "reservations/getAll" else None,
    )
    (reservation,) = json_body(response)["Reservations"]
    customer = reservation.get("AccountId") or reservation["CustomerId"]
    for token, count in (("access-token-two", 0), ("access-token-one", 1)):
        ids = [customer.upper(), guid(3)]
        call, _ = call_operation(connector_api, "customers/getAll", token=token, CustomerIds=ids)
        assert (call.status, len(call.returned_ids)) == (200, count)
    recently = {"StartUtc": "2026-08-07T11:00:00Z", "EndUtc": "2026-08-07T13:00:00Z"}
    call, _ = call_operation(connector_api, "customers/getAll", UpdatedUtc=recently)
    assert call.returned_ids == ()
    call, _ = call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    assert call.returned_ids == (guid(1),)


def test_request_for_messages_of_older_threads_shows_backlog() -> None:
    """A request for messages has the ids of their threads."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    clock.ms = 5_000
    connector_api.apply_message(general_webhook(("MessageAdded", guid(7))))
    clock.ms += 100
    (thread,) = call_operation(connector_api, "messageThreads/getAll", UpdatedUtc=WHOLE_DAY)[
        0
    ].returned_ids
    assert not connector_api.is_working_on_backlog(clock.ms)
    call_operation(connector_api, "messages/getAll", MessageThreadIds=[thread])
    assert connector_api.is_working_on_backlog(clock.ms)


def test_fetches_make_the_backlog_shrink() -> None:
    """Only what was announced by a time, and each entity once: polling is no progress."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    before = connector_api.count_unfetched(clock.ms)
    connector_api.apply_message(
        general_webhook(("ServiceOrderUpdated", guid(1)), ("ServiceOrderUpdated", guid(2)))
    )
    until_ms = clock.ms
    assert connector_api.count_unfetched(until_ms) == before + 2
    clock.ms += 100
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(3))))
    assert connector_api.count_unfetched(until_ms) == before + 2
    for _ in range(2):
        call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1), guid(3)])
        assert connector_api.count_unfetched(until_ms) == before + 1
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    assert connector_api.count_unfetched(clock.ms) == before + 2
    assert connector_api.count_unfetched(clock.ms, guid(9)) == 0


def test_a_partner_is_behind_until_it_requests_something_newer() -> None:
    """A worker takes what was sent first; without work it makes no request for a second."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    for number in (1, 2, 3, 4):
        clock.ms += 1_000
        connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(number))))
    sent_ms = 2_500
    assert not connector_api.is_behind(sent_ms)
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    assert connector_api.is_behind(sent_ms)
    clock.ms += 1_100
    assert not connector_api.is_behind(sent_ms)
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(2)])
    assert connector_api.is_behind(sent_ms)
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(3)])
    assert not connector_api.is_behind(sent_ms)


def test_late_request_shows_backlog() -> None:
    """A request three seconds after its event counts, however long the wait has lasted."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    clock.ms = 5_000
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    clock.ms += 2_900
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    assert not connector_api.is_working_on_backlog(4_900)
    clock.ms += 200
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    assert connector_api.is_working_on_backlog(4_900)


def test_rejected_request_shows_no_backlog() -> None:
    """A service that repeats it without end works on nothing."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    clock.ms += 4_000
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)], Limitation=None)
    assert not connector_api.is_working_on_backlog(0)
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    assert connector_api.is_working_on_backlog(0)


def test_worker_that_is_silent_for_long_still_works_on_its_backlog() -> None:
    """It made no request for six seconds, although it knew of events: it may be so again."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.note_final_silence()
    connector_api.apply_message(
        general_webhook(*(("ServiceOrderUpdated", guid(1 + number)) for number in range(4)))
    )
    for number in range(3):
        call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1 + number)])
        clock.ms += 6_000
    sent_ms = clock.ms
    clock.ms += 5_900
    assert connector_api.is_working_on_backlog(sent_ms)
    clock.ms += 200
    assert not connector_api.is_working_on_backlog(sent_ms)


def test_first_long_silence_of_a_late_worker_is_waited_for_until_one_was_final() -> None:
    """Its last request came late, and an older event is left: it may be at work on what it got."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.apply_message(
        general_webhook(*(("ServiceOrderUpdated", guid(1 + number)) for number in range(4)))
    )
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    clock.ms += 100
    sent_ms = clock.ms
    clock.ms += 5_100
    assert not connector_api.is_working_on_backlog(sent_ms)
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(2)])
    clock.ms += 39_000
    assert connector_api.is_working_on_backlog(sent_ms)
    connector_api.note_final_silence()
    assert not connector_api.is_working_on_backlog(sent_ms)


@pytest.mark.parametrize("requested", [(1, 1), (1, 2)], ids=["retry", "event-during-the-silence"])
def test_silence_without_work_shows_no_backlog(requested: tuple[int, int]) -> None:
    """A pause before a retry, or without an event: no longer one has to be expected."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.note_final_silence()
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(9))))
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(requested[0])])
    clock.ms += 1_000
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(2))))
    clock.ms += 5_000
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(requested[1])])
    clock.ms += 5_100
    assert not connector_api.is_working_on_backlog(clock.ms)


def test_request_of_an_earlier_execution_shows_no_backlog() -> None:
    """A service that has done its work is idle as soon as the next messages are sent."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    clock.ms = 5_000
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    clock.ms += 100
    assert not connector_api.is_working_on_backlog(clock.ms)


def test_request_for_older_events_shows_backlog() -> None:
    """The request counts for five seconds.

    Requests for later events, for referenced entities and for unknown ids don't count. A request
    with an interval counts only if further pages follow.
    """
    clock = Clock()
    connector_api = make_connector_api(clock)
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(1))))
    clock.ms = 5_000

    def has_backlog(operation: str = RESERVATIONS, **properties: object) -> bool:
        clock.ms += 5_001
        before = connector_api.is_working_on_backlog(clock.ms)
        connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(2))))
        sent_ms = clock.ms
        call_operation(connector_api, operation, **properties)
        return not before and connector_api.is_working_on_backlog(sent_ms)

    assert has_backlog(ReservationIds=[guid(1)])
    assert has_backlog(ReservationIds=[guid(1), guid(2)])
    assert not has_backlog(ReservationIds=[guid(2)])
    assert not has_backlog(ReservationIds=[guid(9)])
    assert not has_backlog(UpdatedUtc=WHOLE_DAY)
    pages = {"UpdatedUtc": WHOLE_DAY, "Limitation": {"Count": 1}}
    assert not has_backlog(**pages)  # the newest entity comes first and was announced later
    call, _ = call_operation(connector_api, RESERVATIONS, **pages)
    clock.ms += 6_000
    sent_ms = clock.ms
    assert not connector_api.is_working_on_backlog(sent_ms)
    call_operation(connector_api, RESERVATIONS, **pages)
    assert (bool(call.cursor), connector_api.is_working_on_backlog(sent_ms)) == (True, True)
    clock.ms += 6_000
    events = (EventReference("Reservation", guid(6), "Confirmed"),)
    connector_api.apply_message(Message(WebhookKind.WEBSOCKET, b"{}", events, "", "text", HOTEL))
    sent_ms = clock.ms + 1
    clock.ms += 100
    call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(6)])
    assert connector_api.is_working_on_backlog(sent_ms)
    assert not connector_api.is_working_on_backlog(sent_ms - 1)
    assert not has_backlog("configuration/get")
    assert not has_backlog("payments/none")
    connector_api.add_command(HOTEL, guid(5))
    clock.ms += 100
    sent_ms = clock.ms
    clock.ms += 100
    call_operation(connector_api, "commands/update", CommandId=guid(5), State="Processed")
    assert connector_api.is_working_on_backlog(sent_ms)
    assert not connector_api.is_working_on_backlog(sent_ms - 200)
    _, response = call_operation(connector_api, RESERVATIONS, ReservationIds=[guid(1)])
    customer = json_body(response)["Reservations"][0]["AccountId"]
    assert not has_backlog("customers/getAll", CustomerIds=[customer])


def announced(discriminator: str, *numbers: int) -> Message:
    """Build a message with its events, as the sender does."""
    message = general_webhook(*((discriminator, guid(number)) for number in numbers))
    events = tuple(EventReference(discriminator, guid(number)) for number in numbers)
    return replace(message, events=events, enterprise_id=HOTEL)


def read_pages(connector_api: ConnectorApi, operation: str, **filters: object) -> list[list[str]]:
    """Return the ids on each page of a request."""
    pages: list[list[str]] = []
    limitation: dict[str, Any] = {"Count": ITEMS_PER_PAGE}
    while True:
        call, _ = call_operation(connector_api, operation, **filters, Limitation=limitation)
        pages.append(list(call.returned_ids))
        if call.cursor is None:
            return pages
        limitation = {"Count": ITEMS_PER_PAGE, "Cursor": call.cursor}


@pytest.mark.parametrize("event", ["CustomerAdded", "CustomerUpdated"])
def test_first_pages_are_full_of_others(event: str) -> None:
    """An announced entity is on the third page by interval; a request by ids has one page."""
    connector_api = make_connector_api()
    connector_api.fill_first_pages(frozenset({guid(1)}))
    connector_api.apply_message(announced(event, 1, 2))
    *first, last = read_pages(connector_api, "customers/getAll", UpdatedUtc=WHOLE_DAY)
    assert [len(page) for page in first] == [ITEMS_PER_PAGE] * 2
    assert guid(1) in last
    assert read_pages(connector_api, "customers/getAll", CustomerIds=[guid(1)]) == [[guid(1)]]


def test_first_pages_of_threads_and_messages_are_full() -> None:
    """Both the thread of a message and the message in it are on third pages."""
    connector_api = make_connector_api()
    connector_api.fill_first_pages(frozenset({guid(1)}))
    connector_api.apply_message(announced("MessageAdded", 1))
    threads = read_pages(connector_api, "messageThreads/getAll", CreatedUtc=WHOLE_DAY)
    assert [len(page) for page in threads] == [ITEMS_PER_PAGE, ITEMS_PER_PAGE, 1]
    messages = read_pages(
        connector_api, "messages/getAll", MessageThreadIds=threads[2], CreatedUtc=WHOLE_DAY
    )
    assert [len(page) for page in messages] == [ITEMS_PER_PAGE, ITEMS_PER_PAGE, 1]
    assert messages[2] == [guid(1)]


def test_first_pages_are_filled_once_and_emptied() -> None:
    """A copy of the message adds nothing more; afterwards only the announced entity is left."""
    connector_api = make_connector_api()
    handle = connector_api.fill_first_pages(frozenset({guid(1)}))
    for _ in range(2):
        connector_api.apply_message(announced("PaymentUpdated", 1))
    pages = read_pages(connector_api, "payments/getAll", UpdatedUtc=WHOLE_DAY)
    assert [len(page) for page in pages] == [ITEMS_PER_PAGE, ITEMS_PER_PAGE, 1]
    connector_api.empty_first_pages(handle)
    connector_api.empty_first_pages(handle)
    connector_api.apply_message(announced("PaymentUpdated", 1))
    assert read_pages(connector_api, "payments/getAll", UpdatedUtc=WHOLE_DAY) == [[guid(1)]]


def test_announcing_a_message_computes_no_hash_of_its_events() -> None:
    """That would take as long for a full batch as half of its delivery."""
    message = replace(general_webhook(("ServiceOrderUpdated", guid(1))), body=b"", events=[])  # type: ignore[arg-type]
    assert make_connector_api(Clock()).apply_message(message) == 0


def test_entities_can_change_long_before_their_message() -> None:
    """A late message changes nothing more, and is known to concern what was visible before."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    message = general_webhook(("ServiceOrderUpdated", guid(1)))
    clock.ms = 1_000
    connector_api.change_entities(message)
    clock.ms = 61_000
    assert connector_api.apply_message(message) == 1_000
    for begin, found in (("12:00:02", 0), ("12:00:01", 1)):
        interval = {"StartUtc": f"2026-08-07T{begin}Z", "EndUtc": "2026-08-07T12:01:01Z"}
        call, _ = call_operation(connector_api, RESERVATIONS, UpdatedUtc=interval)
        assert len(call.returned_ids) == found, begin
