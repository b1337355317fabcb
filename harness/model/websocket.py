"""What happens between the WebSocket emulator and the partner's clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pytest_mews.model.message import EventReference

# ruff: noqa: S105 - names of problems, not passwords

SWITCHING_PROTOCOLS = 101  # the status of an accepted handshake


class HandshakeProblem(StrEnum):
    """Why the emulator rejected a handshake: a closed list."""

    WRONG_PATH = "wrong-path"
    NO_CLIENT_TOKEN = "no-client-token"
    WRONG_CLIENT_TOKEN = "wrong-client-token"
    NO_ACCESS_TOKEN = "no-access-token"
    WRONG_ACCESS_TOKEN = "wrong-access-token"  # of no enterprise of the run
    OLD_ACCESS_TOKEN = "old-access-token"  # replaced, or of an integration that is disabled
    BLANKS = "blanks"  # around the = of a cookie
    NO_WEBSOCKET = "no-websocket"  # a plain HTTP request, or an invalid handshake
    INJECTED = "injected"  # a scenario rejects handshakes on purpose


class Disconnect(StrEnum):
    """How the emulator ends a connection on purpose: a closed list."""

    GOING_AWAY = "going-away"
    SERVER_ERROR = "server-error"
    RESTART = "restart"
    ABNORMAL = "abnormal"  # the TCP connection is closed without a close frame
    UNRESPONSIVE = (
        "unresponsive"  # the emulator sends nothing more, but keeps the TCP connection open
    )


CLOSE_CODES: Mapping[Disconnect, int] = MappingProxyType(
    {Disconnect.GOING_AWAY: 1001, Disconnect.SERVER_ERROR: 1011, Disconnect.RESTART: 1012}
)
"""The code in the close frame (RFC 6455, section 7.4.1, and IANA's registry)."""


@dataclass(frozen=True)
class WebSocketHandshake:
    """One WebSocket handshake of a client, without tokens.

    Attributes:
        number: from 1, in order of arrival.
        at_ms: when it arrived, in milliseconds on the run's clock.
        path: the path and query, with the values of the query redacted.
        status: the status of the response; 101 if the handshake was accepted.
        enterprise_id: the owner of its AccessToken; None for an unknown token.
        problems: why it was rejected.
        tokens_in_query: whether the URL has a token, even if the handshake was accepted.

    """

    number: int
    at_ms: float
    path: str
    status: int
    enterprise_id: str | None = None
    problems: tuple[HandshakeProblem, ...] = ()
    tokens_in_query: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the handshake opened a connection."""
        return self.status == SWITCHING_PROTOCOLS


@dataclass(frozen=True)
class SentMessage:
    """One message on a WebSocket connection, or for an enterprise without a connected client.

    Times are in milliseconds on the run's clock.

    Attributes:
        label: the name of the message in the scenario.
        enterprise_id: the enterprise that it is about.
        description: a short description.
        size: in bytes.
        events: its events, in order; empty for a message that is malformed on purpose.
        at_ms: when the emulator passed it to the connection.
        done_ms: when the connection could take another message; None if it never could, because the
            client read too slowly (backpressure).
        visible_from_ms: when the Connector API emulator began to show the changes that the message
            announces; None if not before `at_ms`.

    """

    label: str
    enterprise_id: str
    description: str
    size: int
    events: tuple[EventReference, ...]
    at_ms: float
    done_ms: float | None = None
    visible_from_ms: float | None = None

    @property
    def relevant_from_ms(self) -> float:
        """The earliest time at which a request could return the changes of this message."""
        return self.at_ms if self.visible_from_ms is None else self.visible_from_ms


@dataclass(frozen=True)
class Ping:
    """One ping of the emulator.

    `events_before` events were sent before it in the same step; since frames keep their order, a
    pong means that the client has read them. `pong_ms` is None if no pong arrived in `timeout_s`.
    """

    at_ms: float
    pong_ms: float | None
    events_before: int
    timeout_s: float


@dataclass(frozen=True)
class Connection:
    """One connection of a client.

    Attributes:
        number: from 1, in order of opening.
        enterprise_id: the enterprise whose events it receives.
        opened_ms: when its handshake arrived, in milliseconds on the run's clock; the client can
            act on the response before the emulator does anything else.
        received_count: messages that the client sent; nothing requires any.
        disconnect: how the emulator ended it; None if it did not.
        disconnect_ms: when the emulator ended it.
        closed_ms: when the TCP connection was closed; None while it is open.
        close_code: the code in the client's close frame; None without a close frame.
        sent: the messages of one execution, in order.
        pings: the pings of the same execution.

    """

    number: int
    enterprise_id: str
    opened_ms: float
    received_count: int = 0
    disconnect: Disconnect | None = None
    disconnect_ms: float | None = None
    closed_ms: float | None = None
    close_code: int | None = None
    sent: tuple[SentMessage, ...] = ()
    pings: tuple[Ping, ...] = ()

    @property
    def ended_ms(self) -> float | None:
        """When it ended: the time of the disconnect, otherwise of the close."""
        return self.closed_ms if self.disconnect_ms is None else self.disconnect_ms

    @property
    def closed_by_client(self) -> bool:
        """Whether the client ended it, and not the emulator."""
        return self.disconnect is None and self.closed_ms is not None
