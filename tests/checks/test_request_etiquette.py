"""The checks of how the partner calls the API: met and broken, with figures."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from pytest_mews.checks import evaluate
from pytest_mews.checks.request_etiquette import (
    CLIENT_PROBLEMS,
    DEPRECATION_PROBLEMS,
    FORM_PROBLEMS,
)
from pytest_mews.model import ApiCall, Expectation, Finding, Level, Outcome, TokenState
from pytest_mews.model.api_call import RequestProblem
from tests.transcript_builders import (
    ENTERPRISE,
    GET_RESERVATIONS,
    OTHER_ENTERPRISE,
    build_transcript,
    call,
    delivery,
)


def evaluate_check(check: str, *records: object) -> Finding:
    """Evaluate scripted deliveries and calls with a check."""
    return evaluate(Expectation(check, Level.MUST), build_transcript(*records))  # type: ignore[arg-type]


def refused(
    at_ms: float, *requested_ids: str, retry_after_s: float | None = None, **other: object
) -> ApiCall:
    """Script a call that is answered with 429 after 5 ms."""
    ids = requested_ids or ("a", "b")
    return call(*ids, at_ms=at_ms, status=429, retry_after_s=retry_after_s, **other)  # type: ignore[arg-type]


def retries_after(pauses: Sequence[float]) -> list[ApiCall]:
    """Script a call that is refused before each of these pauses, and then accepted."""
    calls, at_ms = [], 1000.0
    for pause in pauses:
        calls.append(refused(at_ms))
        at_ms += 5 + pause
    return [*calls, call("a", "b", at_ms=at_ms)]


@pytest.mark.parametrize(
    ("check", "problems"),
    [
        ("well-formed-requests", FORM_PROBLEMS),
        ("client-name-and-version", CLIENT_PROBLEMS),
        ("no-deprecated-api", DEPRECATION_PROBLEMS),
    ],
)
def test_request_problems(check: str, problems: frozenset[RequestProblem]) -> None:
    """Each check is broken by its own problems only."""
    others = tuple(problem for problem in RequestProblem if problem not in problems)
    finding = evaluate_check(check, call("a", request_problems=others))
    assert (finding.met, finding.observed, finding.subject_count) == (True, "1 request", 1)
    for problem in problems:
        assert not evaluate_check(check, call("a"), call("b", request_problems=(problem,))).met
    nothing = evaluate_check(check, delivery("a"))
    assert (nothing.met, nothing.observed, nothing.subject_count) == (True, "0 requests", 0)


def test_every_problem_but_the_rate_limit_has_a_check() -> None:
    """The rate limit is about many requests; a list that is too long makes an invalid body."""
    assert (
        set(RequestProblem) - {RequestProblem.OVER_LIMIT, RequestProblem.TOO_MANY_ITEMS}
        == FORM_PROBLEMS | CLIENT_PROBLEMS | DEPRECATION_PROBLEMS
    )


def test_the_most_frequent_problem_is_named() -> None:
    """With the path and the response of the first request that has it."""
    misspelled = call(
        request_problems=(RequestProblem.PATH_SPELLING,),
        status=404,
        message="Not found",
        operation="x",
    )
    finding = evaluate_check(
        "well-formed-requests",
        call(request_problems=(RequestProblem.NOT_JSON,)),
        misspelled,
        misspelled,
        call("a"),
    )
    assert (finding.met, finding.subject_count) == (False, 4)
    assert finding.observed == (
        "/api/connector/v1/x: the path is misspelled: upper or lower case, or a final slash (Not "
        "found); 3 of 4 requests"
    )
    single = evaluate_check(
        "well-formed-requests", call(request_problems=(RequestProblem.NOT_POST,), operation="x")
    )
    assert single.observed == "/api/connector/v1/x: the method is not POST; 1 of 1 request"


def test_a_problem_of_client_does_not_have_the_message_of_another() -> None:
    """The emulator refused the request for something else."""
    problems = (RequestProblem.INVALID_BODY, RequestProblem.CLIENT_WITHOUT_VERSION)
    wrong = call(
        request_problems=problems, status=400, message="Extent is required.", operation="x"
    )
    finding = evaluate_check("client-name-and-version", wrong)
    assert finding.observed == "/api/connector/v1/x: Client names no version; 1 of 1 request"
    finding = evaluate_check("well-formed-requests", wrong)
    assert finding.observed == (
        "/api/connector/v1/x: the body does not match the operation's schema (Extent is required); "
        "1 of 1 request"
    )


def test_a_deprecated_extent_is_named_with_its_own_remedy() -> None:
    """The response is a 200 without a message, and the scenario's remedy is about other things."""
    finding = evaluate_check(
        "no-deprecated-api",
        call(
            request_problems=(RequestProblem.DEPRECATED_EXTENT,),
            extents=("Inactive",),
            operation="x",
        ),
    )
    expected = (
        "/api/connector/v1/x: requests a deprecated part of the response (Extent has Inactive); "
        "1 of 1 request"
    )
    assert finding.observed == expected
    assert finding.remedy.startswith("Leave out the deprecated properties of `Extent`")
    old = call(request_problems=(RequestProblem.DEPRECATED_OPERATION,))
    assert evaluate_check("no-deprecated-api", old).remedy.startswith("Call the operation that")
    assert evaluate_check("no-deprecated-api", call("a")).remedy == ""


