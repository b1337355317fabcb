"""What clients do with WebSocket messages of several events: with the first one, or with none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.observations import Observations
from pytest_mews.model import CauseKind, EventTrace, SentMessage, Transcript, event_traces
from pytest_mews.model.command_trace import COMMAND

HANDLING_CHECKS = frozenset({"handled-in-mixed-batch", "command-fetched", "command-reported"})
MIN_LATER_EVENTS = 3  # not first in their message; the smallest failing case has few
MIN_SHARE = 0.95


def find_websocket_events(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if clients handle the first event of a message, and no other.

    Which event is the first depends on the client: the first of all, or the first of the types that
    it fetches, since other code may handle commands.
    """
    transcripts = [
        evidence.transcript
        for result in observations.results
        for evidence in result.evidence
        if any(finding.check in HANDLING_CHECKS for finding in evidence.findings)
    ]
    traces = [trace for transcript in transcripts for trace in _traces(transcript)]
    types = {trace.event_type for trace in traces if trace.handled}
    for counted, what in ((None, "event"), (types - {COMMAND}, "event that is no command")):
        counts = _count_events(transcripts, types, counted)
        if counts.shows_first_only:
            yield Explanation(
                CauseKind.WEBSOCKET_FIRST_EVENT_ONLY,
                f"Only the first {what} of a WebSocket message is handled: "
                f"{of(counts.handled_first, counts.first)} first ones, and "
                f"{counts.handled_later:,} of {counts.later:,} that follow in the same message.",
                accounts_for_finding=partial(misses_later_events, counted=counted),
            )
            return
    yield from _not_from_batches(transcripts, types)


def _has_several_types(message: SentMessage) -> bool:
    return len({event.discriminator for event in message.events}) > 1


def _has_several_events(message: SentMessage) -> bool:
    return len(message.events) > 1


_BATCHES: tuple[tuple[Callable[[SentMessage], bool], str], ...] = (
    (_has_several_types, "of several types"),
    (_has_several_events, "with other events"),
)


def _not_from_batches(
    transcripts: Sequence[Transcript], types: Collection[str]
) -> Iterator[Explanation]:
    """Yield an explanation if no message of several events, or types, leads to anything."""
    for is_batch, what in _BATCHES:
        of_batches: list[bool] = []
        others: list[bool] = []
        for transcript in transcripts:
            batched = _entities_of(transcript, is_batch)
            for trace in _traces(transcript):
                if trace.event_type in types:
                    is_batched = (trace.event_type, trace.entity_id) in batched
                    (of_batches if is_batched else others).append(trace.handled)
        if (
            min(len(of_batches), len(others)) >= MIN_LATER_EVENTS
            and sum(of_batches) <= (1 - MIN_SHARE) * len(of_batches)
            and sum(others) >= MIN_SHARE * len(others)
        ):
            yield Explanation(
                CauseKind.WEBSOCKET_BATCH_NOT_HANDLED,
                f"Events in WebSocket messages {what} are not handled: {sum(of_batches):,} of "
                f"{len(of_batches):,} were, and {of(sum(others), len(others))} of other messages.",
                accounts_for_finding=partial(_misses_batches, is_batch=is_batch),
            )
            return


def _misses_batches(unmet: UnmetFinding, *, is_batch: Callable[[SentMessage], bool]) -> bool:
    """Return whether all that a finding misses came in such messages only."""
    missing = missing_events(unmet)
    batched = _entities_of(unmet.evidence.transcript, is_batch)
    return bool(missing) and all(
        (trace.event_type, trace.entity_id) in batched for trace in missing
    )


def _entities_of(
    transcript: Transcript, is_batch: Callable[[SentMessage], bool]
) -> set[tuple[str, str]]:
    """Return the types and ids of the events that stand in such messages only."""
    found: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for message in transcript.websocket_messages:
        events = {(event.discriminator, event.entity_id) for event in message.events}
        found[is_batch(message)] |= events
    return found[True] - found[False]


@dataclass
class _Counts:
    """How many events came first in their message, or later, and how many were handled."""

    first: int = 0
    handled_first: int = 0
    later: int = 0
    handled_later: int = 0

    @property
    def shows_first_only(self) -> bool:
        return (
            self.later >= MIN_LATER_EVENTS
            and self.handled_first >= MIN_SHARE * max(1, self.first)
            and self.handled_later <= (1 - MIN_SHARE) * self.later
        )


def _count_events(
    transcripts: Sequence[Transcript], types: Collection[str], counted: Collection[str] | None
) -> _Counts:
    """Count the events of some types; `counted` are the types that count, None for all."""
    counts = _Counts()
    for transcript in transcripts:
        for trace in _traces(transcript):
            if trace.event_type not in (types if counted is None else counted):
                continue
            if _is_first(trace, transcript, counted):
                counts.first += 1
                counts.handled_first += trace.handled
            else:
                counts.later += 1
                counts.handled_later += trace.handled
    return counts


def misses_later_events(unmet: UnmetFinding, *, counted: Collection[str] | None) -> bool:
    """Return whether all that a finding misses comes later than first in its message."""
    transcript, missing = unmet.evidence.transcript, missing_events(unmet)
    return bool(missing) and all(
        (counted is None or trace.event_type in counted)
        and not _is_first(trace, transcript, counted)
        for trace in missing
    )


def missing_events(unmet: UnmetFinding) -> list[EventTrace]:
    """Return the events that a finding misses, of types that are handled; none of another one."""
    if unmet.finding.check not in HANDLING_CHECKS:
        return []
    traces = list(_traces(unmet.evidence.transcript))
    types = {trace.event_type for trace in traces if trace.handled or trace.is_command}
    return [trace for trace in traces if not trace.handled and trace.event_type in types]


def _traces(transcript: Transcript) -> Iterator[EventTrace]:
    traces = event_traces(transcript.websocket_messages, transcript.calls)
    return (trace for trace in traces if trace.needs_handling)


def _is_first(trace: EventTrace, transcript: Transcript, counted: Collection[str] | None) -> bool:
    """Return whether an event about the entity is the first that counts in its message."""
    for message in transcript.websocket_messages:
        events = (
            event for event in message.events if counted is None or event.discriminator in counted
        )
        first = next(events, None)
        if first is not None and (first.discriminator, first.entity_id) == (
            trace.event_type,
            trace.entity_id,
        ):
            return True
    return False
