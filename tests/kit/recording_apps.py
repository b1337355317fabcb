"""The same recording service as an ASGI and as a WSGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

AsgiEvent = MutableMapping[str, Any]
Headers = dict[str, str]


@dataclass(frozen=True)
class Received:
    """One request as an application saw it."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


@dataclass
class Recorder:
    """What the requests were, and how each path responds: with a status, a Location, or an error.

    A path that is a number responds with this status; `/to/X` redirects with 307 to `/X`, and
    `/moved` with 301; `/raise` raises ValueError.
    """

    received: list[Received] = field(default_factory=list)

    def respond(self, request: Received) -> tuple[int, Headers, bytes]:
        """Record a request and return status, headers and body of its response."""
        self.received.append(request)
        last = request.path.rpartition("/")[2]
        if last == "raise":
            raise ValueError("a flaw of the service")
        if request.path.startswith("/to/"):
            location = f"/{last}" + (f"?{request.query}" if request.query else "")
            return 307, {"Location": location}, b""
        if last == "moved":
            return 301, {"Location": "/200"}, b""
        if last == "elsewhere":
            return 307, {"Location": "https://other.example/200"}, b""
        status = int(last) if last.isdigit() else 200
        return status, {"X-Answer": "yes"}, b'{"answer": 42}'


class AsgiRecorder(Recorder):
    """An ASGI application with a lifespan; `/sleep` responds after `sleep_s`."""

    def __init__(self) -> None:
        super().__init__()
        self.sleep_s = 60.0
        self.lifespan: list[str] = []
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self.disconnects = 0
        self.states: list[Any] = []

    async def __call__(
        self,
        scope: AsgiEvent,
        receive: Callable[[], Awaitable[AsgiEvent]],
        send: Callable[[AsgiEvent], Awaitable[None]],
    ) -> None:
        """Handle the lifespan or one request."""
        self.loops.add(asyncio.get_running_loop())
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                self.lifespan.append(event)
                scope["state"]["started"] = True
                await send({"type": f"lifespan.{event}.complete"})
            return
        self.states.append(scope.get("state"))
        body, more = b"", True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                self.disconnects += 1
                return
            body, more = body + event["body"], event["more_body"]
        if scope["path"] == "/sleep":
            await asyncio.sleep(self.sleep_s)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        request = Received(scope["method"], scope["path"], query, headers, body)
        status, response_headers, content = self.respond(request)
        lines = [
            (name.lower().encode(), value.encode()) for name, value in response_headers.items()
        ]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": content})


class WsgiRecorder(Recorder):
    """A WSGI application."""

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Handle one request."""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith(("HTTP_", "CONTENT_"))
        }
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        request = Received(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["QUERY_STRING"],
            headers,
            body,
        )
        status, response_headers, content = self.respond(request)
        start_response(f"{status} Some reason", list(response_headers.items()))
        return [content]
