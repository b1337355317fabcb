"""A service that fetches reservations with one worker, for --mews-start.

Run: `python fetching_program.py [FILE [shared]]`. With a file it stores there what it has to fetch;
without one it has it in memory only. With `shared` it takes whatever it finds in the file, as
workers with one queue do. `PORT`, `MEWS_API_URL`, `MEWS_CLIENT_TOKEN` and `MEWS_ACCESS_TOKEN`
are in the environment.
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

OPERATION = "/api/connector/v1/reservations/getAll/2023-06-06"
ids: queue.Queue[str] = queue.Queue()
file = Path(sys.argv[1]) if len(sys.argv) > 1 else None
is_shared = sys.argv[2:] == ["shared"]


@contextmanager
def locked() -> Iterator[None]:
    """Let no other thread or process touch what is stored meanwhile."""
    if file is None:  # nothing is stored
        yield
        return
    with Path(f"{file}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Handler(BaseHTTPRequestHandler):
    """Stores the ids of a webhook, and accepts it."""

    def do_POST(self) -> None:
        """Answer 200."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        new = [event["Value"]["Id"] for event in body["Events"]]
        with locked():
            store([*stored(), *new])
        for entity_id in () if is_shared else new:
            ids.put(entity_id)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def stored() -> list[str]:
    """Return the ids that are stored."""
    return file.read_text().split() if file is not None and file.exists() else []


def store(stored_ids: list[str]) -> None:
    """Store ids in the place of those that are stored."""
    if file is not None:
        file.write_text("\n".join(stored_ids))


def fetch(entity_id: str) -> None:
    """Fetch a reservation; retry until that succeeds."""
    body = {
        "ClientToken": os.environ["MEWS_CLIENT_TOKEN"],
        "AccessToken": os.environ["MEWS_ACCESS_TOKEN"],
        "Client": "A service of the tests 1.0",
        "ReservationIds": [entity_id],
        "Limitation": {"Count": 10},
    }
    headers = {"Content-Type": "application/json"}
    data = json.dumps(body).encode()
    while True:
        try:
            with urlopen(
                Request(os.environ["MEWS_API_URL"] + OPERATION, data, headers)
            ) as response:
                response.read()
                return
        except OSError:
            time.sleep(0.2)


def take_from_file() -> None:
    """Take what is in the file, again and again."""
    while True:
        with locked():
            found = stored()
            store([])
        for entity_id in found:
            ids.put(entity_id)
        time.sleep(0.01)


def work() -> None:
    """Fetch what is stored, and then what arrives."""
    for entity_id in stored():
        ids.put(entity_id)
    while True:
        entity_id = ids.get()
        fetch(entity_id)
        with locked():
            store([one for one in stored() if one != entity_id])


if is_shared:
    threading.Thread(target=take_from_file, daemon=True).start()
threading.Thread(target=work, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
