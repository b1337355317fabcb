"""Words about how the partner asks: each met and broken, with its figures."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from pytest_mews.checks import judge
from pytest_mews.checks.request_etiquette import DATED, FORM, NAMING
from pytest_mews.model import ApiCall, Expectation, Finding, Level, Outcome, TokenState
from pytest_mews.model.api_call import RequestProblem
from tests.transcripts import HERE, RESERVATIONS, THERE, call, delivery, seen


def said(word: str, *pieces: object) -> Finding:
    """Judge hand-made deliveries and requests by a word."""
    return judge(Expectation(word, Level.MUST), seen(*pieces))  # type: ignore[arg-type]


def refused(at_ms: float, *asked: str, told_s: float | None = None, **other: object) -> ApiCall:
    """Script a request that is answered with 429 after 5 ms."""
    names = asked or ("a", "b")
    return call(*names, at_ms=at_ms, status=429, retry_after_s=told_s, **other)  # type: ignore[arg-type]


def tries(pauses: Sequence[float]) -> list[ApiCall]:
    """Script a request that is refused before each of these pauses, and then served."""
    calls, at_ms = [], 1000.0
    for pause in pauses:
        calls.append(refused(at_ms))
        at_ms += 5 + pause
    return [*calls, call("a", "b", at_ms=at_ms)]


@pytest.mark.parametrize(
    ("word", "missteps"),
    [
        ("well-formed-requests", FORM),
        ("client-name-and-version", NAMING),
        ("no-deprecated-api", DATED),
    ],
)
def test_missteps(word: str, missteps: frozenset[RequestProblem]) -> None:
    """Each word is about its own missteps, and none of them is met by all others together."""
    others = tuple(each for each in RequestProblem if each not in missteps)
    found = said(word, call("a", request_problems=others))
    assert (found.met, found.observed, found.judged) == (True, "1 request", 1)
    for each in missteps:
        assert not said(word, call("a"), call("b", request_problems=(each,))).met
    nothing = said(word, delivery("a"))
    assert (nothing.met, nothing.observed, nothing.judged) == (True, "0 requests", 0)


def test_every_misstep_but_the_limit_is_asked_about() -> None:
    """No misstep goes unseen; the limit of requests is about their number, not their form."""
    assert set(RequestProblem) - {RequestProblem.OVER_LIMIT} == FORM | NAMING | DATED


def test_the_most_frequent_misstep_is_told() -> None:
    """With the path of the first request that made it, and what it was answered with."""
    slash = call(
        request_problems=(RequestProblem.PATH_SPELLING,),
        status=404,
        message="Not found",
        operation="x",
    )
    found = said(
        "well-formed-requests",
        call(request_problems=(RequestProblem.NOT_JSON,)),
        slash,
        slash,
        call("a"),
    )
    assert (found.met, found.judged) == (False, 4)
    assert found.observed == (
        "3 of 4 requests: path-spelling, the first /api/connector/v1/x (Not found)"
    )
    alone = said(
        "well-formed-requests", call(request_problems=(RequestProblem.NOT_POST,), operation="x")
    )
    assert alone.observed == "1 of 1 request: not-post, the first /api/connector/v1/x"


def test_own_token() -> None:
    """Each enterprise's entities are asked for with its own token; what is unknown is nobody's."""
    both = (delivery("a"), delivery("b", enterprise=THERE))
    own = (call("a", "unknown"), call("b", enterprise=THERE), call("c", enterprise=THERE))
    found = said("own-access-token", *both, *own)
    assert (found.met, found.judged) == (True, 2)
    assert found.observed == "2 requests for 2 enterprises"
    assert said("own-access-token", *both, own[0]).observed == "1 request for 1 enterprise"
    nothing = said("own-access-token", *both)
    assert (nothing.met, nothing.judged) == (True, 0)


def test_anothers_token() -> None:
    """The first entity that was asked for with a foreign token is named, and whose token it was."""
    both = (delivery("a"), delivery("b", enterprise=THERE))
    found = said("own-access-token", *both, call("a", "b"), call("a"))
    assert not found.met
    assert found.observed == (
        "1 of 2 requests asked for another enterprise's entities; first: "
        f"{RESERVATIONS} for b of {THERE} with the AccessToken of {HERE}"
    )
    nobody = said("own-access-token", *both, call("a", enterprise=None, status=401))
    assert nobody.observed.endswith(f"for a of {HERE} with an AccessToken that no enterprise has")


def test_a_message_without_an_enterprise_owns_nothing() -> None:
    """What only an integration's message names belongs to no enterprise that could be mistaken."""
    created = delivery("a", event="IntegrationCreated", enterprise=None)
    found = said("own-access-token", created, call("a", enterprise=THERE))
    assert (found.met, found.judged) == (True, 0)


