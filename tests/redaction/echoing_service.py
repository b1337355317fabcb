"""A service that echoes everything it receives, in many encodings, and calls the API with it."""

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

from planted_secrets import ACCESS_TOKENS, CLIENT_TOKEN, CODE, TOKEN

_KEYS = re.compile(rb'"(?:AccessToken|ApiKey)":"([^"]+)"')


class EchoingService(ThreadingHTTPServer):
    """Listens on a free loopback port; `keys` are the keys in the messages that it received.

    Args:
        token: the shared secret to echo.
        api: the port of the Connector API to call with secrets; None for no calls.

    """

    daemon_threads = True

    def __init__(self, token: str, api: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.token, self.api = token, api
        self.keys: set[str] = set()
        self.numbers = count()

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: clients disconnect on purpose."""


@contextmanager
def echoing_service(token: str = TOKEN, api: int | None = None) -> Iterator[EchoingService]:
    """Serve an echoing service."""
    with EchoingService(token, api) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def disguises(text: str) -> list[str]:
    """Return a text in encodings in which its letters are not to be seen."""
    data = text.encode()
    return [
        data.hex(),
        data.hex(":").upper(),
        base64.encodebytes(b"." * 60 + data + b"." * 60).decode(),
        "".join(f"&#{ord(character)};" for character in text),
        "".join(f"\\u{ord(character):04x}" for character in text),
        "".join(f"%{octet:02X}" if octet % 2 else chr(octet) for octet in data if octet < 128),
    ]


class _Echo(BaseHTTPRequestHandler):
    server: EchoingService

    def do_POST(self) -> None:
        """Accept most messages; fail, redirect or return invalid HTTP in turn."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.keys.update(key.decode() for key in _KEYS.findall(body))
        if self.server.api is not None:
            self._call(self.server.api, body)
        token = self.server.token
        number = 0 if self.path.startswith("/moved") else next(self.server.numbers)
        if number % 13 == 12:
            self.wfile.write(f"{self.path} {token} is no HTTP\r\n\r\n".encode())
            self.close_connection = True
            return
        status = {4: 500, 5: 308, 6: 302, 8: 401}.get(number % 10, 200)
        url = f"http://{self.headers['Host']}{self.path}"
        echo = f"{token} {url} {self.headers.get('Authorization')} {body.decode('latin-1')}"
        answer = "\n".join(
            (
                echo,
                quote(echo, safe=""),
                quote(quote(url, safe=""), safe=""),
                json.dumps(echo),
                json.dumps(json.dumps(echo)),
                *(base64.b64encode(b" " * n + echo.encode()).decode() for n in range(3)),
                base64.urlsafe_b64encode(echo.encode()).decode(),
                repr(echo),
                *disguises(token),
                json.dumps(
                    {"code": CODE * (token == TOKEN), "keys": sorted(self.server.keys)[-3:]}
                ),
                f"::error::{echo}\n##[error]{echo}",
            )
        ).encode()
        self.send_response(status, f"Told {self.path}")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Told", quote(echo, safe=" :/"))
        self.send_header("Set-Cookie", f"seen={quote(token)}")
        self.send_header("WWW-Authenticate", f'Basic realm="{self.headers.get("Authorization")}"')
        if status in {302, 308}:
            next_url = quote(url, safe="")
            self.send_header("Location", f"/moved/{quote(token, safe='')}?Token=x&next={next_url}")
        self.end_headers()
        self.wfile.write(answer)

    def _call(self, port: int, body: bytes) -> None:
        """Call the API with secrets in their proper places and in others."""
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
            request_body = {
                "ClientToken": CLIENT_TOKEN,
                "AccessToken": access,
                "Client": client,
                "ReservationIds": [entity_id.decode() for entity_id in ids]
                or [TOKEN, ACCESS_TOKENS[0]],
                "Limitation": {"Count": ACCESS_TOKENS[1]} if "Told" not in client else {"Count": 5},
            }
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/connector/v1/{path}",
                json.dumps(request_body).encode(),
                {"Content-Type": "application/json", "User-Agent": ACCESS_TOKENS[0]},
            )
            with suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:
                answer.read()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own
        """Log nothing."""
