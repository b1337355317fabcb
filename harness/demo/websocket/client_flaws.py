"""Flaws of WebSocket clients. Each function gives the habits of a new one."""

from __future__ import annotations

import json
from collections.abc import Callable

from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from pytest_mews.demo.websocket.client_options import PATH, ClientOptions, GivenUp
from pytest_mews.demo.websocket.event_reader import AS_WEBHOOK, COMMAND, Event, events_of
from pytest_mews.demo.websocket.reconnect_backoff import FIRST_S

KNOWN = frozenset({COMMAND, "PriceUpdate", *AS_WEBHOOK})


def ws_never_connects() -> ClientOptions:
    """Opens no connection."""
    return ClientOptions(connections=0)


def ws_wrong_path() -> ClientOptions:
    """Connects to the documented path with a slash at its end."""
    return ClientOptions(path=f"{PATH}/")


def ws_blank_cookies() -> ClientOptions:
    """Writes blanks around the = of the cookies."""
    return ClientOptions(
        cookies=lambda client, access: f"ClientToken = {client}; AccessToken = {access}",
    )


def ws_swaps_tokens() -> ClientOptions:
    """Sends the ClientToken as AccessToken and the other way round."""
    return ClientOptions(
        cookies=lambda client, access: f"ClientToken={access};AccessToken={client}"
    )


def ws_tokens_in_url() -> ClientOptions:
    """Puts both tokens into the query as well, as it was until January 2021."""
    return ClientOptions(
        query=lambda client, access: f"?ClientToken={client}&AccessToken={access}",
    )


def ws_deaf() -> ClientOptions:
    """Connects, and does nothing about any event."""
    return ClientOptions(select=lambda _events: (), catches_up=False)


def ws_dies_on_absent() -> ClientOptions:
    """Ends for good when an optional property of an event is missing."""
    return ClientOptions(read=_demanding("AssignedResourceId", "ResourceCategoryId", null=True))


def ws_dies_on_null() -> ClientOptions:
    """Closes the connection when an optional property of an event is null."""
    return ClientOptions(read=_demanding("AssignedResourceId", "RateId", null=False))


def ws_first_event_only() -> ClientOptions:
    """Works on the first event of a message alone."""
    return ClientOptions(select=lambda events: events[:1])


def ws_drops_mixed() -> ClientOptions:
    """Works on nothing in a message that has events of several types."""
    return ClientOptions(
        select=lambda events: events if len({each["Type"] for each in events}) == 1 else (),
    )


def ws_reads_slowly() -> ClientOptions:
    """Works for 20 ms on each event before it reads the next message."""
    return ClientOptions(slow_s=0.02, ping_s=None)


def ws_unknown_type_drops() -> ClientOptions:
    """Works on nothing in a message that has an event of a type it does not know."""
    return ClientOptions(
        select=lambda events: events if all(each["Type"] in KNOWN for each in events) else (),
    )


def ws_extra_property_drops() -> ClientOptions:
    """Closes the connection when an event has a property that it does not know."""
    known = {"Type", "Id", "State", "StartUtc", "EndUtc", "AssignedResourceId", "RateId"}
    known |= {"ResourceCategoryId"}

    def read(message: str | bytes) -> list[Event]:
        events = events_of(message)
        if any(each.keys() - known for each in events):
            raise ConnectionAbortedError
        return events

    return ClientOptions(read=read)


def ws_dies_on_garbage() -> ClientOptions:
    """Ends for good when a message can't be read."""

    def read(message: str | bytes) -> list[Event]:
        try:
            return [{"Type": each["Type"], **each} for each in json.loads(message)["Events"]]
        except (ValueError, KeyError, TypeError):
            raise GivenUp from None

    return ClientOptions(read=read)


def ws_no_pong() -> ClientOptions:
    """Answers no ping."""
    return ClientOptions(prepare=_withholding(Opcode.PONG))


def ws_rude_close() -> ClientOptions:
    """Answers no close frame."""
    return ClientOptions(prepare=_withholding(Opcode.CLOSE))


def ws_gives_up_on_1001() -> ClientOptions:
    """Takes a close frame with code 1001 for the end, and does not come back."""
    return ClientOptions(returns=lambda end: end != 1001)  # noqa: PLR2004 - going away


def ws_gives_up_on_1011() -> ClientOptions:
    """Takes a close frame with code 1011 for the end, and does not come back."""
    return ClientOptions(returns=lambda end: end != 1011)  # noqa: PLR2004 - server error


def ws_gives_up_on_1012() -> ClientOptions:
    """Takes a close frame with code 1012 for the end, and does not come back."""
    return ClientOptions(returns=lambda end: end != 1012)  # noqa: PLR2004 - service restart


def ws_gives_up_on_abnormal() -> ClientOptions:
    """Comes back after a close frame alone, not after a connection that broke."""
    return ClientOptions(returns=lambda end: end is not None)


def ws_gives_up_when_away() -> ClientOptions:
    """Does not come back when no connection comes about."""
    return ClientOptions(returns=lambda end: end != 0)


def ws_gives_up_on_503() -> ClientOptions:
    """Does not come back when a handshake is answered with 503."""
    return ClientOptions(returns=lambda end: end != 503)  # noqa: PLR2004 - the status


