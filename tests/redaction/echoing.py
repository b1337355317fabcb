"""A receiver that gives back all it was told, in every way it can, and tells the API, too."""

from __future__ import annotations

import base64
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import quote

from planted import ACCESS_TOKENS, CLIENT_TOKEN, CODE, TOKEN

_KEYS = re.compile(rb'"(?:AccessToken|ApiKey)":"([^"]+)"')


class Receiver(ThreadingHTTPServer):
    """Listens on a free loopback port; `minted` are the keys that it was told.

    Args:
        token: what it takes for the shared secret.
        api: the port of the Connector API to call with what it was told; None for no calls.

    """

    daemon_threads = True

    def __init__(self, token: str, api: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.token, self.api = token, api
        self.minted: set[str] = set()
        self.turns = count()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is part of the play."""


@contextmanager
def receiver(token: str = TOKEN, api: int | None = None) -> Iterator[Receiver]:
    """Serve the receiver meanwhile."""
    with Receiver(token, api) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Echo(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Accept most messages; fail, redirect or talk nonsense in turn."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.minted.update(key.decode() for key in _KEYS.findall(body))
        if self.server.api is not None:
            self._call(self.server.api, body)
        token = self.server.token
        turn = 0 if self.path.startswith("/moved") else next(self.server.turns)
        if turn % 13 == 12:
            self.wfile.write(f"{self.path} {token} is no HTTP\r\n\r\n".encode())
            self.close_connection = True
            return
        status = {4: 500, 5: 308, 6: 302, 8: 401}.get(turn % 10, 200)
        url = f"http://{self.headers['Host']}{self.path}"
        told = f"{token} {url} {self.headers.get('Authorization')} {body.decode('latin-1')}"
        answer = "\n".join(
            (
                told,
                quote(told, safe=""),
                quote(quote(url, safe=""), safe=""),
                json.dumps(told),
                json.dumps(json.dumps(told)),
                *(base64.b64encode(b" " * n + told.encode()).decode() for n in range(3)),
                base64.urlsafe_b64encode(told.encode()).decode(),
                repr(told),
                json.dumps(
                    {"code": CODE * (token == TOKEN), "keys": sorted(self.server.minted)[-3:]}
                ),
                f"::error::{told}\n##[error]{told}",
            )
        ).encode()
        self.send_response(status, f"Told {self.path}")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Told", quote(told, safe=" :/"))
        self.send_header("Set-Cookie", f"seen={quote(token)}")
        self.send_header("WWW-Authenticate", f'Basic realm="{self.headers.get("Authorization")}"')
        if status in {302, 308}:
            again = quote(url, safe="")
            self.send_header("Location", f"/moved/{quote(token, safe='')}?Token=x&next={again}")
        self.end_headers()
        self.wfile.write(answer)

    def _call(self, port: int, body: bytes) -> None:
        """Ask the API with secrets where they belong and where they do not."""
        ids = re.findall(rb'"Id":"([^"]+)"', body)[:5]
        for path, access, client in (
            (
                "reservations/getAll/2023-06-06",
                ACCESS_TOKENS[0],
                f"Told {TOKEN} 1.0 ##[error]x\n::error::y",
            ),
            (f"customers/{quote(TOKEN, safe='')}?t={ACCESS_TOKENS[0]}", ACCESS_TOKENS[1], "App 1"),
            ("customers/getAll", CLIENT_TOKEN, CLIENT_TOKEN),
        ):
            asked = {
                "ClientToken": CLIENT_TOKEN,
                "AccessToken": access,
                "Client": client,
                "ReservationIds": [each.decode() for each in ids] or [TOKEN, ACCESS_TOKENS[0]],
                "Limitation": {"Count": ACCESS_TOKENS[1]} if "Told" not in client else {"Count": 5},
            }
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/connector/v1/{path}",
                json.dumps(asked).encode(),
                {"Content-Type": "application/json", "User-Agent": ACCESS_TOKENS[0]},
            )
            with suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:
                answer.read()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own
        """Say nothing."""
