"""The behaviour of a WebSocket client, as options whose defaults are sound.

Mews may add types, properties and states at any time, and an unreadable message must not end a
connection. A sound client therefore takes the events that it can use and skips everything else.

Mews documents no pause before a reconnect. RFC 6455, section 7.2.3, asks for a random delay at
first and an exponential backoff afterwards, so that the clients of a restarted server don't return
all at once.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from websockets.sync.client import ClientConnection

from pytest_mews.mews.events import EVENTS, Change, Channel

Event = Mapping[str, Any]

PATH = "/ws/connector"
COMMAND = "DeviceCommand"
PENDING = "Pending"
# The webhook event about the same entity, by event type: both then lead to a single fetch.
DISCRIMINATORS = {
    event.name: webhook.name
    for event in EVENTS.values()
    for webhook in EVENTS.values()
    if event.channel is Channel.WEBSOCKET
    and webhook.channel is Channel.GENERAL
    and webhook.change is Change.UPDATED
    and event.entity == webhook.entity is not None
}
FIRST_PAUSE_S = 0.25  # short for the demo; a real client can start with a second or more
MAX_PAUSE_S = 60.0
JITTER = 0.25
_RANDOM = random.SystemRandom()  # the shared generator could have the same seed in many clients


class UnhandledError(Exception):
    """Ends a client for good, as an exception that it doesn't handle."""


def cookie_header(client_token: str, access_token: str) -> str:
    """Return the value of the Cookie header as documented: no spaces around `=`."""
    return f"ClientToken={client_token}; AccessToken={access_token}"


def reconnect_pause_s(
    failures: int, uniform: Callable[[float, float], float] = _RANDOM.uniform
) -> float:
    """Return the seconds to wait before a reconnect, after a number of consecutive failures."""
    pause_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 32))  # no float overflow
    return float(pause_s * uniform(1 - JITTER, 1 + JITTER))


def read_events(message: str | bytes) -> list[Event]:
    """Return the events of a message that have a Type and an Id; none if it is unreadable."""
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return []
    events = document.get("Events") if isinstance(document, dict) else None
    return [
        event
        for event in (events if isinstance(events, list) else ())
        if isinstance(event, dict)
        and isinstance(event.get("Type"), str)
        and isinstance(event.get("Id"), str)
    ]


@dataclass(frozen=True)
class ClientOptions:
    """How a client uses the WebSocket. The defaults are sound; flaws replace some of them.

    Attributes:
        path: the path to connect to.
        cookie_header: returns the Cookie header for the ClientToken and the AccessToken.
        query: returns the query of the URL for the same tokens.
        connections: the number of connections per enterprise.
        reconnect_pause_s: returns the seconds to wait before a reconnect, by the number of
            consecutive failures.
        reconnects_after: whether the client reconnects, by the way the connection ended: the code
            of the close frame, None without one, the HTTP status of a rejected handshake, or 0 if
            no connection was established.
        ping_interval_s: seconds between pings; None for no pings.
        prepare: changes a new connection.
        read_events: returns the events of a message. UnhandledError ends the client for good; an
            OSError ends the connection.
        select_events: returns the events that the client handles.
        seconds_per_event: how long the client works on each event before it reads on.
        lookup_delay_s: seconds from an event to the lookup of its command.
        asks_for_active_commands: whether it asks for active commands when it has connected.
        executes_active_commands: whether it executes them.
        looks_up_commands: whether it looks up a command before it executes it.
        executed_states: the states in an event that make the client look up the command.
        operations_without_retry: the operations that it doesn't retry when they fail.
        refreshes_after_conflict: whether it looks a command up again after a 409, and reports it
            again.
        resyncs_reservations: whether it fetches after a reconnect the reservations that changed
            meanwhile.
        reported_state: the state that it reports after execution; None for no report.
        repeats_commands: whether it executes commands again that it has executed.
        first_token_for_all: whether it uses the AccessToken of the first enterprise for all.
        fetches_per_event: how often it fetches the entity of an event.

    """

    path: str = PATH
    cookie_header: Callable[[str, str], str] = cookie_header
    query: Callable[[str, str], str] = lambda _client_token, _access_token: ""
    connections: int = 1
    reconnect_pause_s: Callable[[int], float] = reconnect_pause_s
    reconnects_after: Callable[[int | None], bool] = lambda _end: True
    ping_interval_s: float | None = 1.0
    prepare: Callable[[ClientConnection], None] = lambda _connection: None
    read_events: Callable[[str | bytes], list[Event]] = read_events
    select_events: Callable[[list[Event]], Sequence[Event]] = lambda events: events
    seconds_per_event: float = 0.0
    lookup_delay_s: float = 0.0
    asks_for_active_commands: bool = True
    executes_active_commands: bool = True
    looks_up_commands: bool = True
    executed_states: frozenset[str] = frozenset({PENDING})
    operations_without_retry: frozenset[str] = frozenset()
    refreshes_after_conflict: bool = True
    resyncs_reservations: bool = True
    reported_state: str | None = "Processed"
    repeats_commands: bool = False
    first_token_for_all: bool = False
    fetches_per_event: int = 1
