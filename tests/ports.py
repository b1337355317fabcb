"""Ports for servers of the tests, and ports on which nothing listens."""

from __future__ import annotations

import os
import random
import socket
from contextlib import suppress

# Below those that a system gives to clients: a partner that tries to connect before the emulator
# listens could be given its port, and so connect to itself.
_FIRST, _COUNT = 20_000, 12_768
_MAX_WORKERS = 32


def free_port() -> int:
    """Return a port on which nothing listens, and that no other process of the tests uses."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _MAX_WORKERS
    per_worker = _COUNT // _MAX_WORKERS
    first = _FIRST + worker * per_worker
    for port in random.SystemRandom().sample(range(first, first + per_worker), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError("no free port found")
