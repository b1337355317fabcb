"""Ports for servers of the tests, and ports on which nothing listens."""

from __future__ import annotations

import atexit
import random
import socket
from contextlib import suppress

# Below those that a system gives to clients: a partner that tries to connect before the emulator
# listens could be given its port, and so connect to itself.
_PORTS = range(20_000, 32_768)


def free_port() -> int:
    """Return a port on which nothing listens, and that no other test is given meanwhile.

    Until the process ends, a UDP socket of the same number keeps it from other processes of the
    tests, and from the next call.
    """
    for port in random.SystemRandom().sample(_PORTS, 100):
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            reservation.bind(("127.0.0.1", port))
            atexit.register(reservation.close)
            return port
        reservation.close()
    raise RuntimeError("no free port found")
