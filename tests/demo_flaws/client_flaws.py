"""Flaws of WebSocket clients.

Each function returns the options of a new client, which are sound except for one flaw.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from pytest_mews.demo.service import Request, Response, respond
from pytest_mews.demo.websocket.client_options import (
    FIRST_PAUSE_S,
    PATH,
    ClientOptions,
    Event,
    UnhandledError,
    read_events,
    reconnect_pause_s,
)
from pytest_mews.mews.events import Channel, event_names

KNOWN_TYPES = frozenset(event_names(Channel.WEBSOCKET))
KNOWN_PROPERTIES = frozenset(
    {"Type", "Id", "State", "StartUtc", "EndUtc", "AssignedResourceId", "RateId"}
    | {"ResourceCategoryId"}
)


def ws_never_connects() -> ClientOptions:
    """Opens no connection."""
    return ClientOptions(connections=0)


def ws_wrong_path() -> ClientOptions:
    """Connects to the documented path with a trailing slash."""
    return ClientOptions(path=f"{PATH}/")


def ws_spaces_in_cookies() -> ClientOptions:
    """Writes spaces around the = of the cookies."""
    return ClientOptions(
        cookie_header=lambda client, access: f"ClientToken = {client}; AccessToken = {access}",
    )


def ws_swaps_tokens() -> ClientOptions:
    """Sends the ClientToken as AccessToken and vice versa."""
    return ClientOptions(
        cookie_header=lambda client, access: f"ClientToken={access};AccessToken={client}"
    )


def ws_tokens_in_url() -> ClientOptions:
    """Sends both tokens in the query as well, as clients did until January 2021."""
    return ClientOptions(
        query=lambda client, access: f"?ClientToken={client}&AccessToken={access}",
    )


def ws_ignores_events() -> ClientOptions:
    """Connects, but ignores every event."""
    return ClientOptions(select_events=lambda _events: (), asks_for_active_commands=False)


def ws_dies_on_missing_property() -> ClientOptions:
    """Terminates when an optional property of an event is missing."""
    return ClientOptions(
        read_events=_requiring(
            {"Reservation": "AssignedResourceId", "PriceUpdate": "ResourceCategoryId"},
            is_valid=lambda event, name: name in event,
            error=UnhandledError,
        )
    )


def ws_dies_on_null() -> ClientOptions:
    """Closes the connection when an optional property of an event is null."""
    return ClientOptions(
        read_events=_requiring(
            {"Reservation": "AssignedResourceId", "PriceUpdate": "RateId"},
            is_valid=lambda event, name: event.get(name, ...) is not None,
            error=ConnectionAbortedError,
        )
    )


def ws_first_event_only() -> ClientOptions:
    """Handles only the first event of a message."""
    return ClientOptions(select_events=lambda events: events[:1])


def ws_drops_mixed_batch() -> ClientOptions:
    """Drops messages with events of several types."""
    return ClientOptions(
        select_events=lambda events: (
            events if len({event["Type"] for event in events}) == 1 else ()
        ),
    )


def ws_reads_slowly() -> ClientOptions:
    """Works 20 ms on each event before it reads the next message."""
    return ClientOptions(seconds_per_event=0.02, ping_interval_s=None)


def ws_unknown_type_drops_batch() -> ClientOptions:
    """Drops messages with an event of an unknown type."""
    return ClientOptions(
        select_events=lambda events: (
            events if all(event["Type"] in KNOWN_TYPES for event in events) else ()
        ),
    )


def ws_unknown_property_disconnects() -> ClientOptions:
    """Closes the connection when an event has an unknown property."""

    def read(message: str | bytes) -> list[Event]:
        events = read_events(message)
        if any(event.keys() - KNOWN_PROPERTIES for event in events):
            raise ConnectionAbortedError
        return events

    return ClientOptions(read_events=read)


def ws_dies_on_unreadable() -> ClientOptions:
    """Terminates when a message is unreadable."""

    def read(message: str | bytes) -> list[Event]:
        try:
            events = json.loads(message)["Events"]
            return [{"Type": event["Type"], **event} for event in events]
        except (ValueError, KeyError, TypeError):
            raise UnhandledError from None

    return ClientOptions(read_events=read)


def ws_no_pong() -> ClientOptions:
    """Sends no pongs."""
    return ClientOptions(prepare=_without_frames(Opcode.PONG))


def ws_no_close_frame() -> ClientOptions:
    """Sends no close frames."""
    return ClientOptions(prepare=_without_frames(Opcode.CLOSE))


def ws_gives_up_on_1001() -> ClientOptions:
    """Doesn't reconnect after a close frame with code 1001."""
    return ClientOptions(reconnects_after=lambda end: end != 1001)


