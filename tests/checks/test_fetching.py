"""Words about what was fetched: each met and broken, with its figures."""

from __future__ import annotations

import pytest

from pytest_mews.checks import judge
from pytest_mews.model import ApiCall, ApiFault, Expectation, Finding, Level, Outcome, TokenState
from pytest_mews.model.api_call import RequestProblem
from tests.transcripts import HERE, RESERVATIONS, THERE, call, delivery, of_events, seen

MANY = tuple(f"id-{number}" for number in range(40))


def said(word: str, *pieces: object) -> Finding:
    """Judge hand-made deliveries and requests by a word."""
    return judge(Expectation(word, Level.MUST), seen(*pieces))  # type: ignore[arg-type]


def test_fetched() -> None:
    """All that was acknowledged was in an answer; figures say by how many requests, how soon."""
    found = said("fetched", delivery("a", "b"), call("a", at_ms=105), call("b", at_ms=205))
    assert (found.met, found.judged) == (True, 2)
    assert found.observed == (
        "2 entities fetched by 2 requests, half of them within 150 ms of the answer, "
        "the last after 200 ms"
    )


def test_fetched_in_the_singular() -> None:
    """One entity by one request, and no median of one."""
    found = said("fetched", delivery("a"), call("a", at_ms=105))
    assert found.observed == "1 entity fetched by 1 request, 100 ms after the answer"


def test_fetched_before_the_answer_was_whole() -> None:
    """Whoever fetches while it is still answering waited for nothing, and not less than that."""
    found = said("fetched", delivery("a", took_ms=500), call("a", at_ms=100))
    assert found.observed.endswith("1 request, 0 ms after the answer")


@pytest.mark.parametrize(
    ("calls", "fate"),
    [
        ([], ", never asked for"),
        ([call("a", took_ms=None)], ", a request for it was still being answered"),
        ([call("a", returned=())], ", it was asked for, but not given"),
        ([call("a", at_ms=-50.0)], ", not asked for again after it changed"),
        (
            [call("a", returned=("b",), cursor="b")],
            ", the answer had further pages, and the next was not read",
        ),
        (
            [
                call("a", returned=("b",), cursor="b"),
                call("a", at_ms=200, returned=("b",), cursor="b", continues=True),
            ],
            ", one page was read twice, and the one after it not",
        ),
        (
            [
                call("a", returned=("b",), cursor="b"),
                call("a", at_ms=200, returned=("c",), continues=True),
            ],
            ", it was asked for, but not given",
        ),
        ([call(returned=("b",), cursor="b", operation="customers/getAll")], ", never asked for"),
        ([call("a", fault=ApiFault.NOT_JSON)], ", it was asked for, but not given"),
        ([call("a", enterprise=THERE)], f", it was asked for with the AccessToken of {THERE}"),
        ([call("a", enterprise=None)], ", it was asked for with a token that is not known"),
        ([call("a", operation="customers/getAll")], ", never asked for"),
        (
            [call("a", status=404, message="no such path"), call("a", status=404, message="other")],
            ", it was asked for, but not given; 1 of 2 requests was answered with 404 no such path",
        ),
        (
            [call("a", status=500, fault=ApiFault.SERVER_ERROR)],
            ", it was asked for, but not given",
        ),
    ],
)
def test_not_fetched_after_all(calls: list[ApiCall], fate: str) -> None:
    """What is missing is named, with what became of it; our own faults are no excuse."""
    found = said("fetched", delivery("a"), *calls)
    assert (found.met, found.judged) == (False, 1)
    assert found.observed == (
        f"1 of 1 entity not fetched after the acknowledgement; first: ServiceOrderUpdated a{fate}"
    )


@pytest.mark.parametrize(
    "word", ["fetched", "no-repeated-fetch", "one-fetch-per-entity", "batched-requests"]
)
def test_nothing_acknowledged_is_nothing_owed(word: str) -> None:
    """A message that was refused is about nothing, asked for or not."""
    found = said(word, delivery("a", outcomes=(Outcome.ERROR_STATUS,)), call("a"))
    assert (found.met, found.judged) == (True, 0)


def test_asked_api() -> None:
    """One request that was answered with 200 will do; a WebSocket client asks about commands."""
    commands = call(operation="commands/getAllActive")
    assert not said("api-called", delivery("a")).met
    assert not said("api-called", delivery("a"), commands).met
    wrong = call(status=404, request_problems=(RequestProblem.WRONG_PATH,), operation="nothing")
    found = said("api-called", delivery("a"), wrong, call("a"))
    assert (found.met, found.observed) == (
        True,
        "2 requests, the first to /api/connector/v1/nothing",
    )