def test_own_access_token() -> None:
    """Entities are requested with their own enterprise's token; unknown ids have no owner."""
    both = (delivery("a"), delivery("b", enterprise=OTHER_ENTERPRISE))
    own = (
        call("a", "unknown"),
        call("b", enterprise=OTHER_ENTERPRISE),
        call("c", enterprise=OTHER_ENTERPRISE),
    )
    finding = evaluate_check("own-access-token", *both, *own)
    assert (finding.met, finding.subject_count) == (True, 2)
    assert finding.observed == (
        "2 requests for 2 enterprises, each with the AccessToken of its own"
    )
    assert evaluate_check("own-access-token", *both, own[0]).observed == (
        "1 request for 1 enterprise, each with the AccessToken of its own"
    )
    nothing = evaluate_check("own-access-token", *both)
    assert (nothing.met, nothing.subject_count) == (True, 0)


def test_access_token_of_another_enterprise() -> None:
    """The observation names the first entity, its owner and the owner of the token."""
    both = (delivery("a"), delivery("b", enterprise=OTHER_ENTERPRISE))
    finding = evaluate_check("own-access-token", *both, call("a", "b"), call("a"))
    assert not finding.met
    assert finding.observed == (
        f"{GET_RESERVATIONS} requested b of {OTHER_ENTERPRISE} with the AccessToken of "
        f"{ENTERPRISE}; 1 of 2 requests for another enterprise's entities"
    )
    unknown_token = evaluate_check(
        "own-access-token", *both, call("a", enterprise=None, status=401)
    )
    assert unknown_token.observed.startswith(
        f"{GET_RESERVATIONS} requested a of {ENTERPRISE} with an AccessToken of no enterprise; "
    )


def test_a_message_without_an_enterprise_has_no_owner() -> None:
    """The entity of an Integration Webhook belongs to no enterprise."""
    created = delivery("a", event="IntegrationCreated", enterprise=None)
    finding = evaluate_check("own-access-token", created, call("a", enterprise=OTHER_ENTERPRISE))
    assert (finding.met, finding.subject_count) == (True, 0)


ROTATED = delivery("i", event="IntegrationApiKeyCreated", at_ms=1000)
REPLACED = TokenState.REPLACED