ROTATED = delivery("i", event="IntegrationApiKeyCreated", at_ms=1000)
OLD = TokenState.REPLACED


def test_new_key() -> None:
    """A request with the old key breaks it from when the new one was acknowledged."""
    before, after = call("a", at_ms=900, token=OLD), call("a", at_ms=1010, token=OLD)
    found = said("rotated-key-used", ROTATED, before, call("a", at_ms=1020))
    assert (found.met, found.judged) == (True, 1)
    assert found.observed == "0 of 1 request after the new key came bore an older one"
    found = said("rotated-key-used", ROTATED, before, after, call("a", at_ms=1020))
    assert not found.met
    assert found.observed == "1 of 2 requests after the new key came bore an older one"


def test_what_was_under_way_may_end_with_the_old_key() -> None:
    """Where a message follows the new key, only requests since that one count."""
    following = delivery("a", at_ms=1500)
    assert said("rotated-key-used", ROTATED, following, call("a", at_ms=1100, token=OLD)).met
    assert not said("rotated-key-used", ROTATED, following, call("a", at_ms=1500, token=OLD)).met


@pytest.mark.parametrize(
    "deliveries",
    [
        (),
        (delivery("a"),),
        (delivery("i", event="IntegrationApiKeyCreated", outcomes=(Outcome.ERROR_STATUS,)),),
    ],
)
def test_no_new_key(deliveries: tuple[object, ...]) -> None:
    """Without a new key that was acknowledged nothing is judged."""
    found = said("rotated-key-used", *deliveries, call("a", token=OLD))
    assert (found.met, found.judged) == (True, 0)


def test_waits_as_told() -> None:
    """A retry after Retry-After is sound; half a second before it is too early."""
    found = said("honours-retry-after", refused(0, told_s=1), call("a", at_ms=1000))
    assert (found.met, found.judged) == (True, 1)
    assert found.observed == "1 retry, none before its time"
    found = said("honours-retry-after", refused(0, told_s=1), call("a", at_ms=500))
    assert not found.met
    assert found.observed == (
        "1 of 1 retry came too early, the first 500 ms after a request that was answered with "
        "429 and Retry-After: 1"
    )


@pytest.mark.parametrize(
    "others",
    [
        [],  # it never came again
        [call("c", at_ms=100)],  # another worker's ids
        [call("a", at_ms=2)],  # in flight when the first was refused
        [call("a", at_ms=100, enterprise=THERE)],
        [call("a", at_ms=100, operation="customers/getAll")],
        [call(at_ms=100)],  # by an interval
    ],
)
def test_what_is_no_retry_is_not_judged(others: list[ApiCall]) -> None:
    """Only a later request of the same kind about the same says whether it waited."""
    found = said("honours-retry-after", refused(0, "a", told_s=1), *others)
    assert (found.met, found.judged) == (True, 0)
    assert found.observed == "no request that was told to wait came again"


def test_a_retry_may_be_cut_in_two() -> None:
    """Half of the ids is a retry as well."""
    halves = [call("a", at_ms=1000), call("b", at_ms=1001)]
    assert said("honours-retry-after", refused(0, "a", "b", told_s=1), *halves).met
    assert not said("honours-retry-after", refused(0, "a", "b", told_s=1), call("b", at_ms=9)).met


def test_requests_by_an_interval_come_again() -> None:
    """They name nothing; the next of the same operation is the retry, one by id is not."""
    first = call(at_ms=1, status=429, retry_after_s=1)
    assert said("honours-retry-after", first, call("a", at_ms=50)).judged == 0
    assert not said("honours-retry-after", first, call(at_ms=50)).met


def test_two_workers_each_wait() -> None:
    """Both ask for the same id; the retry of one is not taken for an early one of the other."""
    calls = [refused(0, "a", told_s=1), refused(2, "a", told_s=1, took_ms=598)]
    again = [call("a", at_ms=1010), call("a", at_ms=1610)]
    found = said("honours-retry-after", *calls, *again)
    assert (found.met, found.judged) == (True, 2)


def test_an_answer_that_was_handed_over_late_accuses_nobody() -> None:
    """What is noted after the partner has it does not shorten the pause that the partner made."""
    first = refused(0, "a", told_s=1, took_ms=300)
    assert said("honours-retry-after", first, call("a", at_ms=1005)).met


def test_without_retry_after_nobody_was_told() -> None:
    """`waits-as-told` is about nothing then, and so where 429 is still being handed over."""
    assert said("honours-retry-after", refused(0), call("a", at_ms=9)).judged == 0
    assert (
        said("honours-retry-after", refused(0, told_s=1, took_ms=None), call("a", at_ms=9)).judged
        == 0
    )


