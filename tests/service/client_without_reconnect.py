"""A WebSocket client that ends with its connection, for --mews-start.

Run: `python client_without_reconnect.py [PATH]`; with `PORT` in the environment it has an endpoint
for webhooks, too, and ends as a whole.
"""

from __future__ import annotations

import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


class Handler(BaseHTTPRequestHandler):
    """Accepts every webhook."""

    def do_POST(self) -> None:
        """Answer 200."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


cookies = "; ".join(
    f"{name}={os.environ[variable]}"
    for name, variable in (
        ("ClientToken", "MEWS_CLIENT_TOKEN"),
        ("AccessToken", "MEWS_ACCESS_TOKEN"),
    )
)
path = sys.argv[1] if len(sys.argv) > 1 else "/ws/connector"
url = os.environ["MEWS_WEBSOCKET_URL"] + path
with connect(url, additional_headers={"Cookie": cookies}) as connection:
    if "PORT" in os.environ:
        endpoint = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
    try:
        while True:
            connection.recv()
    except ConnectionClosed:
        pass
