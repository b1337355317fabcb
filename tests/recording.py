"""An endpoint that keeps what it receives, and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[str, bytes], int]


@dataclass
class Recording:
    """Where it listens, and what came: path with query, content type and body of each request."""

    url: str = ""
    answer: Answer = lambda _path, _body: 202
    received: list[tuple[str, str | None, bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies in the order in which they came."""
        return [body for _, _, body in self.received]


@contextmanager
def recording(answer: Answer = lambda _path, _body: 202) -> Iterator[Recording]:
    """Serve on a free loopback port; `answer` gives the status for a path and a body."""
    record = Recording(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self._chunks() if "Content-Length" not in self.headers else self._whole()
            record.received.append((self.path, self.headers.get("Content-Type"), body))
            self.send_response(record.answer(self.path, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _whole(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    record.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield record
    finally:
        server.shutdown()
        server.server_close()
