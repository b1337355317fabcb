"""What the emulator counts of a whole run: by operation, bounded, and only of the service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.emulator.connector_api import ApiRequest
from pytest_mews.emulator.connector_api.usage_counter import (
    LONG_CLIENT,
    MAX_CLIENTS,
    MAX_NAMES,
    MAX_OPEN_ERRORS,
    MAX_PATHS,
    OTHER_PATHS,
    UsageCounter,
)
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    ApiUsage,
    ErrorCounts,
    OperationUsage,
    TokenState,
    merge_usage,
)
from tests.connector_api.emulator_client import (
    HOTEL,
    JSON,
    PREFIX,
    TENANTS,
    call_operation,
    general_webhook,
    guid,
    make_connector_api,
    request_for,
    send_request,
)

CUSTOMERS = "customers/getAll"
OK = ApiCall(
    1, f"{PREFIX}{CUSTOMERS}", CUSTOMERS, 10, 20, 200, HOTEL, TokenState.CURRENT, "Test 1.0"
)


def count(*calls: ApiCall) -> ApiUsage:
    """Count calls that follow each other."""
    counter = UsageCounter()
    for number, call in enumerate(calls, 1):
        counter.count(
            replace(call, number=number, received_ms=number * 10.0, answered_ms=number * 10.0 + 5)
        )
    return counter.usage(7)


def only(usage: ApiUsage) -> OperationUsage:
    """Return the usage of the only operation."""
    (operation,) = usage.operations
    return operation


def test_requests_of_the_emulator_are_counted() -> None:
    """Filters, extents, pages and ids of requests are counted by operation, without values."""
    connector_api = make_connector_api()
    events = [("CustomerUpdated", guid(number)) for number in range(3)]
    connector_api.apply_message(general_webhook(*events))
    ids = [id_ for _, id_ in events]
    _, response = call_operation(
        connector_api, CUSTOMERS, CustomerIds=ids, Limitation={"Count": 2}, LanguageCode="en"
    )
    cursor = response.body.decode().partition('"Cursor":')[2].split('"')[1]
    call_operation(
        connector_api,
        CUSTOMERS,
        CustomerIds=ids,
        Limitation={"Count": 2, "Cursor": cursor},
        Extent={"Customers": True, "Addresses": True, "Documents": True, "Inactive": False},
    )
    interval = {"StartUtc": "2026-08-07T00:00:00Z", "EndUtc": "2026-08-08T00:00:00Z"}
    call_operation(connector_api, CUSTOMERS, UpdatedUtc=interval, FirstNames=[])
    call_operation(connector_api, CUSTOMERS, ChainIds=[guid(9)])
    usage = connector_api.api_usage()
    assert (usage.requests, usage.peak, usage.clients) == (4, 4, (("Test 1.0", 4),))
    operation = only(usage)
    assert (operation.requests, operation.succeeded, operation.by_ids) == (4, 4, 2)
    assert (operation.next_pages, operation.next_pages_offered) == (1, 1)
    assert operation.filters == (("CustomerIds", 2), ("ChainIds", 1), ("UpdatedUtc", 1))
    assert operation.extents[:2] == (("Customers", 4), ("Resources", 3))
    assert operation.several_extents == 1
    assert operation.unfiltered == 1


@pytest.mark.parametrize(
    ("operation", "filters", "unfiltered"),
    [
        ("products/getAll", ("ServiceIds",), 1),
        ("products/getAll", ("ServiceIds", "IncludeDefault"), 1),
        ("products/getAll", ("ServiceIds", "ProductIds"), 0),
        ("products/getAll", ("ServiceIds", "UpdatedUtc"), 0),
        ("reservations/getAll/2023-06-06", ("ServiceIds",), 0),
        ("commands/getAllByIds", ("CommandIds",), 0),
        ("resourceBlocks/getAll", ("ActivityStates",), 1),
        ("payments/getAll", ("Currency",), 1),
        ("bills/getAll", ("BillIds",), 0),
    ],
)
def test_what_every_request_has_is_no_filter(
    operation: str, filters: tuple[str, ...], unfiltered: int
) -> None:
    """The services that a request for products must name select none of them; ids do."""
    usage = only(count(replace(OK, operation=operation, filters=filters)))
    assert usage.unfiltered == unfiltered


def test_an_operation_that_changes_something_has_no_filters() -> None:
    """The properties of `commands/update` select nothing."""
    connector_api = make_connector_api()
    connector_api.add_command(HOTEL, guid(1))
    call_operation(connector_api, "commands/update", CommandId=guid(1), State="Processed")
    operation = only(connector_api.api_usage())
    assert (operation.succeeded, operation.by_ids, operation.filters) == (1, 1, ())


def test_a_later_success_for_the_same_ids_resolves_an_error() -> None:
    """All ids must have succeeded, in one request or in several; another id resolves nothing."""
    failed = replace(OK, status=400, requested_ids=("a", "b"))
    first, second = (replace(OK, requested_ids=(id_,)) for id_ in "ab")
    other = replace(OK, requested_ids=("c",))
    assert only(count(failed, first, second)).errors == ErrorCounts((("400", 1),), 1, 0)
    assert only(count(failed, first, other)).errors == ErrorCounts((("400", 1),), 0, 1)
    assert only(count(first, second, failed)).errors.unresolved == 1


def test_a_success_that_began_before_the_error_resolves_nothing() -> None:
    """A request that was already under way is no answer to an error."""
    counter = UsageCounter()
    counter.count(replace(OK, status=500, number=1, received_ms=0.0, answered_ms=50.0))
    counter.count(replace(OK, number=2, received_ms=10.0, answered_ms=60.0))
    assert only(counter.usage(0)).errors.unresolved == 1


def test_without_ids_the_filters_must_be_the_same() -> None:
    """A request for an interval is resolved by one for an interval of the same property."""
    failed = replace(OK, status=500, filters=("UpdatedUtc",))
    assert only(count(failed, replace(OK, filters=("UpdatedUtc",)))).errors.resolved == 1
    assert only(count(failed, replace(OK, filters=("CreatedUtc",)))).errors.unresolved == 1


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (replace(OK, status=429, fault=ApiFault.TOO_MANY_REQUESTS), "429"),
        (replace(OK, status=None, fault=ApiFault.RESET), "no response"),
        (replace(OK, fault=ApiFault.NOT_JSON), "200 without JSON"),
        (replace(OK, status=401, token_state=TokenState.INACTIVE), "401"),
    ],
)
def test_what_the_harness_provokes_is_counted_apart(call: ApiCall, status: str) -> None:
    """Injected faults and tokens that a lifecycle ended are not the service's errors."""
    operation = only(count(call, OK))
    assert operation.errors.total == 0
    assert operation.provoked_errors == ErrorCounts(((status, 1),), 1, 0)


