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
from pytest_mews.checks.attempt_checks import ATTEMPT_CHECKS, AttemptCheck
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
from pytest_mews.checks.tls_checks import TLS_CHECKS, TlsCheck, judge_tls
from pytest_mews.model import Delivery, Expectation, Finding, Transcript
from pytest_mews.model.exchange import INJECTED
from pytest_mews.model.verdict import HEALTH_CHECK


@dataclass(frozen=True)
class CaseCheck:
    """One word about everything that a play put on the wire, where no attempt says it alone.

    What it observes carries figures, so it is told also where it is met.
    """

    expected: str
    observe: Callable[[Transcript], Observed]


CASE_CHECKS: Mapping[str, CaseCheck] = {
    "p99-under-half-limit": CaseCheck("99 of 100 answers within half the time limit", ample_time),
    "api-called": CaseCheck(
        "a request to the Connector API that the harness serves, answered with 200", asked_api
    ),
    "fetched": CaseCheck("every entity of an acknowledged message to be fetched", fetched),
    "one-fetch-per-entity": CaseCheck(
        "one fetch for all events about an entity in a message", fetched_as_one
    ),
    "no-repeated-fetch": CaseCheck("no more fetches of an entity than deliveries", fetched_once),
    "batched-requests": CaseCheck("requests for many entities each", batched),
    "not-fetched": CaseCheck("no request about these entities", not_fetched),
    "answers-before-fetching": CaseCheck(
        "an answer that waits for no request to the API", answers_first
    ),
    "found-by-polling": CaseCheck("a look by interval for what no message told", found_later),
    "no-polling": CaseCheck("no requests while nothing is sent", quiet),
    "well-formed-requests": CaseCheck("requests of the documented form", well_formed),
    "client-name-and-version": CaseCheck(
        "a Client with the application's name and version", names_client
    ),
    "no-deprecated-api": CaseCheck("no deprecated operation or extent", up_to_date),
    "own-access-token": CaseCheck(
        "each enterprise's AccessToken for its own entities alone", own_token
    ),
    "rotated-key-used": CaseCheck("the new key, and the old one no more", new_key),
    "honours-retry-after": CaseCheck(
        "a retry after a 429 no earlier than its Retry-After says", waits_as_told
    ),
    "no-immediate-retry": CaseCheck("pauses before retries after a 429", no_hammering),
    "exponential-backoff": CaseCheck("pauses that grow, none that is fixed", backs_off),
    "no-latency-growth": CaseCheck("answer times that do not grow as messages keep coming", steady),
    "scales-with-batch": CaseCheck(
        f"answer times that stay within the limit at {BATCH_TO_COME:,} events too", scales
    ),
}
WEBSOCKET_CHECKS: Mapping[str, CaseCheck] = {
    "handshake-attempted": CaseCheck(
        "a handshake at the WebSocket server of the harness", websocket_connection.knocks
    ),
    "handshake-valid": CaseCheck(
        "handshakes for /ws/connector with the cookies ClientToken and AccessToken, no blanks "
        "around =",
        websocket_connection.admitted,
    ),
    "tokens-in-cookies": CaseCheck("no token in the URL", websocket_connection.tokens_in_cookies),
    "single-connection": CaseCheck(
        "one connection at a time for an enterprise", websocket_connection.one_connection
    ),
    "connection-kept-open": CaseCheck(
        "connections that the client leaves open", websocket_connection.stays_open
    ),
    "answers-pings": CaseCheck("a pong for every ping", websocket_connection.answers_pings),
    "no-backpressure": CaseCheck(
        "a client that reads as fast as it is sent to", websocket_connection.keeps_up
    ),
    "still-connected": CaseCheck(
        "a client that is connected and answers afterwards", websocket_connection.lives_on
    ),
    "answers-close-frame": CaseCheck(
        "a close frame in answer to one", websocket_connection.answers_close
    ),
    "reconnects": CaseCheck(
        "a new connection after one that was lost", websocket_reconnect.reconnects
    ),
    "no-reconnect-storm": CaseCheck(
        f"at most {websocket_reconnect.STORM} handshakes of a client within a second",
        websocket_reconnect.no_storm,
    ),
    "reconnect-backoff": CaseCheck(
        "pauses between handshakes that grow", websocket_reconnect.pauses_grow
    ),
    "jitter": CaseCheck(
        "pauses with some chance in them (jitter)", websocket_reconnect.pauses_differ
    ),
    "commands-requested": CaseCheck(
        "a request about a command to the Connector API that the harness serves",
        command_handling.watched(command_handling.asks_commands),
    ),
    "command-fetched": CaseCheck(
        "every command to be looked up", command_handling.watched(command_handling.looks_up)
    ),
    "command-reported": CaseCheck(
        "commands/update to Processed for every command",
        command_handling.watched(command_handling.reports_done),
    ),
    "command-idempotent": CaseCheck(
        "each command to be done once", command_handling.watched(command_handling.done_once)
    ),
    "command-not-executed": CaseCheck(
        "commands that are over to be left alone",
        command_handling.watched(command_handling.not_carried_out),
    ),
    "handled-in-mixed-batch": CaseCheck(
        "events among others to be handled like one alone",
        command_handling.watched(command_handling.as_alone),
    ),
    "active-commands-requested": CaseCheck(
        "commands/getAllActive after a new connection",
        command_handling.watched(command_handling.asks_active),
    ),
    "own-access-token-for-commands": CaseCheck(
        "the AccessToken of a command's own enterprise",
        command_handling.watched(command_handling.own_commands),
    ),
    "no-double-fetch": CaseCheck(
        "no more fetches than both channels told of",
        command_handling.watched(command_handling.told_twice),
    ),
    "p99-lookup-under-5s": CaseCheck(
        "99 of 100 events asked about within 5 s",
        command_handling.watched(command_handling.real_time),
    ),
}
CHECKS: Mapping[str, AttemptCheck | CaseCheck | TlsCheck] = {
    **ATTEMPT_CHECKS,
    **CASE_CHECKS,
    **WEBSOCKET_CHECKS,
    **TLS_CHECKS,
}


