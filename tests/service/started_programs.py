# ruff: noqa: T201 - it is a program
"""A service with one flaw, for --mews-start; the flaw is its argument.

Run: `python started_programs.py FLAW`, with `PORT` in the environment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Accepts every webhook, and says so."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer 200."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        print(f"received {len(body)} bytes at {self.path}", flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def flood() -> None:
    """Write without an end."""
    line = "a line of a service that says too much " * 20
    while True:
        print(line, flush=True)


def main(flaw: str) -> None:
    """Run the service."""
    if flaw == "exits":
        print("no database: secret-of-the-log", flush=True)
        sys.exit(3)
    if flaw == "never-listens":
        print("still thinking", flush=True)
        if "PID_FILE" in os.environ:
            Path(os.environ["PID_FILE"]).write_text(str(os.getpid()))
        time.sleep(600)
    if flaw == "ignores-term":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if flaw == "has-worker":
        worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(os.environ["PID_FILE"]).write_text(str(worker.pid))
    if flaw == "writes-variables":
        Path(os.environ["PID_FILE"]).write_text(json.dumps(dict(os.environ)))
    if flaw == "floods":
        threading.Thread(target=flood, daemon=True).start()
    if flaw == "client-that-ends":
        with Path(os.environ["PID_FILE"]).open("a") as file:
            file.write(f"{os.getpid()}\n")
        sys.exit(1)
    print(f"process {os.getpid()}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()


main(sys.argv[1])
