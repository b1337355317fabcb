"""All checks by name, and how a transcript is evaluated against one expectation.

A check is about single attempts, about everything that happened in one execution, or about TLS
handshakes. An attempt with a fault that the harness injected (a dropped response, a truncated
request) shows nothing about the partner and is never evaluated by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pytest_mews.checks import (
    command_handling,
    fetch_checks,
    latency,
    request_etiquette,
    websocket_connection,
    websocket_reconnect,
)
from pytest_mews.checks.api_reachability import api_called
from pytest_mews.checks.attempt_checks import ATTEMPT_CHECKS, AttemptCheck
from pytest_mews.checks.observation import CaseCheck
from pytest_mews.checks.phrasing import attempt_figures, describe_response, explain_attempt
from pytest_mews.checks.preflight_diagnosis import PREFLIGHT, diagnose_preflight
from pytest_mews.checks.remedies import remedy_for
from pytest_mews.checks.tls_checks import TLS_CHECKS, TlsCheck, evaluate_tls
from pytest_mews.model import Attempt, Delivery, Expectation, Finding, Transcript
from pytest_mews.model.exchange import INJECTED_OUTCOMES
from pytest_mews.model.verdict import HEALTH_CHECK

CASE_CHECKS: Mapping[str, CaseCheck] = {
    "p99-under-half-limit": CaseCheck(
        "99 of 100 responses within half the time limit", latency.p99_under_half_limit
    ),
    "api-called": CaseCheck(
        "a request to the Connector API emulator that is answered with 200", api_called
    ),
    "fetched": CaseCheck("every entity of an acknowledged message fetched", fetch_checks.fetched),
    "one-fetch-per-entity": CaseCheck(
        "one fetch for all events about an entity in a message", fetch_checks.one_fetch_per_entity
    ),
    "no-repeated-fetch": CaseCheck(
        "no more fetches of an entity than deliveries", fetch_checks.no_repeated_fetch
    ),
    "batched-requests": CaseCheck("requests for many entities each", fetch_checks.batched_requests),
    "not-fetched": CaseCheck("no request about these entities", fetch_checks.not_fetched),
    "answers-before-fetching": CaseCheck(
        "a response that does not wait for a request to the API",
        fetch_checks.answers_before_fetching,
    ),
    "found-by-polling": CaseCheck(
        "entities found by polling when no message reported them (for information)",
        fetch_checks.found_by_polling,
    ),
    "no-polling": CaseCheck("no requests while nothing is sent", fetch_checks.no_polling),
    "well-formed-requests": CaseCheck(
        "requests of the documented form", request_etiquette.well_formed_requests
    ),
    "client-name-and-version": CaseCheck(
        "a Client property with the application's name and version",
        request_etiquette.client_name_and_version,
    ),
    "no-deprecated-api": CaseCheck(
        "no deprecated operation or extent", request_etiquette.no_deprecated_api
    ),
    "own-access-token": CaseCheck(
        "each enterprise's AccessToken for its own entities only",
        request_etiquette.own_access_token,
    ),
    "rotated-key-used": CaseCheck(
        "the new key, and no longer the old one", request_etiquette.rotated_key_used
    ),
    "honours-retry-after": CaseCheck(
        "no retry after a 429 before its Retry-After is over",
        request_etiquette.honours_retry_after,
    ),
    "no-immediate-retry": CaseCheck(
        "pauses before retries after a 429", request_etiquette.no_immediate_retry
    ),
    "exponential-backoff": CaseCheck(
        "growing pauses instead of a fixed one", request_etiquette.exponential_backoff
    ),
    "no-latency-growth": CaseCheck(
        "response times that do not grow while messages keep arriving", latency.no_latency_growth
    ),
    "scales-with-batch": CaseCheck(
        f"response times within the limit also at {latency.PROJECTED_BATCH:,} events",
        latency.scales_with_batch,
    ),
}
WEBSOCKET_CHECKS: Mapping[str, CaseCheck] = {
    "handshake-attempted": CaseCheck(
        "a handshake at the WebSocket emulator", websocket_connection.handshake_attempted
    ),
    "handshake-valid": CaseCheck(
        "handshakes for /ws/connector with the cookies ClientToken and AccessToken, no blanks "
        "around =",
        websocket_connection.handshake_valid,
    ),
    "tokens-in-cookies": CaseCheck("no token in the URL", websocket_connection.tokens_in_cookies),
    "single-connection": CaseCheck(
        "one connection at a time for an enterprise", websocket_connection.single_connection
    ),
    "connection-kept-open": CaseCheck(
        "connections that the client does not close", websocket_connection.connection_kept_open
    ),
    "answers-pings": CaseCheck("a pong for every ping", websocket_connection.answers_pings),
    "no-backpressure": CaseCheck(
        "a client that reads as fast as messages are sent", websocket_connection.no_backpressure
    ),
    "still-connected": CaseCheck(
        "a client that is connected and answers at the end", websocket_connection.still_connected
    ),
    "answers-close-frame": CaseCheck(
        "a close frame in response to a close frame", websocket_connection.answers_close_frame
    ),
    "reconnects": CaseCheck("a new connection after a lost one", websocket_reconnect.reconnects),
    "no-reconnect-storm": CaseCheck(
        f"at most {websocket_reconnect.MAX_HANDSHAKES} handshakes of a client within a second",
        websocket_reconnect.no_reconnect_storm,
    ),
    "reconnect-backoff": CaseCheck(
        "growing pauses between handshakes", websocket_reconnect.reconnect_backoff
    ),
    "jitter": CaseCheck("pauses with some randomness (jitter)", websocket_reconnect.jitter),
    "commands-requested": CaseCheck(
        "a request about a command to the Connector API emulator",
        command_handling.commands_requested,
    ),
    "command-fetched": CaseCheck("every command fetched", command_handling.command_fetched),
    "command-reported": CaseCheck(
        "commands/update to Processed for every command", command_handling.command_reported
    ),
    "command-idempotent": CaseCheck(
        "each command reported as Processed once", command_handling.command_idempotent
    ),
    "command-not-executed": CaseCheck(
        "no report about commands that are already over", command_handling.command_not_executed
    ),
    "handled-in-mixed-batch": CaseCheck(
        "events in a mixed batch handled like single ones",
        command_handling.handled_in_mixed_batch,
    ),
    "active-commands-requested": CaseCheck(
        "commands/getAllActive after a new connection",
        command_handling.active_commands_requested,
    ),
    "no-double-fetch": CaseCheck(
        "no more fetches than messages on both channels", command_handling.no_double_fetch
    ),
    "p99-lookup-under-5s": CaseCheck(
        "a first request within 5 s for 99 of 100 events", command_handling.p99_lookup_under_5s
    ),
}
CHECKS: Mapping[str, AttemptCheck | CaseCheck | TlsCheck] = {
    **ATTEMPT_CHECKS,
    **CASE_CHECKS,
    **WEBSOCKET_CHECKS,
    **TLS_CHECKS,
}


def evaluate(expectation: Expectation, transcript: Transcript) -> Finding:
    """Evaluate a transcript against one expectation.

    Returns:
        The finding. What it observed begins with the diagnosis, followed by the figures.

    """
    check = CHECKS[expectation.check]
    if isinstance(check, TlsCheck):
        return evaluate_tls(expectation, transcript)
    deliveries = tuple(_deliveries_of(expectation, transcript.deliveries))
    if isinstance(check, AttemptCheck):
        return _evaluate_attempts(expectation, check, deliveries)
    only = replace(transcript, deliveries=tuple(delivery for _, delivery in deliveries))
    observation = check.observe(_restrict_to(expectation.of, only))
    return Finding(
        expectation.check,
        expectation.level,
        observation.met,
        check.expected,
        observation.observed,
        observation.subject_count,
        remedy=observation.remedy,
    )


def _evaluate_attempts(
    expectation: Expectation, check: AttemptCheck, deliveries: Sequence[tuple[int, Delivery]]
) -> Finding:
    evaluated = [
        (index, delivery, attempt)
        for index, delivery in deliveries
        for attempt in delivery.attempts
        if attempt.outcome not in INJECTED_OUTCOMES and check.concerns(attempt)
    ]
    meeting: list[tuple[int, Delivery, Attempt]] = []
    broken: list[tuple[int, Delivery, Attempt]] = []
    for index, delivery, attempt in evaluated:
        (meeting if check.holds(attempt) else broken).append((index, delivery, attempt))
    if check.one_is_enough and meeting:
        broken = []
    delivery_index, remedy = None, None
    if broken:
        delivery_index, delivery, attempt = broken[0]
        count = f"{len(broken)} of {len(evaluated)} attempts" if len(evaluated) > 1 else ""
        observed = _observed(delivery, attempt, check.explain(attempt), count)
        if check.has_remedies:
            remedy = remedy_for(attempt, preflight=delivery.label == PREFLIGHT)
    elif meeting:
        _, delivery, attempt = _most_informative(meeting)
        observed = _observed(delivery, attempt, explain_attempt(attempt))
    else:
        observed = check.absent
    return Finding(
        expectation.check,
        expectation.level,
        not broken,
        check.expected,
        observed,
        len(evaluated),
        delivery_index,
        remedy or "",
    )


def _observed(delivery: Delivery, attempt: Attempt, explanation: str, count: str = "") -> str:
    """Return the diagnosis of an attempt with its figures in parentheses."""
    if diagnosis := _preflight_diagnosis(delivery, attempt):
        explanation = f"{describe_response(attempt)}: {diagnosis}"
    figures = attempt_figures(delivery, attempt)
    return f"{explanation} ({figures}{f'; {count}' if count else ''})"


def _preflight_diagnosis(delivery: Delivery, attempt: Attempt) -> str:
    return diagnose_preflight(attempt) if delivery.label == PREFLIGHT else ""


def _most_informative(
    attempts: Sequence[tuple[int, Delivery, Attempt]],
) -> tuple[int, Delivery, Attempt]:
    """Return the first attempt with a diagnosis (a success may be an HTML page), else the last."""
    with_diagnosis = (
        (index, delivery, attempt)
        for index, delivery, attempt in attempts
        if _preflight_diagnosis(delivery, attempt)
    )
    return next(with_diagnosis, attempts[-1])


def _restrict_to(labels: Sequence[str], transcript: Transcript) -> Transcript:
    """Leave out the WebSocket messages of all message specs but those named, if any are."""
    if not labels:
        return transcript
    return replace(
        transcript,
        not_sent=tuple(sent for sent in transcript.not_sent if sent.label in labels),
        undeliverable=tuple(sent for sent in transcript.undeliverable if sent.label in labels),
        connections=tuple(
            replace(
                connection, sent=tuple(sent for sent in connection.sent if sent.label in labels)
            )
            for connection in transcript.connections
        ),
    )


def _deliveries_of(
    expectation: Expectation, deliveries: Sequence[Delivery]
) -> Iterator[tuple[int, Delivery]]:
    """Yield each delivery that the expectation is about, with its index in the transcript."""
    is_health = expectation.check == "healthy"
    for index, delivery in enumerate(deliveries):
        if is_health != (delivery.label == HEALTH_CHECK):
            continue
        if not expectation.of or delivery.label in expectation.of:
            yield index, delivery