def ws_gives_up_on_1011() -> ClientOptions:
    """Doesn't reconnect after a close frame with code 1011."""
    return ClientOptions(reconnects_after=lambda end: end != 1011)


def ws_gives_up_on_1012() -> ClientOptions:
    """Doesn't reconnect after a close frame with code 1012."""
    return ClientOptions(reconnects_after=lambda end: end != 1012)


def ws_gives_up_on_abnormal() -> ClientOptions:
    """Doesn't reconnect after a connection that ended without a close frame."""
    return ClientOptions(reconnects_after=lambda end: end is not None)


def ws_gives_up_when_server_down() -> ClientOptions:
    """Doesn't reconnect after a connection attempt that failed."""
    return ClientOptions(reconnects_after=lambda end: end != 0)


def ws_gives_up_on_503() -> ClientOptions:
    """Doesn't reconnect after a handshake that was rejected with 503."""
    return ClientOptions(reconnects_after=lambda end: end != 503)


def ws_gives_up_after_five_tries() -> ClientOptions:
    """Doesn't reconnect after five connection attempts in a row that failed."""
    return ClientOptions(
        reconnect_pause_s=lambda failures: (
            reconnect_pause_s(failures) / 4 if failures < 5 else 3_600.0
        )
    )


def ws_gives_up_on_429() -> ClientOptions:
    """Doesn't reconnect after a handshake that was rejected with 429."""
    return ClientOptions(reconnects_after=lambda end: end != 429)


def ws_no_keepalive() -> ClientOptions:
    """Sends no pings, and so doesn't notice a dead connection."""
    return ClientOptions(ping_interval_s=None)


def ws_fixed_reconnect_interval() -> ClientOptions:
    """Reconnects after about 0.4 s, regardless of the number of failures."""
    return ClientOptions(reconnect_pause_s=lambda failures: 0.4 + 0.05 * (failures % 2))


def ws_no_jitter() -> ClientOptions:
    """Doubles its reconnect pauses, but doesn't randomise them."""
    return ClientOptions(reconnect_pause_s=lambda failures: FIRST_PAUSE_S * 2 ** min(failures, 8))


def ws_deaf_after_reconnect() -> ClientOptions:
    """Handles no events after a reconnect: its handlers belong to the first connection."""
    of_client = threading.local()  # a client has a thread

    def note_connection(_connection: ClientConnection) -> None:
        of_client.connections = getattr(of_client, "connections", 0) + 1

    def read_first(message: str | bytes) -> list[Event]:
        return read_events(message) if of_client.connections == 1 else []

    return ClientOptions(prepare=note_connection, read_events=read_first)


def ws_pauses_stop_webhooks() -> ClientOptions:
    """Answers no webhook while its client pauses before a reconnect: both share an event loop."""
    _event_loop.blocked_until_s = 0.0
    return ClientOptions(reconnect_pause_s=_event_loop.sleep_s)


class _EventLoop:
    """A loop that the pauses of a client block: for 2, then 8 s.

    Attributes:
        blocked_until_s: until when it runs nothing else, on the monotonic clock.

    """

    def __init__(self) -> None:
        self.blocked_until_s = 0.0

    def sleep_s(self, failures: int) -> float:
        """Return how long the client sleeps, from now."""
        pause_s = 2.0 * 4 ** min(failures, 1)
        self.blocked_until_s = time.monotonic() + pause_s
        return float(pause_s)

    def respond(self, token: str, request: Request) -> Response:
        """Respond to a request once the loop is no longer blocked."""
        delay_s = max(0.0, self.blocked_until_s - time.monotonic())
        return replace(respond(token, request), delay_s=delay_s)


_event_loop = _EventLoop()  # of the one such partner that runs
respond_between_pauses = _event_loop.respond


def ws_ignores_active_commands() -> ClientOptions:
    """Asks for the active commands after a reconnect, but doesn't execute them."""
    return ClientOptions(executes_active_commands=False)


def ws_no_lookup() -> ClientOptions:
    """Reports a command as done without looking it up."""
    return ClientOptions(looks_up_commands=False, asks_for_active_commands=False)


