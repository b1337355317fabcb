"""The faults that a scenario injects: which requests they affect, and how."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.entities import UNKNOWN_NAME
from pytest_mews.model.api_call import SLOW_S, ApiFault
from tests.connector_api.emulator_client import (
    HOTEL,
    STARTED,
    call_operation,
    general_webhook,
    guid,
    json_body,
    make_connector_api,
)


def interval(hours: int) -> dict[str, str]:
    """An interval of so many hours that ends after the start of the run."""
    end = STARTED + timedelta(hours=1)
    return {
        "StartUtc": f"{end - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}",
        "EndUtc": f"{end:%Y-%m-%dT%H:%M:%SZ}",
    }


def with_fault(fault: ApiFault) -> ConnectorApi:
    """An emulator with two customers and a fault for the first one."""
    connector_api = make_connector_api()
    connector_api.apply_message(
        general_webhook(("CustomerUpdated", guid(1)), ("CustomerUpdated", guid(2)))
    )
    connector_api.inject_fault(fault, frozenset({guid(1).upper()}), times=None, retry_after_s=2.5)
    return connector_api


@pytest.mark.parametrize(
    ("fault", "status", "retry_after_s"),
    [
        (ApiFault.TOO_MANY_REQUESTS, 429, 3),
        (ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER, 429, None),
        (ApiFault.SERVER_ERROR, 500, None),
        (ApiFault.SERVER_ERROR_MESSAGE_ONLY, 500, None),
        (ApiFault.BAD_REQUEST, 400, None),
        (ApiFault.FORBIDDEN, 403, None),
        (ApiFault.REQUEST_TIMEOUT, 408, None),
        (ApiFault.CONFLICT, 409, None),
        (ApiFault.CONTENT_TOO_LARGE, 413, None),
        (ApiFault.RESET, None, None),
        (ApiFault.NOT_JSON, 200, None),
    ],
)
def test_fault_replaces_the_response(
    fault: ApiFault, status: int | None, retry_after_s: float | None
) -> None:
    """No entity is returned; the call has the fault."""
    call, response = call_operation(with_fault(fault), "customers/getAll", CustomerIds=[guid(1)])
    assert (call.fault, call.status, response.status) == (fault, status, status)
    assert (call.returned_ids, call.answered_ok) == ((), False)
    assert call.retry_after_s == retry_after_s
    assert ("Retry-After" in response.headers) is (retry_after_s is not None)


@pytest.mark.parametrize(
    ("fault", "by_interval"), [(ApiFault.CONTENT_TOO_LARGE, 200), (ApiFault.REQUEST_TIMEOUT, 408)]
)
def test_only_large_requests_are_affected(fault: ApiFault, by_interval: int) -> None:
    """With `more_than` a smaller request succeeds; a 413 is about the ids in the request alone."""
    connector_api = make_connector_api()
    ids = [guid(number) for number in range(1, 4)]
    connector_api.apply_message(general_webhook(*(("CustomerUpdated", id_) for id_ in ids)))
    connector_api.inject_fault(fault, frozenset(ids), times=None, more_than=2)

    def status(**filters: object) -> int | None:
        return call_operation(connector_api, "customers/getAll", **filters)[0].status

    assert status(CustomerIds=ids) == int(fault.value)
    assert status(CustomerIds=ids[:2]) == 200
    assert status() == by_interval
    assert status(Limitation={"Count": 2}) == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 408),
        ({"Limitation": {"Count": 900}}, 408),
        ({"Limitation": {"Count": 500}}, 200),
        ({"UpdatedUtc": interval(hours=20)}, 408),
        ({"UpdatedUtc": interval(hours=12)}, 200),
        ({"CustomerIds": [guid(number) for number in range(1, 4)]}, 408),
    ],
)
def test_a_request_for_much_less_than_a_refused_one_succeeds(
    change: dict[str, object], status: int
) -> None:
    """A client may halve its page or its interval: both need many steps down to a few entities."""
    connector_api = make_connector_api()
    ids = [guid(number) for number in range(1, 5)]
    connector_api.apply_message(general_webhook(*(("CustomerUpdated", id_) for id_ in ids)))
    connector_api.inject_fault(ApiFault.REQUEST_TIMEOUT, frozenset(ids), times=None, more_than=2)
    first = {"UpdatedUtc": interval(hours=24), "Limitation": {"Count": 1000}}
    assert call_operation(connector_api, "customers/getAll", **first)[0].status == 408
    assert call_operation(connector_api, "customers/getAll", **(first | change))[0].status == status


def test_error_can_have_a_message_only() -> None:
    """The header `Request-Id` is there nevertheless, as in every response."""
    with_id = call_operation(
        with_fault(ApiFault.SERVER_ERROR), "customers/getAll", CustomerIds=[guid(1)]
    )[1]
    message_only = call_operation(
        with_fault(ApiFault.SERVER_ERROR_MESSAGE_ONLY), "customers/getAll", CustomerIds=[guid(1)]
    )[1]
    assert json_body(with_id).keys() == {"Message", "RequestId"}
    assert json_body(message_only).keys() == {"Message"}
    assert message_only.headers["Request-Id"]


def test_slow_response_is_complete() -> None:
    """A slow response differs from a normal one only in its delay."""
    call, response = call_operation(
        with_fault(ApiFault.SLOW), "customers/getAll", CustomerIds=[guid(1)]
    )
    assert (call.answered_ok, call.returned_ids, response.delay_s) == (True, (guid(1),), SLOW_S)


def test_unknown_fields_are_added_to_a_response() -> None:
    """Unknown properties and values are added; the ids stay the same."""
    connector_api = with_fault(ApiFault.UNKNOWN_FIELDS)
    call, response = call_operation(connector_api, "customers/getAll", CustomerIds=[guid(1)])
    answer = json_body(response)
    assert (call.answered_ok, call.returned_ids) == (True, (guid(1),))
    assert UNKNOWN_NAME in answer
    assert UNKNOWN_NAME in answer["Customers"][0]
    assert answer["Customers"][0]["Id"] == guid(1)


def test_fault_affects_its_ids_alone() -> None:
    """A fault also affects a request without ids whose response contains one of its ids."""
    connector_api = with_fault(ApiFault.SERVER_ERROR)
    assert call_operation(connector_api, "customers/getAll", CustomerIds=[guid(2)])[0].status == 200
    assert call_operation(connector_api, "customers/getAll")[0].status == 500


def test_fault_affects_its_operation_alone() -> None:
    """Requests for the same id to other operations are answered and don't count."""
    connector_api = make_connector_api()
    connector_api.apply_message(
        general_webhook(("CustomerUpdated", guid(1)), ("PaymentUpdated", guid(1)))
    )
    ids = frozenset({guid(1)})
    connector_api.inject_fault(ApiFault.SERVER_ERROR, ids, times=1, operation="payments/getAll")
    answers = [
        call_operation(connector_api, "customers/getAll", CustomerIds=[guid(1)]),
        call_operation(connector_api, "payments/getAll", PaymentIds=[guid(1)]),
        call_operation(connector_api, "payments/getAll", PaymentIds=[guid(1)]),
    ]
    assert [call.status for call, _ in answers] == [200, 500, 200]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (ApiFault.SERVER_ERROR, "Pending"),
        (ApiFault.RESET, "Pending"),
        (ApiFault.NOT_JSON, "Processed"),
        (ApiFault.SLOW, "Processed"),
    ],
)
def test_rejected_command_update_has_no_effect(fault: ApiFault, state: str) -> None:
    """The state of the command is as before; with other faults it changes."""
    connector_api = make_connector_api()
    connector_api.add_command(HOTEL, guid(5))
    connector_api.inject_fault(fault, None, times=1, operation="commands/update")
    call, _ = call_operation(connector_api, "commands/update", CommandId=guid(5), State="Processed")
    assert call.fault is fault
    _, response = call_operation(
        connector_api, "commands/getAllByIds", CommandIds=[guid(5)], Limitation={"Count": 10}
    )
    assert [command["State"] for command in json_body(response)["Commands"]] == [state]