def test_asked_api_in_vain() -> None:
    """Where every request was refused it is said how the first was."""
    refused = call(status=401, message="Invalid AccessToken.", operation="payments/getAll")
    commands = call(operation="commands/getAllActive")
    found = said("api-called", delivery("a"), commands, refused, refused)
    assert not found.met
    assert found.observed == (
        "none of 2 requests was answered with 200; the first, to /api/connector/v1/payments/getAll,"
        " with: 401 Invalid AccessToken"
    )


def test_fetched_once() -> None:
    """No more fetches by its id than copies; the worst is named with both figures."""
    twice = (call("a", at_ms=100), call("a", "b", at_ms=200))
    copies = (Outcome.ANSWER_LOST, Outcome.DELIVERED)
    assert said("no-repeated-fetch", delivery("a", "b", outcomes=copies), *twice).met
    found = said("no-repeated-fetch", delivery("a", "b"), *twice)
    assert (found.met, found.judged) == (False, 2)
    assert found.observed == (
        "1 of 2 entities fetched more often than delivered; "
        "ServiceOrderUpdated a was delivered once and fetched twice"
    )


def test_a_message_that_was_answered_too_late_may_be_fetched_for_each_attempt() -> None:
    """The partner had it whole: that it comes again is not its doing alone."""
    late = delivery("a", outcomes=(Outcome.TIMEOUT_ANSWER, Outcome.DELIVERED))
    assert said("no-repeated-fetch", late, call("a", at_ms=100), call("a", at_ms=1100)).met


@pytest.mark.parametrize("word", ["no-repeated-fetch", "one-fetch-per-entity"])
def test_intervals_are_read_for_anybody(word: str) -> None:
    """A request by an interval gives entities again that it was not made for."""
    reads = [call(returned=("a",), at_ms=at) for at in (100, 200, 300)]
    found = said(word, delivery("a"), *reads)
    assert (found.met, found.judged) == (True, 1)


@pytest.mark.parametrize("word", ["no-repeated-fetch", "one-fetch-per-entity"])
def test_a_failed_request_is_no_fetch(word: str) -> None:
    """Whoever tries again after a failure has fetched once."""
    tries = [call("a", status=429, at_ms=100), call("a", status=None, at_ms=200)]
    assert said(word, delivery("a"), *tries, call("a", at_ms=300)).met


def test_fetched_as_one() -> None:
    """Added and Updated lead to one fetch; two are too many, unless the message came twice."""
    pair = (("CustomerAdded", "a"), ("CustomerUpdated", "a"))
    fetches = [call("a", operation="customers/getAll", at_ms=at) for at in (100, 200)]
    assert said("one-fetch-per-entity", of_events(*pair), fetches[0]).observed == "1 entity fetched"
    found = said("one-fetch-per-entity", of_events(*pair), *fetches)
    assert not found.met
    assert found.observed == "1 of 1 entity fetched for each event; a twice after 1 message"
    again = of_events(*pair, outcomes=(Outcome.ANSWER_LOST, Outcome.DELIVERED))
    assert said("one-fetch-per-entity", again, *fetches).met


def test_batched() -> None:
    """Forty entities by one request are a batch, by forty they are none."""
    found = said("batched-requests", delivery(*MANY), call(*MANY))
    assert (found.met, found.judged) == (True, 40)
    assert found.observed == "1 request for 40 entities; the limit is 200 within 30 s"
    singly = [call(each, at_ms=100 + n) for n, each in enumerate(MANY)]
    assert not said("batched-requests", delivery(*MANY), *singly).met


def test_batches_may_be_cut_by_kind_and_pages() -> None:
    """Ten requests are few for any batch; what failed, and retries of it, are not counted."""
    pages = [call(*MANY, returned=MANY[n::10], at_ms=100 + n) for n in range(10)]
    refused = [call(*MANY, status=429, at_ms=50 + n) for n in range(30)]
    assert said("batched-requests", delivery(*MANY), *refused, *pages).met


def test_few_entities_say_nothing_about_batches() -> None:
    """Nine by nine requests are not judged."""
    singly = [call(each, at_ms=100 + n) for n, each in enumerate(MANY[:9])]
    found = said("batched-requests", delivery(*MANY[:9]), *singly)
    assert (found.met, found.judged) == (True, 0)


def test_not_fetched() -> None:
    """Whoever asks for an entity of the message by its id broke it, given or not."""
    refused = delivery("a", outcomes=(Outcome.ERROR_STATUS,))
    found = said("not-fetched", refused)
    assert (found.met, found.observed, found.judged) == (True, "no request about 1 entity", 1)
    assert said("not-fetched", refused, call("other")).met
    found = said("not-fetched", refused, call("a", status=401, token=TokenState.INACTIVE))
    assert not found.met
    assert found.observed == (
        f"1 request about them, the first {RESERVATIONS} with the AccessToken of {HERE}"
    )
    nobody = said("not-fetched", refused, call("a", status=401, enterprise=None))
    assert nobody.observed == f"1 request about them, the first {RESERVATIONS}"


