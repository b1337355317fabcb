"""What clients leave out with commands: reports about all of them, or those that they missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.unmet_requirements import RECONNECTS
from pytest_mews.model import CauseKind, EventTrace, Evidence, Transcript, event_traces

REPORTED, ACTIVE_REQUESTED = "command-reported", "active-commands-requested"
MIN_COUNT = 2  # commands


def find_command_handling(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if no command is reported, or if none is requested that was missed."""
    evidence = [one for result in observations.results for one in result.evidence]
    yield from _never_reported([one for one in evidence if _has(one, REPORTED)])
    yield from _never_caught_up(evidence)


def _has(evidence: Evidence, check: str, *, met: bool | None = None) -> bool:
    """Return whether an execution has a finding of a check, perhaps only one that is met or not."""
    return any(
        finding.check == check and finding.met is (finding.met if met is None else met)
        for finding in evidence.findings
    )


def _commands(transcript: Transcript) -> list[EventTrace]:
    traces = event_traces(transcript.websocket_messages, transcript.calls)
    return [trace for trace in traces if trace.is_pending_command]


def _never_reported(evidence: Sequence[Evidence]) -> Iterator[Explanation]:
    commands = [trace for one in evidence for trace in _commands(one.transcript)]
    fetched = [trace for trace in commands if trace.fetched_ms is not None]
    if len(fetched) < MIN_COUNT or any(trace.handled for trace in commands):
        return

    def accounts_for(unmet: UnmetFinding) -> bool:
        commands = _commands(unmet.evidence.transcript)
        are_fetched = all(trace.fetched_ms is not None for trace in commands)
        return unmet.finding.check == REPORTED and bool(commands) and are_fetched

    yield Explanation(
        CauseKind.COMMANDS_NOT_REPORTED,
        "No command is reported as Processed: none of "
        f"{len(fetched):,} pending commands that the client fetched was.",
        accounts_for_finding=accounts_for,
    )


def _never_caught_up(evidence: Sequence[Evidence]) -> Iterator[Explanation]:
    """Yield an explanation for commands of which no event told the client.

    Where it reconnected, and other commands are handled.
    """
    missed = [
        trace
        for one in evidence
        if _has(one, RECONNECTS, met=True)
        for trace in _missed_commands(one.transcript)
    ]
    if (
        not missed
        or any(trace.requested_ms is not None for trace in missed)
        or any(_has(one, ACTIVE_REQUESTED, met=True) for one in evidence)
    ):
        return

    def accounts_for(unmet: UnmetFinding) -> bool:
        if not _has(unmet.evidence, RECONNECTS, met=True):
            return False
        if unmet.finding.check == ACTIVE_REQUESTED:
            return True
        missing = [trace for trace in _commands(unmet.evidence.transcript) if not trace.handled]
        of_missed = {trace.entity_id for trace in _missed_commands(unmet.evidence.transcript)}
        return unmet.finding.check == REPORTED and all(
            trace.entity_id in of_missed for trace in missing
        )

    yield Explanation(
        CauseKind.ACTIVE_COMMANDS_NOT_REQUESTED,
        "Commands that came while no client was connected are never requested: none of "
        f"{len(missed):,} was, although the clients had reconnected.",
        accounts_for_finding=accounts_for,
    )


def _missed_commands(transcript: Transcript) -> list[EventTrace]:
    """Return the commands of which no message was sent."""
    told = {
        event.entity_id
        for connection in transcript.connections
        for message in connection.sent
        for event in message.events
    }
    not_sent = {event.entity_id for message in transcript.not_sent for event in message.events}
    return [trace for trace in _commands(transcript) if trace.entity_id in not_sent - told]
