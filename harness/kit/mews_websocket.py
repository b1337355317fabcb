"""The fixture `mews_websocket`: a WebSocket server for a partner's own tests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.emulator.websocket.websocket_handshakes import validate_handshake
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

DEFAULT_TIMEOUT_S = 5.0


class MewsWebSocket:
    """A WebSocket server for one test: connect a client, send events, assert.

    An `enterprise` is given by its number in `tenants`, from 1.

    Attributes:
        server: the underlying server; it can also reject handshakes (`reject_handshakes`,
            `accept_all`) and stop listening for a while (`pause_listening`).
        tenants: the tokens that the server accepts.

    """

    def __init__(self, server: WebSocketServer, tenants: Tenants) -> None:
        self.server, self.tenants = server, tenants

    @property
    def address(self) -> str:
        """The address to configure in a client, such as `ws://127.0.0.1:8089`."""
        return self.server.address

    @property
    def handshakes(self) -> tuple[WebSocketHandshake, ...]:
        """All handshakes so far, with the reasons why some were rejected."""
        return self.server.log.handshakes()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All connections so far."""
        return self.server.log.connections()

    def wait_for_client(
        self, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Connection:
        """Wait until a client of an enterprise is connected; return its connection.

        Raises:
            TimeoutError: no client connected in time; the message lists the handshakes that came
                and why they were rejected.

        """
        enterprise_id = self.tenants.enterprises[enterprise - 1].id
        if not self.server.log.wait_until(
            lambda: enterprise_id in self.server.connected_enterprises(), timeout_s
        ):
            responses = "; ".join(
                f"{handshake.path} got {handshake.status} ({', '.join(handshake.problems)})"
                for handshake in self.handshakes
            )
            problem = f"no client of enterprise {enterprise_id} is connected after {timeout_s:g} s"
            raise TimeoutError(f"{problem}: {responses or 'no handshake came'}")
        return next(
            connection
            for connection in reversed(self.connections)
            if connection.enterprise_id == enterprise_id and connection.ended_ms is None
        )

    def send(
        self, *events: Mapping[str, Any], enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[SentMessage, ...]:
        """Wait for the client of an enterprise, and send it events in one message.

        Raises:
            TimeoutError: no client connected in time.

        """
        body = json.dumps({"Events": events}, ensure_ascii=False)
        return self.send_text(body, enterprise=enterprise, timeout_s=timeout_s)

    def send_text(
        self, text: str, *, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[SentMessage, ...]:
        """Send any text, whether it is JSON or not; otherwise like `send`."""
        connection = self.wait_for_client(enterprise, timeout_s)
        message = Message(
            WebhookKind.WEBSOCKET,
            text.encode(),
            _event_references(text),
            "sent by a test",
            "text",
            connection.enterprise_id,
        )
        sent_by_connection = self.server.send([message], "test", timeout_s)
        return tuple(message for sent in sent_by_connection.values() for message in sent)

    def ping(self, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S) -> Ping:
        """Ping the client of an enterprise; a pong shows that its library read what was sent."""
        connection = self.wait_for_client(enterprise, timeout_s)
        return self.server.ping([connection.number], 0, timeout_s)[connection.number]

    def disconnect(self, how: Disconnect = Disconnect.ABNORMAL) -> None:
        """End every connection; by default without a close frame."""
        self.server.disconnect(how, self.server.connected_enterprises())


@contextmanager
def serve_websocket(tenants: Tenants = DEFAULT_TENANTS) -> Iterator[MewsWebSocket]:
    """Serve a WebSocket on a free port of 127.0.0.1, for the built-in tenants by default.

    Raises:
        HarnessError: the server failed; raised when the context ends.

    """
    started, failures = time.monotonic(), EmulatorFailures()
    enterprise_ids = {tenant.access_token: tenant.id for tenant in tenants.enterprises}

    def look_up_token(token: str) -> tuple[str | None, TokenState]:
        state = TokenState.CURRENT if token in enterprise_ids else TokenState.NONE
        return enterprise_ids.get(token), state

    server = WebSocketServer(
        lambda target, cookies: validate_handshake(
            target, cookies, tenants.client_token, look_up_token
        ),
        lambda: (time.monotonic() - started) * 1000,
        failures=failures,
    )
    with server:
        yield MewsWebSocket(server, tenants)
    failures.raise_since(0)


def _event_references(text: str) -> tuple[EventReference, ...]:
    try:
        events = json.loads(text)["Events"]
        return tuple(
            EventReference(event["Type"], event["Id"], event.get("State") or "") for event in events
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()  # a test may send anything
