"""Clients that reconnect after some ends of a connection, and never after others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_mews.causes.cause_phrases import listed
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.unmet_requirements import RECONNECTS
from pytest_mews.model import CauseKind, Connection, Disconnect, Transcript
from pytest_mews.model.websocket import CLOSE_CODES

MIN_LOST = 2  # connections
# What else a client misses in such an execution is due to that, but not how it answers a close.
OTHER_CHECKS = frozenset({"answers-close-frame", "no-reconnect-storm", "reconnect-backoff"})
_NAMES = {
    Disconnect.ABNORMAL: "an end without a close frame",
    Disconnect.UNRESPONSIVE: "a server that has become unresponsive",
    **{disconnect: f"a close with {code}" for disconnect, code in CLOSE_CODES.items()},
}


def find_reconnecting(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if the way in which a connection ends decides about the next one."""
    reconnected: dict[Disconnect, list[bool]] = {}
    for result in observations.results:
        for evidence in result.evidence:
            if any(finding.check == RECONNECTS for finding in evidence.findings):
                for disconnect, is_reconnected in _ends(evidence.transcript):
                    reconnected.setdefault(disconnect, []).append(is_reconnected)
    never = frozenset(
        disconnect
        for disconnect, found in reconnected.items()
        if len(found) >= MIN_LOST and not any(found)
    )
    if not never or not any(any(found) for found in reconnected.values()):
        return

    def accounts_for(unmet: UnmetFinding) -> bool:
        ends = list(_ends(unmet.evidence.transcript))
        return (
            unmet.finding.check not in OTHER_CHECKS
            and bool(ends)
            and all(disconnect in never for disconnect, _ in ends)
        )

    count = sum(len(reconnected[disconnect]) for disconnect in never)
    names = listed(sorted(_NAMES[disconnect] for disconnect in never))
    yield Explanation(
        CauseKind.NOT_RECONNECTED,
        f"The client does not reconnect after {names}: none of {count:,} connections was opened "
        "again, while others were that had ended in another way.",
        accounts_for_finding=accounts_for,
    )


def _ends(transcript: Transcript) -> Iterator[tuple[Disconnect, bool]]:
    """Yield how the emulator ended each connection, and whether its client reconnected."""
    for connection in transcript.connections:
        if connection.disconnect is not None:
            is_reconnected = _is_reconnected(connection, transcript.connections)
            yield connection.disconnect, is_reconnected


def _is_reconnected(connection: Connection, others: Iterable[Connection]) -> bool:
    return any(
        other.enterprise_id == connection.enterprise_id
        and other.opened_ms >= (connection.disconnect_ms or 0.0)
        for other in others
    )
