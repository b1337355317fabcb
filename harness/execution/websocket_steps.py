"""The vocabulary of steps on the WebSocket: send, ping, cut, refuse, and wait for the clients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Self

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.waits import wait_while_busy
from pytest_mews.model import (
    ApiCall,
    Connection,
    Disconnect,
    Message,
    Ping,
    SentMessage,
    Step,
    WebhookKind,
    WebSocketHandshake,
    event_traces,
)
from pytest_mews.model.command_trace import ACTIVE
from pytest_mews.model.websocket import CLOSE_CODES

CLOSING_S = 6.0  # longer than the server waits for the answer to a close frame
CALM_S = 1.0  # so long is waited for a first request about what nobody has to ask for


class WebSocketSession:
    """What one play sends on the WebSocket, and what the clients do meanwhile.

    Refusals that the play began, and silences, end with it. Without a server nothing is seen, and
    every step of this vocabulary does nothing.
    """

    def __init__(self, bench: CaseContext, messages: Mapping[str, Sequence[Message]]) -> None:
        self._bench, self._messages, self._stream = bench, messages, bench.stream
        self._sent: defaultdict[int, list[SentMessage]] = defaultdict(list)
        self._pings: defaultdict[int, list[Ping]] = defaultdict(list)
        self._missed: list[SentMessage] = []
        self._unsent: list[SentMessage] = []
        self._ended: frozenset[int] = frozenset()
        self._clients: frozenset[str] = frozenset()
        self._heard = 0  # the last handshake before the play
        self._asked = 0  # the last request before the play
        self._began_ms = bench.now_ms()
        if self._stream is not None:
            seen = self._stream.log.handshakes()
            self._heard = seen[-1].number if seen else 0
            known = self._stream.log.connections()
            self._ended = frozenset(each.number for each in known if each.closed_ms is not None)
            self._clients = self._stream.connected_enterprises()
        if bench.twin is not None:
            calls = bench.twin.calls()
            self._asked = calls[-1].number if calls else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None and self._clients:
            self._stream.accept_all()

    @property
    def handshakes(self) -> tuple[WebSocketHandshake, ...]:
        """The handshakes of the play."""
        return () if self._stream is None else self._stream.log.handshakes(self._heard)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections that were open during the play, with what it sent on them."""
        if self._stream is None:
            return ()
        return tuple(
            replace(
                each,
                sent=tuple(self._sent.get(each.number, ())),
                pings=tuple(self._pings.get(each.number, ())),
            )
            for each in self._stream.log.connections()
            if each.number not in self._ended
        )

    @property
    def not_sent(self) -> tuple[SentMessage, ...]:
        """What was to be sent while nobody was to receive it."""
        return tuple(self._missed)

    @property
    def unsent(self) -> tuple[SentMessage, ...]:
        """What was to be sent to a client that was not there."""
        return tuple(self._unsent)

    def show_all(self) -> None:
        """Show what came since the start of the run, not only since the start of the play."""
        self._heard, self._ended = 0, frozenset()

    def send(self, name: str, *, again: bool) -> None:
        """Send the messages of a draw, then a ping that can't overtake them.

        With `again` they are copies of what came before, and change nothing at Mews.
        """
        if self._stream is None:
            return
        messages = [each for each in self._messages[name] if each.kind is WebhookKind.WEBSOCKET]
        owners = {each.enterprise_id for each in messages if each.enterprise_id}
        self._wait_for(owners, self._bench.fetch_timeout_s)
        known_ms = None if again else self._bench.now_ms()
        for message in messages:
            if self._bench.twin is not None and not again:
                self._bench.twin.apply_message(message)
        served = self._stream.connected_enterprises()
        self._unsent += [
            self._as_sent(name, each) for each in messages if each.enterprise_id not in served
        ]
        sent = self._stream.send(messages, name, self._bench.fetch_timeout_s)
        for number, each in sent.items():
            self._sent[number] += (replace(told, visible_from_ms=known_ms) for told in each)
        self._ping({number: sum(len(m.events) for m in each) for number, each in sent.items()})

    def ping(self) -> None:
        """Ping every connection."""
        if self._stream is not None:
            open_ = [each for each in self._stream.log.connections() if each.over_ms is None]
            self._ping({each.number: 0 for each in open_})

    def skip_send(self, name: str) -> None:
        """Let happen what the messages of a draw say, without sending them."""
        for message in self._messages[name]:
            if self._bench.twin is None or message.enterprise_id is None:
                continue
            self._missed.append(self._as_sent(name, message))
            self._bench.twin.apply_message(message)

    def close_connections(self, how: Disconnect) -> None:
        """End every connection."""
        if self._stream is not None:
            self._stream.disconnect(how, self._clients)

    def go_down(self, seconds: float) -> None:
        """Be away for a while."""
        if self._stream is not None:
            self._stream.pause_listening(seconds)

    def reject_handshakes(self, status: int, times: int, seconds: float) -> None:
        """Answer the next handshakes of every client with a status."""
        if self._stream is not None:
            self._stream.reject_handshakes(status, times, seconds, self._clients)

    def wait_for_reconnect(self, patience: float) -> None:
        """Wait until every client of the play's beginning is connected, and none half closed."""
        self._wait_for(self._clients, self._bench.fetch_timeout_s * patience)
        if self._stream is not None:
            journal = self._stream.log
            journal.wait_until(
                lambda: (
                    not any(
                        each.cut in CLOSE_CODES and each.closed_ms is None
                        for each in journal.connections()
                    )
                ),
                CLOSING_S,
            )

    def wait_for_active_commands(self) -> None:
        """Wait until every client that was cut off has asked for the active commands."""
        twin = self._bench.twin
        if twin is None or self._stream is None:
            return
        back = {
            each.enterprise_id: each.opened_ms
            for each in self._stream.log.connections()
            if each.over_ms is None
        }

        def all_asked(calls: Sequence[ApiCall]) -> bool:
            asked = {
                call.enterprise_id
                for call in calls
                if call.operation == ACTIVE
                and call.received_ms >= back.get(call.enterprise_id or "", 0.0)
            }
            return back.keys() <= asked

        self._wait(twin, all_asked, self._bench.fetch_timeout_s)

    def wait_until_handled(self, patience: float) -> None:
        """Wait until all is handled that the client handles, as far as the twin can see it.

        Of what nobody has to ask for, a type of which the first was not asked for within `CALM_S`
        is not waited for.
        """
        twin = self._bench.twin
        if twin is None:
            return
        seconds = self._bench.fetch_timeout_s * patience

        def all_handled(calls: Sequence[ApiCall]) -> bool:
            return all(each.handled for each in event_traces(self._told, calls) if each.tracked)

        def as_far_as_begun(calls: Sequence[ApiCall]) -> bool:
            seen = [each for each in event_traces(self._told, calls) if each.tracked]
            begun = {each.type for each in seen if each.handled or each.asked_ms is not None}
            return all(each.handled for each in seen if each.owed or each.type in begun)

        if not twin.wait_until(all_handled, self._asked, min(CALM_S, seconds)):
            self._wait(twin, as_far_as_begun, seconds)

    def _wait(
        self, twin: ConnectorApi, holds: Callable[[Sequence[ApiCall]], bool], seconds: float
    ) -> None:
        """Wait until something holds; a client that works off what it was told has longer."""
        if not twin.wait_until(holds, self._asked, seconds):
            wait_while_busy(twin, holds, self._asked, seconds, told_ms=self._began_ms)

    def _as_sent(self, name: str, message: Message) -> SentMessage:
        """Give what nobody was sent, as if it had been sent now."""
        size, owner = len(message.body), message.enterprise_id or ""
        now_ms = self._bench.now_ms()
        return SentMessage(name, owner, message.description, size, message.events, now_ms)

    @property
    def _told(self) -> tuple[SentMessage, ...]:
        sent = (each for sent in self._sent.values() for each in sent)
        return (*self._missed, *self._unsent, *sent)

    def _ping(self, behind: Mapping[int, int]) -> None:
        assert self._stream is not None
        for count in set(behind.values()):
            numbers = [number for number, events in behind.items() if events == count]
            seen = self._stream.ping(numbers, count, self._bench.fetch_timeout_s)
            for number, ping in seen.items():
                self._pings[number].append(ping)

    def _wait_for(self, owners: set[str] | frozenset[str], seconds: float) -> None:
        if self._stream is not None:
            stream = self._stream
            stream.log.wait_until(lambda: owners <= stream.connected_enterprises(), seconds)