def test_rotated_key_used() -> None:
    """A request with the old key breaks it once the new one is acknowledged."""
    before, after = (
        call("a", at_ms=900, token_state=REPLACED),
        call("a", at_ms=1010, token_state=REPLACED),
    )
    finding = evaluate_check("rotated-key-used", ROTATED, before, call("a", at_ms=1020))
    assert (finding.met, finding.subject_count) == (True, 1)
    assert finding.observed == "0 of 1 request after the new key used an older one"
    finding = evaluate_check("rotated-key-used", ROTATED, before, after, call("a", at_ms=1020))
    assert not finding.met
    assert finding.observed == "1 of 2 requests after the new key used an older one"


def test_requests_under_way_may_use_the_old_key() -> None:
    """If a message follows the new key, only requests after that message count."""
    following = delivery("a", at_ms=1500)
    assert evaluate_check(
        "rotated-key-used", ROTATED, following, call("a", at_ms=1100, token_state=REPLACED)
    ).met
    assert not evaluate_check(
        "rotated-key-used", ROTATED, following, call("a", at_ms=1500, token_state=REPLACED)
    ).met


@pytest.mark.parametrize(
    "deliveries",
    [
        (),
        (delivery("a"),),
        (delivery("i", event="IntegrationApiKeyCreated", outcomes=(Outcome.ERROR_STATUS,)),),
    ],
)
def test_without_an_acknowledged_new_key(deliveries: tuple[object, ...]) -> None:
    """Without a new key that was acknowledged, nothing is evaluated."""
    finding = evaluate_check("rotated-key-used", *deliveries, call("a", token_state=REPLACED))
    assert (finding.met, finding.subject_count) == (True, 0)


def test_honours_retry_after() -> None:
    """A retry after Retry-After meets it; half a second before is too early."""
    finding = evaluate_check(
        "honours-retry-after", refused(0, retry_after_s=1), call("a", at_ms=1000)
    )
    assert (finding.met, finding.subject_count) == (True, 1)
    assert finding.observed == "1 retry, none before its time"
    finding = evaluate_check(
        "honours-retry-after", refused(0, retry_after_s=1), call("a", at_ms=500)
    )
    assert not finding.met
    assert finding.observed == (
        "a retry came 500 ms after a request that was answered with 429 and Retry-After: 1; "
        "1 of 1 retry too early"
    )


@pytest.mark.parametrize(
    "others",
    [
        [],  # no retry
        [call("c", at_ms=100)],  # another worker's ids
        [call("a", at_ms=2)],  # in flight when the first was refused
        [call("a", at_ms=100, enterprise=OTHER_ENTERPRISE)],
        [call("a", at_ms=100, operation="customers/getAll")],
        [call(at_ms=100)],  # by interval
    ],
)
def test_requests_that_are_not_retries(others: list[ApiCall]) -> None:
    """Only a later request for the same entities with the same operation is a retry."""
    finding = evaluate_check("honours-retry-after", refused(0, "a", retry_after_s=1), *others)
    assert (finding.met, finding.subject_count) == (True, 0)
    assert finding.observed == "no request was repeated after a 429 with Retry-After"


def test_a_retry_may_be_divided() -> None:
    """A request for half of the ids is a retry too."""
    halves = [call("a", at_ms=1000), call("b", at_ms=1001)]
    assert evaluate_check("honours-retry-after", refused(0, "a", "b", retry_after_s=1), *halves).met
    assert not evaluate_check(
        "honours-retry-after", refused(0, "a", "b", retry_after_s=1), call("b", at_ms=9)
    ).met


def test_retries_by_interval() -> None:
    """The next request by interval with the same operation is the retry, one by id isn't."""
    first = call(at_ms=1, status=429, retry_after_s=1)
    assert evaluate_check("honours-retry-after", first, call("a", at_ms=50)).subject_count == 0
    assert not evaluate_check("honours-retry-after", first, call(at_ms=50)).met


