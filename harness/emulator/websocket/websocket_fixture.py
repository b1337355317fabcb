"""The WebSocket server in a partner's own tests: connect a client, send events, assert."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.emulator.websocket.admission import admit
from pytest_mews.emulator.websocket.websocket_server import WebSocketServer
from pytest_mews.model import (
    Connection,
    Disconnect,
    EventReference,
    Message,
    Ping,
    SentMessage,
    Tenants,
    TokenState,
    WebhookKind,
    WebSocketHandshake,
)

PATIENCE_S = 5.0


class MewsWebSocket:
    """A WebSocket server of one test.

    Attributes:
        server: what is served; it can also refuse handshakes, be away, and fall silent.
        tenants: whose tokens are right.

    """

    def __init__(self, server: WebSocketServer, tenants: Tenants) -> None:
        self.server, self.tenants = server, tenants

    @property
    def address(self) -> str:
        """What a client is given in the place of Mews's WebSocket address."""
        return self.server.address

    @property
    def handshakes(self) -> tuple[WebSocketHandshake, ...]:
        """All handshakes so far, with the reasons why some were refused."""
        return self.server.log.handshakes()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All connections so far."""
        return self.server.log.connections()

    def wait_for_client(self, enterprise: int = 1, timeout_s: float = PATIENCE_S) -> Connection:
        """Wait until a client of an enterprise, by its number from 1, is connected.

        Raises:
            TimeoutError: none came in time; says which handshakes came and why they were refused.

        """
        owner = self.tenants.enterprises[enterprise - 1].id
        if not self.server.log.wait_until(
            lambda: owner in self.server.connected_enterprises(), timeout_s
        ):
            tried = "; ".join(
                f"{each.path} was answered with {each.status} ({', '.join(each.problems)})"
                for each in self.handshakes
            )
            problem = f"no client of enterprise {owner} is connected after {timeout_s:g} s"
            raise TimeoutError(f"{problem}: {tried or 'no handshake came'}")
        return next(
            each
            for each in reversed(self.connections)
            if each.enterprise_id == owner and each.over_ms is None
        )

    def send(
        self, *events: Mapping[str, Any], enterprise: int = 1, timeout_s: float = PATIENCE_S
    ) -> tuple[SentMessage, ...]:
        """Send events in one message to the client of an enterprise, which is waited for.

        Raises:
            TimeoutError: no client is connected in time.

        """
        body = json.dumps({"Events": events}, ensure_ascii=False)
        return self.send_text(body, enterprise=enterprise, timeout_s=timeout_s)

    def send_text(
        self, text: str, *, enterprise: int = 1, timeout_s: float = PATIENCE_S
    ) -> tuple[SentMessage, ...]:
        """Send any text, be it JSON or not; see `send`."""
        line = self.wait_for_client(enterprise, timeout_s)
        message = Message(
            WebhookKind.WEBSOCKET,
            text.encode(),
            _references(text),
            "a test's",
            "text",
            line.enterprise_id,
        )
        sent = self.server.send([message], "test", timeout_s)
        return tuple(each for of_line in sent.values() for each in of_line)

    def ping(self, enterprise: int = 1, timeout_s: float = PATIENCE_S) -> Ping:
        """Ping the client of an enterprise; a pong says that its library has read what was sent."""
        line = self.wait_for_client(enterprise, timeout_s)
        return self.server.ping([line.number], 0, timeout_s)[line.number]

    def cut(self, how: Disconnect = Disconnect.ABNORMAL) -> None:
        """End every connection, without a close frame unless another cut is asked for."""
        self.server.disconnect(how, self.server.connected_enterprises())


@contextmanager
def in_test(tenants: Tenants = DEFAULT) -> Iterator[MewsWebSocket]:
    """Serve a WebSocket on a free port of 127.0.0.1, for the built-in tenants."""
    began = time.monotonic()
    owners = {each.access_token: each.id for each in tenants.enterprises}

    def standing(token: str) -> tuple[str | None, TokenState]:
        return owners.get(token), TokenState.CURRENT if token in owners else TokenState.NONE

    server = WebSocketServer(
        lambda target, cookies: admit(target, cookies, tenants.client_token, standing),
        lambda: (time.monotonic() - began) * 1000,
    )
    with server:
        yield MewsWebSocket(server, tenants)


def _references(text: str) -> tuple[EventReference, ...]:
    try:
        events = json.loads(text)["Events"]
        return tuple(EventReference(e["Type"], e["Id"], e.get("State") or "") for e in events)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()  # whatever the test sends on purpose