@pytest.mark.parametrize(
    ("pauses", "met", "observed"),
    [
        ([250, 500], True, "2 retries, the shortest pause 250 ms"),
        ([60], True, "1 retry, the shortest pause 60 ms"),
        ([1], False, "1 retry, the shortest pause 1 ms, 1 within 50 ms"),
        ([2, 1, 3], False, "3 retries, the shortest pause 1 ms, 3 within 50 ms"),
        ([0, 200, 400], True, "3 retries, the shortest pause 0 ms, 1 within 50 ms"),
        ([], True, "no request was tried again"),
    ],
)
def test_no_hammering(pauses: list[float], *, met: bool, observed: str) -> None:
    """Most retries at once are hammering; a first one at once before pauses that grow is not."""
    found = said("no-immediate-retry", *tries(pauses))
    assert (found.met, found.observed) == (met, observed)
    assert found.judged == len(pauses)


@pytest.mark.parametrize(
    ("pauses", "met"),
    [
        ([250, 500, 1000], True),
        ([250, 300, 380], True),
        ([0, 200, 400], True),
        ([600, 300, 900], True),
        ([200, 200, 200], False),
        ([200, 240, 210, 220], False),
    ],
)
def test_backs_off(pauses: list[float], *, met: bool) -> None:
    """A pause that is always about the same is fixed; how the others come about is free."""
    found = said("exponential-backoff", *tries(pauses))
    assert (found.met, found.judged) == (met, len(pauses))
    assert found.observed == f"pauses of {', '.join(f'{each:,}' for each in pauses)} ms"


def test_too_few_retries_to_see_a_growth() -> None:
    """Two pauses say nothing, nor does a refusal that nothing followed."""
    found = said("exponential-backoff", *tries([200, 200]))
    assert (found.met, found.judged) == (True, 0)
    assert found.observed == "pauses of 200, 200 ms: too few to see a growth"
    assert said("exponential-backoff", refused(0)).observed == "no retry: too few to see a growth"


def test_pauses_of_a_worker_that_looks_every_few_seconds() -> None:
    """Those that are meant to grow are rounded up to its own; alike they say nothing."""
    found = said("exponential-backoff", *tries([2000, 2030, 2010]))
    assert (found.met, found.judged) == (True, 0)
    assert found.observed == "pauses of 2,000, 2,030, 2,010 ms: too long to see a growth"
    assert said("exponential-backoff", *tries([2000, 2000, 4000])).judged == 3
    assert not said("exponential-backoff", *tries([1800, 2000, 2000])).met


@pytest.mark.parametrize("word", ["no-immediate-retry", "exponential-backoff"])
def test_full_jitter_is_hardly_ever_accused(word: str) -> None:
    """Pauses drawn from 0 to 1 s, 2 s, 4 s: 96 of 100 partners at least are not accused."""
    random = Random(1)
    drawn = [[random.uniform(0, 1000 * 2**n) for n in range(3)] for _ in range(400)]
    assert sum(said(word, *tries(pauses)).met for pauses in drawn) >= 384


@pytest.mark.parametrize("word", ["no-immediate-retry", "exponential-backoff"])
def test_two_workers_at_once_are_no_hammering(word: str) -> None:
    """Both ask for the same and are refused at the same moment; each comes back as it should."""
    calls = []
    for moment in (0, 300, 900, 2100):
        calls += [refused(moment, number=len(calls) + 1)]
        calls += [refused(moment + 2, number=len(calls) + 1)]
    found = said(word, *calls)
    assert (found.met, found.judged) == (True, 3)


def test_a_set_of_ids_has_no_order() -> None:
    """A retry that lists the same ids in another order, or with a further one, is a retry."""
    calls = [refused(0, "a", "b"), refused(10, "b", "a"), refused(20, "c", "a", "b")]
    found = said("no-immediate-retry", *calls, call("a", "b", "c", at_ms=30))
    assert (found.met, found.judged) == (False, 3)


def test_the_request_that_was_refused_most_is_looked_at() -> None:
    """A single retry of another request does not hide the pauses, nor does another enterprise."""
    other = [refused(0, "z", number=901), call("z", at_ms=9, number=902)]
    there = [refused(0, enterprise=THERE, number=903), call("a", at_ms=9, number=904)]
    found = said("exponential-backoff", *other, *there, *tries([200, 400, 800]))
    assert found.observed == "pauses of 200, 400, 800 ms"


def test_a_later_fetch_is_no_retry() -> None:
    """What was served and is asked again, for it changed again, has no pause."""
    again = call("a", "b", at_ms=9000)
    assert said("exponential-backoff", *tries([200, 400, 800]), again).judged == 3
