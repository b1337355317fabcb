"""Clients whose pause before they reconnect grows over the run: no connection sets it back.

Executions show when a client was away for longer than they wait. That it came back later shows that
it has not ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.reconnecting import OTHER_CHECKS
from pytest_mews.causes.unmet_requirements import RECONNECTS
from pytest_mews.model import CauseKind, Connection, Disconnect, ScenarioResult, Transcript
from pytest_mews.model.verdict import FAILURES

# Our own figures: a client may wait for a stable connection before it begins with its first pause.
STABLE_MS = 10_000.0
QUICK_MS = 10_000.0  # until the first handshake
MIN_COUNT = 2  # of each side


@dataclass(frozen=True)
class _End:
    """One connection that the emulator ended, and its client's first handshake afterwards.

    Attributes:
        client: the enterprise.
        how: how it was ended.
        at_ms: when.
        lasted_ms: how long it was open.
        pause_ms: until the first handshake in the same execution; None without one.
        is_awaited: whether the execution waited for a new connection.

    """

    client: str
    how: Disconnect
    at_ms: float
    lasted_ms: float
    pause_ms: float | None
    is_awaited: bool


def find_reconnect_pauses(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if a client reconnects soon at first, and then only after long pauses.

    The connections before these pauses were stable, and the client came back after them.
    """
    results = observations.results
    ends = sorted(_ends(results), key=lambda end: end.at_ms)
    opened_ms: dict[str, float] = {}  # of the last connection of each client
    for connection in _connections(results):
        client = connection.enterprise_id
        opened_ms[client] = max(connection.opened_ms, opened_ms.get(client, 0.0))
    late = [
        end
        for end in ends
        if end.is_awaited
        and end.pause_ms is None
        and end.lasted_ms >= STABLE_MS
        and opened_ms[end.client] > end.at_ms
    ]
    if len(late) < MIN_COUNT:
        return
    since_ms = late[0].at_ms
    quick = [end for end in ends if end.pause_ms is not None and end.pause_ms <= QUICK_MS]
    before = [end for end in quick if end.at_ms < since_ms]
    # If the way in which a connection ends decides, it is another flaw.
    ways = {end.how for end in before} & {end.how for end in late}
    if len(before) < MIN_COUNT or len(before) < len(quick) or not ways:
        return
    failed = [one for one in results if one.verdict in FAILURES and _is_away(one, since_ms)]
    explained = {one.scenario.id for one in failed}
    explained |= {
        one.scenario.id
        for one in results
        if one.blocked_by is not None and one.blocked_by.scenario_id in explained
    }
    slowest_ms = max(end.pause_ms for end in before if end.pause_ms is not None)
    shortest_ms = min(end.lasted_ms for end in late)
    blocked = len(explained) - len(failed)
    others = f" {blocked:,} scenario{'s' * (blocked > 1)} could not run." if blocked else ""
    yield Explanation(
        CauseKind.RECONNECT_PAUSE_NOT_RESET,
        "The client's pauses before it reconnects grow over the run: its first handshake came "
        f"within {slowest_ms / 1000:.1f} s after {len(before):,} ends of connections, and later, "
        f"after {len(late):,} connections that had lasted {int(shortest_ms / 1000)} s or more, "
        f"only when no scenario waited for it any more.{others}",
        accounts_for_result=lambda result: result.scenario.id in explained,
        shown_by=failed[0].scenario.id if failed else "",
    )


def _connections(results: Sequence[ScenarioResult]) -> Iterator[Connection]:
    for result in results:
        for evidence in result.evidence:
            yield from evidence.transcript.connections


def _ends(results: Sequence[ScenarioResult]) -> Iterator[_End]:
    for result in results:
        for evidence in result.evidence:
            transcript = evidence.transcript
            is_awaited = not transcript.client_restarts and any(
                finding.check == RECONNECTS for finding in evidence.findings
            )
            for connection in transcript.connections:
                if connection.disconnect is not None and connection.disconnect_ms is not None:
                    yield _End(
                        connection.enterprise_id,
                        connection.disconnect,
                        connection.disconnect_ms,
                        connection.disconnect_ms - connection.opened_ms,
                        _pause_ms(connection, transcript),
                        is_awaited,
                    )


def _pause_ms(connection: Connection, transcript: Transcript) -> float | None:
    """Return the time from the end of a connection to its client's next handshake, if any."""
    ended_ms = connection.disconnect_ms
    assert ended_ms is not None
    return min(
        (
            handshake.at_ms - ended_ms
            for handshake in transcript.websocket_handshakes
            if handshake.enterprise_id == connection.enterprise_id and handshake.at_ms >= ended_ms
        ),
        default=None,
    )


def _is_away(result: ScenarioResult, since_ms: float) -> bool:
    """Return whether all that a result does not meet is due to clients that were away."""
    unmet = list(unmet_findings(result))
    ended = [
        (connection, item.evidence.transcript)
        for item in unmet
        for connection in item.evidence.transcript.connections
        if connection.disconnect_ms is not None
    ]
    return (
        bool(ended)
        and not any(item.finding.check in OTHER_CHECKS for item in unmet)
        and all(
            (connection.disconnect_ms or 0.0) >= since_ms
            and _pause_ms(connection, transcript) is None
            for connection, transcript in ended
        )
    )
