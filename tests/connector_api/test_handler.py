"""Handling a request: its form, tokens, integration state, the rate limit and redaction."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from pytest_mews.emulator.connector_api import ApiRequest, ConnectorApi, operations
from pytest_mews.model.api_call import ApiFault, RequestProblem, TokenState
from tests.connector_api.emulator_client import (
    HOTEL,
    INTEGRATION,
    JSON,
    PREFIX,
    Clock,
    call_operation,
    general_webhook,
    guid,
    integration_webhook,
    make_connector_api,
    request_for,
    send_request,
)

VALID_BODY = request_for("payments/getAll").body


@pytest.mark.parametrize(
    ("method", "path", "headers", "problem", "status"),
    [
        ("GET", "payments/getAll", JSON, RequestProblem.NOT_POST, 404),
        ("POST", "payments/getAll/", JSON, RequestProblem.PATH_SPELLING, 404),
        ("POST", "Payments/getall", JSON, RequestProblem.PATH_SPELLING, 404),
        ("POST", "payments/getSome", JSON, RequestProblem.WRONG_PATH, 404),
        ("POST", "payments/getAll", {}, RequestProblem.CONTENT_TYPE, 200),
        (
            "POST",
            "payments/getAll",
            {"content-type": "text/plain"},
            RequestProblem.CONTENT_TYPE,
            200,
        ),
    ],
)
def test_form_of_request_is_checked(
    method: str, path: str, headers: Mapping[str, str], problem: RequestProblem, status: int
) -> None:
    """A request that the documentation rules out gets a 404; other problems are recorded."""
    call, _ = send_request(
        make_connector_api(), ApiRequest(method, PREFIX + path, headers, VALID_BODY)
    )
    assert (call.request_problems, call.status) == ((problem,), status)
    assert call.enterprise_id == HOTEL


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("orderItems/getAll", {"OrderItems": [], "Cursor": None}),
        ("sourceAssignments/getAll/2024-09-20", {"SourceAssignments": [], "Cursor": None}),
        ("bills/close", {}),
    ],
)
def test_documented_operation_that_is_not_served(operation: str, body: dict[str, object]) -> None:
    """It is answered without a result; its body is not judged, and no injected fault is used up."""
    connector_api = make_connector_api()
    handle = connector_api.inject_fault(ApiFault.SERVER_ERROR, frozenset({guid(1)}), times=1)
    call, response = call_operation(
        connector_api, operation, ServiceOrderIds=[guid(1)], Extent={"Any": True}
    )
    assert (call.operation, call.status, call.request_problems) == (operation, 200, ())
    assert (json.loads(response.body), call.returned_ids) == (body, ())
    assert call.requested_ids == (guid(1),)
    assert not call.is_served
    assert connector_api.remove_fault(handle) == {guid(1)}


@pytest.mark.parametrize(
    ("path", "change", "problem", "status"),
    [
        ("orderitems/getall", {}, RequestProblem.PATH_SPELLING, 404),
        ("orderItems/getAll", {"AccessToken": "another"}, RequestProblem.WRONG_ACCESS_TOKEN, 401),
        ("orderItems/getAll", {"Client": None}, RequestProblem.NO_CLIENT, 400),
        ("accountingItems/getAll", {}, RequestProblem.DEPRECATED_OPERATION, 200),
    ],
)
def test_operation_that_is_not_served_is_judged_by_general_rules(
    path: str, change: dict[str, object], problem: RequestProblem, status: int
) -> None:
    """Path, tokens, Client and deprecation are documented for every operation."""
    call, _ = call_operation(make_connector_api(), path, **change)
    assert (call.request_problems, call.status) == ((problem,), status)


def test_a_request_for_too_many_ids_has_two_problems() -> None:
    """Its body is invalid, and it is told from other invalid ones."""
    ids = [guid(number) for number in range(1001)]
    call, _ = call_operation(make_connector_api(), "payments/getAll", PaymentIds=ids)
    problems = (RequestProblem.INVALID_BODY, RequestProblem.TOO_MANY_ITEMS)
    assert (call.request_problems, call.status) == (problems, 400)


def test_every_documented_operation_is_known() -> None:
    """All 202 are found by their paths; those that are served are among them."""
    names = set(operations.read_documented("all-operations"))
    assert len(names) == 202
    assert set(operations.OPERATIONS) < names
    for name in names:
        operation = operations.find_operation(PREFIX + name)
        assert operation is not None
        assert (operation.name, operation.is_served) == (name, name in operations.OPERATIONS)


@pytest.mark.parametrize(
    ("method", "path", "phrase"),
    [
        ("GET", "payments/getAll", "POST"),
        ("POST", "Payments/getAll/", "case-sensitive"),
        ("POST", "payments/getSome", "no operation at this path"),
    ],
)
def test_404_says_what_is_wrong(method: str, path: str, phrase: str) -> None:
    """A developer reads the reason in `Message`."""
    _, response = send_request(
        make_connector_api(), ApiRequest(method, PREFIX + path, JSON, VALID_BODY)
    )
    assert phrase in json.loads(response.body)["Message"]


@pytest.mark.parametrize(
    ("change", "problem", "status"),
    [
        ({"ClientToken": None}, RequestProblem.NO_CLIENT_TOKEN, 400),
        ({"ClientToken": "another"}, RequestProblem.WRONG_CLIENT_TOKEN, 401),
        ({"AccessToken": None}, RequestProblem.NO_ACCESS_TOKEN, 400),
        ({"AccessToken": "another"}, RequestProblem.WRONG_ACCESS_TOKEN, 401),
        ({"Client": None}, RequestProblem.NO_CLIENT, 400),
        ({"Client": "Test"}, RequestProblem.CLIENT_WITHOUT_VERSION, 200),
        ({"Limitation": None}, RequestProblem.INVALID_BODY, 400),
    ],
)
def test_tokens_and_properties_are_checked(
    change: dict[str, object], problem: RequestProblem, status: int
) -> None:
    """Each problem is recorded once."""
    call, _ = call_operation(make_connector_api(), "payments/getAll", **change)
    assert (call.request_problems, call.status) == ((problem,), status)


def test_inactive_integration_gets_401() -> None:
    """Disabling, canceling or deleting ends the service; enabling or reinstating resumes it."""
    connector_api = make_connector_api()
    for action, state, status in (
        ("IntegrationDisabled", TokenState.INACTIVE, 401),
        ("IntegrationEnabled", TokenState.CURRENT, 200),
        ("IntegrationCanceled", TokenState.INACTIVE, 401),
        ("IntegrationReinstated", TokenState.CURRENT, 200),
        ("IntegrationDeleted", TokenState.INACTIVE, 401),
    ):
        connector_api.apply_message(integration_webhook(action))
        call, _ = call_operation(connector_api, "payments/getAll")
        assert (call.token_state, call.status, call.request_problems) == (state, status, ()), action


def test_new_key_replaces_old_key_which_still_works() -> None:
    """Both get a 200 and differ in token state; announcing the new key twice has no effect."""
    connector_api = make_connector_api()
    for _ in range(2):
        connector_api.apply_message(
            integration_webhook("IntegrationApiKeyCreated", ApiKey="access-token-new")
        )
    old, _ = call_operation(connector_api, "payments/getAll")
    new, _ = call_operation(connector_api, "payments/getAll", token="access-token-new")
    assert (old.token_state, old.status) == (TokenState.REPLACED, 200)
    assert (new.token_state, new.status) == (TokenState.CURRENT, 200)
    assert connector_api.enterprise_of("access-token-new") == HOTEL


def test_a_scenario_can_refuse_replaced_keys() -> None:
    """A request with a replaced key gets a 401 then, one with the new key does not."""
    connector_api = make_connector_api()
    connector_api.refuse_replaced_keys(HOTEL)
    before, _ = call_operation(connector_api, "payments/getAll")
    connector_api.apply_message(
        integration_webhook("IntegrationApiKeyCreated", ApiKey="access-token-new")
    )
    old, _ = call_operation(connector_api, "payments/getAll")
    new, _ = call_operation(connector_api, "payments/getAll", token="access-token-new")
    assert (before.status, old.status, new.status) == (200, 401, 200)
    assert old.token_state is TokenState.REPLACED


def test_created_integration_is_a_new_tenant() -> None:
    """Its token works at once; a late copy of the message doesn't reinstate it."""
    connector_api = make_connector_api()
    created = integration_webhook(
        "IntegrationCreated",
        guid(5),
        AccessToken="access-token-five",
        Enterprise={"Id": guid(4), "Name": "Four"},
        IsEnabled=True,
    )
    connector_api.apply_message(general_webhook(("PaymentUpdated", guid(1)), enterprise=guid(4)))
    assert (
        call_operation(connector_api, "payments/getAll", token="access-token-five")[0].status == 401
    )
    connector_api.apply_message(created)
    call, _ = call_operation(connector_api, "payments/getAll", token="access-token-five")
    assert (call.enterprise_id, call.returned_ids) == (guid(4), (guid(1),))
    assert (
        call_operation(connector_api, "configuration/get", token="access-token-five")[0].status
        == 200
    )
    connector_api.apply_message(integration_webhook("IntegrationDeleted", guid(5)))
    connector_api.apply_message(created)
    assert (
        call_operation(connector_api, "payments/getAll", token="access-token-five")[0].token_state
        is TokenState.INACTIVE
    )


