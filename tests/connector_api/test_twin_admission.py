"""Who is let in, how often, and what is done on purpose to whom."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from pytest_mews.emulator.connector_api import ApiRequest, ConnectorApi
from pytest_mews.emulator.connector_api.entities import UNKNOWN
from pytest_mews.emulator.connector_api.injected_faults import SLOW_S
from pytest_mews.model.api_call import ApiFault, RequestProblem, TokenState
from tests.connector_api.asking import (
    HOTEL,
    INTEGRATION,
    JSON,
    PREFIX,
    Clock,
    ask,
    general,
    guid,
    integration,
    make,
    request_for,
    said,
    send,
)

RIGHT = request_for("payments/getAll").body


@pytest.mark.parametrize(
    ("method", "path", "headers", "misstep", "status"),
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
def test_the_form_of_a_request_is_exact(
    method: str, path: str, headers: Mapping[str, str], misstep: RequestProblem, status: int
) -> None:
    """What the documentation refuses is refused; the rest is noted."""
    call, _ = send(make(), ApiRequest(method, PREFIX + path, headers, RIGHT))
    assert (call.request_problems, call.status) == ((misstep,), status)
    assert call.enterprise_id == HOTEL


@pytest.mark.parametrize(
    ("method", "path", "word"),
    [
        ("GET", "payments/getAll", "POST"),
        ("POST", "Payments/getAll/", "case-sensitive"),
        ("POST", "payments/getSome", "no such operation"),
    ],
)
def test_a_404_says_what_is_wrong_with_the_address(method: str, path: str, word: str) -> None:
    """Who develops against the twin reads it in the answer."""
    _, response = send(make(), ApiRequest(method, PREFIX + path, JSON, RIGHT))
    assert word in json.loads(response.body)["Message"]


@pytest.mark.parametrize(
    ("wrong", "misstep", "status"),
    [
        ({"ClientToken": None}, RequestProblem.NO_CLIENT_TOKEN, 400),
        ({"ClientToken": "another"}, RequestProblem.WRONG_CLIENT_TOKEN, 401),
        ({"AccessToken": None}, RequestProblem.NO_ACCESS_TOKEN, 400),
        ({"AccessToken": "another"}, RequestProblem.WRONG_ACCESS_TOKEN, 401),
        ({"Client": None}, RequestProblem.NO_CLIENT, 400),
        ({"Client": "Test"}, RequestProblem.CLIENT_WITHOUT_VERSION, 200),
        ({"Limitation": None}, RequestProblem.INVALID_BODY, 400),
        ({"PaymentIds": [guid(each) for each in range(1001)]}, RequestProblem.INVALID_BODY, 400),
    ],
)
def test_tokens_and_properties_are_checked(
    wrong: dict[str, object], misstep: RequestProblem, status: int
) -> None:
    """Each mistake is noted once, under its own name."""
    call, _ = ask(make(), "payments/getAll", **wrong)
    assert (call.request_problems, call.status) == ((misstep,), status)


def test_integrations_are_switched_off_and_on() -> None:
    """Disabled, canceled or deleted is 401; enabled or reinstated is served again."""
    twin = make()
    for action, state, status in (
        ("IntegrationDisabled", TokenState.INACTIVE, 401),
        ("IntegrationEnabled", TokenState.CURRENT, 200),
        ("IntegrationCanceled", TokenState.INACTIVE, 401),
        ("IntegrationReinstated", TokenState.CURRENT, 200),
        ("IntegrationDeleted", TokenState.INACTIVE, 401),
    ):
        twin.apply_message(integration(action))
        call, _ = ask(twin, "payments/getAll")
        assert (call.token, call.status, call.request_problems) == (state, status, ()), action


def test_a_new_key_replaces_the_old_one_which_still_works() -> None:
    """Both are served, and told apart; announcing it twice changes nothing."""
    twin = make()
    for _ in range(2):
        twin.apply_message(integration("IntegrationApiKeyCreated", ApiKey="access-token-new"))
    old, _ = ask(twin, "payments/getAll")
    new, _ = ask(twin, "payments/getAll", token="access-token-new")
    assert (old.token, old.status) == (TokenState.REPLACED, 200)
    assert (new.token, new.status) == (TokenState.CURRENT, 200)
    assert twin.enterprise_of("access-token-new") == HOTEL


def test_a_created_integration_is_a_new_tenant() -> None:
    """Its token works at once, and a late copy of the message does not bring it back."""
    twin = make()
    created = integration(
        "IntegrationCreated",
        guid(5),
        AccessToken="access-token-five",
        Enterprise={"Id": guid(4), "Name": "Four"},
        IsEnabled=True,
    )
    twin.apply_message(general(("PaymentUpdated", guid(1)), enterprise=guid(4)))
    assert ask(twin, "payments/getAll", token="access-token-five")[0].status == 401
    twin.apply_message(created)
    call, _ = ask(twin, "payments/getAll", token="access-token-five")
    assert (call.enterprise_id, call.returned) == (guid(4), (guid(1),))
    assert ask(twin, "configuration/get", token="access-token-five")[0].status == 200
    twin.apply_message(integration("IntegrationDeleted", guid(5)))
    twin.apply_message(created)
    assert ask(twin, "payments/getAll", token="access-token-five")[0].token is TokenState.INACTIVE


def flood(twin: ConnectorApi, clock: Clock, requests: int) -> list[int | None]:
    """Send one request per 10 ms; returns their statuses."""
    statuses = []
    for _ in range(requests):
        clock.ms += 10
        statuses.append(ask(twin, "payments/getAll")[0].status)
    return statuses


def test_the_quota_slides() -> None:
    """The 201st request within 30 s is told how long to wait, and served after that."""
    clock = Clock()
    twin = make(clock, enforce_quota=True)
    assert flood(twin, clock, 200) == [200] * 200
    call, response = ask(twin, "payments/getAll")
    assert (call.status, call.request_problems) == (429, (RequestProblem.OVER_LIMIT,))
    assert response.headers["Retry-After"] == "29"  # 30 s after the first, 1.99 s ago
    assert call.retry_after_s == 29
    assert ask(twin, "payments/getAll", token="access-token-two")[0].status == 200
    clock.ms += 29_000
    assert ask(twin, "payments/getAll")[0].status == 200


def test_a_quota_that_is_not_enforced_is_counted() -> None:
    """Each enterprise's most requests within any 30 s are told, and nobody is refused."""
    clock = Clock()
    twin = make(clock)
    assert flood(twin, clock, 210) == [200] * 210
    clock.ms += 60_000
    flood(twin, clock, 5)
    [usage] = twin.usage()
    assert (usage.enterprise_id, usage.peak) == (HOTEL, 210)
    assert sum(count for _, count in usage.requests) == 215
    assert RequestProblem.OVER_LIMIT in twin.calls(209)[0].request_problems