def test_two_workers_that_each_wait() -> None:
    """The retry of one isn't taken for an early retry of the other."""
    calls = [refused(0, "a", retry_after_s=1), refused(2, "a", retry_after_s=1, duration_ms=598)]
    again = [call("a", at_ms=1010), call("a", at_ms=1610)]
    finding = evaluate_check("honours-retry-after", *calls, *again)
    assert (finding.met, finding.subject_count) == (True, 2)


def test_a_response_that_is_recorded_late() -> None:
    """The late record doesn't shorten the pause that the partner made."""
    first = refused(0, "a", retry_after_s=1, duration_ms=300)
    assert evaluate_check("honours-retry-after", first, call("a", at_ms=1005)).met


def test_a_429_without_retry_after() -> None:
    """Then nothing is evaluated, and neither is it while the 429 is still being sent."""
    assert evaluate_check("honours-retry-after", refused(0), call("a", at_ms=9)).subject_count == 0
    assert (
        evaluate_check(
            "honours-retry-after", refused(0, retry_after_s=1, duration_ms=None), call("a", at_ms=9)
        ).subject_count
        == 0
    )


@pytest.mark.parametrize(
    ("pauses", "met", "observed"),
    [
        ([250, 500], True, "2 retries, shortest pause 250 ms"),
        ([60], True, "1 retry, shortest pause 60 ms"),
        (
            [1],
            False,
            "most retries after a 429 come at once; 1 retry, shortest pause 1 ms, 1 within 50 ms",
        ),
        (
            [2, 1, 3],
            False,
            "most retries after a 429 come at once; 3 retries, shortest pause 1 ms, 3 within 50 ms",
        ),
        ([0, 200, 400], True, "3 retries, shortest pause 0 ms, 1 within 50 ms"),
        ([], True, "no request was retried"),
    ],
)
def test_no_immediate_retry(pauses: list[float], *, met: bool, observed: str) -> None:
    """Most retries at once break it; a first one at once before growing pauses doesn't."""
    finding = evaluate_check("no-immediate-retry", *retries_after(pauses))
    assert (finding.met, finding.observed) == (met, observed)
    assert finding.subject_count == len(pauses)


@pytest.mark.parametrize(
    ("pauses", "met"),
    [
        ([250, 500, 1000], True),
        ([250, 300, 380], True),
        ([0, 200, 400], True),
        ([600, 300, 900], True),
        ([200, 200, 200], False),
        ([200, 240, 210, 220], False),
        ([800, 400, 200, 100], False),
        ([800, 400, 200], True),
        ([800, 600, 400, 300], True),
    ],
)
def test_exponential_backoff(pauses: list[float], *, met: bool) -> None:
    """Pauses that are all about equal, or shrink each time, break the check."""
    finding = evaluate_check("exponential-backoff", *retries_after(pauses))
    assert (finding.met, finding.subject_count) == (met, len(pauses))
    figures = f"pauses of {', '.join(f'{pause:,}' for pause in pauses)} ms"
    diagnosis = "" if met else "the pauses before retries do not grow: "
    assert finding.observed == f"{diagnosis}{figures}"


def test_too_few_retries_to_see_growth() -> None:
    """Two pauses are too few, and so is a refusal without a retry."""
    finding = evaluate_check("exponential-backoff", *retries_after([200, 200]))
    assert (finding.met, finding.subject_count) == (True, 0)
    assert finding.observed == "pauses of 200, 200 ms: too few to see growth"
    assert (
        evaluate_check("exponential-backoff", refused(0)).observed
        == "no retry: too few to see growth"
    )


def test_pauses_that_may_be_a_worker_s_interval() -> None:
    """Growing pauses may be rounded up to the interval, so equal ones aren't evaluated."""
    finding = evaluate_check("exponential-backoff", *retries_after([2000, 2030, 2010]))
    assert (finding.met, finding.subject_count) == (True, 0)
    assert finding.observed == "pauses of 2,000, 2,030, 2,010 ms: too long to see growth"
    assert (
        evaluate_check("exponential-backoff", *retries_after([2000, 2000, 4000])).subject_count == 3
    )
    assert not evaluate_check("exponential-backoff", *retries_after([1800, 2000, 2000])).met


