"""Causes of what is not fetched, or fetched with a wrong token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    CauseKind,
    Delivery,
    RequestProblem,
    ScenarioResult,
    Validity,
    WebhookKind,
)
from pytest_mews.model.exchange import HEALTH_CHECK
from tests.causes.observed_results import processing_result
from tests.transcript_builders import (
    ENTERPRISE,
    GET_RESERVATIONS,
    OTHER_ENTERPRISE,
    call,
    delivery,
    delivery_of,
)

THIRD = "enterprise-3"


def sound_result(scenario_id: str = "PROC-02") -> ScenarioResult:
    """Return the result of a scenario whose two entities were fetched."""
    deliveries = [delivery(f"{scenario_id}-a"), delivery(f"{scenario_id}-b")]
    calls = [call(f"{scenario_id}-a"), call(f"{scenario_id}-b", at_ms=200.0)]
    return processing_result(scenario_id, deliveries, calls, met=True)


def foreign_calls(*ids: str, owner: str = ENTERPRISE) -> list[ApiCall]:
    """Return calls with the AccessToken of an enterprise that find nothing."""
    return [
        call(name, enterprise=owner, returned_ids=(), at_ms=100.0 + n) for n, name in enumerate(ids)
    ]


def test_every_enterprise_is_asked_with_one_token() -> None:
    """All entities of other enterprises are requested with the first one's AccessToken."""
    results = [sound_result()]
    for number, enterprise in enumerate((OTHER_ENTERPRISE, THIRD)):
        ids = [f"{number}-a", f"{number}-b"]
        deliveries = [delivery(name, enterprise=enterprise) for name in ids]
        results.append(processing_result(f"PROC-2{number}", deliveries, foreign_calls(*ids)))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.FIRST_TOKEN_FOR_ALL
    assert cause.summary == (
        "Every enterprise is asked with the AccessToken of one, enterprise-1: 4 entities of 2 "
        "enterprises were requested with it, and none with the AccessToken of its own."
    )
    assert cause.explains == ("PROC-20", "PROC-21")


def test_a_mixed_use_of_tokens_has_another_name() -> None:
    """If some entities are requested with the right token, not every enterprise is confused."""
    results = [sound_result()]
    for number in range(2):
        ids = [f"{number}-a", f"{number}-b"]
        deliveries = [delivery(name, enterprise=OTHER_ENTERPRISE) for name in ids]
        right = call(f"{number}-b", enterprise=OTHER_ENTERPRISE)
        results.append(
            processing_result(f"PROC-2{number}", deliveries, [*foreign_calls(f"{number}-a"), right])
        )
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.OTHER_ENTERPRISES_TOKEN


def action(name: str, enterprise: str, at_ms: float) -> Delivery:
    """Return the delivery of an action of an integration: the creation names its enterprise."""
    owner = enterprise if name == "IntegrationCreated" else None
    sent = delivery_of((name, f"integration of {enterprise}"), at_ms=at_ms, enterprise=owner)
    return replace(sent, message=replace(sent.message, kind=WebhookKind.INTEGRATION))


