"""Evaluates a transcript against one expectation; importing this module registers all checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_mews.checks import (  # noqa: F401 - each registers its checks
    api_reachability,
    attempt_checks,
    command_handling,
    deletion_checks,
    fetch_checks,
    latency,
    request_etiquette,
    tls_checks,
    websocket_connection,
    websocket_reconnect,
)
from pytest_mews.checks.check import CHECKS, Check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import describe_attempt
from pytest_mews.model import Expectation, Finding, Transcript


def evaluate(expectation: Expectation, transcript: Transcript) -> Finding:
    """Evaluate a transcript against one expectation.

    Returns:
        The finding. What it observed begins with the diagnosis, followed by the figures.

    """
    check = CHECKS[expectation.check]
    observation = check.observe(_restrict_to(expectation.of, check, transcript))
    refused = transcript.refused_action
    if refused is not None and observation.met and not observation.subject_count:
        action = refused.message.events[0].discriminator
        reason = f"{action} was not accepted: {describe_attempt(refused.attempts[-1])}"
        observation = Observation.after_refused_action(reason)
    return Finding(
        expectation.check,
        expectation.level,
        observation.met,
        check.expected,
        observation.observed,
        observation.subject_count,
        tuple(_broken_attempts(observation, transcript)),
        observation.remedy or expectation.remedy,
        expectation.of,
        observation.not_observed,
        check.about_fetches,
    )


def _broken_attempts(observation: Observation, transcript: Transcript) -> Iterator[tuple[int, int]]:
    """Yield the indexes of the attempts that broke the expectation: of delivery and attempt."""
    broken = {id(attempt) for attempt in observation.broken}
    for index, delivery in enumerate(transcript.deliveries if broken else ()):
        for number, attempt in enumerate(delivery.attempts):
            if id(attempt) in broken:
                yield index, number


def _restrict_to(labels: Sequence[str], check: Check, transcript: Transcript) -> Transcript:
    """Leave out the messages of all message specs but those named, if any are.

    Only checks about health evaluate the health checks, and they evaluate nothing else.
    """
    deliveries = tuple(
        delivery
        for delivery in transcript.deliveries
        if delivery.is_health_check is check.about_health
        and (not labels or delivery.label in labels)
    )
    if not labels:
        return replace(transcript, deliveries=deliveries)
    return replace(
        transcript,
        deliveries=deliveries,
        not_sent=tuple(sent for sent in transcript.not_sent if sent.label in labels),
        undeliverable=tuple(sent for sent in transcript.undeliverable if sent.label in labels),
        connections=tuple(
            replace(
                connection, sent=tuple(sent for sent in connection.sent if sent.label in labels)
            )
            for connection in transcript.connections
        ),
    )