def test_a_response_that_nobody_waited_for_is_no_error() -> None:
    """A client that hung up got no status."""
    operation = only(count(replace(OK, status=None)))
    assert (operation.requests, operation.succeeded, operation.errors.total) == (1, 0, 0)


def test_memory_is_bounded() -> None:
    """Whatever a client sends, there are few names, paths, clients and open errors."""
    many = range(500)
    paths = (replace(OK, operation="", path=f"/{number}", status=404) for number in many)
    clients = (replace(OK, client=f"Client {number}") for number in many)
    names = (replace(OK, filters=(f"Name{number}",), extents=(f"Name{number}",)) for number in many)
    errors = (replace(OK, status=400, requested_ids=(str(number),)) for number in many)
    usage = count(*paths, *clients, *names, *errors)
    assert len(usage.operations) == MAX_PATHS + 2
    assert {OTHER_PATHS, CUSTOMERS} <= {each.operation for each in usage.operations}
    assert len(usage.clients) == MAX_CLIENTS
    assert usage.requests == 2000 == sum(n for _, n in usage.clients) + usage.other_clients
    operation = next(each for each in usage.operations if each.operation == CUSTOMERS)
    assert len(operation.filters) == len(operation.extents) == MAX_NAMES + 1
    assert operation.errors.total == 500
    assert operation.errors.unresolved == MAX_OPEN_ERRORS


def test_a_long_name_is_left_out_and_not_cut() -> None:
    """A part of a secret at its end could not be redacted."""
    secret = "x" * 190 + "secret"
    usage = count(replace(OK, client=secret * 2), replace(OK, operation="", path=f"/{secret * 2}"))
    assert "secret" not in repr(usage)
    assert {each.operation for each in usage.operations} == {CUSTOMERS, OTHER_PATHS}
    assert dict(usage.clients) == {LONG_CLIENT: 1, "Test 1.0": 1}


def test_strangers_are_not_counted() -> None:
    """A scanner's request does not count; without any token, a documented one may."""
    connector_api = make_connector_api()
    send_request_of(connector_api, ApiRequest("GET", "/.env", {}, b"", address="203.0.113.9"))
    unknown = request_for(CUSTOMERS, token="wrong", ClientToken="wrong")
    send_request_of(connector_api, replace(unknown, address="203.0.113.9"))
    assert connector_api.api_usage().requests == 1
    send_request(connector_api, request_for(CUSTOMERS, CustomerIds=[guid(1)]))
    usage = connector_api.api_usage()
    assert (usage.requests, only(usage).succeeded) == (1, 1)


def send_request_of(connector_api: object, request: ApiRequest) -> None:
    """Send a request whose call the log may not keep."""
    connector_api.begin(request).mark_sent()  # type: ignore[attr-defined]


def test_no_secret_is_counted() -> None:
    """Tokens in a path, in `Client` or in the name of a property are in no name that is kept."""
    connector_api = make_connector_api()
    token = TENANTS.client_token
    body = request_for(CUSTOMERS, Client=f"Test {token}", **{token: [guid(1)]}).body
    for path in (f"{PREFIX}{CUSTOMERS}", f"/{token}/{CUSTOMERS}"):
        send_request_of(connector_api, ApiRequest("POST", path, JSON, body))
    usage = connector_api.api_usage()
    assert usage.requests == 2
    assert token not in repr(usage)


def test_usages_of_several_processes_are_summed() -> None:
    """Operations and clients are added up by name, and the peak is the highest."""
    failed = replace(OK, status=400, filters=("CustomerIds",), requested_ids=("a",))
    bills = replace(OK, operation="bills/getAll", client="Other 1")
    merged = merge_usage([count(OK, failed), replace(count(OK, bills), peak=9)])
    assert [each.operation for each in merged.operations] == ["bills/getAll", CUSTOMERS]
    customers = merged.operations[1]
    assert (customers.requests, customers.succeeded, customers.errors.unresolved) == (3, 2, 1)
    assert customers.filters == (("CustomerIds", 1),)
    assert (merged.clients, merged.peak) == ((("Test 1.0", 3), ("Other 1", 1)), 9)
    assert merge_usage([]) == ApiUsage()