def call_repeatedly(connector_api: ConnectorApi, clock: Clock, requests: int) -> list[int | None]:
    """Send a request every 10 ms; return the statuses."""
    statuses = []
    for _ in range(requests):
        clock.ms += 10
        statuses.append(call_operation(connector_api, "payments/getAll")[0].status)
    return statuses


def test_rate_limit_begins_with_the_first_request_of_a_burst() -> None:
    """The 201st request within 30 s gets a Retry-After; a request after that wait gets a 200."""
    clock = Clock()
    connector_api = make_connector_api(clock, enforce_rate_limit=True)
    assert call_repeatedly(connector_api, clock, 200) == [200] * 200
    call, response = call_operation(connector_api, "payments/getAll")
    assert (call.status, call.request_problems) == (429, (RequestProblem.OVER_LIMIT,))
    assert response.headers["Retry-After"] == "29"  # 30 s after the first, 1.99 s ago
    assert call.retry_after_s == 29
    assert (
        call_operation(connector_api, "payments/getAll", token="access-token-two")[0].status == 200
    )
    clock.ms += 29_000
    assert call_operation(connector_api, "payments/getAll")[0].status == 200


def test_a_new_window_begins_after_the_last_one() -> None:
    """200 requests late in one window and 200 in the next are allowed: it does not slide."""
    clock = Clock()
    connector_api = make_connector_api(clock, enforce_rate_limit=True)
    assert call_repeatedly(connector_api, clock, 1) == [200]
    clock.ms += 28_000
    assert call_repeatedly(connector_api, clock, 199) == [200] * 199
    clock.ms = 30_020
    assert call_repeatedly(connector_api, clock, 201) == [*[200] * 200, 429]


