"""Words about clients that lost their connection: whether they come back, and how they try."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

from pytest_mews.checks.intervals import TRIES, grow
from pytest_mews.checks.latency import Observed
from pytest_mews.checks.phrasing import counted
from pytest_mews.checks.websocket_connection import nobody
from pytest_mews.model import Connection, Transcript, WebSocketHandshake

# Nothing documented: how many handshakes of one client within a second are no longer a try.
STORM, STORM_MS = 5, 1_000.0
ALIKE, ALIKE_MS = 0.05, 25.0  # pauses that differ by less, in part or in ms, may be the same one


def reconnects(transcript: Transcript) -> Observed:
    """Hold when a client came back after each connection that the harness had cut."""
    cut = [each for each in transcript.connections if each.cut is not None]
    if not cut:
        return nobody(transcript)
    waits = [_back_after_ms(each, transcript.websocket_handshakes) for each in cut]
    back = [each for each in waits if each is not None]
    if len(back) == len(cut):
        tries = sum(len(_tries(each, transcript.websocket_handshakes)) for each in cut)
        said = f"{counted(len(cut), 'connection')} cut, opened again within {max(back):,.0f} ms"
        if tries > len(cut):
            said += f", by {counted(tries, 'handshake')}"
        return Observed(met=True, observed=said, judged=len(cut))
    lost = cut[waits.index(None)]
    tries = len(_tries(lost, transcript.websocket_handshakes))
    tried = f"{counted(tries, 'handshake')} and none accepted" if tries else "no handshake"
    said = f"{len(cut) - len(back)} of {counted(len(cut), 'connection')} not opened again: {tried}"
    return Observed(met=False, observed=said, judged=len(cut))


def no_storm(transcript: Transcript) -> Observed:
    """Hold unless a client made more than five handshakes within a second."""
    series = _series(transcript)
    most = max((_crowd(each) for each in series), default=0)
    shortest = min((each for pauses in series for each in pauses), default=0.0)
    said = f"at most {counted(most, 'handshake')} within a second, pauses from {shortest:,.0f} ms"
    if not series:
        said = "no client tried again"
    return Observed(met=most <= STORM, observed=said, judged=len(series))


def pauses_grow(transcript: Transcript) -> Observed:
    """Hold unless the pauses between a client's handshakes are all about as long."""
    series = [each for each in _series(transcript) if len(each) >= TRIES]
    fixed = [each for each in series if not grow(each)]
    shown = (fixed or series)[:1]
    said = f"pauses of {_in_ms(shown[0])}" if shown else "too few tries to see a growth"
    return Observed(met=not fixed, observed=said, judged=len(series))


def pauses_differ(transcript: Transcript) -> Observed:
    """Hold unless all clients, and each client every time, wait for exactly as long.

    They are alike where none differs by more than 5 % or 25 ms, whichever is more.
    """
    series = [each for each in _series(transcript) if len(each) > 1]
    pairs = list(combinations(series, 2))
    if not pairs:
        return Observed(met=True, observed="too few tries to see a difference", judged=0)
    met = any(not _alike(first, second) for first, second in pairs)
    first, second = next((pair for pair in pairs if not _alike(*pair)), pairs[0])
    said = f"pauses of {_in_ms(first)}, and of {_in_ms(second)}"
    return Observed(met=met, observed=said, judged=len(series))


def _tries(line: Connection, openings: Iterable[WebSocketHandshake]) -> list[WebSocketHandshake]:
    """Give the handshakes that a cut connection led to, up to the first that was accepted."""
    assert line.cut_ms is not None
    found: list[WebSocketHandshake] = []
    for each in openings:
        if each.enterprise_id == line.enterprise_id and each.at_ms >= line.cut_ms:
            found.append(each)
            if each.accepted:
                break
    return found


def _back_after_ms(line: Connection, openings: Iterable[WebSocketHandshake]) -> float | None:
    assert line.cut_ms is not None
    return next(
        (each.at_ms - line.cut_ms for each in _tries(line, openings) if each.accepted), None
    )


def _series(transcript: Transcript) -> list[list[float]]:
    """Give the pauses of each client after each cut, in order, in ms; the first is the cut's."""
    found = []
    for line in transcript.connections:
        if line.cut_ms is not None:
            moments = [
                line.cut_ms,
                *(each.at_ms for each in _tries(line, transcript.websocket_handshakes)),
            ]
            pauses = [after - before for before, after in pairwise(moments)]
            if pauses:
                found.append(pauses)
    return found


def _crowd(pauses: Sequence[float]) -> int:
    """Count the most handshakes within a second."""
    moments = [sum(pauses[: at + 1]) for at in range(len(pauses))]
    return max(sum(0 <= each - first < STORM_MS for each in moments) for first in moments)


def _alike(first: Sequence[float], second: Sequence[float]) -> bool:
    return all(
        abs(one - other) <= max(ALIKE_MS, ALIKE * max(one, other))
        for one, other in zip(first, second, strict=False)
    )


def _in_ms(pauses: Sequence[float]) -> str:
    return f"{', '.join(f'{each:,.0f}' for each in pauses)} ms"
