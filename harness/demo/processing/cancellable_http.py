"""Connections that can be broken from another thread, so that closing waits for no answer."""

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
    """All connections of one client; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._broken = False

    def connect(self, connected: socket.socket) -> None:
        """Take in a connection, which breaks at once where the line is broken already."""
        with self._lock:
            self._sockets.add(connected)
            if self._broken:
                _break(connected)

    def cancel(self) -> None:
        """Break every connection, those that are yet to be made too."""
        with self._lock:
            self._broken = True
            for connected in self._sockets:
                _break(connected)


class Adapter(HTTPAdapter):
    """What `requests` sends by, over connections of a line."""

    def __init__(self, line: CancellableConnections) -> None:
        self._line = line
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as its base
        """Make the pools, whose connections join the line."""
        super().init_poolmanager(*args, **options)
        line = self._line

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                line.connect(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                line.connect(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _break(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be gone already
        connected.shutdown(socket.SHUT_RDWR)
