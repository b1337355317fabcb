"""An endpoint that records requests and returns the statuses that a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ports import free_port

StatusFor = Callable[[str, bytes], int]


@dataclass
class RecordingEndpoint:
    """An endpoint and its requests: path with query, content type and body of each."""

    url: str = ""
    status_for: StatusFor = lambda _path, _body: 202
    received: list[tuple[str, str | None, bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies in order of arrival."""
        return [body for _, _, body in self.received]


@contextmanager
def recording_endpoint(
    status_for: StatusFor = lambda _path, _body: 202,
) -> Iterator[RecordingEndpoint]:
    """Serve an endpoint on a free loopback port; `status_for` gets the path and the body."""
    endpoint = RecordingEndpoint(status_for=status_for)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = (
                self._read_chunked_body()
                if "Content-Length" not in self.headers
                else self._read_body()
            )
            endpoint.received.append((self.path, self.headers.get("Content-Type"), body))
            self.send_response(endpoint.status_for(self.path, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _read_body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def _read_chunked_body(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
