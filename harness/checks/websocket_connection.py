"""Words about handshakes and connections on the WebSocket: who comes, who stays, who answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from pytest_mews.checks.latency import Observed
from pytest_mews.checks.phrasing import counted
from pytest_mews.model import Connection, HandshakeProblem, Transcript, WebSocketHandshake

BESIDE_MS = 1_000.0  # how long an old connection may be left beside the new one
PROMPT_MS = 5_000.0  # as long as a webhook may take; for the WebSocket nothing is documented
OF_CLIENT = frozenset(HandshakeProblem) - {
    HandshakeProblem.ON_PURPOSE,
    HandshakeProblem.NO_WEBSOCKET,
    HandshakeProblem.OLD_ACCESS_TOKEN,  # a webhook may be on its way that tells of the new one
}
NOBODY = "no client was connected"


def knocks(transcript: Transcript) -> Observed:
    """Hold when any handshake came."""
    openings = _handshakes(transcript)
    if not openings:
        said = "no handshake reached the harness's WebSocket server"
        return Observed(met=False, observed=said, judged=1)
    return Observed(met=True, observed=_handshakes_in_words(openings), judged=1)


def admitted(transcript: Transcript) -> Observed:
    """Hold when every handshake had the documented path and cookies, and one was accepted."""
    openings = _handshakes(transcript)
    wrong = [each for each in openings if OF_CLIENT & set(each.problems)]
    if not wrong:
        met = any(each.accepted for each in openings)
        said = _handshakes_in_words(openings) if openings else "no handshake came"
        return Observed(met=met, observed=said, judged=max(1, len(openings)))
    reasons = Counter(each for one in wrong for each in one.problems if each in OF_CLIENT)
    named = ", ".join(f"{each} ({count})" for each, count in reasons.most_common())
    first = wrong[0]
    said = (
        f"{len(wrong)} of {counted(len(openings), 'handshake')} refused: {named}; "
        f"the first was for {first.path}, answered with {first.status}"
    )
    return Observed(met=False, observed=said, judged=len(openings))


def tokens_in_cookies(transcript: Transcript) -> Observed:
    """Hold when no handshake bore a token in its URL."""
    openings = transcript.websocket_handshakes
    spoken = [each for each in openings if each.tokens_in_query]
    said = f"{len(spoken)} of {counted(len(openings), 'handshake')} bore a token in the URL"
    if not spoken:
        said = f"{counted(len(openings), 'handshake')}, no token in a URL"
    return Observed(met=not spoken, observed=said, judged=len(openings))


def one_connection(transcript: Transcript) -> Observed:
    """Hold when no enterprise had two connections at once, a moment at a change aside."""
    lines = transcript.connections
    beside = [
        (first, second, ms)
        for first, second in combinations(lines, 2)
        if first.enterprise_id == second.enterprise_id
        and (ms := _beside_ms(first, second, _end_ms(transcript))) > BESIDE_MS
    ]
    enterprises = len({each.enterprise_id for each in lines})
    if not beside:
        said = f"{counted(len(lines), 'connection')} for {counted(enterprises, 'enterprise')}"
        return Observed(met=bool(lines), observed=said if lines else NOBODY, judged=1)
    first, _, ms = max(beside, key=lambda each: each[2])
    same = [each for each in lines if each.enterprise_id == first.enterprise_id]
    said = (
        f"{len(same)} connections of enterprise {first.enterprise_id}, two of them side by side "
        f"for {ms:,.0f} ms"
    )
    return Observed(met=False, observed=said, judged=len(lines))


def stays_open(transcript: Transcript) -> Observed:
    """Hold when no client closed a connection, or broke it."""
    lines = transcript.connections
    if not lines or transcript.undeliverable:
        return nobody(transcript)
    dropped = [each for each in lines if each.dropped]
    if not dropped:
        said = f"{counted(len(lines), 'connection')}, none closed by the client"
        return Observed(met=True, observed=said, judged=len(lines))
    first = dropped[0]
    how = "without a close frame" if first.code is None else f"with code {first.code}"
    said = f"{len(dropped)} of {counted(len(lines), 'connection')} closed by the client, {how}"
    if first.sent and first.closed_ms is not None:
        after = first.closed_ms - first.sent[-1].at_ms
        said += f", {after:,.0f} ms after it was sent {first.sent[-1].description}"
    return Observed(met=False, observed=said, judged=len(lines))


def answers_pings(transcript: Transcript) -> Observed:
    """Hold when every ping was answered as long as was waited."""
    pings = [each for line in transcript.connections for each in line.pings]
    if not pings or transcript.undeliverable:
        return nobody(transcript)
    took = [each.ponged_ms - each.at_ms for each in pings if each.ponged_ms is not None]
    if len(took) == len(pings):
        said = f"{counted(len(pings), 'ping')}, the slowest pong after {max(took):,.0f} ms"
        return Observed(met=True, observed=said, judged=len(pings))
    waited = next(each.waited_s for each in pings if each.ponged_ms is None)
    said = f"{len(pings) - len(took)} of {counted(len(pings), 'ping')} without a pong"
    return Observed(met=False, observed=f"{said}, within {waited:g} s", judged=len(pings))


def keeps_up(transcript: Transcript) -> Observed:
    """Hold when a client had read all that was sent at once within 5 s: its pong tells.

    Frames stay in order, so that the pong of a ping behind them says that they were read; what
    the client makes of them is not to be seen there.
    """
    bursts = [
        (line, ping)
        for line in transcript.connections
        for ping in line.pings
        if ping.behind and line.sent
    ]
    if not bursts or transcript.undeliverable:
        return nobody(transcript)
    late, slowest = [], 0.0
    for line, ping in bursts:
        read_ms = None if ping.ponged_ms is None else ping.ponged_ms - line.sent[0].at_ms
        stuck = any(each.done_ms is None for each in line.sent)
        if read_ms is None or read_ms > PROMPT_MS or stuck:
            late.append((line, ping, read_ms))
        slowest = max(slowest, read_ms or 0.0)
    most = max(ping.behind for _, ping in bursts)
    if not late:
        said = f"{counted(most, 'event')} read within {slowest:,.0f} ms"
        return Observed(met=True, observed=said, judged=len(bursts))
    line, ping, read_ms = late[0]
    taken = sum(each.done_ms is not None for each in line.sent)
    said = f"{counted(ping.behind, 'event')} read after {read_ms or 0:,.0f} ms"
    if read_ms is None:
        said = f"{counted(ping.behind, 'event')} not read within {ping.waited_s:g} s"
    if taken < len(line.sent):
        said += f"; the connection took {taken:,} messages, then no more (back pressure)"
    return Observed(met=False, observed=said, judged=len(bursts))


def lives_on(transcript: Transcript) -> Observed:
    """Hold when each client is connected at the end, and answers a ping."""
    lines = transcript.connections
    owners = {each.enterprise_id for each in lines}
    if not owners or transcript.undeliverable:
        return nobody(transcript)
    living = {
        line.enterprise_id
        for line in lines
        if line.over_ms is None and line.pings and line.pings[-1].ponged_ms is not None
    }
    said = f"{len(owners & living)} of {counted(len(owners), 'client')} answered at the end"
    dropped = sum(each.dropped for each in lines)
    if dropped:
        said += f"; {counted(dropped, 'connection')} closed by the client meanwhile"
    return Observed(met=owners <= living, observed=said, judged=len(owners))


def answers_close(transcript: Transcript) -> Observed:
    """Hold when each close frame was answered with one."""
    closed = [each for each in transcript.connections if each.cut is not None]
    if not closed:
        return nobody(transcript)
    silent = [each for each in closed if each.code is None]
    said = f"{len(closed) - len(silent)} of {counted(len(closed), 'close frame')} answered"
    codes = sorted({each.code for each in closed if each.code is not None})
    if codes:
        said += f", with code {', '.join(map(str, codes))}"
    return Observed(met=not silent, observed=said, judged=len(closed))


def nobody(transcript: Transcript) -> Observed:
    """Say that no client was there to be looked at."""
    if not transcript.undeliverable:
        return Observed(met=False, observed=NOBODY, judged=1)
    first = transcript.undeliverable[0]
    said = (
        f"no client of enterprise {first.enterprise_id} was connected any more to be sent "
        f"{first.description}"
    )
    return Observed(met=False, observed=said, judged=1)


def _handshakes(transcript: Transcript) -> list[WebSocketHandshake]:
    """Leave out what is no handshake of a WebSocket, such as a look whether anyone listens."""
    return [
        each
        for each in transcript.websocket_handshakes
        if HandshakeProblem.NO_WEBSOCKET not in each.problems
    ]


def _handshakes_in_words(openings: Sequence[WebSocketHandshake]) -> str:
    accepted = [each for each in openings if each.accepted]
    owners = len({each.enterprise_id for each in accepted})
    said = f"{counted(len(openings), 'handshake')}, {len(accepted)} accepted"
    return f"{said}, for {counted(owners, 'enterprise')}" if accepted else said


def _beside_ms(first: Connection, second: Connection, end_ms: float) -> float:
    over = min(end_ms if each.over_ms is None else each.over_ms for each in (first, second))
    return over - max(first.opened_ms, second.opened_ms)


def _end_ms(transcript: Transcript) -> float:
    """Give the last moment that anything was seen at."""
    moments = [
        moment
        for line in transcript.connections
        for moment in (
            line.opened_ms,
            line.over_ms,
            *(ping.ponged_ms for ping in line.pings),
            *(ping.at_ms for ping in line.pings),
        )
        if moment is not None
    ]
    return max(moments, default=0.0)
