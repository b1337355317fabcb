"""Checks whether a server accepts TCP connections, without sending anything."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

CONNECT_TIMEOUT_S = 1.0
DEFAULT_PORTS = {"http": 80, "https": 443}


def accepts_connections(url: str) -> bool:
    """Return whether the server of a URL accepts a connection; True if it takes too long to say.

    A server that is only slow is not gone: `CONNECT_TIMEOUT_S` does not count against it.
    """
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS[parts.scheme.lower()]
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_TIMEOUT_S).close()
    except TimeoutError:
        return True
    except OSError:
        return False
    return True
