"""The checks of fetches and of the calls to the API: met and broken, with figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import evaluate
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    Delivery,
    Expectation,
    Finding,
    Level,
    Outcome,
    TokenState,
    Validity,
)
from pytest_mews.model.api_call import RequestProblem
from tests.transcript_builders import (
    ENTERPRISE,
    GET_RESERVATIONS,
    OTHER_ENTERPRISE,
    build_transcript,
    call,
    delivery,
    delivery_of,
)

MANY = tuple(f"id-{number}" for number in range(40))


def evaluate_check(check: str, *records: object) -> Finding:
    """Evaluate scripted deliveries and calls with a check."""
    return evaluate(Expectation(check, Level.MUST), build_transcript(*records))  # type: ignore[arg-type]


def test_fetched() -> None:
    """Every acknowledged entity was returned; the figures are the requests and the delays."""
    finding = evaluate_check(
        "fetched", delivery("a", "b"), call("a", at_ms=105), call("b", at_ms=205)
    )
    assert (finding.met, finding.subject_count) == (True, 2)
    assert finding.observed == (
        "2 entities fetched with 2 requests, half of them within 150 ms of the response, "
        "the last after 200 ms"
    )


@pytest.mark.parametrize(
    ("outcome", "not_observed"),
    [(Outcome.TIMEOUT_ANSWER, True), (Outcome.ERROR_STATUS, False), (Outcome.DELIVERED, False)],
)
def test_messages_without_an_answer_show_nothing(outcome: Outcome, *, not_observed: bool) -> None:
    """A service that is overloaded, or gone, has fetched nothing: that is not observed."""
    finding = evaluate_check("fetched", delivery("a", outcomes=(outcome,)), call("a"))
    assert (finding.met, finding.not_observed) == (True, not_observed)


def test_fetched_one_entity() -> None:
    """There is no median of one delay."""
    finding = evaluate_check("fetched", delivery("a"), call("a", at_ms=105))
    assert finding.observed == "1 entity fetched with 1 request, 100 ms after the response"


def test_a_service_that_is_still_busy_is_not_judged() -> None:
    """It may fetch later what it has not fetched; what it has fetched counts."""
    busy = replace(build_transcript(delivery("a", "b"), call("a", at_ms=105)), still_busy=True)
    finding = evaluate(Expectation("fetched", Level.MUST), busy)
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)
    assert finding.observed.endswith(": 1 of 2 entities not fetched yet")
    done = replace(build_transcript(delivery("a"), call("a", at_ms=105)), still_busy=True)
    finding = evaluate(Expectation("fetched", Level.MUST), done)
    assert (finding.met, finding.subject_count) == (True, 1)


def test_a_refused_request_is_judged_although_the_service_is_still_busy() -> None:
    """With the body that the service sends it will not get the entity, however long that takes."""
    refused = call("b", at_ms=105, status=400, message="Extent is required.")
    busy = replace(build_transcript(delivery("a", "b"), refused), still_busy=True)
    finding = evaluate(Expectation("fetched", Level.MUST), busy)
    assert (finding.met, finding.not_observed) == (False, False)
    assert finding.observed.startswith("ServiceOrderUpdated b was requested, but not returned; ")
    assert finding.observed.endswith("answered with 400 Extent is required")
    alone = evaluate(Expectation("fetched", Level.MUST), build_transcript(delivery("b"), refused))
    assert alone.remedy.startswith("Send the properties that the operation's page requires")


def test_an_entity_without_the_injected_fault_is_not_judged() -> None:
    """Its fetch proves nothing about the fault; an entity that was lost is lost all the same."""
    fetched, lost = (
        build_transcript(delivery("a", "b"), call("a"), *calls) for calls in ([call("b")], [])
    )
    expectation = Expectation("fetched", Level.MUST)
    for unaffected, count in ((set(), 2), ({"b"}, 1), ({"a", "b"}, 0)):
        ids = frozenset(unaffected)
        finding = evaluate(expectation, replace(fetched, unaffected_ids=ids))
        assert (finding.met, finding.subject_count) == (True, count)
    finding = evaluate(expectation, replace(lost, unaffected_ids=frozenset({"a", "b"})))
    assert not finding.met
    assert "1 of 2 entities not fetched" in finding.observed


def test_a_service_that_asks_for_little_at_a_time_has_nothing_to_split() -> None:
    """If no request was large enough for the fault, the scenario is not applicable."""
    transcript = build_transcript(delivery("a", "b"), call("a"), call("b"))
    small = replace(transcript, unaffected_ids=frozenset({"a", "b"}), fault_more_than=14)
    finding = evaluate(Expectation("fetched", Level.MUST), small)
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, False)
    assert finding.observed == (
        "no request was for more than 14 of these entities: none was refused"
    )
    never = replace(build_transcript(delivery("a")), fault_more_than=14)
    assert not evaluate(Expectation("fetched", Level.MUST), never).met


def test_fetched_before_the_response_was_complete() -> None:
    """A fetch before the response was complete has a delay of 0, not a negative one."""
    finding = evaluate_check("fetched", delivery("a", duration_ms=500), call("a", at_ms=100))
    assert finding.observed.endswith("1 request, 0 ms after the response")


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ([], "was never requested"),
        ([call("a", duration_ms=None)], "was requested, but that request had no response yet"),
        ([call("a", returned_ids=())], "was requested, but not returned"),
        ([call("a", at_ms=-50.0)], "was not requested again after it changed"),
        (
            [call("a", returned_ids=("b",), cursor="b")],
            "was requested, but the response had further pages, and the next one was not read",
        ),
        (
            [
                call("a", returned_ids=("b",), cursor="b"),
                call("a", at_ms=200, returned_ids=("c",), cursor="c", is_next_page=True),
            ],
            (
                "was requested, but the response had further pages, and the next one was not read "
                "after 2 pages"
            ),
        ),
        (
            [
                call("a", returned_ids=("b",), cursor="b"),
                call("a", at_ms=200, returned_ids=("b",), cursor="b", is_next_page=True),
            ],
            "was requested, but one page was read twice, and the one after it never",
        ),
        (
            [
                call("a", returned_ids=("b",), cursor="b"),
                call("a", at_ms=200, returned_ids=("c",), is_next_page=True),
            ],
            "was requested, but not returned",
        ),
        (
            [call(returned_ids=("b",), cursor="b", operation="customers/getAll")],
            "was never requested",
        ),
        ([call("a", fault=ApiFault.NOT_JSON)], "was requested, but not returned"),
        (
            [call("a", enterprise=OTHER_ENTERPRISE)],
            f"was requested with the AccessToken of {OTHER_ENTERPRISE}",
        ),
        ([call("a", enterprise=None)], "was requested with an unknown AccessToken"),
        ([call("a", operation="customers/getAll")], "was never requested"),
        (
            [call(returned_ids=("b",)), call(status=408, fault=ApiFault.REQUEST_TIMEOUT)],
            f"was in no response to 2 requests to {GET_RESERVATIONS} by interval",
        ),
        (
            [call(status=408, fault=ApiFault.REQUEST_TIMEOUT)],
            f"was not returned: 1 request to {GET_RESERVATIONS} by interval, none successful",
        ),
        ([call(at_ms=-50.0)], "was never requested"),
        (
            [call("a", status=404, message="no such path"), call("a", status=404, message="other")],
            "was requested, but not returned; 1 of 2 requests was answered with 404 no such path",
        ),
        (
            [call("a", status=500, fault=ApiFault.SERVER_ERROR)],
            "was requested, but not returned",
        ),
    ],
)
def test_fetched_with_a_missing_entity(calls: list[ApiCall], reason: str) -> None:
    """The missing entity is named with the reason; responses with injected faults are not."""
    finding = evaluate_check("fetched", delivery("a"), *calls)
    assert (finding.met, finding.subject_count) == (False, 1)
    missing, _, refusals = reason.partition("; ")
    clauses = (
        f"ServiceOrderUpdated a {missing}",
        "1 of 1 entity not fetched after the acknowledgement",
        refusals,
    )
    assert finding.observed == "; ".join(filter(None, clauses))


@pytest.mark.parametrize(
    "check", ["fetched", "no-repeated-fetch", "one-fetch-per-entity", "batched-requests"]
)
def test_no_fetch_is_expected_without_an_acknowledgement(check: str) -> None:
    """For a refused message no fetch is expected, requested or not."""
    finding = evaluate_check(check, delivery("a", outcomes=(Outcome.ERROR_STATUS,)), call("a"))
    assert (finding.met, finding.subject_count) == (True, 0)


def test_api_called() -> None:
    """One request that was answered with 200 is enough; one about commands doesn't count."""
    commands = call(operation="commands/getAllActive")
    assert not evaluate_check("api-called", delivery("a")).met
    assert not evaluate_check("api-called", delivery("a"), commands).met
    wrong = call(status=404, request_problems=(RequestProblem.WRONG_PATH,), operation="nothing")
    finding = evaluate_check("api-called", delivery("a"), wrong, call("a"))
    assert (finding.met, finding.observed) == (
        True,
        "2 requests, the first to /api/connector/v1/nothing",
    )