def test_a_repeated_execution_with_another_foreign_token_is_explained() -> None:
    """Its entities have no record, and new enterprises have new tokens."""
    results = [sound_result()]
    for number, owner in enumerate((ENTERPRISE, "enterprise-3", "enterprise-4")):
        ids = [f"{number}-a", f"{number}-b"]
        deliveries = [delivery(name, enterprise=OTHER_ENTERPRISE) for name in ids]
        calls = foreign_calls(*ids, owner=owner)
        results.append(processing_result(f"PROC-2{number}", deliveries, calls))
    results[-1] = replace(results[-1], fetches=())
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.OTHER_ENTERPRISES_TOKEN
    assert cause.explains == ("PROC-20", "PROC-21", "PROC-22")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            [("IntegrationDisabled", OTHER_ENTERPRISE), ("IntegrationEnabled", OTHER_ENTERPRISE)],
            (
                " Each such request came after IntegrationDisabled or IntegrationEnabled of the "
                "enterprise whose AccessToken it has."
            ),
        ),
        ([("IntegrationDisabled", OTHER_ENTERPRISE), None], ""),  # not all of them
        (
            [("IntegrationDisabled", ENTERPRISE)] * 2,
            (
                " Each such request came after IntegrationDisabled of the enterprise whose entity "
                "it asks for."
            ),
        ),
        ([("IntegrationApiKeyCreated", OTHER_ENTERPRISE)] * 2, ""),  # which changes no state
    ],
)
def test_an_action_before_each_foreign_request_is_told(
    changes: list[tuple[str, str] | None], sentence: str
) -> None:
    """A service may take up the token of the integration that changed last, or lose its own."""
    results = [sound_result()]
    for number, change in enumerate(changes):
        ids = [f"{number}-a", f"{number}-b"]
        deliveries = [delivery(name, at_ms=50.0) for name in ids]
        if change is not None:
            deliveries.insert(0, action(*change, at_ms=10.0))
        for owner in (ENTERPRISE, OTHER_ENTERPRISE):
            deliveries.insert(0, action("IntegrationCreated", owner, at_ms=5.0))
        deliveries.append(action("IntegrationCanceled", OTHER_ENTERPRISE, at_ms=900.0))
        calls = foreign_calls(*ids, owner=OTHER_ENTERPRISE)
        results.append(processing_result(f"PROC-2{number}", deliveries, calls))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.OTHER_ENTERPRISES_TOKEN
    assert cause.summary == (
        "Entities are requested with the AccessToken of another enterprise: 4 entities of 1 "
        f"enterprise.{sentence}"
    )


def test_entities_that_are_missing_for_another_reason_stay_outside() -> None:
    """A scenario with an entity that was never requested is not explained by a wrong token."""
    results = [sound_result()]
    for number in range(3):
        ids = [f"{number}-a", f"{number}-b"]
        deliveries = [delivery(name, enterprise=OTHER_ENTERPRISE) for name in ids]
        asked = ids if number else ids[:1]
        results.append(processing_result(f"PROC-2{number}", deliveries, foreign_calls(*asked)))
    (cause,) = find_causes(results)
    assert cause.explains == ("PROC-21", "PROC-22")


def test_an_event_type_that_is_never_asked_about() -> None:
    """Other events are fetched, those of one type never."""
    results = [sound_result()]
    for number in range(2):
        lost = delivery_of(("PaymentUpdated", f"{number}-a"), ("PaymentUpdated", f"{number}-b"))
        results.append(processing_result(f"PROC-0{number}", [lost], []))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.EVENT_TYPE_NOT_FETCHED
    assert cause.summary == (
        "No request follows PaymentUpdated: none of 4 acknowledged events was asked for, while "
        "other events are."
    )


def batch_result(number: int, size: int, lost: str) -> ScenarioResult:
    """Return the result of a batch of two event types, of which one or both lead to no request."""
    ids = [f"{number}-{index}" for index in range(size)]
    operations = {"PaymentUpdated": "payments/getAll", "ServiceOrderUpdated": GET_RESERVATIONS}
    types = [*operations]
    events = [(types[index % 2], name) for index, name in enumerate(ids)]
    calls = [
        call(*(name for event, name in events if event == each), operation=operations[each])
        for each in types
        if lost not in {each, "both"}
    ]
    return processing_result(f"PROC-{number:02}", [delivery_of(*events)], calls, met=not lost)


@pytest.mark.parametrize(
    ("lost", "subject", "figures"),
    [("PaymentUpdated", "PaymentUpdated", (60, 12)), ("both", "events", (120, 24))],
)
def test_events_that_only_large_messages_lose(
    lost: str, subject: str, figures: tuple[int, int]
) -> None:
    """A type that is dropped from large batches is one cause, and so is a batch that is dropped."""
    results = [batch_result(1, 24, ""), batch_result(2, 60, lost), batch_result(3, 60, lost)]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (
        CauseKind.LARGE_MESSAGE_NOT_FETCHED,
        ("PROC-02", "PROC-03"),
    )
    assert cause.summary == (
        f"No request follows {subject} in messages with 60 events and more: 0 of {figures[0]} were "
        f"asked for; of those in smaller messages, all {figures[1]}."
    )


