"""Clients that handle events on their first connection only, though they reconnect.

Handlers that belong to a connection object, or a task that ended with it, are the usual reasons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.missing_entities import met_no_error
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.websocket_events import HANDLING_CHECKS, missing_events
from pytest_mews.model import CauseKind, EventTrace, Evidence, ScenarioResult, event_traces

MIN_FIRST = 5  # events on first connections, all of them handled
MIN_LATER = 3  # events on later connections, none of them handled


@dataclass
class _ConnectionLife:
    """What is known of one connection, from all executions in which it was open.

    Attributes:
        opened_ms: when it was opened.
        ended_ms: when it ended; None if no execution shows that.
        traces: the events that were sent on it, with what the client did about them.

    """

    opened_ms: float
    ended_ms: float | None = None
    traces: list[EventTrace] = field(default_factory=list)


def find_nothing_after_reconnect(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if all is handled on first connections, and nothing on later ones."""
    first: list[EventTrace] = []
    later: list[EventTrace] = []
    for lives in _lives_of_clients(observations.results):
        begins_ms = min(life.opened_ms for life in lives)
        ends_ms = min((life.ended_ms for life in lives if life.ended_ms is not None), default=None)
        for life in lives:
            if life.opened_ms == begins_ms:
                first += life.traces
            elif ends_ms is not None and life.opened_ms >= ends_ms:
                later += life.traces
    types = {trace.event_type for trace in first if trace.handled}
    first, later = ([one for one in some if one.event_type in types] for some in (first, later))
    if (
        len(first) < MIN_FIRST
        or len(later) < MIN_LATER
        or not all(trace.handled for trace in first)
        or any(trace.handled or trace.requested_ms is not None for trace in later)
    ):
        return
    lost = {trace.entity_id for trace in later}
    yield Explanation(
        CauseKind.NOT_HANDLED_AFTER_RECONNECT,
        "The client reconnects, but handles no event on its new connection: "
        f"{of(len(first), len(first))} events on first connections were handled, and none of "
        f"{len(later):,} on later ones.",
        accounts_for_finding=lambda unmet: _are_missing(unmet, lost),
    )


def _are_missing(unmet: UnmetFinding, lost: Collection[str]) -> bool:
    """Return whether a finding misses events, all of them of these entities."""
    missing = missing_events(unmet)
    return bool(missing) and all(trace.entity_id in lost for trace in missing)


def _lives_of_clients(results: Iterable[ScenarioResult]) -> Iterable[Collection[_ConnectionLife]]:
    """Return the connections of each client: of one enterprise, and one instance of the service."""
    clients: dict[tuple[int, str], dict[int, _ConnectionLife]] = {}
    for result in results:
        for evidence in result.evidence:
            traces = _telling_traces(evidence)
            for connection in evidence.transcript.connections:
                lives = clients.setdefault((result.instance, connection.enterprise_id), {})
                life = lives.setdefault(connection.number, _ConnectionLife(connection.opened_ms))
                if connection.ended_ms is not None:
                    # What it had sent, a request for active commands may return on the next one.
                    life.ended_ms = connection.ended_ms
                    continue
                sent = {event.entity_id for message in connection.sent for event in message.events}
                life.traces += [trace for trace in traces if trace.entity_id in sent]
    return [lives.values() for lives in clients.values()]


def _telling_traces(evidence: Evidence) -> list[EventTrace]:
    """Return the events to handle of an execution that waits for that.

    Not those about entities that the client may request for another reason: a webhook was about
    them, or it missed an event.
    """
    transcript = evidence.transcript
    if not met_no_error(transcript) or not any(
        finding.check in HANDLING_CHECKS for finding in evidence.findings
    ):
        return []
    missed = (*transcript.not_sent, *transcript.undeliverable)
    elsewhere = {event.entity_id for message in missed for event in message.events} | {
        event.entity_id for delivery in transcript.deliveries for event in delivery.message.events
    }
    return [
        trace
        for trace in event_traces(transcript.websocket_messages, transcript.calls)
        if trace.needs_handling and trace.entity_id not in elsewhere
    ]