def test_api_called_but_refused() -> None:
    """If every request was refused, the observation names the first response."""
    refused = call(status=401, message="Invalid AccessToken.", operation="payments/getAll")
    commands = call(operation="commands/getAllActive")
    finding = evaluate_check("api-called", delivery("a"), commands, refused, refused)
    assert not finding.met
    assert finding.observed == (
        "none of 2 requests was answered with 200; the first, to /api/connector/v1/payments/getAll,"
        " with: 401 Invalid AccessToken"
    )


def test_no_repeated_fetch() -> None:
    """No more fetches by id than deliveries; the worst entity is named with both figures."""
    calls = (call("a", at_ms=100), call("a", "b", at_ms=200))
    outcomes = (Outcome.RESPONSE_DROPPED, Outcome.DELIVERED)
    assert evaluate_check("no-repeated-fetch", delivery("a", "b", outcomes=outcomes), *calls).met
    finding = evaluate_check("no-repeated-fetch", delivery("a", "b"), *calls)
    assert (finding.met, finding.subject_count) == (False, 2)
    assert finding.observed == (
        "ServiceOrderUpdated a was delivered once and fetched twice; "
        "1 of 2 entities fetched more often than delivered"
    )


def test_a_late_response_allows_a_fetch_for_each_attempt() -> None:
    """The partner had the whole message, so Mews's retry allows another fetch."""
    delivered_late = delivery("a", outcomes=(Outcome.TIMEOUT_ANSWER, Outcome.DELIVERED))
    assert evaluate_check(
        "no-repeated-fetch", delivered_late, call("a", at_ms=100), call("a", at_ms=1100)
    ).met


