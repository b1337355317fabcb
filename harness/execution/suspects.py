"""Which message ended a service that died, as far as the log of its messages tells."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_mews.execution.message_log import NO_CONNECTION, LoggedMessage
from pytest_mews.execution.service_watch import Absence
from pytest_mews.model import Death, Delivery, Evidence, Outcome, Validity
from pytest_mews.model.exchange import RESERVED_LABELS

MAX_MESSAGES = 20  # that a death has


def build_death(suspects: Sequence[LoggedMessage], absence: Absence, status: int | None) -> Death:
    """Return the death of which these messages are suspects, the most likely first.

    Args:
        suspects: the messages; if there is none, nothing is known.
        absence: the wait for the service.
        status: what it answers to valid messages since then; None if it accepts no connection.

    """
    scenarios = tuple(dict.fromkeys(entry.scenario_id for entry in suspects))
    messages = tuple(dict.fromkeys(entry.description for entry in suspects))
    is_known = len(scenarios) == 1
    return Death(
        scenarios[0] if is_known else "",
        messages[0] if messages else "",
        status,
        absence.waited_s,
        absence.returned,
        () if is_known else tuple(sorted(scenarios)),
        messages[1:MAX_MESSAGES],
        suspects[0].validity if suspects else Validity.DOCUMENTED,
    )


def sent_in(entry: LoggedMessage, evidence: Evidence) -> bool:
    """Return whether an execution sent a message."""
    transcript = evidence.transcript
    if entry.message is not None:
        return any(delivery.message is entry.message for delivery in transcript.deliveries)
    return any(
        sent.at_ms == entry.sent_ms
        for connection in transcript.connections
        for sent in connection.sent
    )


def met_no_connection(evidence: Evidence) -> bool:
    """Return whether a message of an execution was refused a connection, or it was closed."""
    return _has_outcome(evidence, NO_CONNECTION)


def met_refused_connection(evidence: Evidence) -> bool:
    """Return whether a message of an execution was refused a connection."""
    return _has_outcome(evidence, {Outcome.CONNECTION_REFUSED})


def _has_outcome(evidence: Evidence, outcomes: frozenset[Outcome] | set[Outcome]) -> bool:
    return any(
        attempt.outcome in outcomes
        for delivery in _own_deliveries(evidence)
        for attempt in delivery.attempts
    )


def _own_deliveries(evidence: Evidence) -> list[Delivery]:
    return [item for item in evidence.transcript.deliveries if item.label not in RESERVED_LABELS]