def test_intervals_may_hold_what_was_refused() -> None:
    """Read for something else, an interval gives what has changed: that shows no work on it."""
    refused = delivery("a", outcomes=(Outcome.ERROR_STATUS,))
    assert said("not-fetched", refused, call(returned=("a", "b"))).met


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, False),
        ({"at_ms": 40.0}, True),
        ({"operation": "customers/getAll"}, True),
        ({"enterprise": THERE}, True),
        ({"token": TokenState.CURRENT}, True),
    ],
)
def test_nothing_is_read_with_a_dead_token(changes: dict[str, object], *, met: bool) -> None:
    """An interval of the message's kind, since it came, with its integration's token: for it."""
    shape: dict[str, object] = {"status": 401, "token": TokenState.INACTIVE, **changes}
    message = delivery("a", at_ms=50)
    assert said("not-fetched", message, call(**shape)).met is met  # type: ignore[arg-type]


def test_answers_first() -> None:
    """An answer that comes before the request's does not wait for it, however slow either is."""
    slow = call("a", at_ms=5, took_ms=8000)
    found = said("answers-before-fetching", delivery("a", took_ms=1500), slow)
    assert (found.met, found.observed) == (True, "slowest answer 1,500 ms while the API was slow")
    assert said("answers-before-fetching", delivery("a", took_ms=1500), call("a", at_ms=5)).met
    assert said(
        "answers-before-fetching", delivery("a", took_ms=9000), call("b", at_ms=5, took_ms=8000)
    ).met
    assert said("answers-before-fetching", delivery("a"), call("a", at_ms=15, took_ms=8000)).met


def test_an_answer_that_waited() -> None:
    """It came right after the slow request's, or never: both are told with the figure."""
    slow = call("a", at_ms=100, took_ms=3000)
    found = said(
        "answers-before-fetching", delivery("a", took_ms=3200), slow, delivery("b", at_ms=9000)
    )
    assert (found.met, found.judged) == (False, 2)
    assert found.observed == (
        "1 of 2 messages not answered before a request to the API was; "
        "1 events: 3,100 ms after it was asked"
    )
    never = delivery("a", took_ms=5000, outcomes=(Outcome.TIMEOUT_ANSWER,))
    assert not said("answers-before-fetching", never, call("a", at_ms=100, took_ms=None)).met


def test_every_attempt_counts() -> None:
    """A first attempt that waited too long is not made good by a second."""
    outcomes = (Outcome.TIMEOUT_ANSWER, Outcome.DELIVERED)
    late = delivery("a", outcomes=outcomes, took_ms=5000)
    assert not said("answers-before-fetching", late, call("a", at_ms=100, took_ms=8000)).met


def test_quiet() -> None:
    """Two requests for the same are forgiven, also of each kind; the third shows who asks most."""
    found = said("no-polling", call(at_ms=1))
    assert (found.met, found.observed) == (True, "1 request while nothing was sent")
    assert said("no-polling").observed == "0 requests while nothing was sent"
    other = call(at_ms=2, operation="customers/getAll")
    sweep = [call(at_ms=1), other, call(at_ms=3), call(at_ms=4, enterprise=THERE)]
    found = said("no-polling", *sweep)
    assert (found.met, found.observed) == (True, "4 requests while nothing was sent")
    found = said("no-polling", *sweep, call(at_ms=5))
    assert not found.met
    assert found.observed == (
        f"5 requests while nothing was sent, 3 of them {RESERVATIONS} for one enterprise"
    )


def test_what_is_refused_is_no_polling() -> None:
    """Who tries again for an integration that was switched off may do so while nothing comes."""
    off = [call(at_ms=each, status=401, token=TokenState.INACTIVE) for each in range(1, 6)]
    found = said("no-polling", *off)
    assert found.met
    assert found.observed == "0 requests while nothing was sent; 5 refused ones aside"
    further = [call(at_ms=each, continues=True) for each in range(1, 6)]
    assert said("no-polling", *further).met
    nothing = [call(at_ms=each, status=204, returned=()) for each in range(1, 4)]
    assert not said("no-polling", *nothing).met
    found = said("no-polling", *off, *(call(at_ms=each) for each in range(6, 9)))
    assert not found.met
    assert found.observed.startswith(f"3 requests while nothing was sent, 3 of them {RESERVATIONS}")


def test_found_later_only_informs() -> None:
    """PROC-30: what was found without a message is told; not to look for it breaks nothing."""
    found = said(
        "found-by-polling", delivery("a", outcomes=(Outcome.BODY_CUT,)), call("a", at_ms=500)
    )
    assert (found.met, found.judged) == (True, 1)
    assert found.observed == "1 of 1 entity found without a message"
    missed = said("found-by-polling", delivery("a", outcomes=(Outcome.BODY_CUT,)))
    assert (missed.met, missed.judged) == (True, 0)
    assert "nothing documented asks for it" in missed.observed
