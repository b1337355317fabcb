"""The WebSocket server that partners connect to, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any, Self, TypeVar, cast
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from pytest_mews.emulator.websocket.admission import PATH, Admission
from pytest_mews.emulator.websocket.client_connection import ClientConnection
from pytest_mews.emulator.websocket.connection_log import ConnectionLog
from pytest_mews.emulator.websocket.handshake_rejection import HandshakeRejection
from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.model import Disconnect, HandshakeProblem, Message, Ping, SentMessage
from pytest_mews.model.websocket import CLOSE_CODES, SWITCHED

OPTION = "--mews-websocket"
BACKLOG = 1024
FAREWELL_S = 1.0
CLOSE_S = 5.0  # how long a client may take to answer a close frame
T = TypeVar("T")

Admit = Callable[[str, Sequence[str]], Admission]
"""Judges a handshake: its path with the query, and the values of its `Cookie` headers."""


class WebSocketServer:
    """Plays the WebSocket server; every method may be called from any thread.

    Attributes:
        journal: what came.

    Args:
        admit: judges handshakes.
        now_ms: the run's clock.
        host: the address to listen on.
        port: the port; 0 for a free one.
        tls: what to show and to speak; None for plain ws.
        option: which option the address came from, for the message when it can't be used.

    """

    def __init__(  # noqa: PLR0913 - where it listens and what it is told
        self,
        admit: Admit,
        now_ms: Callable[[], float],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        option: str = OPTION,
    ) -> None:
        self._admit, self._now_ms, self._option = admit, now_ms, option
        self._host, self._port, self._tls = host, port, tls
        self.log = ConnectionLog()
        self._wires: dict[int, ClientConnection] = {}
        self._made: WeakSet[ClientConnection] = WeakSet()  # those that are still opening too
        self._refusing: dict[str, HandshakeRejection] = {}
        self._closing: set[asyncio.Task[None]] = set()  # the loop alone keeps no task alive
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="mews-websocket", daemon=True)
        self._server: Server | None = None
        self._logger = logging.Logger("mews-websocket")  # noqa: LOG001 - heard by nobody, on purpose
        self._logger.addHandler(logging.NullHandler())
        self._stopped = False
        self._pings = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """What a partner is given in the place of Mews's WebSocket address."""
        scheme = "ws" if self._tls is None else "wss"
        return f"{scheme}://{self._shown_host}:{self._port}"

    @property
    def url(self) -> str:
        """What a partner connects to: the address with the documented path."""
        return f"{self.address}{PATH}"

    def start(self) -> None:
        """Listen; returns when connections are accepted.

        Raises:
            UsageMistake: the address can't be listened on.

        """
        listening = self._listen()
        self._port = listening.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._ask(self._open(listening))

    def stop(self) -> None:
        """Break every connection, end the thread; once is enough."""
        if self._stopped:
            return
        self._stopped = True
        self.log.end()
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._end(self._loop), self._loop)
            self._thread.join()

    def connected_enterprises(self) -> frozenset[str]:
        """Name the enterprises whose clients are connected, cut ones aside."""
        return frozenset(
            each.enterprise_id for each in self.log.connections() if each.over_ms is None
        )

    def send(
        self, messages: Sequence[Message], label: str, timeout_s: float
    ) -> dict[int, tuple[SentMessage, ...]]:
        """Send messages on every connection of their enterprises, one right after the other.

        Args:
            messages: each bears its enterprise.
            label: the draw that they came from.
            timeout_s: how long to wait for a client that reads too slowly; what it has not taken
                by then is not sent.

        Returns:
            What was sent, by the number of the connection.

        """
        return self._ask(self._push(messages, label, timeout_s))

    def ping(self, numbers: Iterable[int], behind: int, timeout_s: float) -> dict[int, Ping]:
        """Send a ping on each of these connections, and wait for the pongs."""
        return self._ask(self._ping(tuple(numbers), behind, timeout_s))

    def disconnect(self, how: Disconnect, enterprises: Collection[str]) -> None:
        """End the connections of some enterprises; a silent one is left to its client."""
        self._ask(self._cut(how, enterprises))

    def reject_handshakes(
        self, status: int, times: int, seconds: float, enterprises: Iterable[str]
    ) -> None:
        """Answer the next handshakes of some enterprises with a status; see `Refusing`."""
        until_ms = self._now_ms() + seconds * 1000
        refusing = {each: HandshakeRejection(status, times, until_ms) for each in enterprises}
        self._ask(self._refuse(refusing))

    def accept_all(self) -> None:
        """Refuse nobody any longer, and drop connections that have fallen silent."""
        self._ask(self._welcome())

    def pause_listening(self, seconds: float) -> None:
        """Break every connection and listen to nobody for a while; returns when it is back.

        Raises:
            HarnessFault: something else listens at the address by then.

        """
        self._ask(self._away(seconds))

    @property
    def _shown_host(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    def _run(self) -> None:
        assert self._loop is not None
        self._loop.run_forever()
        self._loop.close()

    def _ask(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._stopped or self._loop is None:
            coroutine.close()
            raise HarnessError("the WebSocket server was stopped")
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except CancelledError:
            raise HarnessError("the WebSocket server was stopped") from None

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        except (OSError, OverflowError) as error:
            # `create_server` says the address too, in its own words: the code's alone will do.
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else ""
            raise UsageError(
                self._option,
                f"{self._shown_host}:{self._port}",
                f"can't be listened on: {(reason or str(error)).lower()}",
                "Stop what listens there, or give another address; port 0 is a free one.",
            ) from error

    async def _open(self, listening: socket.socket) -> None:
        self._server = await serve(
            self._attend,
            sock=listening,
            backlog=BACKLOG,
            ssl=self._tls,
            process_request=self._receive,
            process_response=self._answer,
            compression=None,  # not documented; a client that offers it does without
            ping_interval=None,  # pings are a scenario's
            close_timeout=CLOSE_S,
            create_connection=cast("type[ServerConnection]", self._make),  # any factory will do
            logger=self._logger,
        )

    def _make(self, *args: Any, **options: Any) -> ClientConnection:  # noqa: ANN401 - as a connection's
        wire = ClientConnection(*args, **options)
        self._made.add(wire)
        return wire

    async def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        for wire in tuple(self._made):
            wire.cut_off()
        if self._server is not None:
            await self._shut(self._server)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._server.wait_closed()
        current = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not current]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for wire in tuple(self._made):
            wire.cut_off()  # one that came meanwhile
        await asyncio.sleep(0)  # so that the loop hears of it
        loop.stop()

    async def _shut(self, server: Server) -> None:
        """Listen to nobody any longer, when what was accepted has become a connection.

        asyncio loses what it accepts in the very moment of closing: the client would wait in vain.
        """
        loop = asyncio.get_running_loop()
        for listening in server.sockets:
            loop.remove_reader(listening)
        for _ in range(2):  # the loop makes it, and then tells its protocol
            await asyncio.sleep(0)
        server.close(close_connections=False)

    def _receive(self, connection: ServerConnection, request: Request) -> Response | None:
        wire = cast("ClientConnection", connection)
        wire.began_ms = self._now_ms()
        wire.admission = self._admit(request.path, request.headers.get_all("Cookie"))
        if request.headers.get("Upgrade", "").lower() != "websocket":
            wire.admission = replace(wire.admission, refusals=(HandshakeProblem.NO_WEBSOCKET,))
            return None  # it is refused as what it is
        status = wire.admission.status
        if status == SWITCHED:
            refusing = self._refusing.get(wire.admission.enterprise_id or "")
            if refusing is None or not refusing.applies(wire.began_ms):
                return None
            status = refusing.status
            wire.admission = replace(wire.admission, refusals=(HandshakeProblem.ON_PURPOSE,))
        return connection.respond(status, "")

    def _answer(
        self, connection: ServerConnection, _request: Request, response: Response
    ) -> Response | None:
        wire = cast("ClientConnection", connection)
        admission, status = wire.admission, response.status_code
        if status != SWITCHED and not admission.refusals:
            admission = replace(admission, refusals=(HandshakeProblem.NO_WEBSOCKET,))
        self.log.open(admission, status, wire.began_ms)
        return None

    async def _attend(self, connection: ServerConnection) -> None:
        """Listen to one client until its connection is over."""
        wire = cast("ClientConnection", connection)
        wire.number = self.log.connect(wire.admission.enterprise_id or "", wire.began_ms)
        self._wires[wire.number] = wire
        code: int | None = None
        try:
            while True:
                await wire.recv()
                self.log.hear(wire.number)
        except ConnectionClosed as end:
            code = None if end.rcvd is None else end.rcvd.code
        finally:
            del self._wires[wire.number]
            self.log.change(wire.number, closed_ms=self._now_ms(), code=code)

    def _of(self, enterprises: Collection[str]) -> list[ClientConnection]:
        return [
            wire
            for wire in self._wires.values()
            if wire.admission.enterprise_id in enterprises and not wire.silent
        ]

    async def _push(
        self, messages: Sequence[Message], label: str, timeout_s: float
    ) -> dict[int, tuple[SentMessage, ...]]:
        owners = {each.enterprise_id for each in messages if each.enterprise_id}
        lines = self._of(owners)
        sent = await asyncio.gather(*(self._feed(w, messages, label, timeout_s) for w in lines))
        return {wire.number: each for wire, each in zip(lines, sent, strict=True)}

    async def _feed(
        self, wire: ClientConnection, messages: Sequence[Message], label: str, timeout_s: float
    ) -> tuple[SentMessage, ...]:
        owner = wire.admission.enterprise_id or ""
        sent: list[SentMessage] = []
        try:
            async with asyncio.timeout(timeout_s):
                for message in messages:
                    if message.enterprise_id != owner:
                        continue
                    at_ms = self._now_ms()
                    size = len(message.body)
                    told = SentMessage(
                        label, owner, message.description, size, message.events, at_ms
                    )
                    sent.append(told)
                    await wire.send(message.body, text=not message.binary)
                    sent[-1] = replace(told, done_ms=self._now_ms())
        except (TimeoutError, ConnectionClosed):
            pass  # the last one has no `done_ms`
        return tuple(sent)

    async def _ping(self, numbers: Sequence[int], behind: int, timeout_s: float) -> dict[int, Ping]:
        async def one(wire: ClientConnection) -> Ping:
            at_ms = self._now_ms()
            try:
                async with asyncio.timeout(timeout_s):
                    await (await wire.ping(self._payload()))
            except (TimeoutError, ConnectionClosed):
                return Ping(at_ms, None, behind, timeout_s)
            return Ping(at_ms, self._now_ms(), behind, timeout_s)

        wires = [self._wires[number] for number in numbers if number in self._wires]
        pings = await asyncio.gather(*(one(wire) for wire in wires))
        return {wire.number: ping for wire, ping in zip(wires, pings, strict=True)}

    def _payload(self) -> bytes:
        """Give a ping's payload: the library's own would come from the generator of all drawing."""
        self._pings += 1
        return self._pings.to_bytes(4)

    async def _cut(self, how: Disconnect, enterprises: Collection[str]) -> None:
        for wire in self._of(enterprises):
            self.log.change(wire.number, cut=how, cut_ms=self._now_ms())
            if how is Disconnect.UNRESPONSIVE:
                wire.silent = True
            elif how is Disconnect.ABNORMAL:
                wire.cut_off()
            else:
                closing = asyncio.create_task(wire.close(CLOSE_CODES[how]))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    async def _refuse(self, refusing: Mapping[str, HandshakeRejection]) -> None:
        self._refusing.update(refusing)

    async def _welcome(self) -> None:
        self._refusing.clear()
        for wire in self._wires.values():
            if wire.silent:
                wire.cut_off()

    async def _away(self, seconds: float) -> None:
        assert self._server is not None
        await self._shut(self._server)
        await self._cut(Disconnect.ABNORMAL, self.connected_enterprises())
        for wire in set(self._made).difference(self._wires.values()):
            wire.cut_off()  # one that is still opening
        await self._server.wait_closed()
        await asyncio.sleep(seconds)
        try:
            listening = self._listen()
        except UsageError as mistake:
            raise HarnessError(f"the WebSocket server can't come back: {mistake}") from mistake
        await self._open(listening)