@pytest.mark.parametrize("check", ["no-repeated-fetch", "one-fetch-per-entity"])
def test_requests_by_interval_are_not_repeated_fetches(check: str) -> None:
    """A request by interval may return entities again that it wasn't made for."""
    reads = [call(returned_ids=("a",), at_ms=at) for at in (100, 200, 300)]
    finding = evaluate_check(check, delivery("a"), *reads)
    assert (finding.met, finding.subject_count) == (True, 1)


@pytest.mark.parametrize("check", ["no-repeated-fetch", "one-fetch-per-entity"])
def test_a_failed_request_is_not_a_fetch(check: str) -> None:
    """Retries after failures count as one fetch."""
    tries = [call("a", status=429, at_ms=100), call("a", status=None, at_ms=200)]
    assert evaluate_check(check, delivery("a"), *tries, call("a", at_ms=300)).met


def test_one_fetch_per_entity() -> None:
    """Added and Updated need one fetch; two are too many, unless the message came twice."""
    pair = (("CustomerAdded", "a"), ("CustomerUpdated", "a"))
    fetches = [call("a", operation="customers/getAll", at_ms=at) for at in (100, 200)]
    assert (
        evaluate_check("one-fetch-per-entity", delivery_of(*pair), fetches[0]).observed
        == "1 entity fetched"
    )
    finding = evaluate_check("one-fetch-per-entity", delivery_of(*pair), *fetches)
    assert not finding.met
    assert (
        finding.observed
        == "a was fetched twice after 1 message; 1 of 1 entity fetched for each event"
    )
    again = delivery_of(*pair, outcomes=(Outcome.RESPONSE_DROPPED, Outcome.DELIVERED))
    assert evaluate_check("one-fetch-per-entity", again, *fetches).met


def test_batched_requests() -> None:
    """Forty entities with one request are a batch, with forty requests they aren't."""
    finding = evaluate_check("batched-requests", delivery(*MANY), call(*MANY))
    assert (finding.met, finding.subject_count) == (True, 40)
    assert finding.observed == "1 request for 40 entities; the limit is 200 requests within 30 s"
    single_calls = [call(entity_id, at_ms=100 + n) for n, entity_id in enumerate(MANY)]
    assert not evaluate_check("batched-requests", delivery(*MANY), *single_calls).met


