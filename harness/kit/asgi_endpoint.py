"""Delivers to an ASGI application in the process of a test, with its lifespan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_mews.delivery import Clock, Request, Transport
from pytest_mews.delivery.curl_options import request_headers
from pytest_mews.kit.app_exchange import (
    BASE_URL,
    SERVER_ERROR,
    AppResponse,
    build_exchange,
    is_elsewhere,
    sent_body,
    unreachable,
)
from pytest_mews.kit.loop_thread import LoopThread
from pytest_mews.model import Exchange, Fault, TransferMode

Scope = MutableMapping[str, Any]
AsgiEvent = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiEvent]]
SendEvent = Callable[[AsgiEvent], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, SendEvent], Awaitable[None]]

_VERSIONS = {
    "version": "3.0",
    "spec_version": "2.3",
}  # as uvicorn's: a client that left is received
LIFESPAN_TIMEOUT_S = 30.0  # of the startup, and of the shutdown
_PIECES = 30  # of a chunked body


class AsgiEndpoint(Transport):
    """An ASGI application; its lifespan starts with the first request.

    `submit` runs the application in the event loop of a thread, so that its tasks go on between
    requests; `send` runs it in the caller's event loop.

    Args:
        app: the application.
        clock: the time of its exchanges.
        loop_thread: the thread.

    """

    base_url = BASE_URL

    def __init__(self, app: AsgiApp, clock: Clock, loop_thread: LoopThread) -> None:
        self._app, self._clock, self._loop_thread = app, clock, loop_thread
        self._lifespans: dict[asyncio.AbstractEventLoop, Lifespan] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, request: Request) -> Future[Exchange]:
        """Start a request; see `Transport`."""
        return self._loop_thread.submit(self.send(request))

    async def send(self, request: Request) -> Exchange:
        """Send one request in the running event loop.

        Raises:
            RuntimeError: the application failed to start.

        """
        loop = asyncio.get_running_loop()
        if loop not in self._lifespans:
            self._lifespans[loop] = Lifespan(self._app)
        state = await self._lifespans[loop].started()
        if is_elsewhere(request, self.base_url):
            return unreachable(request, self._clock)
        call = AppCall(request, state)
        started_ms = self._clock.now_ms()
        task = asyncio.create_task(call.run(self._app))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(TimeoutError):
            async with asyncio.timeout(request.deadline_s):
                await call.answered.wait()
        in_time, ended_ms = call.answered.is_set(), self._clock.now_ms()
        call.disconnect()
        # A test expects that the work of the request is done, also what follows the response.
        await asyncio.wait([task], timeout=request.deadline_s if in_time else 0)
        return build_exchange(request, started_ms, ended_ms, call.response() if in_time else None)

    def concurrent(self) -> Transport:
        """Return this endpoint."""
        return self

    def close(self) -> None:
        """Shut the application down, as its server would.

        Raises:
            RuntimeError: its shutdown failed.

        """
        for loop, lifespan in self._lifespans.items():
            if self._loop_thread.runs(loop):
                self._loop_thread.submit(lifespan.stop()).result()
            elif not loop.is_closed() and not loop.is_running():
                loop.run_until_complete(lifespan.stop())


class AppCall:
    """One call of an application for an HTTP request.

    Attributes:
        answered: set once the response is complete, or the call has ended without one.

    """

    def __init__(self, request: Request, state: dict[str, Any]) -> None:
        self._request = request
        self._scope = _http_scope(request, state)
        self._incoming = _body_events(request)
        self._disconnected = asyncio.Event()
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()
        self._is_complete = False
        self._error: BaseException | None = None
        self.answered = asyncio.Event()
        if request.fault in {Fault.TRUNCATE_REQUEST, Fault.RESET}:
            self.disconnect()

    async def run(self, app: AsgiApp) -> None:
        """Call the application; its exception is part of the response."""
        try:
            await app(self._scope, self._receive, self._send)
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit would end the event loop
            self._error = error
        finally:
            self.answered.set()

    def response(self) -> AppResponse:
        """Return the response: a server answers 500 if the application ends without one."""
        if self._is_complete and self._status is not None:
            return AppResponse(self._status, self._headers, bytes(self._body), self._error)
        return AppResponse(SERVER_ERROR, error=self._error)

    def disconnect(self) -> None:
        """Tell the application that the client has left, once it has read the body."""
        self._disconnected.set()

    async def _receive(self) -> AsgiEvent:
        if self._incoming:
            return self._incoming.pop(0)
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: AsgiEvent) -> None:
        if event["type"] == "http.response.start":
            self._status = event["status"]
            self._headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in event.get("headers", ())
            )
        elif event["type"] == "http.response.body":
            is_last = not event.get("more_body", False)
            if is_last or not self._disconnected.is_set():
                self._body += event.get("body", b"")
            if is_last:
                self._is_complete = True
                self.answered.set()
            await asyncio.sleep(0)  # the deadline of an endless body passes meanwhile


class Lifespan:
    """The lifespan of an application in the event loop that creates this object."""

    def __init__(self, app: AsgiApp) -> None:
        self._state: dict[str, Any] = {}
        self._events: asyncio.Queue[AsgiEvent] = asyncio.Queue()
        self._responses: asyncio.Queue[AsgiEvent | None] = asyncio.Queue()
        self._is_supported, self._is_stopping = True, False
        self._startup = asyncio.ensure_future(self._ask("startup"))
        self._task = asyncio.create_task(self._run(app))

    async def started(self) -> dict[str, Any]:
        """Wait for the startup; return the state that requests get a copy of.

        Raises:
            RuntimeError: the startup failed, or didn't end in time.

        """
        await asyncio.shield(self._startup)
        return self._state.copy()

    async def stop(self) -> None:
        """Shut the application down.

        Raises:
            RuntimeError: the shutdown failed, or didn't end in time.

        """
        if self._is_supported and not self._task.done():
            await self._ask("shutdown")
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _receive(self) -> AsgiEvent:
        """Return the next event; the end of the event loop, which cancels it, is the shutdown."""
        try:
            return await self._events.get()
        except asyncio.CancelledError:
            if self._is_stopping:
                raise
            self._is_stopping = True
            return {"type": "lifespan.shutdown"}

    async def _ask(self, event: str) -> None:
        self._event, self._is_stopping = event, event == "shutdown"
        await self._events.put({"type": f"lifespan.{event}"})
        try:
            async with asyncio.timeout(LIFESPAN_TIMEOUT_S):
                response = await self._responses.get()
        except TimeoutError:
            self._is_supported = False
            problem = f"the application's {event} didn't end within {LIFESPAN_TIMEOUT_S:g} s"
            raise RuntimeError(problem) from None
        if response is None:  # an application without a lifespan raises an exception
            self._is_supported = False
        elif response["type"] == f"lifespan.{event}.failed":
            raise RuntimeError(f"the application's {event} failed: {response.get('message', '')}")

    async def _run(self, app: AsgiApp) -> None:
        scope = {"type": "lifespan", "asgi": _VERSIONS, "state": self._state}
        try:
            await app(scope, self._receive, self._responses.put)
        except SystemExit as error:
            failed = {"type": f"lifespan.{self._event}.failed", "message": repr(error)}
            await self._responses.put(failed)
        except Exception:  # noqa: BLE001, S110 - it has reported a failure, or it has no lifespan
            pass
        await self._responses.put(None)


def _http_scope(request: Request, state: dict[str, Any]) -> Scope:
    parts = urlsplit(request.url)
    headers = [("Host", parts.netloc), *request_headers(request)]
    if request.transfer_mode is not TransferMode.CHUNKED:
        headers.append(("Content-Length", str(len(request.body))))
    return {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote(parts.path) or "/",
        "raw_path": (parts.path or "/").encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ],
        "client": ("127.0.0.1", 50_000),
        "server": (parts.hostname, parts.port or 443),
        "state": state,
    }


def _body_events(request: Request) -> list[AsgiEvent]:
    body = sent_body(request)
    pieces = _PIECES if request.transfer_mode is TransferMode.CHUNKED else 1
    size = max(1, -(-len(body) // pieces))
    parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    is_cut = len(body) < len(request.body)
    return [
        {
            "type": "http.request",
            "body": part,
            "more_body": is_cut or number < len(parts),
        }
        for number, part in enumerate(parts, 1)
    ]