def show_handshakes(tap: WebSocketSession, _step: Step) -> None:
    """Show every handshake of the run so far; nothing is sent."""
    tap.show_all()


def websocket_send(tap: WebSocketSession, step: Step) -> None:
    """Send the messages of a draw, and a ping behind them; `again` where they came before."""
    tap.send(step.arguments["message"], again=step.arguments.get("duplicate", False))


def websocket_ping(tap: WebSocketSession, _step: Step) -> None:
    """Ping every connection, and wait for the pongs, as long as the user allows at most."""
    tap.ping()


def close_connection(tap: WebSocketSession, step: Step) -> None:
    """End every connection: `how` is one of the cuts of the model."""
    tap.close_connections(Disconnect(step.arguments["how"]))


def server_down(tap: WebSocketSession, step: Step) -> None:
    """Break every connection, and listen to nobody for so many `seconds`."""
    tap.go_down(step.arguments["seconds"])


def reject_handshakes(tap: WebSocketSession, step: Step) -> None:
    """Answer the next handshakes of each client with `status`.

    It ends when `times` were refused and `seconds` have passed, both.
    """
    said = step.arguments
    tap.reject_handshakes(said["status"], said.get("times", 1), said.get("seconds", 0.0))


def wait_for_reconnect(tap: WebSocketSession, step: Step) -> None:
    """Wait until every client is connected again, `patience` times as long as the user allows."""
    tap.wait_for_reconnect(step.arguments.get("timeout_factor", 1))


def wait_for_active_commands(tap: WebSocketSession, _step: Step) -> None:
    """Wait until every client has asked for the active commands, as long as the user allows."""
    tap.wait_for_active_commands()


def skip_send(tap: WebSocketSession, step: Step) -> None:
    """Let the twin know what the messages of a draw say, and send them to nobody."""
    tap.skip_send(step.arguments["message"])


def wait_until_handled(tap: WebSocketSession, step: Step) -> None:
    """Wait until commands are reported as done, and what else the client asks for is fetched."""
    tap.wait_until_handled(step.arguments.get("timeout_factor", 1))


WEBSOCKET_STEPS: Mapping[str, Callable[[WebSocketSession, Step], None]] = {
    "show-handshakes": show_handshakes,
    "websocket-send": websocket_send,
    "websocket-ping": websocket_ping,
    "close-connection": close_connection,
    "server-down": server_down,
    "reject-handshakes": reject_handshakes,
    "wait-for-reconnect": wait_for_reconnect,
    "wait-for-active-commands": wait_for_active_commands,
    "skip-send": skip_send,
    "wait-until-handled": wait_until_handled,
}