def test_each_event_type_is_told_with_its_own_limit() -> None:
    """Two types that are lost from different numbers of events on are one cause with two limits."""
    results = [
        batch_result(1, 24, ""),
        *(batch_result(n, 60, "PaymentUpdated") for n in (2, 3)),
        *(batch_result(n, 90, "both") for n in (4, 5)),
    ]
    (cause,) = find_causes(results)
    assert cause.explains == ("PROC-02", "PROC-03", "PROC-04", "PROC-05")
    assert cause.summary == (
        "No request follows PaymentUpdated in messages with 60 events and more and "
        "ServiceOrderUpdated in messages with 90 events and more: 0 of 240 were asked for; of "
        "those in smaller messages, all 84."
    )


def test_losses_in_messages_of_any_size_are_not_the_size() -> None:
    """If smaller messages lose events too, their number of events explains nothing."""
    results = [batch_result(1, 24, ""), *(batch_result(n, 12 * n, "both") for n in (2, 3, 4))]
    assert find_causes(results) == ()


def test_an_enterprise_that_is_never_asked_about() -> None:
    """The same event types are fetched for other enterprises."""
    results = [sound_result()]
    for number in range(2):
        lost = delivery(f"{number}-a", f"{number}-b", enterprise=OTHER_ENTERPRISE)
        results.append(processing_result(f"PROC-0{number}", [lost], []))
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (
        CauseKind.ENTERPRISE_NOT_FETCHED,
        ("PROC-00", "PROC-01"),
    )


def refused_call(entity_id: str, message: str = "ServiceIds is required.") -> ApiCall:
    """Return a call that is answered with 400 because of what it asks for."""
    return replace(
        call(entity_id, operation="products/getAll", returned_ids=()),
        status=400,
        message=message,
        request_problems=(RequestProblem.INVALID_BODY,),
    )


@pytest.mark.parametrize("check", ["fetched", "well-formed-requests"])
def test_requests_that_are_refused_as_they_are(check: str) -> None:
    """One wrong request is one cause, in whichever scenario it is sent."""
    results = [sound_result()]
    for number in range(2):
        lost = delivery_of(
            ("ProductUpdated", f"{number}-a"), ("ServiceOrderUpdated", f"{number}-b")
        )
        calls = [refused_call(f"{number}-a"), call(f"{number}-b")]
        results.append(processing_result(f"PROC-0{number}", [lost], calls, check=check))
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.REQUESTS_REFUSED, ("PROC-00", "PROC-01"))
    assert cause.summary == (
        "Requests to products/getAll are refused with a 400 (ServiceIds is required): none of 2 "
        "entities that they ask for was fetched."
    )


def test_requests_for_too_many_ids_are_one_cause_whatever_the_operation() -> None:
    """One scenario has entities of both operations, the other those of one."""
    results = [sound_result()]
    for number, others in enumerate(([("CustomerUpdated", "c")], [])):
        sent = [delivery_of(("ProductUpdated", f"{number}-a"), *others)]
        products = refused_call(f"{number}-a", "ProductIds may have at most 1000 items.")
        calls = [
            products,
            replace(
                products,
                operation="customers/getAll",
                requested_ids=("c",),
                message="CustomerIds may have at most 1000 items.",
            ),
        ]
        too_many = (RequestProblem.INVALID_BODY, RequestProblem.TOO_MANY_ITEMS)
        calls = [replace(call, request_problems=too_many) for call in calls]
        results.append(processing_result(f"PROC-0{number}", sent, calls[: 1 + len(others)]))
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.REQUESTS_REFUSED, ("PROC-00", "PROC-01"))
    assert cause.summary == (
        "Requests to customers/getAll and products/getAll are refused with a 400 (such as "
        "customers/getAll: CustomerIds may have at most 1000 items): none of 3 entities that they "
        "ask for was fetched."
    )
    assert cause.remedy.startswith("Divide what has been collected")


