"""HTTP connections that another thread can cancel, so that closing doesn't wait for a response."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


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


class CancellableAdapter(HTTPAdapter):
    """A transport adapter of `requests` whose connections can be cancelled."""

    def __init__(self, connections: CancellableConnections) -> None:
        self._connections = connections
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as in the base
        """Create the connection pools, which add each new connection to `connections`."""
        super().init_poolmanager(*args, **options)
        connections = self._connections

        class CancellableHttp(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                connections.add(self.sock)

        class CancellableHttps(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                connections.add(self.sock)

        class HttpPool(HTTPConnectionPool):
            ConnectionCls = CancellableHttp

        class HttpsPool(HTTPSConnectionPool):
            ConnectionCls = CancellableHttps

        self.poolmanager.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the connection may have ended already
        connection.shutdown(socket.SHUT_RDWR)