def test_rate_limit_that_is_not_enforced_is_counted() -> None:
    """The usage has each enterprise's peak within any 30 s; no request is rejected."""
    clock = Clock()
    connector_api = make_connector_api(clock)
    assert call_repeatedly(connector_api, clock, 210) == [200] * 210
    clock.ms += 60_000
    call_repeatedly(connector_api, clock, 5)
    [usage] = connector_api.rate_limit_usage()
    assert (usage.enterprise_id, usage.peak) == (HOTEL, 210)
    assert sum(count for _, count in usage.requests) == 215
    assert RequestProblem.OVER_LIMIT in connector_api.calls(209)[0].request_problems


def test_secrets_are_redacted() -> None:
    """A token in the path or in `Client` is replaced in the call."""
    connector_api = make_connector_api()
    request = request_for("payments/getAll", Client="Test 1.0 access-token-one")
    call, _ = send_request(
        connector_api, ApiRequest("POST", "/access-token-two", JSON, request.body)
    )
    assert (call.path, call.client) == ("/***", "Test 1.0 ***")


def test_key_of_an_unknown_integration_is_ignored() -> None:
    """The token of an integration that was never created belongs to no enterprise."""
    connector_api = make_connector_api()
    connector_api.apply_message(
        integration_webhook("IntegrationApiKeyCreated", guid(8), ApiKey="access-token-eight")
    )
    connector_api.apply_message(
        integration_webhook("IntegrationApiKeyCreated", INTEGRATION, ApiKey=None)
    )
    assert connector_api.enterprise_of("access-token-eight") is None
    assert call_operation(connector_api, "payments/getAll")[0].token_state is TokenState.CURRENT


@pytest.mark.parametrize(
    ("properties", "interval_s"),
    [
        ({}, None),
        (
            {"UpdatedUtc": {"StartUtc": "2026-08-07T11:59:00Z", "EndUtc": "2026-08-07T14:00:00Z"}},
            (-60.0, 7_200.0),
        ),
        (
            {
                "UpdatedUtc": {
                    "StartUtc": "2026-08-07T14:00:00+02:00",
                    "EndUtc": "2026-08-07T14:00:00+02:00",
                }
            },
            (0.0, 0.0),
        ),
        (
            {"CreatedUtc": {"StartUtc": "2026-08-07T12:00:01Z", "EndUtc": "2026-08-07T12:00:02Z"}},
            (1.0, 2.0),
        ),
        ({"UpdatedUtc": {"StartUtc": "2026-08-07T12:00:00Z", "EndUtc": "soon"}}, None),
    ],
)
def test_the_interval_of_a_request_is_relative_to_its_arrival(
    properties: dict[str, object], interval_s: tuple[float, float] | None
) -> None:
    """A request that is not valid has none."""
    call, _ = call_operation(make_connector_api(), "payments/getAll", **properties)
    assert call.interval_s == interval_s