def test_fault_ends_after_its_times_or_when_removed() -> None:
    """A fault without `times` lasts until it is removed; removing it twice has no effect."""
    connector_api = make_connector_api()
    connector_api.inject_fault(ApiFault.SERVER_ERROR, None, times=2)
    assert [call_operation(connector_api, "payments/getAll")[0].status for _ in range(3)] == [
        500,
        500,
        200,
    ]
    handle = connector_api.inject_fault(ApiFault.SERVER_ERROR, None, times=None)
    assert call_operation(connector_api, "payments/getAll")[0].status == 500
    connector_api.remove_fault(handle)
    connector_api.remove_fault(handle)
    assert call_operation(connector_api, "payments/getAll")[0].status == 200


def test_every_entity_meets_the_fault_equally_often() -> None:
    """Requests for one entity don't use up the fault of another; one for both counts for both."""
    connector_api = make_connector_api()
    customers = [guid(number) for number in (1, 2, 3)]
    connector_api.apply_message(general_webhook(*(("CustomerUpdated", id_) for id_ in customers)))
    handle = connector_api.inject_fault(ApiFault.SERVER_ERROR, frozenset(customers[:2]), times=2)

    def statuses(*requests: tuple[int, ...]) -> list[int | None]:
        return [
            call_operation(
                connector_api, "customers/getAll", CustomerIds=[guid(number) for number in numbers]
            )[0].status
            for numbers in requests
        ]

    assert statuses((1,), (3,), (1,), (1,)) == [500, 200, 500, 200]
    assert statuses((2, 1), (2,), (2,)) == [500, 500, 200]
    assert connector_api.remove_fault(handle) == frozenset()


def test_entities_that_never_met_the_fault_are_known() -> None:
    """Removing a fault returns the entities that no affected request was about, once."""
    connector_api = make_connector_api()
    ids = frozenset({guid(1), guid(2)})
    handle = connector_api.inject_fault(ApiFault.SERVER_ERROR, ids, times=1)
    call_operation(connector_api, "customers/getAll", CustomerIds=[guid(1).upper()])
    assert connector_api.remove_fault(handle) == {guid(2)}
    assert connector_api.remove_fault(handle) == frozenset()