def test_batches_may_be_divided() -> None:
    """Ten requests are few for any batch; failed requests don't count."""
    pages = [call(*MANY, returned_ids=MANY[n::10], at_ms=100 + n) for n in range(10)]
    refused = [call(*MANY, status=429, at_ms=50 + n) for n in range(30)]
    assert evaluate_check("batched-requests", delivery(*MANY), *refused, *pages).met


def test_few_entities_are_not_evaluated() -> None:
    """Nine entities with nine requests are not evaluated."""
    single_calls = [call(entity_id, at_ms=100 + n) for n, entity_id in enumerate(MANY[:9])]
    finding = evaluate_check("batched-requests", delivery(*MANY[:9]), *single_calls)
    assert (finding.met, finding.subject_count) == (True, 0)


def test_not_fetched() -> None:
    """A request for an entity by its id breaks it, returned or not."""
    answered = delivery("a")
    finding = evaluate_check("not-fetched", answered)
    assert (finding.met, finding.observed, finding.subject_count) == (
        True,
        "no request about 1 entity",
        1,
    )
    assert evaluate_check("not-fetched", answered, call("other")).met
    finding = evaluate_check(
        "not-fetched", answered, call("a", status=401, token_state=TokenState.INACTIVE)
    )
    assert not finding.met
    assert finding.observed == (
        "the service requested entities that it must not: 1 request, the first "
        f"{GET_RESERVATIONS} with the AccessToken of {ENTERPRISE}"
    )
    unknown_token = evaluate_check("not-fetched", answered, call("a", status=401, enterprise=None))
    assert unknown_token.observed.endswith(f": 1 request, the first {GET_RESERVATIONS}")


@pytest.mark.parametrize(
    "outcome", [Outcome.CONNECTION_RESET, Outcome.TIMEOUT_ANSWER, Outcome.ERROR_STATUS]
)
def test_no_fetch_shows_nothing_without_an_answer(outcome: Outcome) -> None:
    """A service that is gone, or fails with a 500, requests nothing either."""
    unanswered = delivery("a", outcomes=(outcome,))
    finding = evaluate_check("not-fetched", unanswered)
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)
    assert not evaluate_check("not-fetched", unanswered, call("a")).met


def test_no_fetch_shows_nothing_of_a_busy_service() -> None:
    """It may come to the message later; a request that it made stays one."""
    expectation = Expectation("not-fetched", Level.MUST)
    busy = replace(build_transcript(delivery("a")), still_busy=True)
    finding = evaluate(expectation, busy)
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)
    busy = replace(build_transcript(delivery("a"), call("a")), still_busy=True)
    assert not evaluate(expectation, busy).met


def test_an_unread_page_of_an_interval_is_named() -> None:
    """The entity may be there; of pages that were read to the last one nothing is said."""
    first = call(returned_ids=("b",), cursor="1")
    last = call(returned_ids=(), at_ms=200.0, is_next_page=True)
    requests = "was in no response to {} to reservations/getAll/2023-06-06 by interval"
    unread = requests.format("1 request") + ", whose further pages were not read"
    assert unread in evaluate_check("fetched", delivery("a"), first).observed
    observed = evaluate_check("fetched", delivery("a"), first, last).observed
    assert requests.format("2 requests") in observed
    assert "further pages" not in observed


def test_a_request_by_interval_may_return_refused_entities() -> None:
    """A request by interval returns every change, so it doesn't show work on this entity."""
    assert evaluate_check("not-fetched", delivery("a"), call(returned_ids=("a", "b"))).met


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, False),
        ({"at_ms": 40.0}, True),
        ({"operation": "customers/getAll"}, True),
        ({"enterprise": OTHER_ENTERPRISE}, True),
        ({"token_state": TokenState.CURRENT}, True),
    ],
)
def test_requests_by_interval_with_an_inactive_token(
    changes: dict[str, object], *, met: bool
) -> None:
    """Only a request for the message's kind, after it, with its integration's inactive token."""
    shape: dict[str, object] = {"status": 401, "token_state": TokenState.INACTIVE, **changes}
    message = delivery("a", at_ms=50)
    assert evaluate_check("not-fetched", message, call(**shape)).met is met  # type: ignore[arg-type]


