"""The twin shows what was announced, by ids, threads and intervals, page by page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_mews.emulator.connector_api.operations import EVENT_KINDS, OPERATIONS, Operation
from pytest_mews.model import EventReference, Message, WebhookKind
from pytest_mews.model.api_call import RequestProblem
from tests.connector_api.asking import (
    BEGAN,
    HOTEL,
    OTHER,
    Clock,
    ask,
    body_for,
    general,
    guid,
    make,
    request_for,
    said,
    send,
)

RESERVATIONS = "reservations/getAll/2023-06-06"
WHOLE_DAY = {"StartUtc": "2026-08-07T00:00:00Z", "EndUtc": "2026-08-08T00:00:00Z"}
BY_ID = {
    EVENT_KINDS[discriminator]: discriminator
    for discriminator in EVENT_KINDS
    if discriminator != "MessageAdded"
}


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS.values() if each.kind in BY_ID],
    ids=lambda each: each.name,
)
def test_an_entity_exists_once_its_event_was_announced(operation: Operation) -> None:
    """Before, its id is answered with nothing; afterwards with the entity."""
    assert operation.ids
    twin = make()
    more: dict[str, Any] = {operation.ids: [guid(1)]}
    if operation.deprecated:
        more |= {"ServiceIds": [guid(7)], "Extent": {"Reservations": True}}
    before, _ = ask(twin, operation.name, **more)
    twin.apply_message(general((BY_ID[operation.kind or ""], guid(1))))
    after, response = ask(twin, operation.name, **more)
    assert (before.returned, after.returned) == ((), (guid(1),))
    assert [each["Id"] for each in said(response)[operation.collection or ""]] == [guid(1)]


def test_an_enterprise_sees_its_own_alone() -> None:
    """Another enterprise's token is answered with nothing, though it asked for the id."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1))))
    call, _ = ask(twin, "customers/getAll", token="access-token-two", CustomerIds=[guid(1)])
    assert (call.enterprise_id, call.asked, call.returned) == (OTHER, (guid(1),), ())


def test_an_update_moves_updated_utc_alone() -> None:
    """The same entity but for the moment of its last change."""
    clock = Clock()
    twin = make(clock)
    twin.apply_message(general(("CustomerUpdated", guid(1))))
    _, first = ask(twin, "customers/getAll", CustomerIds=[guid(1)])
    clock.ms = 90_000
    twin.apply_message(general(("CustomerUpdated", guid(1))))
    _, second = ask(twin, "customers/getAll", CustomerIds=[guid(1)])
    before, after = said(first)["Customers"][0], said(second)["Customers"][0]
    assert after == before | {"UpdatedUtc": "2026-08-07T12:01:30Z"}