def test_a_refusal_that_later_requests_make_good_is_no_cause() -> None:
    """A service that corrects its request fetches the entity."""
    results = [sound_result()]
    for number in range(2):
        lost = delivery_of(("ProductUpdated", f"{number}-a"), ("ProductUpdated", f"{number}-b"))
        fetched = call(f"{number}-b", operation="products/getAll", at_ms=200.0)
        calls = [refused_call(f"{number}-a"), refused_call(f"{number}-b"), fetched]
        results.append(processing_result(f"PROC-0{number}", [lost], calls))
    assert find_causes(results) == ()


def test_only_the_first_event_of_a_message() -> None:
    """Later events of a message are never fetched."""
    results = []
    for number in range(2):
        ids = [f"{number}-{index}" for index in range(5)]
        results.append(processing_result(f"PROC-0{number}", [delivery(*ids)], [call(ids[0])]))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert "all 2 first events, and 0 of 8" in cause.summary


def test_nobody_waits_until_a_health_check_is_fetched() -> None:
    """Its event is a first one, and says nothing: the scenario ends right after the response."""
    results = []
    for number in range(2):
        ids = [f"{number}-{index}" for index in range(5)]
        results.append(processing_result(f"PROC-0{number}", [delivery(*ids)], [call(ids[0])]))
        check = delivery(f"{number}-check", at_ms=300.0, label=HEALTH_CHECK)
        sent = [delivery(f"{number}-next"), check]
        results.append(
            processing_result(f"PROC-5{number}", sent, [call(f"{number}-next")], met=True)
        )
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert "all 4 first events, and 0 of 8" in cause.summary


def test_a_type_that_never_came_first_is_no_second_cause() -> None:
    """That no later event is fetched says nothing about their types."""
    results = []
    for number in range(4):
        batch = delivery_of(
            ("ServiceOrderUpdated", f"{number}-a"),
            ("ResourceUpdated", f"{number}-b"),
            ("ResourceUpdated", f"{number}-c"),
        )
        results.append(processing_result(f"PROC-0{number}", [batch], [call(f"{number}-a")]))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert len(cause.explains) == 4


def test_entities_of_different_types_with_the_same_id() -> None:
    """The first of two events is not the second because both entities have the same id."""
    results = []
    for number in range(6):
        name = f"{number}-a"
        batch = delivery_of(("ServiceOrderUpdated", name), ("ResourceUpdated", name))
        results.append(processing_result(f"PROC-0{number}", [batch], [call(name)]))
    results.append(
        processing_result(
            "PROC-07",
            [delivery_of(("ResourceUpdated", "r"))],
            [call("r", operation="resources/getAll")],
            met=True,
        )
    )
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert "0 of 6" in cause.summary


@pytest.mark.parametrize("fetches_known", [True, False])
def test_the_first_event_behind_an_unknown_one(*, fetches_known: bool) -> None:
    """It depends on the service which event it takes for the first: both kinds are recognized."""
    results = []
    for number in range(3):
        ids = [f"{number}-{index}" for index in range(5)]
        results.append(processing_result(f"PROC-0{number}", [delivery(*ids)], [call(ids[0])]))
    unknown_first = delivery_of(
        ("FutureEvent", "x"), ("ServiceOrderUpdated", "y"), ("PaymentUpdated", "z")
    )
    calls = [call("y")] if fetches_known else []
    results.append(processing_result("PROC-05", [unknown_first], calls))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert cause.explains == ("PROC-00", "PROC-01", "PROC-02", "PROC-05")


@pytest.mark.parametrize("fetches_known", [True, False])
def test_the_first_event_behind_a_null(*, fetches_known: bool) -> None:
    """The known events behind an element that is no event say nothing about the first ones."""
    results = []
    for number in range(3):
        ids = [f"{number}-{index}" for index in range(5)]
        results.append(processing_result(f"PROC-0{number}", [delivery(*ids)], [call(ids[0])]))
    behind_null = delivery("x", "y")
    behind_null = replace(
        behind_null, message=replace(behind_null.message, validity=Validity.INVALID)
    )
    calls = [call("x")] if fetches_known else []
    results.append(processing_result("PROC-27", [behind_null], calls))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.FIRST_EVENT_ONLY
    assert "PROC-27" in cause.explains


