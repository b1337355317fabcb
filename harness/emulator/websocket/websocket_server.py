"""The WebSocket server that partners connect to, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import socket
import ssl
import threading
import weakref
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Self, TypeVar, cast

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from pytest_mews.emulator.attribution import Origin
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.emulator.websocket.connection_log import ConnectionLog
from pytest_mews.emulator.websocket.controlled_connection import ControlledConnection
from pytest_mews.emulator.websocket.websocket_handshakes import (
    PATH,
    HandshakeRejection,
    HandshakeResult,
)
from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.model import Disconnect, HandshakeProblem, Message, Ping, SentMessage
from pytest_mews.model.websocket import CLOSE_CODES, SWITCHING_PROTOCOLS

OPTION = "--mews-websocket"
NAME = "WebSocket emulator"
BACKLOG = 1024
MAX_PENDING = 256  # connections without a complete handshake; each ends after OPEN_TIMEOUT_S
OPEN_TIMEOUT_S = 10.0
SEVERAL_UPGRADES = "The request has several Upgrade headers; a handshake has one.\n"
SHUTDOWN_TIMEOUT_S = 1.0
CLOSE_TIMEOUT_S = 5.0  # how long a client may take to reply to a close frame
T = TypeVar("T")

ValidateHandshake = Callable[[str, Sequence[str]], HandshakeResult]
"""Checks a handshake: its path with the query, and the values of its `Cookie` headers."""


class WebSocketServer:
    """A WebSocket server whose methods may all be called from any thread.

    Attributes:
        log: the handshakes and connections.

    Args:
        validate: checks handshakes.
        now_ms: reads the run's clock.
        host: the address to listen on.
        port: the port; 0 for a free one.
        tls: the TLS context of the server; None for plain ws.
        option: the option that the address came from, for the error if it can't be used.
        has_token: tells whether a request has a token of the run anywhere; by default every
            request counts as the partner's.
        failures: records unexpected exceptions, which are faults of the harness.

    """

    def __init__(  # noqa: PLR0913 - each is independent of the others
        self,
        validate: ValidateHandshake,
        now_ms: Callable[[], float],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        option: str = OPTION,
        has_token: Callable[[str], bool] = lambda _text: True,
        failures: EmulatorFailures | None = None,
    ) -> None:
        self._has_token = has_token
        self._failures = failures or EmulatorFailures()
        self._validate, self._now_ms, self._option = validate, now_ms, option
        self._host, self._port, self._tls = host, port, tls
        self.log = ConnectionLog()
        self._connections: dict[int, ControlledConnection] = {}
        # Includes connections whose handshake is still in progress.
        self._all_connections: weakref.WeakSet[ControlledConnection] = weakref.WeakSet()
        self._pending: deque[weakref.ref[ControlledConnection]] = deque()  # oldest first
        self._rejections: dict[str, HandshakeRejection] = {}
        self._close_tasks: set[asyncio.Task[None]] = set()  # the loop holds weak references only
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run_loop, name="mews-websocket", daemon=True)
        self._server: Server | None = None
        # Silent on purpose; with a lower level websockets would describe every frame for it.
        self._logger = logging.Logger("mews-websocket", logging.CRITICAL)  # noqa: LOG001
        self._logger.addHandler(logging.NullHandler())
        self._stopped = False
        self._ping_count = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """The address that a partner configures instead of Mews's WebSocket address."""
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://{self._url_host}:{self._port}"

    @property
    def url(self) -> str:
        """The URL that a client connects to: the address with the documented path."""
        return f"{self.address}{PATH}"

    def start(self) -> None:
        """Start listening; return when connections are accepted.

        Raises:
            UsageError: the address can't be listened on.

        """
        listener = self._listen()
        self._port = listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._run_in_loop(self._start_serving(listener))

    def stop(self) -> None:
        """Abort every connection and end the thread; further calls do nothing."""
        if self._stopped:
            return
        self._stopped = True
        self.log.close()
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._shut_down(self._loop), self._loop)
            self._thread.join()

    def connected_enterprises(self) -> frozenset[str]:
        """Return the ids of the enterprises with a connection that neither side has ended."""
        return frozenset(
            connection.enterprise_id
            for connection in self.log.connections()
            if connection.ended_ms is None
        )

    def send(
        self, messages: Sequence[Message], label: str, timeout_s: float
    ) -> dict[int, tuple[SentMessage, ...]]:
        """Send each message on every connection of its enterprise, without pauses.

        Args:
            messages: what to send; a message's `enterprise_id` selects the connections.
            label: the name of the message spec that the messages came from.
            timeout_s: how long to wait for a client that reads too slowly; messages that it
                hasn't taken by then are not sent.

        Returns:
            The sent messages by connection number; unresponsive connections get none.

        """
        return self._run_in_loop(self._send_to_all(messages, label, timeout_s))

    def ping(
        self, connection_numbers: Iterable[int], events_before: int, timeout_s: float
    ) -> dict[int, Ping]:
        """Ping each of these connections, and wait for the pongs; return the pings by number."""
        return self._run_in_loop(self._ping(tuple(connection_numbers), events_before, timeout_s))

    def disconnect(self, how: Disconnect, enterprises: Collection[str]) -> None:
        """End the connections of some enterprises; UNRESPONSIVE leaves closing to the client."""
        self._run_in_loop(self._disconnect(how, enterprises))

    def reject_handshakes(
        self,
        status: int,
        times: int,
        duration_s: float,
        enterprises: Iterable[str],
        max_duration_s: float = math.inf,
    ) -> None:
        """Reject the next handshakes of some enterprises with a status.

        The rejection ends after `times` handshakes of an enterprise and after `duration_s`,
        whichever is later, but after `max_duration_s` in any case.
        """
        now_ms = self._now_ms()
        until_ms, ends_ms = now_ms + duration_s * 1000, now_ms + max_duration_s * 1000
        rejections = {
            enterprise_id: HandshakeRejection(status, times, until_ms, ends_ms)
            for enterprise_id in enterprises
        }
        self._run_in_loop(self._add_rejections(rejections))

    def accept_all(self) -> None:
        """End every rejection of handshakes, and abort unresponsive connections."""
        self._run_in_loop(self._accept_all())

    def pause_listening(self, duration_s: float) -> None:
        """Abort every connection and stop listening for a while; return when it listens again.

        Raises:
            HarnessError: something else listens at the address by then.

        """
        self._run_in_loop(self._pause_listening(duration_s))

    @property
    def _url_host(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    @property
    def _family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self._host else socket.AF_INET

    def _run_loop(self) -> None:
        assert self._loop is not None
        self._loop.set_exception_handler(self._record_loop_error)
        self._loop.run_forever()
        self._loop.close()

    def _record_loop_error(
        self, _loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]
    ) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self._failures.record(NAME, error)

    def _run_in_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._stopped or self._loop is None:
            coroutine.close()
            raise HarnessError("the WebSocket server was stopped")
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except CancelledError:
            raise HarnessError("the WebSocket server was stopped") from None

    def _listen(self) -> socket.socket:
        address = (self._host, self._port)
        try:
            return socket.create_server(address, family=self._family, backlog=BACKLOG)
        except (OSError, OverflowError) as error:
            # The message of `create_server` repeats the address: use the error number's alone.
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else ""
            raise UsageError(
                self._option,
                f"{self._url_host}:{self._port}",
                f"can't be listened on: {(reason or str(error)).lower()}",
                "Stop the process that uses the address, or give another one.",
            ) from error

    def _reserve(self) -> socket.socket:
        """Return a socket that keeps the port, but refuses connections.

        Otherwise the system may give the port to a client that tries to connect to it, and so
        connects to itself.
        """
        reserved = socket.socket(self._family)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # `_listen` tells it
            reserved.bind((self._host, self._port))
        return reserved

    async def _start_serving(self, listener: socket.socket) -> None:
        self._server = await serve(
            self._handle_connection,
            sock=listener,
            backlog=BACKLOG,
            ssl=self._tls,
            process_request=self._process_request,
            process_response=self._process_response,
            compression=None,  # not documented; a client that offers it works without
            ping_interval=None,  # scenarios send the pings
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            # Any factory works, although the library's type is a class.
            create_connection=cast("type[ServerConnection]", self._create_connection),
            logger=self._logger,
        )

    def _create_connection(self, *args: Any, **options: Any) -> ControlledConnection:  # noqa: ANN401 - as its class
        connection = ControlledConnection(*args, **options)
        self._all_connections.add(connection)
        self._pending.append(weakref.ref(connection))
        self._limit_pending()
        return connection

    def _limit_pending(self) -> None:
        """Abort the oldest connections without a handshake; one with it has a valid token."""
        self._pending = deque(
            reference
            for reference in self._pending
            if (connection := reference()) is not None and connection.state is State.CONNECTING
        )
        while len(self._pending) > MAX_PENDING:
            connection = self._pending.popleft()()
            if connection is not None:
                connection.abort_tcp()

    async def _shut_down(self, loop: asyncio.AbstractEventLoop) -> None:
        for connection in tuple(self._all_connections):
            connection.abort_tcp()
        if self._server is not None:
            await self._stop_listening(self._server)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SHUTDOWN_TIMEOUT_S):
                    await self._server.wait_closed()
        current_task = asyncio.current_task()
        other_tasks = [task for task in asyncio.all_tasks() if task is not current_task]
        for task in other_tasks:
            task.cancel()
        await asyncio.gather(*other_tasks, return_exceptions=True)
        for connection in tuple(self._all_connections):
            connection.abort_tcp()  # one that was accepted meanwhile
        await asyncio.sleep(0)  # lets the loop process the aborts
        loop.stop()

    async def _stop_listening(self, server: Server) -> None:
        """Stop listening once every accepted socket has become a connection.

        asyncio loses a socket that it accepts at the moment of closing: its client would hang.
        """
        loop = asyncio.get_running_loop()
        for listener in server.sockets:
            loop.remove_reader(listener)
        for _ in range(2):  # the loop creates the connection, and then notifies its protocol
            await asyncio.sleep(0)
        server.close(close_connections=False)
        await asyncio.sleep(0)  # the library closes the sockets in a task of its own

    def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Validate a handshake; return the response that rejects it, or None to continue."""
        try:
            return self._validate_request(cast("ControlledConnection", connection), request)
        except Exception as error:
            self._failures.record(NAME, error)
            raise  # the library answers with 500

    def _validate_request(
        self, connection: ControlledConnection, request: Request
    ) -> Response | None:
        connection.handshake_at_ms = self._now_ms()
        result = self._validate(request.path, request.headers.get_all("Cookie"))
        connection.handshake_result = result
        upgrades = request.headers.get_all("Upgrade")
        is_websocket = "websocket" in ",".join(upgrades).lower()
        text = " ".join((request.path, *(value for _, value in request.headers.raw_items())))
        if self._has_token(text):
            connection.origin = Origin.PARTNER
        else:
            connection.origin = Origin.POSSIBLY_PARTNER if is_websocket else Origin.STRANGER
        if len(upgrades) > 1:
            connection.handshake_result = replace(result, problems=(HandshakeProblem.NO_WEBSOCKET,))
            return connection.respond(HTTPStatus.BAD_REQUEST, SEVERAL_UPGRADES)
        if [value.lower() for value in upgrades] != ["websocket"]:
            connection.handshake_result = replace(result, problems=(HandshakeProblem.NO_WEBSOCKET,))
            return None  # the library rejects it
        status = result.status
        if status == SWITCHING_PROTOCOLS:
            rejection = self._rejections.get(result.enterprise_id or "")
            if rejection is None or not rejection.applies(connection.handshake_at_ms):
                return None
            status = rejection.status
            connection.handshake_result = replace(result, problems=(HandshakeProblem.INJECTED,))
        return connection.respond(status, "")

    def _process_response(
        self, connection: ServerConnection, _request: Request, response: Response
    ) -> Response | None:
        """Record a handshake with the status of its response."""
        connection = cast("ControlledConnection", connection)
        if not hasattr(connection, "handshake_result"):  # validating it failed
            return None
        result, status = connection.handshake_result, response.status_code
        if status != SWITCHING_PROTOCOLS and not result.problems:
            result = replace(result, problems=(HandshakeProblem.NO_WEBSOCKET,))
        host = connection.remote_address[0] if connection.remote_address else "unknown"
        self.log.record_handshake(
            result, status, connection.handshake_at_ms, connection.origin, host
        )
        return None

    async def _handle_connection(self, connection: ServerConnection) -> None:
        """Read from one client until its connection ends."""
        connection = cast("ControlledConnection", connection)
        enterprise_id = connection.handshake_result.enterprise_id or ""
        number = self.log.record_connection(enterprise_id, connection.handshake_at_ms)
        connection.number = number
        self._connections[number] = connection
        close_code: int | None = None
        try:
            while True:
                await connection.recv()
                self.log.count_received(number)
        except ConnectionClosed as closed:
            close_code = None if closed.rcvd is None else closed.rcvd.code
        except Exception as error:
            self._failures.record(NAME, error)
            raise  # the library closes the connection with 1011
        finally:
            del self._connections[number]
            self.log.update_connection(number, closed_ms=self._now_ms(), close_code=close_code)

    def _responsive_connections(self, enterprises: Collection[str]) -> list[ControlledConnection]:
        return [
            connection
            for connection in self._connections.values()
            if connection.handshake_result.enterprise_id in enterprises
            and not connection.unresponsive
        ]

    async def _send_to_all(
        self, messages: Sequence[Message], label: str, timeout_s: float
    ) -> dict[int, tuple[SentMessage, ...]]:
        enterprises = {message.enterprise_id for message in messages if message.enterprise_id}
        connections = self._responsive_connections(enterprises)
        sent_messages = await asyncio.gather(
            *(self._send_on(connection, messages, label, timeout_s) for connection in connections)
        )
        return {
            connection.number: sent
            for connection, sent in zip(connections, sent_messages, strict=True)
        }

    async def _send_on(
        self,
        connection: ControlledConnection,
        messages: Sequence[Message],
        label: str,
        timeout_s: float,
    ) -> tuple[SentMessage, ...]:
        enterprise_id = connection.handshake_result.enterprise_id or ""
        sent_messages: list[SentMessage] = []
        try:
            async with asyncio.timeout(timeout_s):
                for message in messages:
                    if message.enterprise_id != enterprise_id:
                        continue
                    sent = SentMessage(
                        label,
                        enterprise_id,
                        message.description,
                        len(message.body),
                        message.events,
                        self._now_ms(),
                    )
                    sent_messages.append(sent)
                    await connection.send(message.body, text=not message.binary)
                    sent_messages[-1] = replace(sent, done_ms=self._now_ms())
        except (TimeoutError, ConnectionClosed):
            pass  # the last message has no `done_ms`
        return tuple(sent_messages)

    async def _ping(
        self, connection_numbers: Sequence[int], events_before: int, timeout_s: float
    ) -> dict[int, Ping]:
        async def ping(connection: ControlledConnection) -> Ping:
            at_ms = self._now_ms()
            try:
                async with asyncio.timeout(timeout_s):
                    await (await connection.ping(self._next_ping_payload()))
            except (TimeoutError, ConnectionClosed):
                return Ping(at_ms, None, events_before, timeout_s)
            return Ping(at_ms, self._now_ms(), events_before, timeout_s)

        connections = [
            self._connections[number]
            for number in connection_numbers
            if number in self._connections
        ]
        pings = await asyncio.gather(*(ping(connection) for connection in connections))
        return {
            connection.number: ping for connection, ping in zip(connections, pings, strict=True)
        }

    def _next_ping_payload(self) -> bytes:
        # The library's own payload would come from `random`, which all generated data depends on.
        self._ping_count += 1
        return self._ping_count.to_bytes(4)

    async def _disconnect(self, how: Disconnect, enterprises: Collection[str]) -> None:
        for connection in self._responsive_connections(enterprises):
            self.log.update_connection(
                connection.number, disconnect=how, disconnect_ms=self._now_ms()
            )
            if how is Disconnect.UNRESPONSIVE:
                connection.unresponsive = True
            elif how is Disconnect.ABNORMAL:
                connection.abort_tcp()
            else:
                close_task = asyncio.create_task(connection.close(CLOSE_CODES[how]))
                self._close_tasks.add(close_task)
                close_task.add_done_callback(self._close_tasks.discard)

    async def _add_rejections(self, rejections: Mapping[str, HandshakeRejection]) -> None:
        self._rejections.update(rejections)

    async def _accept_all(self) -> None:
        self._rejections.clear()
        for connection in self._connections.values():
            if connection.unresponsive:
                connection.abort_tcp()

    async def _pause_listening(self, duration_s: float) -> None:
        assert self._server is not None
        await self._stop_listening(self._server)
        with self._reserve():
            await self._disconnect(Disconnect.ABNORMAL, self.connected_enterprises())
            for connection in set(self._all_connections).difference(self._connections.values()):
                connection.abort_tcp()  # one whose handshake is still in progress
            await self._server.wait_closed()
            await asyncio.sleep(duration_s)
            try:
                listener = self._listen()
            except UsageError as error:
                message = f"the WebSocket server can't listen again: {error}"
                raise HarnessError(message) from error
        await self._start_serving(listener)