def judge(expectation: Expectation, transcript: Transcript) -> Finding:
    """Hold a transcript against one expectation; what was observed is said with figures."""
    word = CHECKS[expectation.check]
    if isinstance(word, TlsCheck):
        return judge_tls(expectation, transcript)
    meant = tuple(_meant(expectation, transcript.deliveries))
    if isinstance(word, AttemptCheck):
        return _judge_attempts(expectation, word, meant)
    deliveries = tuple(delivery for _, delivery in meant)
    found = word.observe(_about(expectation.of, replace(transcript, deliveries=deliveries)))
    return Finding(
        expectation.check,
        expectation.level,
        found.met,
        word.expected,
        found.observed,
        found.judged,
    )


def _judge_attempts(
    expectation: Expectation, word: AttemptCheck, meant: Sequence[tuple[int, Delivery]]
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
        expectation.check,
        expectation.level,
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
        not_sent=tuple(each for each in transcript.not_sent if each.label in of),
        undeliverable=tuple(each for each in transcript.undeliverable if each.label in of),
        connections=tuple(
            replace(line, sent=tuple(each for each in line.sent if each.label in of))
            for line in transcript.connections
        ),
    )


def _meant(
    expectation: Expectation, deliveries: Sequence[Delivery]
) -> Iterator[tuple[int, Delivery]]:
    """Give each delivery that is meant, with its place in the transcript."""
    of_life = expectation.check == "healthy"
    for place, delivery in enumerate(deliveries):
        if of_life != (delivery.label == HEALTH_CHECK):
            continue
        if not expectation.of or delivery.label in expectation.of:
            yield place, delivery