@pytest.mark.parametrize(
    ("fault", "retries", "expected"),
    [
        (ApiFault.SERVER_ERROR, False, True),
        (ApiFault.SERVER_ERROR, True, False),
        (ApiFault.BAD_REQUEST, False, False),
        (ApiFault.FORBIDDEN, False, False),
    ],
)
def test_errors_that_are_not_retried(fault: ApiFault, *, retries: bool, expected: bool) -> None:
    """Each entity whose request failed stays missing; a 400 and a 403 are not to be repeated."""

    def play(name: str) -> tuple[list[Delivery], list[ApiCall]]:
        failed = call(name, status=500, fault=fault)
        return [delivery(name)], [failed, *([call(name, at_ms=900.0)] if retries else [])]

    results = [sound_result()]
    for number in range(2):
        deliveries, calls = play(f"{number}-a")
        results.append(processing_result(f"PROC-0{number}", deliveries, calls, met=retries))
    causes = find_causes(results)
    assert [cause.kind for cause in causes] == [CauseKind.ERRORS_NOT_RETRIED] * expected
    assert all("(500)" in cause.summary for cause in causes)
    assert all("--mews-fetch-timeout" in cause.remedy for cause in causes)  # perhaps it is slow


@pytest.mark.parametrize(("repeated", "count"), [(False, 1), (True, 0)])
def test_requests_by_interval_that_are_not_retried(*, repeated: bool, count: int) -> None:
    """A response without the entities does not say so; nor does one for a further page."""
    failed = call(status=500, fault=ApiFault.SERVER_ERROR, at_ms=200.0)
    first_page = call(returned_ids=("other",), at_ms=100.0, cursor="1")
    further_page = call(
        status=500, fault=ApiFault.SERVER_ERROR, at_ms=200.0, cursor="1", is_next_page=True
    )
    found = [call(returned_ids=("a", "b"), at_ms=900.0)] if repeated else []
    results = [
        sound_result(),
        processing_result("PROC-08", [delivery("a")], [failed, *found], met=repeated),
        processing_result(
            "PROC-59",
            [delivery("b")],
            [first_page, further_page, *found],
            check="further-pages-read",
            met=repeated,
        ),
    ]
    causes = find_causes(results)
    assert [cause.kind for cause in causes] == [CauseKind.ERRORS_NOT_RETRIED] * count
    assert all(cause.explains == ("PROC-08", "PROC-59") for cause in causes)


def test_a_later_interval_that_has_nothing_is_no_failure_of_the_first() -> None:
    """The request was repeated: what it asks for is wrong."""
    failed = call(status=500, fault=ApiFault.SERVER_ERROR)
    empty = call(returned_ids=(), at_ms=900.0)
    results = [
        processing_result(f"PROC-0{number}", [delivery(name)], [failed, empty])
        for number, name in enumerate("abc")
    ]
    assert [cause.kind for cause in find_causes(results)] == [CauseKind.NOT_IN_INTERVAL]


def test_a_later_interval_that_begins_after_the_change_does_not_repeat_the_failed_request() -> None:
    """A service that takes the failure for an empty response goes on from there."""
    failed = call(status=500, fault=ApiFault.SERVER_ERROR, interval_s=(-900.0, 5.0))
    results = [sound_result()]
    for number, name in enumerate("abc"):
        later = call(returned_ids=("next",), at_ms=9_000.0, interval_s=(-5.0, 5.0))
        deliveries = [delivery(name), delivery("next", at_ms=8_900.0)]
        results.append(processing_result(f"PROC-0{number}", deliveries, [failed, later]))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.ERRORS_NOT_RETRIED
    assert len(cause.explains) == 3


