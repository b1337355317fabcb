"""What WebSocket clients do differently: one value that the flaws replace parts of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from websockets.sync.client import ClientConnection

from pytest_mews.demo.websocket import reconnect_backoff
from pytest_mews.demo.websocket.event_reader import PENDING, Event, events_of

PATH = "/ws/connector"


class GivenUp(Exception):
    """Ends a client for good, as an error that nobody handles does."""


def cookies(client_token: str, access_token: str) -> str:
    """Write the cookies as documented: no blanks around `=`."""
    return f"ClientToken={client_token}; AccessToken={access_token}"


@dataclass(frozen=True)
class ClientOptions:
    """How a client uses the WebSocket; sound where nothing else is said.

    Attributes:
        path: what it connects to.
        cookies: how it writes the tokens into the Cookie header.
        query: what it writes into the URL, given both tokens.
        connections: how many it opens for an enterprise.
        pause_s: how long it waits before it connects again, by the failures before.
        returns: whether it connects again, by the code of the close frame (None without one), or
            the status of a handshake that was refused, or 0 where no connection came about.
        ping_s: how often it pings; None for never.
        prepare: what it does to a new connection.
        read: the events that it takes from a message; `GivenUp` ends the client.
        select: those of them that it works on.
        slow_s: how long it takes for each event before it reads on.
        late_s: how long it waits before it works on an event.
        catches_up: whether it asks for the active commands when it has connected.
        heeds_active: whether it does something about these.
        looks_up: whether it looks up a command before it carries it out.
        states: the states of an event that make it carry out the command.
        gives_up_on: the operations that it does not try again when they fail.
        reports: the state that it reports in the end; None for no report.
        forgetful: whether it carries out a command again that it has done.
        borrowed: whether it uses the first enterprise's AccessToken for all of them.
        fetches: how often it fetches what an event told of.

    """

    path: str = PATH
    cookies: Callable[[str, str], str] = cookies
    query: Callable[[str, str], str] = lambda _client, _access: ""
    connections: int = 1
    pause_s: Callable[[int], float] = reconnect_backoff.pause_s
    returns: Callable[[int | None], bool] = lambda _end: True
    ping_s: float | None = 1.0
    prepare: Callable[[ClientConnection], None] = lambda _connection: None
    read: Callable[[str | bytes], list[Event]] = events_of
    select: Callable[[list[Event]], Sequence[Event]] = lambda events: events
    slow_s: float = 0.0
    late_s: float = 0.0
    catches_up: bool = True
    heeds_active: bool = True
    looks_up: bool = True
    states: frozenset[str] = frozenset({PENDING})
    gives_up_on: frozenset[str] = frozenset()
    reports: str | None = "Processed"
    forgetful: bool = False
    borrowed: bool = False
    fetches: int = 1