@pytest.mark.parametrize("check", ["no-immediate-retry", "exponential-backoff"])
def test_full_jitter_rarely_fails(check: str) -> None:
    """With random pauses of 0 to 1 s, 2 s, 4 s, at least 96 of 100 partners pass."""
    rng = Random(1)
    series = [[rng.uniform(0, 1000 * 2**n) for n in range(3)] for _ in range(400)]
    assert sum(evaluate_check(check, *retries_after(pauses)).met for pauses in series) >= 384


@pytest.mark.parametrize("check", ["no-immediate-retry", "exponential-backoff"])
def test_two_workers_at_once(check: str) -> None:
    """Both request the same, are refused at the same moment, and retry with growing pauses."""
    calls = []
    for moment in (0, 300, 900, 2100):
        calls += [refused(moment, number=len(calls) + 1)]
        calls += [refused(moment + 2, number=len(calls) + 1)]
    finding = evaluate_check(check, *calls)
    assert (finding.met, finding.subject_count) == (True, 3)


def test_the_order_of_ids_does_not_matter() -> None:
    """A request for the same ids in another order, or with a further one, is a retry."""
    calls = [refused(0, "a", "b"), refused(10, "b", "a"), refused(20, "c", "a", "b")]
    finding = evaluate_check("no-immediate-retry", *calls, call("a", "b", "c", at_ms=30))
    assert (finding.met, finding.subject_count) == (False, 3)


def test_the_request_with_most_refusals_is_evaluated() -> None:
    """A single retry of another request, or of another enterprise, doesn't hide the pauses."""
    other = [refused(0, "z", number=901), call("z", at_ms=9, number=902)]
    there = [refused(0, enterprise=OTHER_ENTERPRISE, number=903), call("a", at_ms=9, number=904)]
    finding = evaluate_check("exponential-backoff", *other, *there, *retries_after([200, 400, 800]))
    assert finding.observed == "pauses of 200, 400, 800 ms"


def test_a_later_fetch_is_not_a_retry() -> None:
    """A fetch after a success, because of another change, has no pause."""
    again = call("a", "b", at_ms=9000)
    assert (
        evaluate_check("exponential-backoff", *retries_after([200, 400, 800]), again).subject_count
        == 3
    )


def test_an_operation_that_is_not_served_is_not_judged() -> None:
    """The observation names it; a wrong path is a problem all the same."""
    other = call(at_ms=200, operation="orderItems/getAll")
    finding = evaluate_check("well-formed-requests", call("a"), other)
    assert finding.met
    assert finding.observed == "2 requests; not served here, not judged: orderItems/getAll"
    wrong = call(at_ms=300, operation="", request_problems=(RequestProblem.WRONG_PATH,))
    assert not evaluate_check("well-formed-requests", other, wrong).met


def test_a_rejected_request_may_be_sent_again_twice() -> None:
    """Three times the same ids are tolerated, four are not; a part of them is another request."""

    def rejected(count: int, *ids: str, status: int = 403) -> list[ApiCall]:
        return [call(*ids, at_ms=100.0 * (n + 1), status=status) for n in range(count)]

    sound = [*rejected(3, "a", "b"), *rejected(3, "a"), *rejected(3, "b"), *rejected(9, status=400)]
    assert evaluate_check("rejected-not-repeated", *sound).met
    assert evaluate_check("rejected-not-repeated", *rejected(9, "a", status=500)).subject_count == 0
    finding = evaluate_check("rejected-not-repeated", *rejected(4, "a", "b"))
    assert not finding.met
    assert (
        "was answered with 403 and sent 4 times unchanged; 1 request rejected" in finding.observed
    )