def test_who_was_added_is_new_and_who_was_updated_is_older() -> None:
    """An interval of CreatedUtc finds the customer that was added, not the one that changed."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1)), ("CustomerUpdated", guid(2))))
    twin.apply_message(general(("CustomerUpdated", guid(3)), ("CustomerAdded", guid(3))))
    created, _ = ask(twin, "customers/getAll", CreatedUtc=WHOLE_DAY)
    updated, _ = ask(twin, "customers/getAll", UpdatedUtc=WHOLE_DAY)
    assert created.returned == (guid(3),)
    assert set(updated.returned) == {guid(1), guid(2), guid(3)}


def test_an_interval_holds_the_moment_and_the_second_it_is_shown_as() -> None:
    """A change half a second past twelve is found from 12:00:00.4 and until 12:00:00."""
    clock = Clock()
    clock.ms = 500
    twin = make(clock)
    twin.apply_message(general(("PaymentUpdated", guid(1))))
    for start, end, found in (
        ("2026-08-07T12:00:00.4Z", "2026-08-07T13:00:00Z", True),
        ("2026-08-07T11:00:00Z", "2026-08-07T12:00:00Z", True),
        ("2026-08-07T12:00:00.6Z", "2026-08-07T13:00:00Z", False),
        ("2026-08-07T11:00:00Z", "2026-08-07T11:59:59Z", False),
    ):
        interval = {"StartUtc": start, "EndUtc": end}
        call, _ = ask(twin, "payments/getAll", UpdatedUtc=interval)
        assert bool(call.returned) is found, interval


def test_pages_go_from_the_newest_to_the_oldest() -> None:
    """The cursor is the last id of the page; following it to its end gives each entity once."""
    clock = Clock()
    twin = make(clock)
    for number in range(5):
        clock.ms += 1000
        twin.apply_message(general(("PaymentUpdated", guid(number))))
    seen: list[str] = []
    cursors: list[str | None] = []
    limitation: dict[str, Any] = {"Count": 2}
    for page in range(4):
        call, response = ask(twin, "payments/getAll", Limitation=limitation)
        assert call.continues is (page > 0)
        cursors.append(call.cursor)
        answer = said(response)
        assert answer["Cursor"] == (call.returned[-1] if call.returned else None)
        limitation = {"Count": 2, "Cursor": answer["Cursor"]}
        seen += call.returned
        if answer["Cursor"] is None:
            break
    assert seen == [guid(4), guid(3), guid(2), guid(1), guid(0)]
    assert cursors == [guid(3), guid(1), None, None]


def test_a_cursor_that_names_nothing_is_refused() -> None:
    """400 that names the property."""
    call, _ = ask(make(), "payments/getAll", Limitation={"Count": 2, "Cursor": guid(1)})
    assert (call.status, call.message) == (400, "Invalid Limitation.Cursor.")


def test_messages_are_found_by_their_threads() -> None:
    """The thread is found by an interval, then the message in it."""
    twin = make()
    twin.apply_message(general(("MessageAdded", guid(1))))
    threads, _ = ask(twin, "messageThreads/getAll", UpdatedUtc=WHOLE_DAY)
    call, response = ask(twin, "messages/getAll", MessageThreadIds=list(threads.returned))
    other, _ = ask(twin, "messages/getAll", MessageThreadIds=[guid(9)])
    assert call.asked == threads.returned
    assert (call.returned, other.returned) == ((guid(1),), ())
    assert said(response)["Messages"][0]["MessageThreadId"] == threads.returned[0]


def test_entities_that_the_extent_leaves_out_are_not_returned() -> None:
    """Without `Customers` in the extent there are none; other lists asked for are there."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1))))
    extent = {"Customers": False, "Documents": True}
    call, response = ask(twin, "customers/getAll", CustomerIds=[guid(1)], Extent=extent)
    assert call.returned == ()
    assert said(response) == {"Customers": [], "Documents": [], "Cursor": guid(1)}


