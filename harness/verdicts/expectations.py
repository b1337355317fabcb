"""The vocabulary of expectations: each word a function of the attempts that it judges.

An attempt that the harness itself spoilt on purpose (a lost answer, a cut body) says nothing
about the partner and is never judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from mews_harness.endpoint import token_in
from mews_harness.model import (
    Attempt,
    Delivery,
    Exchange,
    Expectation,
    Finding,
    Outcome,
    Transcript,
)
from mews_harness.model.exchange import INJECTED, TIMEOUTS
from mews_harness.model.verdict import SIGN_OF_LIFE
from mews_harness.verdicts.fetching import (
    answers_first,
    asked_api,
    batched,
    fetched,
    fetched_as_one,
    fetched_once,
    not_fetched,
    quiet,
)
from mews_harness.verdicts.figures import BATCH_TO_COME, Observed, ample_time, scales, steady
from mews_harness.verdicts.manners import (
    backs_off,
    names_client,
    new_key,
    no_hammering,
    own_token,
    up_to_date,
    waits_as_told,
    well_formed,
)
from mews_harness.verdicts.tls import TLS_WORDS, TlsWord, judge_tls
from mews_harness.verdicts.wording import attempt_in_words, message_in_words


@dataclass(frozen=True)
class Word:
    """One word: what it expects, in words for the report, and how an attempt meets it.

    `concerns` says which attempts it is about (all by default), `absent` that there were none.
    """

    expected: str
    holds: Callable[[Attempt], bool]
    concerns: Callable[[Attempt], bool] = lambda _: True
    absent: str = "no attempt could be judged"


@dataclass(frozen=True)
class Whole:
    """One word about everything that a play put on the wire, where no attempt says it alone.

    What it observes carries figures, so it is told also where it is met.
    """

    expected: str
    observe: Callable[[Transcript], Observed]


def accepted(attempt: Attempt) -> bool:
    """Hold when the answer is a 2xx in time, at the end of redirects that keep the method."""
    return attempt.outcome is Outcome.DELIVERED


def in_time(attempt: Attempt) -> bool:
    """Hold when the whole answer came before the deadline, whatever its status."""
    return attempt.outcome not in TIMEOUTS


def success_status(attempt: Attempt) -> bool:
    """Hold when the last status is a 2xx; no status at all does not hold."""
    status = attempt.last.status
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - HTTP's own bounds


def refused(attempt: Attempt) -> bool:
    """Hold when the answer is any 4xx."""
    status = attempt.last.status
    return status is not None and 400 <= status < 500  # noqa: PLR2004 - HTTP's own bounds


def unauthorised(attempt: Attempt) -> bool:
    """Hold when the answer is 401 or 403."""
    return attempt.last.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def keeps_secret(attempt: Attempt) -> bool:
    """Hold when no answer shows the URL's secret, but for a redirect to the same host.

    A framework's page about such a redirect repeats the URL; it goes nowhere but to the sender.
    """
    return not any(_shows_secret(exchange) for exchange in attempt.exchanges)


def no_losing_redirect(attempt: Attempt) -> bool:
    """Hold unless the answer is a redirect after which the message would be lost."""
    return attempt.outcome is not Outcome.REDIRECT_NOT_FOLLOWABLE


def redirects_arrive(attempt: Attempt) -> bool:
    """Hold when a followed redirect ended in a 2xx; about redirected attempts alone."""
    return attempt.outcome is Outcome.DELIVERED


def redirected(attempt: Attempt) -> bool:
    """Tell whether an answer of this attempt was a redirect that Mews follows."""
    outcomes = {attempt.outcome, *(exchange.outcome for exchange in attempt.exchanges)}
    return bool(outcomes & {Outcome.REDIRECTED, Outcome.TOO_MANY_REDIRECTS})


ATTEMPT_WORDS: Mapping[str, Word] = {
    "accepted": Word("a 2xx answer within the time limit", accepted),
    "in-time": Word("a complete answer within the time limit", in_time),
    "success-status": Word("a 2xx status", success_status),
    "refused": Word("a 4xx answer", refused),
    "unauthorised": Word("401 or 403", unauthorised),
    "keeps-secret": Word("an answer that does not show the token", keeps_secret),
    "no-losing-redirect": Word("no redirect, or one that keeps the method", no_losing_redirect),
    "alive": Word("a valid message afterwards is accepted", accepted),
    "redirects-arrive": Word(
        "a 2xx answer from the new location",
        redirects_arrive,
        redirected,
        "no answer was a redirect",
    ),
}
WHOLE_WORDS: Mapping[str, Whole] = {
    "ample-time": Whole("99 of 100 answers within half the time limit", ample_time),
    "asked-api": Whole("a request to the Connector API that the harness serves", asked_api),
    "fetched": Whole("every entity of an acknowledged message to be fetched", fetched),
    "fetched-as-one": Whole(
        "one fetch for all events about an entity in a message", fetched_as_one
    ),
    "fetched-once": Whole("no more fetches of an entity than deliveries", fetched_once),
    "batched": Whole("requests for many entities each", batched),
    "not-fetched": Whole("no request about these entities", not_fetched),
    "answers-first": Whole("an answer that waits for no request to the API", answers_first),
    "quiet": Whole("no requests while nothing is sent", quiet),
    "well-formed": Whole("requests of the documented form", well_formed),
    "names-client": Whole("a Client with the application's name and version", names_client),
    "up-to-date": Whole("no deprecated operation or extent", up_to_date),
    "own-token": Whole("each enterprise's AccessToken for its own entities alone", own_token),
    "new-key": Whole("the new key, and the old one no more", new_key),
    "waits-as-told": Whole(
        "a retry after a 429 no earlier than its Retry-After says", waits_as_told
    ),
    "no-hammering": Whole("a pause before each retry after a 429", no_hammering),
    "backs-off": Whole("pauses that grow from retry to retry", backs_off),
    "steady": Whole("answer times that do not grow as messages keep coming", steady),
    "scales": Whole(
        f"answer times that stay within the limit at {BATCH_TO_COME:,} events too", scales
    ),
}
WORDS: Mapping[str, Word | Whole | TlsWord] = {**ATTEMPT_WORDS, **WHOLE_WORDS, **TLS_WORDS}


def _shows_secret(exchange: Exchange) -> bool:
    secret = token_in(exchange.url)
    if not secret:
        return False
    here = urlsplit(exchange.url).netloc
    shown = [
        value
        for name, value in exchange.response_headers
        if name.lower() != "location" or urlsplit(value).netloc not in {"", here}
    ]
    body = exchange.response_body.decode("utf-8", "replace")
    if exchange.outcome is Outcome.REDIRECTED:
        body = ""
    return any(form in text for text in (*shown, body) for form in (secret, quote(secret, safe="")))


def judge(expectation: Expectation, transcript: Transcript) -> Finding:
    """Hold a transcript against one expectation; what was observed is said with figures."""
    word = WORDS[expectation.word]
    if isinstance(word, TlsWord):
        return judge_tls(expectation, transcript)
    meant = tuple(_meant(expectation, transcript.deliveries))
    if isinstance(word, Whole):
        found = word.observe(replace(transcript, deliveries=meant))
        return Finding(
            expectation.word,
            expectation.obligation,
            found.met,
            word.expected,
            found.observed,
            found.judged,
        )
    seen = [
        (delivery, attempt)
        for delivery in meant
        for attempt in delivery.attempts
        if attempt.outcome not in INJECTED and word.concerns(attempt)
    ]
    broken = [(d, a) for d, a in seen if not word.holds(a)]
    if broken:
        delivery, attempt = broken[0]
        observed = f"{message_in_words(delivery)}: {attempt_in_words(attempt)}"
        if len(seen) > 1:
            observed = f"{len(broken)} of {len(seen)} attempts; first: {observed}"
    elif seen:
        delivery, attempt = seen[-1]
        observed = f"{message_in_words(delivery)}: {attempt_in_words(attempt)}"
    else:
        observed = word.absent
    return Finding(
        expectation.word,
        expectation.obligation,
        not broken,
        word.expected,
        observed,
        len(seen),
    )


def _meant(expectation: Expectation, deliveries: Sequence[Delivery]) -> Iterator[Delivery]:
    of_life = expectation.word == "alive"
    for delivery in deliveries:
        if of_life != (delivery.label == SIGN_OF_LIFE):
            continue
        if not expectation.of or delivery.label in expectation.of:
            yield delivery
