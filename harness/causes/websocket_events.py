"""What clients do with the first event of a WebSocket message, and with the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.observations import Observations
from pytest_mews.model import CauseKind, EventTrace, Transcript, event_traces

HANDLING_CHECKS = frozenset({"handled-in-mixed-batch", "command-fetched", "command-reported"})
MIN_LATER_EVENTS = 5  # events that are not the first of their message
MIN_SHARE = 0.95


def find_websocket_events(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if clients handle the first event of a message, and no other."""
    transcripts = [
        evidence.transcript
        for result in observations.results
        for evidence in result.evidence
        if any(finding.check in HANDLING_CHECKS for finding in evidence.findings)
    ]
    traces = [(trace, transcript) for transcript in transcripts for trace in _traces(transcript)]
    types = {trace.event_type for trace, _ in traces if trace.handled}
    first: list[EventTrace] = []
    later: list[EventTrace] = []
    for trace, transcript in traces:
        if trace.event_type in types:
            (first if _is_first(trace, transcript) else later).append(trace)
    handled_first, handled_later = _count_handled(first), _count_handled(later)
    if (
        len(later) < MIN_LATER_EVENTS
        or handled_first < MIN_SHARE * max(1, len(first))
        or handled_later > (1 - MIN_SHARE) * len(later)
    ):
        return
    yield Explanation(
        CauseKind.WEBSOCKET_FIRST_EVENT_ONLY,
        f"Only the first event of a WebSocket message is handled: {of(handled_first, len(first))} "
        f"first events, and {handled_later:,} of {len(later):,} that follow in the same message.",
        "Process every element of Events: a message has all events that occurred at the same time.",
        accounts_for_finding=_misses_later_events_alone,
    )


def _misses_later_events_alone(unmet: UnmetFinding) -> bool:
    if unmet.finding.check not in HANDLING_CHECKS:
        return False
    transcript = unmet.evidence.transcript
    traces = list(_traces(transcript))
    types = {trace.event_type for trace in traces if trace.handled or trace.is_command}
    missing = [trace for trace in traces if not trace.handled and trace.event_type in types]
    return bool(missing) and not any(_is_first(trace, transcript) for trace in missing)


def _traces(transcript: Transcript) -> Iterator[EventTrace]:
    traces = event_traces(transcript.websocket_messages, transcript.calls)
    return (trace for trace in traces if trace.needs_handling)


def _is_first(trace: EventTrace, transcript: Transcript) -> bool:
    """Return whether an event about the entity is the first of its message."""
    firsts = (message.events[0] for message in transcript.websocket_messages if message.events)
    return any(
        (event.discriminator, event.entity_id) == (trace.event_type, trace.entity_id)
        for event in firsts
    )


def _count_handled(traces: Iterable[EventTrace]) -> int:
    return sum(trace.handled for trace in traces)
