"""Connections that another thread can cancel, so that closing doesn't wait for a response."""

from __future__ import annotations

import contextlib
import socket
import threading
from weakref import WeakSet


class CancellableConnections:
    """All connections of one client; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._cancelled = False

    def add(self, connection: socket.socket) -> None:
        """Add a new connection; breaks it at once after `cancel`."""
        with self._lock:
            self._sockets.add(connection)
            if self._cancelled:
                _shut_down(connection)

    def cancel(self) -> None:
        """Break every connection, including those that are added later."""
        with self._lock:
            self._cancelled = True
            for connection in self._sockets:
                _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the connection may have ended already
        connection.shutdown(socket.SHUT_RDWR)