def disturbed(fault: ApiFault) -> ConnectorApi:
    """A twin with one customer who is disturbed."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1)), ("CustomerUpdated", guid(2))))
    twin.inject_fault(fault, frozenset({guid(1).upper()}), times=None, retry_after_s=2.5)
    return twin


@pytest.mark.parametrize(
    ("fault", "status", "retry_after_s"),
    [
        (ApiFault.TOO_MANY_REQUESTS, 429, 3),
        (ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER, 429, None),
        (ApiFault.SERVER_ERROR, 500, None),
        (ApiFault.SERVER_ERROR_MESSAGE_ONLY, 500, None),
        (ApiFault.REQUEST_TIMEOUT, 408, None),
        (ApiFault.RESET, None, None),
        (ApiFault.NOT_JSON, 200, None),
    ],
)
def test_a_fault_takes_the_answer_away(
    fault: ApiFault, status: int | None, retry_after_s: float | None
) -> None:
    """Nothing is returned; the note says what was done."""
    call, response = ask(disturbed(fault), "customers/getAll", CustomerIds=[guid(1)])
    assert (call.fault, call.status, response.status) == (fault, status, status)
    assert (call.returned, call.answered_ok) == ((), False)
    assert call.retry_after_s == retry_after_s
    assert ("Retry-After" in response.headers) is (retry_after_s is not None)


def test_an_error_may_have_nothing_but_a_message() -> None:
    """The header tells the request's id all the same, as every answer's does."""
    whole = ask(disturbed(ApiFault.SERVER_ERROR), "customers/getAll", CustomerIds=[guid(1)])[1]
    terse = ask(
        disturbed(ApiFault.SERVER_ERROR_MESSAGE_ONLY), "customers/getAll", CustomerIds=[guid(1)]
    )[1]
    assert said(whole).keys() == {"Message", "RequestId"}
    assert said(terse).keys() == {"Message"}
    assert terse.headers["Request-Id"]


def test_a_slow_answer_is_a_right_one() -> None:
    """It is only late."""
    call, response = ask(disturbed(ApiFault.SLOW), "customers/getAll", CustomerIds=[guid(1)])
    assert (call.answered_ok, call.returned, response.delay_s) == (True, (guid(1),), SLOW_S)


def test_strangers_are_put_into_a_right_answer() -> None:
    """Properties and values that nobody knows, around the same ids."""
    twin = disturbed(ApiFault.UNKNOWN_FIELDS)
    call, response = ask(twin, "customers/getAll", CustomerIds=[guid(1)])
    answer = said(response)
    assert (call.answered_ok, call.returned) == (True, (guid(1),))
    assert UNKNOWN in answer
    assert UNKNOWN in answer["Customers"][0]
    assert answer["Customers"][0]["Id"] == guid(1)


def test_a_fault_is_about_its_ids_alone() -> None:
    """Whoever would be shown one of them by an interval is disturbed too; others are not."""
    twin = disturbed(ApiFault.SERVER_ERROR)
    assert ask(twin, "customers/getAll", CustomerIds=[guid(2)])[0].status == 200
    assert ask(twin, "customers/getAll")[0].status == 500


def test_a_fault_is_done_to_one_operation_alone() -> None:
    """Requests for others about the same are answered, and do not count."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1)), ("PaymentUpdated", guid(1))))
    chosen = frozenset({guid(1)})
    twin.inject_fault(ApiFault.SERVER_ERROR, chosen, times=1, operation="payments/getAll")
    asked = [
        ask(twin, "customers/getAll", CustomerIds=[guid(1)]),
        ask(twin, "payments/getAll", PaymentIds=[guid(1)]),
        ask(twin, "payments/getAll", PaymentIds=[guid(1)]),
    ]
    assert [call.status for call, _ in asked] == [200, 500, 200]


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (ApiFault.SERVER_ERROR, "Pending"),
        (ApiFault.RESET, "Pending"),
        (ApiFault.NOT_JSON, "Processed"),
        (ApiFault.SLOW, "Processed"),
    ],
)
def test_what_is_refused_is_not_done(fault: ApiFault, state: str) -> None:
    """A command whose report failed is as it was for whoever looks it up again."""
    twin = make()
    twin.add_command(HOTEL, guid(5))
    twin.inject_fault(fault, None, times=1, operation="commands/update")
    call, _ = ask(twin, "commands/update", CommandId=guid(5), State="Processed")
    assert call.fault is fault
    _, response = ask(twin, "commands/getAllByIds", CommandIds=[guid(5)], Limitation={"Count": 10})
    assert [each["State"] for each in said(response)["Commands"]] == [state]