@pytest.mark.parametrize(("next_ms", "count"), [(500.0, 1), (950.0, 0)])
def test_a_request_because_of_the_next_message_repeats_no_failed_one(
    next_ms: float, count: int
) -> None:
    """Its interval happens to begin before the change; if no message came, it was repeated."""
    failed = call(status=500, fault=ApiFault.SERVER_ERROR)
    found = call(returned_ids=("c", "next"), at_ms=900.0)
    deliveries = [delivery("c"), delivery("next", at_ms=next_ms)]
    results = [
        processing_result("PROC-08", [delivery("a")], [failed]),
        processing_result("PROC-09", [delivery("b")], [failed]),
        processing_result("PROC-10", deliveries, [failed, found], met=True),
    ]
    assert len(find_causes(results)) == count


def test_a_further_page_of_other_ids_repeats_no_failed_one() -> None:
    """Messages are listed for some threads at a time: each listing has a first page."""
    pages = [
        call(returned_ids=(), at_ms=100.0, cursor="1"),
        call(returned_ids=(), at_ms=200.0, cursor="2", is_next_page=True),
        call(status=500, fault=ApiFault.SERVER_ERROR, at_ms=300.0, is_next_page=True),
        call(returned_ids=(), at_ms=400.0),
    ]
    results = [sound_result()]
    for number, name in enumerate("ab"):
        results.append(
            processing_result(
                f"PROC-0{number}", [delivery(name)], pages, check="further-pages-read"
            )
        )
    assert [cause.kind for cause in find_causes(results)] == [CauseKind.ERRORS_NOT_RETRIED]


def test_errors_are_named_in_words() -> None:
    """Not by the names that faults have in scenario files."""
    results = [sound_result()]
    for number, fault in enumerate([ApiFault.TOO_MANY_REQUESTS, ApiFault.RESET] * 2):
        name = f"{number}-a"
        failed = call(name, status=429, fault=fault)
        results.append(processing_result(f"PROC-1{number}", [delivery(name)], [failed]))
    (cause,) = find_causes(results)
    assert "(429 with Retry-After and connection reset): none of 4" in cause.summary


@pytest.mark.parametrize("fault", [ApiFault.REQUEST_TIMEOUT, ApiFault.CONTENT_TOO_LARGE])
def test_a_request_that_is_sent_again_as_large_loses_nothing(fault: ApiFault) -> None:
    """After a 408 and a 413 it has to become smaller: the scenario's own remedy says so."""
    results = [sound_result()]
    for number in range(2):
        name = f"{number}-a"
        calls = [call(name, at_ms=at_ms, status=413, fault=fault) for at_ms in (100.0, 900.0)]
        results.append(processing_result(f"PROC-0{number}", [delivery(name)], calls))
        calls = [call(at_ms=at_ms, status=413, fault=fault) for at_ms in (100.0, 900.0)]
        results.append(processing_result(f"PROC-1{number}", [delivery(name)], calls))
    assert find_causes(results) == ()
    lost = [
        processing_result(
            f"PROC-0{number}", [delivery(name)], [call(name, status=413, fault=fault)]
        )
        for number, name in enumerate("ab")
    ]
    assert [cause.kind for cause in find_causes([sound_result(), *lost])] == [
        CauseKind.ERRORS_NOT_RETRIED
    ]


def test_two_causes_together_explain_a_finding() -> None:
    """One entity is missing since its event came later, another since the token was foreign."""
    results = []
    for number in range(2):
        ids = [f"{number}-{index}" for index in range(5)]
        results.append(processing_result(f"PROC-0{number}", [delivery(*ids)], [call(ids[0])]))
    for number in range(2):
        name = f"2{number}-a"
        foreign = delivery(name, enterprise=OTHER_ENTERPRISE)
        results.append(processing_result(f"PROC-2{number}", [foreign], foreign_calls(name)))
    both = [delivery("a", "b"), delivery("c", enterprise=OTHER_ENTERPRISE)]
    results.append(processing_result("PROC-31", both, [call("a"), *foreign_calls("c")]))
    explains = {cause.kind: cause.explains for cause in find_causes(results)}
    assert explains == {
        CauseKind.FIRST_EVENT_ONLY: ("PROC-00", "PROC-01", "PROC-31"),
        CauseKind.FIRST_TOKEN_FOR_ALL: ("PROC-20", "PROC-21", "PROC-31"),
    }