def test_ids_are_reported_as_they_were_announced() -> None:
    """Letters in another case mean the same entity, once."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1))))
    call, _ = ask(twin, "customers/getAll", CustomerIds=[guid(1).upper(), guid(1)])
    assert call.returned == (guid(1),)
    assert set(call.asked) == {guid(1)}


def test_an_empty_page_is_204_for_whoever_prefers_it() -> None:
    """`Prefer: return=minimal` changes the empty answer alone."""
    twin = make()
    request = request_for("payments/getAll")
    preferring = type(request)(
        "POST", request.path, {**request.headers, "prefer": "return=minimal"}, request.body
    )
    call, response = send(twin, preferring)
    assert (call.status, response.body) == (204, b"")
    assert "Content-Type" not in response.headers
    twin.apply_message(general(("PaymentUpdated", guid(1))))
    assert send(twin, preferring)[0].status == 200


def test_enterprises_and_configuration_are_those_of_the_token() -> None:
    """An enterprise can read about itself and about nobody else."""
    twin = make()
    call, response = ask(twin, "enterprises/getAll")
    assert (call.returned, call.asked) == ((HOTEL,), ())
    assert said(response)["Enterprises"][0]["Id"] == HOTEL
    _, response = ask(twin, "configuration/get")
    assert said(response)["Enterprise"]["Id"] == HOTEL
    assert said(response)["NowUtc"] == f"{BEGAN:%Y-%m-%dT%H:%M:%SZ}"
    assert ask(twin, "configuration/get", EnterpriseId=OTHER)[0].status == 400


def test_commands_keep_their_state() -> None:
    """A command that was processed is active no longer, and still found by its id."""
    twin = make()
    twin.add_command(HOTEL, guid(1))
    assert ask(twin, "commands/getAllActive")[0].returned == (guid(1),)
    update, response = ask(twin, "commands/update", CommandId=guid(1), State="Processed")
    assert (update.status, update.asked, said(response)) == (200, (guid(1),), {})
    assert ask(twin, "commands/getAllActive")[0].returned == ()
    _, response = ask(twin, "commands/getAllByIds", CommandIds=[guid(1)])
    assert said(response)["Commands"][0]["State"] == "Processed"
    unknown, _ = ask(twin, "commands/update", CommandId=guid(2), State="Processed")
    assert (unknown.status, unknown.message) == (400, "Invalid CommandId.")


def test_with_open_ids_whatever_is_asked_for_exists() -> None:
    """Alone, the twin knows every id of an event that a developer makes up."""
    twin = make(open_ids=True)
    call, _ = ask(twin, "customers/getAll", CustomerIds=[guid(1)])
    again, _ = ask(twin, "customers/getAll")
    command, _ = ask(twin, "commands/getAllByIds", CommandIds=[guid(2)])
    assert (call.returned, again.returned, command.returned) == (
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
def test_what_can_not_be_read_announces_nothing(body: bytes) -> None:
    """Hostile messages are sent too; the twin takes nothing from them and does not stumble."""
    twin = make()
    message = general()
    twin.apply_message(type(message)(message.kind, body, (), ""))
    assert ask(twin, "customers/getAll")[0].returned == ()


def test_a_right_request_has_no_missteps() -> None:
    """For every operation that is not deprecated."""
    twin = make()
    special: dict[str, dict[str, Any]] = {
        "messages/getAll": {"MessageThreadIds": [guid(1)]},
        "commands/getAllByIds": {"CommandIds": [guid(1)]},
        "commands/update": {"CommandId": guid(1), "State": "Received"},
    }
    for operation in OPERATIONS.values():
        if not operation.deprecated:
            call, _ = ask(twin, operation.name, **special.get(operation.name, {}))
            assert call.request_problems == (), operation.name


@pytest.mark.parametrize(
    ("body", "misstep", "status"),
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
def test_a_wrong_body_is_refused_by_name(body: bytes, misstep: RequestProblem, status: int) -> None:
    """Strict JSON, an object, with its three properties."""
    request = request_for("payments/getAll")
    call, response = send(make(), type(request)("POST", request.path, request.headers, body))
    assert misstep in call.request_problems
    assert (call.status, said(response)["Message"]) == (status, call.message)
    assert said(response)["RequestId"] == response.headers["Request-Id"]


@pytest.mark.parametrize("operation", [RESERVATIONS, "reservations/getAll"])
def test_whoever_an_entity_names_can_be_asked_for(operation: str) -> None:
    """The customer of a reservation exists once it was shown; nobody else does, nor anywhere else.

    It has not changed lately: who reads by an interval does not find what nobody told of.
    """
    twin = make()
    twin.apply_message(general(("ServiceOrderUpdated", guid(1))))
    _, response = ask(
        twin,
        operation,
        ReservationIds=[guid(1)],
        ServiceIds=[guid(2)] if operation == "reservations/getAll" else None,
        Extent={"Reservations": True} if operation == "reservations/getAll" else None,
    )
    (reservation,) = said(response)["Reservations"]
    customer = reservation.get("AccountId") or reservation["CustomerId"]
    for token, found in (("access-token-two", 0), ("access-token-one", 1)):
        wanted = [customer.upper(), guid(3)]
        call, _ = ask(twin, "customers/getAll", token=token, CustomerIds=wanted)
        assert (call.status, len(call.returned)) == (200, found)
    lately = {"StartUtc": "2026-08-07T11:00:00Z", "EndUtc": "2026-08-07T13:00:00Z"}
    call, _ = ask(twin, "customers/getAll", UpdatedUtc=lately)
    assert call.returned == ()
    call, _ = ask(twin, RESERVATIONS, ReservationIds=[guid(1)])
    assert call.returned == (guid(1),)


def test_who_asks_for_messages_of_older_threads_is_behind() -> None:
    """Messages are asked for by the threads that they are in."""
    clock = Clock()
    twin = make(clock)
    clock.ms = 5_000
    twin.apply_message(general(("MessageAdded", guid(7))))
    clock.ms += 100
    (thread,) = ask(twin, "messageThreads/getAll", UpdatedUtc=WHOLE_DAY)[0].returned
    assert not twin.is_working_on_backlog(clock.ms)
    ask(twin, "messages/getAll", MessageThreadIds=[thread])
    assert twin.is_working_on_backlog(clock.ms)


def test_who_asks_late_is_behind() -> None:
    """Three seconds after it was told, however long the wait has been going on."""
    clock = Clock()
    twin = make(clock)
    clock.ms = 5_000
    twin.apply_message(general(("ServiceOrderUpdated", guid(1))))
    clock.ms += 2_900
    ask(twin, RESERVATIONS, ReservationIds=[guid(1)])
    assert not twin.is_working_on_backlog(4_900)
    clock.ms += 200
    ask(twin, RESERVATIONS, ReservationIds=[guid(1)])
    assert twin.is_working_on_backlog(4_900)


def test_who_asks_for_older_news_is_behind() -> None:
    """For five seconds; not for what came later, for relatives, or in vain.

    By an interval that is seen only where there are further pages of it.
    """
    clock = Clock()
    twin = make(clock)
    twin.apply_message(general(("ServiceOrderUpdated", guid(1))))
    clock.ms = 5_000

    def behind(operation: str = RESERVATIONS, **more: object) -> bool:
        clock.ms += 5_001
        before = twin.is_working_on_backlog(clock.ms)
        twin.apply_message(general(("ServiceOrderUpdated", guid(2))))
        told_ms = clock.ms
        ask(twin, operation, **more)
        return not before and twin.is_working_on_backlog(told_ms)

    assert behind(ReservationIds=[guid(1)])
    assert behind(ReservationIds=[guid(1), guid(2)])
    assert not behind(ReservationIds=[guid(2)])
    assert not behind(ReservationIds=[guid(9)])
    assert not behind(UpdatedUtc=WHOLE_DAY)
    pages = {"UpdatedUtc": WHOLE_DAY, "Limitation": {"Count": 1}}
    assert not behind(**pages)  # the newest comes first, and was told later
    call, _ = ask(twin, RESERVATIONS, **pages)
    clock.ms += 6_000
    told_ms = clock.ms
    assert not twin.is_working_on_backlog(told_ms)
    ask(twin, RESERVATIONS, **pages)
    assert (bool(call.cursor), twin.is_working_on_backlog(told_ms)) == (True, True)
    clock.ms += 6_000
    told = (EventReference("Reservation", guid(6), "Confirmed"),)
    twin.apply_message(Message(WebhookKind.WEBSOCKET, b"{}", told, "", "text", HOTEL))
    told_ms = clock.ms + 1
    clock.ms += 100
    ask(twin, RESERVATIONS, ReservationIds=[guid(6)])
    assert twin.is_working_on_backlog(told_ms)
    assert not twin.is_working_on_backlog(told_ms - 1)
    assert not behind("configuration/get")
    assert not behind("payments/none")
    twin.add_command(HOTEL, guid(5))
    clock.ms += 100
    told_ms = clock.ms
    clock.ms += 100
    ask(twin, "commands/update", CommandId=guid(5), State="Processed")
    assert twin.is_working_on_backlog(told_ms)
    assert not twin.is_working_on_backlog(told_ms - 200)
    _, response = ask(twin, RESERVATIONS, ReservationIds=[guid(1)])
    customer = said(response)["Reservations"][0]["AccountId"]
    assert not behind("customers/getAll", CustomerIds=[customer])