def ws_gives_up_on_429() -> ClientOptions:
    """Does not come back when a handshake is answered with 429."""
    return ClientOptions(returns=lambda end: end != 429)  # noqa: PLR2004 - the status


def ws_no_keepalive() -> ClientOptions:
    """Sends no pings, so that it waits for ever on a connection that is dead."""
    return ClientOptions(ping_s=None)


def ws_reconnect_storm() -> ClientOptions:
    """Connects again at once, for ever."""
    return ClientOptions(pause_s=lambda _failures: 0.01)


def ws_fixed_pause() -> ClientOptions:
    """Connects again after about 0.4 s, however often that has failed."""
    return ClientOptions(pause_s=lambda failures: 0.4 + 0.05 * (failures % 2))


def ws_no_jitter() -> ClientOptions:
    """Doubles its pauses, without any chance in them."""
    return ClientOptions(pause_s=lambda failures: FIRST_S * 2 ** min(failures, 8))


def ws_no_catch_up() -> ClientOptions:
    """Does not ask for what it missed while it was not connected."""
    return ClientOptions(catches_up=False)


def ws_ignores_active() -> ClientOptions:
    """Asks for the active commands after a reconnect, and does nothing about them."""
    return ClientOptions(heeds_active=False)


def ws_no_lookup() -> ClientOptions:
    """Reports a command as done without having looked at it."""
    return ClientOptions(looks_up=False, catches_up=False)


def ws_never_reports() -> ClientOptions:
    """Carries out commands and does not report that they are done."""
    return ClientOptions(reports=None)


def ws_stays_received() -> ClientOptions:
    """Reports commands as Received, and never as Processed."""
    return ClientOptions(reports="Received")


def ws_looks_up_once() -> ClientOptions:
    """Drops commands when they can't be looked up at once."""
    return ClientOptions(gives_up_on=frozenset({"commands/getAllByIds", "commands/getAllActive"}))


def ws_reports_once() -> ClientOptions:
    """Takes a command for reported, whatever commands/update is answered with."""
    return ClientOptions(gives_up_on=frozenset({"commands/update"}))


def ws_executes_cancelled() -> ClientOptions:
    """Carries out a command whatever its state."""
    states = frozenset({"Pending", "Cancelled", "Processed", "Error"})
    return ClientOptions(states=states, forgetful=True)


def ws_double_effect() -> ClientOptions:
    """Carries out a command each time that an event tells of it."""
    return ClientOptions(forgetful=True)


def ws_two_connections() -> ClientOptions:
    """Opens two connections for each enterprise."""
    return ClientOptions(connections=2)


def ws_borrows_token() -> ClientOptions:
    """Asks for the commands of all enterprises with the first one's AccessToken."""
    return ClientOptions(borrowed=True)


def ws_fetches_each() -> ClientOptions:
    """Fetches what an event told of three times, beside what webhooks lead to."""
    return ClientOptions(fetches=3)


def ws_waits() -> ClientOptions:
    """Works on a command 6 s after it was told of it."""
    return ClientOptions(late_s=6.0)


def _demanding(*names: str, null: bool) -> Callable[[str | bytes], list[Event]]:
    """Read as if these properties were required, of events that may have them."""
    of_type = {"Reservation": names[:1], "PriceUpdate": names[1:]}

    def read(message: str | bytes) -> list[Event]:
        events = events_of(message)
        for event in events:
            for name in of_type.get(event["Type"], ()):
                if null and name not in event:
                    raise GivenUp
                if not null and name in event and event[name] is None:
                    raise ConnectionAbortedError
        return events

    return read


def _withholding(opcode: Opcode) -> Callable[[ClientConnection], None]:
    """Send no frames of a kind."""

    def prepare(connection: ClientConnection) -> None:
        send = connection.protocol.send_frame

        def send_others(frame: Frame) -> None:
            if frame.opcode is not opcode:
                send(frame)

        connection.protocol.send_frame = send_others  # type: ignore[method-assign]

    return prepare


STREAM_FLAWS = (
    ws_never_connects,
    ws_wrong_path,
    ws_blank_cookies,
    ws_swaps_tokens,
    ws_tokens_in_url,
    ws_deaf,
    ws_dies_on_absent,
    ws_dies_on_null,
    ws_first_event_only,
    ws_drops_mixed,
    ws_reads_slowly,
    ws_unknown_type_drops,
    ws_extra_property_drops,
    ws_dies_on_garbage,
    ws_no_pong,
    ws_rude_close,
    ws_gives_up_on_1001,
    ws_gives_up_on_1011,
    ws_gives_up_on_1012,
    ws_gives_up_on_abnormal,
    ws_gives_up_when_away,
    ws_gives_up_on_503,
    ws_gives_up_on_429,
    ws_no_keepalive,
    ws_reconnect_storm,
    ws_fixed_pause,
    ws_no_jitter,
    ws_no_catch_up,
    ws_ignores_active,
    ws_no_lookup,
    ws_never_reports,
    ws_stays_received,
    ws_looks_up_once,
    ws_reports_once,
    ws_executes_cancelled,
    ws_double_effect,
    ws_two_connections,
    ws_borrows_token,
    ws_fetches_each,
    ws_waits,
)