def ws_never_reports() -> ClientOptions:
    """Executes commands, but doesn't report them as done."""
    return ClientOptions(reported_state=None)


def ws_stays_received() -> ClientOptions:
    """Reports commands as Received, never as Processed."""
    return ClientOptions(reported_state="Received")


def ws_no_lookup_retry() -> ClientOptions:
    """Drops commands if the first lookup fails."""
    lookups = frozenset({"commands/getAllByIds", "commands/getAllActive"})
    return ClientOptions(operations_without_retry=lookups)


def ws_no_report_retry() -> ClientOptions:
    """Doesn't retry a status report (commands/update) that failed."""
    return ClientOptions(operations_without_retry=frozenset({"commands/update"}))


def ws_executes_cancelled() -> ClientOptions:
    """Executes commands regardless of their state."""
    states = frozenset({"Pending", "Cancelled", "Processed", "Error"})
    return ClientOptions(executed_states=states, repeats_commands=True)


def ws_executes_twice() -> ClientOptions:
    """Executes a command again with every event about it."""
    return ClientOptions(repeats_commands=True)


def ws_two_connections() -> ClientOptions:
    """Opens two connections for each enterprise."""
    return ClientOptions(connections=2)


def ws_first_token_for_all() -> ClientOptions:
    """Looks up the commands of all enterprises with the AccessToken of the first one."""
    return ClientOptions(first_token_for_all=True)


def ws_fetches_three_times() -> ClientOptions:
    """Fetches the entity of each WebSocket event three times."""
    return ClientOptions(fetches_per_event=3)


def ws_slow_lookup() -> ClientOptions:
    """Looks up a command 6 s after the event."""
    return ClientOptions(lookup_delay_s=6.0)


def _requiring(
    properties: Mapping[str, str],
    is_valid: Callable[[Event, str], bool],
    error: type[Exception],
) -> Callable[[str | bytes], list[Event]]:
    """Return a reader that raises an error for an event without a valid property.

    Args:
        properties: the name of the required property, by event type.
        is_valid: whether an event has a valid property of a name.
        error: the error to raise.

    """

    def read(message: str | bytes) -> list[Event]:
        events = read_events(message)
        for event in events:
            name = properties.get(event["Type"])
            if name is not None and not is_valid(event, name):
                raise error
        return events

    return read


def ws_no_resync() -> ClientOptions:
    """Fetches no reservations after a reconnect."""
    return ClientOptions(resyncs_reservations=False)


def ws_gives_up_on_409() -> ClientOptions:
    """Doesn't repeat a status report that is answered with 409."""
    return ClientOptions(refreshes_after_conflict=False)


def _without_frames(opcode: Opcode) -> Callable[[ClientConnection], None]:
    """Return a function that makes a connection send no frames of a kind."""

    def prepare(connection: ClientConnection) -> None:
        send = connection.protocol.send_frame

        def send_others(frame: Frame) -> None:
            if frame.opcode is not opcode:
                send(frame)

        connection.protocol.send_frame = send_others  # type: ignore[method-assign]

    return prepare


CLIENT_FLAWS = (
    ws_never_connects,
    ws_wrong_path,
    ws_spaces_in_cookies,
    ws_swaps_tokens,
    ws_tokens_in_url,
    ws_ignores_events,
    ws_dies_on_missing_property,
    ws_dies_on_null,
    ws_first_event_only,
    ws_drops_mixed_batch,
    ws_reads_slowly,
    ws_unknown_type_drops_batch,
    ws_unknown_property_disconnects,
    ws_dies_on_unreadable,
    ws_no_pong,
    ws_no_close_frame,
    ws_gives_up_on_1001,
    ws_gives_up_on_1011,
    ws_gives_up_on_1012,
    ws_gives_up_on_abnormal,
    ws_gives_up_when_server_down,
    ws_gives_up_on_503,
    ws_gives_up_after_five_tries,
    ws_gives_up_on_429,
    ws_no_keepalive,
    ws_fixed_reconnect_interval,
    ws_no_jitter,
    ws_deaf_after_reconnect,
    ws_ignores_active_commands,
    ws_no_lookup,
    ws_never_reports,
    ws_stays_received,
    ws_no_lookup_retry,
    ws_no_report_retry,
    ws_executes_cancelled,
    ws_executes_twice,
    ws_two_connections,
    ws_first_token_for_all,
    ws_fetches_three_times,
    ws_slow_lookup,
    ws_no_resync,
    ws_gives_up_on_409,
)