def test_answers_before_fetching() -> None:
    """A response before that of a call doesn't wait for the call, however slow both are."""
    slow = call("a", at_ms=5, duration_ms=8000)
    finding = evaluate_check("answers-before-fetching", delivery("a", duration_ms=1500), slow)
    assert (finding.met, finding.observed) == (
        True,
        "slowest response 1,500 ms while the API was slow",
    )
    assert evaluate_check(
        "answers-before-fetching", delivery("a", duration_ms=1500), call("a", at_ms=5)
    ).met
    assert evaluate_check(
        "answers-before-fetching",
        delivery("a", duration_ms=9000),
        call("b", at_ms=5, duration_ms=8000),
    ).met
    assert evaluate_check(
        "answers-before-fetching", delivery("a"), call("a", at_ms=15, duration_ms=8000)
    ).met


def test_a_response_that_waited() -> None:
    """A response right after that of a slow call waited for it; a timeout waited for any."""
    slow = call("a", at_ms=100, duration_ms=3000)
    finding = evaluate_check(
        "answers-before-fetching", delivery("a", duration_ms=3200), slow, delivery("b", at_ms=9000)
    )
    assert (finding.met, finding.subject_count) == (False, 2)
    assert finding.observed == (
        "the response waited for a request to the API: 1 events, 3,100 ms after that request; "
        "1 of 2 messages"
    )
    never = delivery("a", duration_ms=5000, outcomes=(Outcome.TIMEOUT_ANSWER,))
    assert not evaluate_check(
        "answers-before-fetching", never, call("a", at_ms=100, duration_ms=None)
    ).met


def test_every_attempt_counts() -> None:
    """A first attempt that waited breaks it, whatever the second does."""
    outcomes = (Outcome.TIMEOUT_ANSWER, Outcome.DELIVERED)
    delivered_late = delivery("a", outcomes=outcomes, duration_ms=5000)
    assert not evaluate_check(
        "answers-before-fetching", delivered_late, call("a", at_ms=100, duration_ms=8000)
    ).met


def test_no_polling() -> None:
    """Two requests of each kind are tolerated; with a third, the kind is named."""
    finding = evaluate_check("no-polling", call(at_ms=1))
    assert (finding.met, finding.observed) == (True, "1 request while nothing was sent")
    assert evaluate_check("no-polling").observed == "0 requests while nothing was sent"
    other = call(at_ms=2, operation="customers/getAll")
    sweep = [call(at_ms=1), other, call(at_ms=3), call(at_ms=4, enterprise=OTHER_ENTERPRISE)]
    finding = evaluate_check("no-polling", *sweep)
    assert (finding.met, finding.observed) == (True, "4 requests while nothing was sent")
    finding = evaluate_check("no-polling", *sweep, call(at_ms=5))
    assert not finding.met
    assert finding.observed == (
        f"the service polls: 3 requests {GET_RESERVATIONS} for one enterprise; "
        "5 requests while nothing was sent"
    )


def test_a_service_that_was_never_idle_is_not_said_to_poll() -> None:
    """Its requests were for earlier messages."""
    calls = [call(at_ms=at) for at in range(1, 6)]
    busy = replace(build_transcript(*calls), never_idle=True)
    finding = evaluate(Expectation("no-polling", Level.MAY), busy)
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)


def test_refused_requests_are_not_polling() -> None:
    """Retries for a disabled integration are allowed while nothing is sent."""
    off = [call(at_ms=at, status=401, token_state=TokenState.INACTIVE) for at in range(1, 6)]
    finding = evaluate_check("no-polling", *off)
    assert finding.met
    assert finding.observed == "0 requests while nothing was sent; 5 refused ones not counted"
    further = [call(at_ms=at, is_next_page=True) for at in range(1, 6)]
    assert evaluate_check("no-polling", *further).met
    nothing = [call(at_ms=at, status=204, returned_ids=()) for at in range(1, 4)]
    assert not evaluate_check("no-polling", *nothing).met
    finding = evaluate_check("no-polling", *off, *(call(at_ms=at) for at in range(6, 9)))
    assert not finding.met
    assert finding.observed.startswith(f"the service polls: 3 requests {GET_RESERVATIONS}")


