"""The fixture `mews_websocket`: a WebSocket server for a partner's own tests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
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
    Tenant,
    Tenants,
    TokenState,
    WebhookKind,
    WebSocketHandshake,
)

DEFAULT_TIMEOUT_S = 5.0
POLL_S = 0.005  # how often the predicate of a test is checked


class MewsWebSocket:
    """A WebSocket server for one test: connect a client, send events, assert.

    An `enterprise` is given by its number in `tenants`, from 1.

    Attributes:
        server: the underlying server; it can also reject handshakes (`reject_handshakes`,
            `accept_all`) and stop listening for a while (`pause_listening`).
        tenants: the tokens that the server accepts.

    Args:
        server: see above.
        tenants: see above.
        before_send: called with each message before it is sent.

    """

    # As an attribute of the class, libraries that freeze the time leave it alone.
    _now_s = staticmethod(time.monotonic)

    def __init__(
        self,
        server: WebSocketServer,
        tenants: Tenants,
        before_send: Callable[[Message], object] = lambda _: None,
    ) -> None:
        self.server, self.tenants = server, tenants
        self._before_send = before_send

    @property
    def address(self) -> str:
        """The address for a client that adds the path itself, such as `ws://127.0.0.1:8089`."""
        return self.server.address

    @property
    def url(self) -> str:
        """The URL that a client connects to, such as `ws://127.0.0.1:8089/ws/connector`."""
        return self.server.url

    def headers(self, enterprise: int = 1) -> dict[str, str]:
        """Return the headers of a documented handshake: the cookies with both tokens.

        Raises:
            ValueError: there is no such enterprise.

        """
        tokens = self.tenants.client_token, self._enterprise(enterprise).access_token
        return {"Cookie": "ClientToken={}; AccessToken={}".format(*tokens)}

    @property
    def handshakes(self) -> tuple[WebSocketHandshake, ...]:
        """All handshakes so far, with the reasons why some were rejected."""
        return self.server.log.handshakes()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All connections so far."""
        return self.server.log.connections()

    def wait_for_client(
        self,
        enterprise: int = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        *,
        after: Connection | None = None,
    ) -> Connection:
        """Wait until a client of an enterprise is connected; return its connection.

        Args:
            enterprise: see above.
            timeout_s: how long to wait.
            after: an earlier connection, to wait for the client that comes back.

        Raises:
            TimeoutError: no client connected in time; the message lists the handshakes that came
                and why they were rejected.
            ValueError: there is no such enterprise.

        """
        enterprise_id = self._enterprise(enterprise).id
        minimum = 0 if after is None else after.number
        if not self.server.log.wait_until(
            lambda: self._open_connection(enterprise_id, minimum) is not None, timeout_s
        ):
            problem = f"no client of enterprise {enterprise_id} is connected after {timeout_s:g} s"
            raise TimeoutError(f"{problem}: {self.describe()}")
        connection = self._open_connection(enterprise_id, minimum)
        if connection is None:
            raise TimeoutError(f"the client of enterprise {enterprise_id} left at once")
        return connection

    async def wait_for_client_async(
        self,
        enterprise: int = 1,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        *,
        after: Connection | None = None,
    ) -> Connection:
        """Wait like `wait_for_client`; the event loop goes on meanwhile."""
        return await asyncio.to_thread(self.wait_for_client, enterprise, timeout_s, after=after)

    def send(
        self, *events: Mapping[str, Any], enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[SentMessage, ...]:
        """Wait for the client of an enterprise, and send it events in one message.

        Args:
            events: JSON objects, such as `device_command_event()` and its like build them.
            enterprise: see above.
            timeout_s: how long to wait.

        Raises:
            TimeoutError: no client connected in time.

        """
        body = json.dumps({"Events": events}, ensure_ascii=False)
        return self.send_text(body, enterprise=enterprise, timeout_s=timeout_s)

    async def send_async(
        self, *events: Mapping[str, Any], enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[SentMessage, ...]:
        """Send like `send`; the event loop, and a client in it, goes on meanwhile."""
        return await asyncio.to_thread(
            self.send, *events, enterprise=enterprise, timeout_s=timeout_s
        )

    def send_text(
        self, text: str, *, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[SentMessage, ...]:
        """Send any text, whether it is JSON or not; otherwise like `send`."""
        message = Message(
            WebhookKind.WEBSOCKET, text.encode(), _event_references(text), "sent by a test", "text"
        )
        return self.send_message(message, enterprise=enterprise, timeout_s=timeout_s)

    def send_message(
        self, message: Message, *, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[SentMessage, ...]:
        """Send a message of `websocket_messages()`; otherwise like `send`."""
        connection = self.wait_for_client(enterprise, timeout_s)
        addressed = replace(message, enterprise_id=connection.enterprise_id)
        self._before_send(addressed)
        sent_by_connection = self.server.send([addressed], "test", timeout_s)
        return tuple(message for sent in sent_by_connection.values() for message in sent)

    async def send_message_async(
        self, message: Message, *, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[SentMessage, ...]:
        """Send like `send_message`; the event loop goes on meanwhile."""
        return await asyncio.to_thread(
            self.send_message, message, enterprise=enterprise, timeout_s=timeout_s
        )

    def wait_until(
        self, predicate: Callable[[], object], timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Wait until something that a client in another thread or process does is true.

        Args:
            predicate: called again and again, until its result is true.
            timeout_s: how long to wait.

        Raises:
            TimeoutError: it was not true in time; the message lists the handshakes.

        """
        __tracebackhide__ = True  # pytest then shows the line of the test
        deadline_s = self._now_s() + timeout_s
        while not predicate():
            self._check_deadline(deadline_s, timeout_s)
            time.sleep(POLL_S)

    async def wait_until_async(
        self, predicate: Callable[[], object], timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        """Wait like `wait_until`, for a client in the event loop of the test."""
        __tracebackhide__ = True
        deadline_s = self._now_s() + timeout_s
        while not predicate():
            self._check_deadline(deadline_s, timeout_s)
            await asyncio.sleep(POLL_S)

    def ping(self, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S) -> Ping:
        """Ping the client of an enterprise; a pong shows that its library read what was sent."""
        connection = self.wait_for_client(enterprise, timeout_s)
        return self.server.ping([connection.number], 0, timeout_s)[connection.number]

    async def ping_async(self, enterprise: int = 1, timeout_s: float = DEFAULT_TIMEOUT_S) -> Ping:
        """Ping like `ping`; the event loop, and a client in it, goes on meanwhile."""
        return await asyncio.to_thread(self.ping, enterprise, timeout_s)

    def disconnect(self, how: Disconnect = Disconnect.ABNORMAL) -> None:
        """End every connection; by default without a close frame.

        Raises:
            ValueError: there is no such way to end a connection.

        """
        self.server.disconnect(Disconnect(how), self.server.connected_enterprises())

    async def disconnect_async(self, how: Disconnect = Disconnect.ABNORMAL) -> None:
        """End every connection like `disconnect`; the event loop goes on meanwhile."""
        await asyncio.to_thread(self.disconnect, how)

    def describe(self) -> str:
        """Describe all handshakes so far, with the reasons why some were rejected."""
        return (
            "; ".join(
                f"{handshake.path} got {handshake.status}"
                + (f" ({', '.join(handshake.problems)})" if handshake.problems else "")
                for handshake in self.handshakes
            )
            or "no handshake came"
        )

    def _enterprise(self, number: int) -> Tenant:
        tenants = self.tenants.enterprises
        if number not in range(1, len(tenants) + 1):
            raise ValueError(f"enterprise: {number!r} is not a number from 1 to {len(tenants)}")
        return tenants[number - 1]

    def _check_deadline(self, deadline_s: float, timeout_s: float) -> None:
        if self._now_s() > deadline_s:
            raise TimeoutError(f"not true within {timeout_s:g} s; handshakes: {self.describe()}")

    def _open_connection(self, enterprise_id: str, after: int) -> Connection | None:
        """Return the last open connection of an enterprise with a number above `after`."""
        return next(
            (
                connection
                for connection in reversed(self.connections)
                if connection.enterprise_id == enterprise_id
                and connection.ended_ms is None
                and connection.number > after
            ),
            None,
        )


@contextmanager
def serve_websocket(
    tenants: Tenants = DEFAULT_TENANTS, before_send: Callable[[Message], object] = lambda _: None
) -> Iterator[MewsWebSocket]:
    """Serve a WebSocket on a free port of 127.0.0.1, for the built-in tenants by default.

    `before_send` is called with each message before it is sent.

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
        yield MewsWebSocket(server, tenants, before_send)
    failures.raise_since(0)


def _event_references(text: str) -> tuple[EventReference, ...]:
    try:
        events = json.loads(text)["Events"]
        return tuple(
            EventReference(event["Type"], event["Id"], event.get("State") or "") for event in events
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()  # a test may send anything
