"""Ports for servers of the tests, and ports on which nothing listens."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

# Below those that a system gives to clients: a partner that tries to connect before the emulator
# listens could be given its port, and so connect to itself.
_PORTS = range(20_000, 32_768)

# UDP sockets of the ports that this process was given. They keep these ports from other processes
# of the tests, and from the next call in this one, also while nothing listens on the TCP port.
_reserved: list[socket.socket] = []


def free_port() -> int:
    """Return a port on which nothing listens, and that no other test is given meanwhile."""
    for port in random.SystemRandom().sample(_PORTS, 100):
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            reservation.bind(("127.0.0.1", port))
            _reserved.append(reservation)
            return port
        reservation.close()
    raise RuntimeError("no free port found")