def test_found_by_polling_only_informs() -> None:
    """PROC-30: the observation names what was found; finding nothing breaks nothing."""
    finding = evaluate_check(
        "found-by-polling",
        delivery("a", outcomes=(Outcome.REQUEST_TRUNCATED,)),
        call("a", at_ms=500),
    )
    assert (finding.met, finding.subject_count) == (True, 1)
    assert finding.observed == "1 of 1 entity found without a message"
    missed = evaluate_check(
        "found-by-polling", delivery("a", outcomes=(Outcome.REQUEST_TRUNCATED,))
    )
    assert (missed.met, missed.subject_count) == (True, 0)
    assert "nothing documented requires it" in missed.observed


def page(
    *returned_ids: str, at_ms: float, cursor: str | None = None, is_next: bool = False
) -> ApiCall:
    """Build a call by interval: one page of its response."""
    return call(returned_ids=returned_ids, at_ms=at_ms, cursor=cursor, is_next_page=is_next)


def test_further_pages_read() -> None:
    """The entity was on the second page, and that was read."""
    finding = evaluate_check(
        "further-pages-read",
        delivery("a"),
        page("x", at_ms=100, cursor="x"),
        page("a", at_ms=200, is_next=True),
    )
    assert (finding.met, finding.subject_count) == (True, 1)
    assert finding.observed == "1 entity fetched, 1 further page read"


def test_second_page_not_read() -> None:
    """The first page alone does not contain the entity."""
    finding = evaluate_check(
        "further-pages-read", delivery("a"), page("x", at_ms=100, cursor="x"), page("y", at_ms=200)
    )
    assert (finding.met, finding.subject_count) == (False, 1)
    assert finding.observed == (
        f"the response to {GET_RESERVATIONS} had further pages, and the next one was not read: "
        "ServiceOrderUpdated a was not on the first page; 1 of 1 entity not fetched"
    )


def test_pages_read_up_to_a_number() -> None:
    """A client that stops after two pages is told how many it read."""
    finding = evaluate_check(
        "further-pages-read",
        delivery("a"),
        page("x", at_ms=100, cursor="x"),
        page("y", at_ms=200, cursor="y", is_next=True),
    )
    assert not finding.met
    assert finding.observed.startswith(
        f"the response to {GET_RESERVATIONS} had further pages, and the next one was not read "
        "after 2: ServiceOrderUpdated a was on none of them"
    )


def test_second_page_read_again_and_again() -> None:
    """A client that sends an old cursor never gets to the next page."""
    finding = evaluate_check(
        "further-pages-read",
        delivery("a"),
        page("x", at_ms=100, cursor="x"),
        page("y", at_ms=200, cursor="y", is_next=True),
        page("y", at_ms=300, cursor="y", is_next=True),
    )
    assert not finding.met
    assert "had further pages, and one of them was read again and again" in finding.observed


def test_an_entity_that_is_missing_although_all_pages_were_read() -> None:
    """The reason names the request that failed instead of a page that was read."""
    failed = replace(
        call(operation="messages/getAll", at_ms=300),
        status=400,
        message="MessageThreadIds may have at most 1000 items.",
    )
    threads = "messageThreads/getAll"
    finding = evaluate_check(
        "further-pages-read",
        delivery("m", event="MessageAdded"),
        call(returned_ids=("x",), cursor="x", operation=threads, at_ms=100),
        call(returned_ids=("t",), operation=threads, is_next_page=True, at_ms=200),
        failed,
    )
    assert not finding.met
    assert (
        "MessageAdded m was not returned: 1 request to messages/getAll by interval, none "
        "successful, although all pages were read"
    ) in finding.observed
    assert "answered with 400 MessageThreadIds may have at most 1000 items" in finding.observed


def test_a_further_page_whose_request_failed() -> None:
    """It was asked for, so the page before it was read to its end."""
    read = [
        page("x", at_ms=100, cursor="x"),
        page("y", at_ms=200, cursor="y", is_next=True),
        replace(page(at_ms=300, is_next=True), status=500),
    ]
    finding = evaluate_check("further-pages-read", delivery("a"), *read)
    assert not finding.met
    assert "failed, and was not repeated until it succeeded: " in finding.observed
    repeated = page("a", at_ms=400, is_next=True)
    assert evaluate_check("further-pages-read", delivery("a"), *read, repeated).met


def test_pages_of_threads_count_for_their_messages() -> None:
    """Without the second page of threads the service does not know the thread of the message."""
    finding = evaluate_check(
        "further-pages-read",
        delivery("m", event="MessageAdded"),
        call(returned_ids=("t",), cursor="t", operation="messageThreads/getAll"),
    )
    assert (finding.met, finding.subject_count) == (False, 1)


