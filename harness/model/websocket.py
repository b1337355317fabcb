"""What happens between the WebSocket server and the partner's clients: handshakes, frames, cuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pytest_mews.model.message import EventReference

# ruff: noqa: S105 - names of refusals, not passwords

SWITCHED = 101  # the status of a handshake that was accepted


class HandshakeProblem(StrEnum):
    """Why a handshake was not accepted: a closed list."""

    WRONG_PATH = "wrong-path"
    NO_CLIENT_TOKEN = "no-client-token"
    WRONG_CLIENT_TOKEN = "wrong-client-token"
    NO_ACCESS_TOKEN = "no-access-token"
    WRONG_ACCESS_TOKEN = "wrong-access-token"  # of no enterprise that is known
    OLD_ACCESS_TOKEN = "old-access-token"  # replaced, or its integration is switched off
    BLANKS = "blanks"  # around the = of a cookie
    TOKENS_IN_QUERY = "tokens-in-query"  # and not in cookies
    NO_WEBSOCKET = "no-websocket"  # a plain request, or another fault in the handshake itself
    ON_PURPOSE = "on-purpose"  # a scenario asked for it


class Disconnect(StrEnum):
    """How the harness ends a connection on purpose: a closed list."""

    GOING_AWAY = "going-away"
    SERVER_ERROR = "server-error"
    RESTART = "restart"
    ABNORMAL = "abnormal"  # the TCP connection is broken, no close frame is sent
    UNRESPONSIVE = "unresponsive"  # nothing is sent or answered any more, the TCP connection stays


CLOSE_CODES: Mapping[Disconnect, int] = MappingProxyType(
    {Disconnect.GOING_AWAY: 1001, Disconnect.SERVER_ERROR: 1011, Disconnect.RESTART: 1012}
)
"""What the close frame of a cut says (RFC 6455, section 7.4.1, and IANA's registry)."""


@dataclass(frozen=True)
class WebSocketHandshake:
    """One handshake of a client; every token in it is masked.

    Attributes:
        number: from 1, in the order of arrival.
        at_ms: when it came, on the run's clock.
        path: as it was asked for, the values of its query masked.
        status: what it was answered with; 101 where it was accepted.
        enterprise_id: whose AccessToken it bore; None where that is nobody's.
        problems: why it was not accepted.
        tokens_in_query: whether a token stood in the URL, be it accepted or not.

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
        """Whether a connection came of it."""
        return self.status == SWITCHED


@dataclass(frozen=True)
class SentMessage:
    """One message on a connection, or one that nobody was connected to receive.

    Attributes:
        label: the draw that it came from.
        enterprise_id: whose it is.
        description: what it is, in words.
        size: bytes.
        events: what it says, in order; empty where it can't be read on purpose.
        at_ms: when it was handed to the connection, on the run's clock.
        done_ms: when the connection had room for the next; None where it never had (back pressure).
        known_ms: from when on the Connector API knew what it says; None for not before `at_ms`.

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
        """Since when a request can be due to it, or make it needless."""
        return self.at_ms if self.visible_from_ms is None else self.visible_from_ms


@dataclass(frozen=True)
class Ping:
    """One ping; `behind` events were sent before it in the same step, frames stay in order.

    `ponged_ms` is None where no pong came as long as was waited, which is `waited_s` seconds.
    """

    at_ms: float
    ponged_ms: float | None
    behind: int
    waited_s: float


@dataclass(frozen=True)
class Connection:
    """One connection of a client.

    Attributes:
        number: from 1, in the order of opening.
        enterprise_id: whose events go there.
        opened_ms: when its handshake came, on the run's clock; the client may act as soon as that
            is answered, before the server goes on.
        received: messages that the client sent; nothing asks for any.
        cut: how the harness ended it; None where it did not.
        cut_ms: when.
        closed_ms: when the TCP connection was over; None while it is not.
        code: of the client's close frame; None where there was none.
        sent: the messages of one play, in order.
        pings: those of the same play.

    """

    number: int
    enterprise_id: str
    opened_ms: float
    received: int = 0
    cut: Disconnect | None = None
    cut_ms: float | None = None
    closed_ms: float | None = None
    code: int | None = None
    sent: tuple[SentMessage, ...] = ()
    pings: tuple[Ping, ...] = ()

    @property
    def over_ms(self) -> float | None:
        """When it was of no use any more: cut by the harness, or closed by the client."""
        return self.closed_ms if self.cut_ms is None else self.cut_ms

    @property
    def dropped(self) -> bool:
        """Whether the client ended it, and not the harness."""
        return self.cut is None and self.closed_ms is not None