def test_a_fault_ends_after_its_times_or_when_it_is_restored() -> None:
    """The first two requests, then none; and a fault for all until it is lifted."""
    twin = make()
    twin.inject_fault(ApiFault.SERVER_ERROR, None, times=2)
    assert [ask(twin, "payments/getAll")[0].status for _ in range(3)] == [500, 500, 200]
    handle = twin.inject_fault(ApiFault.SERVER_ERROR, None, times=None)
    assert ask(twin, "payments/getAll")[0].status == 500
    twin.remove_fault(handle)
    twin.remove_fault(handle)
    assert ask(twin, "payments/getAll")[0].status == 200


def test_secrets_do_not_get_into_the_record() -> None:
    """A token in the path or in Client is masked there."""
    twin = make()
    request = request_for("payments/getAll", Client="Test 1.0 access-token-one")
    call, _ = send(twin, ApiRequest("POST", "/access-token-two", JSON, request.body))
    assert (call.path, call.client) == ("/***", "Test 1.0 ***")


def test_nothing_is_known_of_an_integration_without_an_enterprise() -> None:
    """A key for an integration that nobody created is nobody's."""
    twin = make()
    twin.apply_message(
        integration("IntegrationApiKeyCreated", guid(8), ApiKey="access-token-eight")
    )
    twin.apply_message(integration("IntegrationApiKeyCreated", INTEGRATION, ApiKey=None))
    assert twin.enterprise_of("access-token-eight") is None
    assert ask(twin, "payments/getAll")[0].token is TokenState.CURRENT
