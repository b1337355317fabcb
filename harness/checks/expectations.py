"""The vocabulary of expectations, and how a transcript is held against one of them.

A word is about single attempts, about all that a play put on the wire, or about TLS handshakes. An
attempt that the harness itself spoilt on purpose (a lost answer, a cut body) says nothing about
the partner and is never judged alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_mews.checks import command_handling, websocket_connection, websocket_reconnect
from pytest_mews.checks.api_reachability import asked_api
from pytest_mews.checks.attempt_checks import ATTEMPT_WORDS, Word
from pytest_mews.checks.fetch_checks import (
    answers_first,
    batched,
    fetched,
    fetched_as_one,
    fetched_once,
    found_later,
    not_fetched,
    quiet,
)
from pytest_mews.checks.latency import BATCH_TO_COME, Observed, ample_time, scales, steady
from pytest_mews.checks.phrasing import attempt_in_words, message_in_words
from pytest_mews.checks.request_etiquette import (
    backs_off,
    names_client,
    new_key,
    no_hammering,
    own_token,
    up_to_date,
    waits_as_told,
    well_formed,
)
from pytest_mews.checks.tls_checks import TLS_WORDS, TlsWord, judge_tls
from pytest_mews.model import Delivery, Expectation, Finding, Transcript
from pytest_mews.model.exchange import INJECTED
from pytest_mews.model.verdict import SIGN_OF_LIFE


@dataclass(frozen=True)
class Whole:
    """One word about everything that a play put on the wire, where no attempt says it alone.

    What it observes carries figures, so it is told also where it is met.
    """

    expected: str
    observe: Callable[[Transcript], Observed]


WHOLE_WORDS: Mapping[str, Whole] = {
    "ample-time": Whole("99 of 100 answers within half the time limit", ample_time),
    "asked-api": Whole(
        "a request to the Connector API that the harness serves, answered with 200", asked_api
    ),
    "fetched": Whole("every entity of an acknowledged message to be fetched", fetched),
    "fetched-as-one": Whole(
        "one fetch for all events about an entity in a message", fetched_as_one
    ),
    "fetched-once": Whole("no more fetches of an entity than deliveries", fetched_once),
    "batched": Whole("requests for many entities each", batched),
    "not-fetched": Whole("no request about these entities", not_fetched),
    "answers-first": Whole("an answer that waits for no request to the API", answers_first),
    "found-later": Whole("a look by interval for what no message told", found_later),
    "quiet": Whole("no requests while nothing is sent", quiet),
    "well-formed": Whole("requests of the documented form", well_formed),
    "names-client": Whole("a Client with the application's name and version", names_client),
    "up-to-date": Whole("no deprecated operation or extent", up_to_date),
    "own-token": Whole("each enterprise's AccessToken for its own entities alone", own_token),
    "new-key": Whole("the new key, and the old one no more", new_key),
    "waits-as-told": Whole(
        "a retry after a 429 no earlier than its Retry-After says", waits_as_told
    ),
    "no-hammering": Whole("pauses before retries after a 429", no_hammering),
    "backs-off": Whole("pauses that grow, none that is fixed", backs_off),
    "steady": Whole("answer times that do not grow as messages keep coming", steady),
    "scales": Whole(
        f"answer times that stay within the limit at {BATCH_TO_COME:,} events too", scales
    ),
}
STREAM_WORDS: Mapping[str, Whole] = {
    "knocks": Whole(
        "a handshake at the WebSocket server of the harness", websocket_connection.knocks
    ),
    "admitted": Whole(
        "handshakes for /ws/connector with the cookies ClientToken and AccessToken, no blanks "
        "around =",
        websocket_connection.admitted,
    ),
    "tokens-in-cookies": Whole("no token in the URL", websocket_connection.tokens_in_cookies),
    "one-connection": Whole(
        "one connection at a time for an enterprise", websocket_connection.one_connection
    ),
    "stays-open": Whole("connections that the client leaves open", websocket_connection.stays_open),
    "answers-pings": Whole("a pong for every ping", websocket_connection.answers_pings),
    "keeps-up": Whole(
        "a client that reads as fast as it is sent to", websocket_connection.keeps_up
    ),
    "lives-on": Whole(
        "a client that is connected and answers afterwards", websocket_connection.lives_on
    ),
    "answers-close": Whole("a close frame in answer to one", websocket_connection.answers_close),
    "reconnects": Whole("a new connection after one that was lost", websocket_reconnect.reconnects),
    "no-storm": Whole(
        f"at most {websocket_reconnect.STORM} handshakes of a client within a second",
        websocket_reconnect.no_storm,
    ),
    "pauses-grow": Whole("pauses between handshakes that grow", websocket_reconnect.pauses_grow),
    "pauses-differ": Whole(
        "pauses with some chance in them (jitter)", websocket_reconnect.pauses_differ
    ),
    "asks-commands": Whole(
        "a request about a command to the Connector API that the harness serves",
        command_handling.watched(command_handling.asks_commands),
    ),
    "looks-up": Whole(
        "every command to be looked up", command_handling.watched(command_handling.looks_up)
    ),
    "reports-done": Whole(
        "commands/update to Processed for every command",
        command_handling.watched(command_handling.reports_done),
    ),
    "done-once": Whole(
        "each command to be done once", command_handling.watched(command_handling.done_once)
    ),
    "not-carried-out": Whole(
        "commands that are over to be left alone",
        command_handling.watched(command_handling.not_carried_out),
    ),
    "as-alone": Whole(
        "events among others to be handled like one alone",
        command_handling.watched(command_handling.as_alone),
    ),
    "asks-active": Whole(
        "commands/getAllActive after a new connection",
        command_handling.watched(command_handling.asks_active),
    ),
    "own-commands": Whole(
        "the AccessToken of a command's own enterprise",
        command_handling.watched(command_handling.own_commands),
    ),
    "told-twice": Whole(
        "no more fetches than both channels told of",
        command_handling.watched(command_handling.told_twice),
    ),
    "real-time": Whole(
        "99 of 100 events asked about within 5 s",
        command_handling.watched(command_handling.real_time),
    ),
}
WORDS: Mapping[str, Word | Whole | TlsWord] = {
    **ATTEMPT_WORDS,
    **WHOLE_WORDS,
    **STREAM_WORDS,
    **TLS_WORDS,
}


def judge(expectation: Expectation, transcript: Transcript) -> Finding:
    """Hold a transcript against one expectation; what was observed is said with figures."""
    word = WORDS[expectation.word]
    if isinstance(word, TlsWord):
        return judge_tls(expectation, transcript)
    meant = tuple(_meant(expectation, transcript.deliveries))
    if isinstance(word, Word):
        return _judge_attempts(expectation, word, meant)
    deliveries = tuple(delivery for _, delivery in meant)
    found = word.observe(_about(expectation.of, replace(transcript, deliveries=deliveries)))
    return Finding(
        expectation.word,
        expectation.obligation,
        found.met,
        word.expected,
        found.observed,
        found.judged,
    )


def _judge_attempts(
    expectation: Expectation, word: Word, meant: Sequence[tuple[int, Delivery]]
) -> Finding:
    seen = [
        (place, delivery, attempt)
        for place, delivery in meant
        for attempt in delivery.attempts
        if attempt.outcome not in INJECTED and word.concerns(attempt)
    ]
    held = [word.holds(attempt) for _, _, attempt in seen]
    holding = [each for each, holds in zip(seen, held, strict=True) if holds]
    broken = [each for each, holds in zip(seen, held, strict=True) if not holds]
    if word.one_is_enough and holding:
        broken = []
    place = None
    if broken:
        place, delivery, attempt = broken[0]
        observed = f"{message_in_words(delivery)}: {attempt_in_words(attempt)}"
        if len(seen) > 1:
            observed = f"{len(broken)} of {len(seen)} attempts; first: {observed}"
    elif holding:
        _, delivery, attempt = holding[-1]
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
        place,
    )


def _about(of: Sequence[str], transcript: Transcript) -> Transcript:
    """Leave out what was sent on the WebSocket for other draws than those named, if any are."""
    if not of:
        return transcript
    return replace(
        transcript,
        missed=tuple(each for each in transcript.missed if each.label in of),
        unsent=tuple(each for each in transcript.unsent if each.label in of),
        connections=tuple(
            replace(line, sent=tuple(each for each in line.sent if each.label in of))
            for line in transcript.connections
        ),
    )


def _meant(
    expectation: Expectation, deliveries: Sequence[Delivery]
) -> Iterator[tuple[int, Delivery]]:
    """Give each delivery that is meant, with its place in the transcript."""
    of_life = expectation.word == "alive"
    for place, delivery in enumerate(deliveries):
        if of_life != (delivery.label == SIGN_OF_LIFE):
            continue
        if not expectation.of or delivery.label in expectation.of:
            yield place, delivery
