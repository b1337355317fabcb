"""A service whose process ends a moment after it accepted certain messages.

Run: `python mortal_service.py`, with `PORT`, `MEWS_TOKEN` and `DIES_OF`, a part of the bodies that
end it, in the environment. With `STRICT` it answers 400 to what is no webhook, otherwise 200 to any
JSON. With `RESTARTS` it starts again half a second later, as under a supervisor.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DELAY_S, AWAY_S = 0.01, 0.5


def end() -> None:
    """End the process, or replace it by one that starts the service again: its pid stays."""
    if not os.environ.get("RESTARTS"):
        os._exit(1)
    start = f"import time, runpy; time.sleep({AWAY_S}); runpy.run_path({__file__!r})"
    os.execv(sys.executable, [sys.executable, "-c", start])


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a webhook, and maybe end the process."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self._judge(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if status == 200 and os.environ["DIES_OF"].encode() in body:
            self.wfile.flush()
            threading.Timer(DELAY_S, end).start()

    def _judge(self, body: bytes) -> int:
        if parse_qs(urlsplit(self.path).query).get("Token") != [os.environ["MEWS_TOKEN"]]:
            return 401
        try:
            document = json.loads(body.decode())
        except (ValueError, RecursionError):
            return 400
        is_webhook = isinstance(document, dict) and (
            isinstance(document.get("Events"), list) or isinstance(document.get("Data"), dict)
        )
        return 200 if is_webhook or not os.environ.get("STRICT") else 400

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """Accepts many connections at once."""

    request_queue_size = 256


Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