@pytest.mark.parametrize(
    "other",
    [
        call("a"),  # by id: a single page
        page("x", at_ms=100),  # the only page
        call(returned_ids=("x",), cursor="x", enterprise=OTHER_ENTERPRISE),
        call(returned_ids=("x",), cursor="x", operation="customers/getAll"),
        page("x", at_ms=-5, cursor="x"),  # before the message
    ],
)
def test_without_further_pages_nothing_is_evaluated(other: ApiCall) -> None:
    """A service that reads by ids gets one page, so it shows nothing about further ones."""
    finding = evaluate_check("further-pages-read", delivery("a"), other)
    assert (finding.met, finding.subject_count) == (True, 0)
    assert finding.observed == "no response had further pages"


def test_a_refused_integration_webhook_leaves_nothing_to_judge() -> None:
    """What an execution would have shown after it is not observed; what it showed before counts."""
    refused = delivery("created", outcomes=(Outcome.ERROR_STATUS,) * 3)
    for before, subjects in ((), 0), ((delivery("a"), call("a", at_ms=105)), 1):
        transcript = build_transcript(*before, refused)
        finding = evaluate(
            Expectation("fetched", Level.MUST), replace(transcript, refused_action=refused)
        )
        assert (finding.met, finding.subject_count) == (True, subjects)
        assert finding.not_observed is (subjects == 0)
    assert evaluate_check("fetched", refused).not_observed is False


def stream(*at_ms: float) -> list[Delivery]:
    """Return deliveries of one event each, at these times."""
    return [delivery(f"id-{number}", at_ms=time) for number, time in enumerate(at_ms)]


def test_requested_meanwhile() -> None:
    """A request before the last message shows that the service does not wait for silence."""
    early, late = call("id-0", at_ms=300), call("id-0", "id-1", "id-2", at_ms=2_500)
    finding = evaluate_check("requested-meanwhile", *stream(0, 500, 1_000), early)
    assert (finding.met, finding.subject_count) == (True, 1)
    finding = evaluate_check("requested-meanwhile", *stream(0, 500, 1_000), late)
    assert (finding.met, finding.subject_count) == (False, 3)
    assert finding.observed == (
        "the first request about their entities came 2.5 s after the first of 3 messages, "
        "and the last of these 1.0 s after it"
    )


@pytest.mark.parametrize("calls", [[], [call("other", at_ms=300)]])
def test_a_service_that_requests_nothing_does_not_wait_for_silence(calls: list[ApiCall]) -> None:
    """What it lost is the subject of other checks."""
    finding = evaluate_check("requested-meanwhile", *stream(0, 500, 1_000), *calls)
    assert (finding.met, finding.subject_count) == (True, 0)


def unusable_token(outcome: Outcome) -> Delivery:
    """Build the delivery of an IntegrationCreated with an AccessToken that is null."""
    sent = delivery("i", event="IntegrationCreated", outcomes=(outcome,))
    message = replace(
        sent.message, validity=Validity.INCOMPLETE, description="IntegrationCreated, null"
    )
    return replace(sent, message=message)


def test_unusable_token_refused() -> None:
    """The service refused the message, and fetches with the AccessToken of a valid one."""
    finding = evaluate_check(
        "unusable-token-refused", unusable_token(Outcome.ERROR_STATUS), delivery("a"), call("a")
    )
    assert (finding.met, finding.subject_count) == (True, 1)


def test_unusable_token_accepted() -> None:
    """A service that needs the AccessToken accepted a message without one."""
    finding = evaluate_check(
        "unusable-token-refused", unusable_token(Outcome.DELIVERED), delivery("a"), call("a")
    )
    assert (finding.met, finding.broken_attempts) == (False, ((0, 0),))
    assert finding.observed == (
        "IntegrationCreated, null: answered with 202; 1 unusable AccessToken, 1 accepted"
    )


def test_unusable_token_that_nobody_needs() -> None:
    """A service that fetches nothing for a new enterprise may get AccessTokens in another way."""
    finding = evaluate_check(
        "unusable-token-refused", unusable_token(Outcome.DELIVERED), delivery("a")
    )
    assert (finding.met, finding.subject_count) == (True, 0)
