"""An endpoint for burst_lateness.py that records when each request arrived.

Prints its port, then answers 204 until its standard input ends, and then prints one line for each
request: the first 36 bytes of its body, and the nanoseconds since the epoch when it arrived. The
kernel takes that time (SO_TIMESTAMPNS, Linux), so that it does not depend on this process.
"""

from __future__ import annotations

import re
import selectors
import socket
import struct
import sys

SO_TIMESTAMPNS = 35  # the module socket has no name for it
ID_BYTES = 36
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
_CONTENT_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


class Connection:
    """One connection, and what has been read of its current request."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._read, self._arrived_ns = b"", 0

    def receive(self) -> tuple[str, int] | None:
        """Read what is there; return a request's id and arrival when it is complete, and answer.

        Raises:
            ConnectionError: the client closed the connection.

        """
        data, ancillary, _, _ = self._client.recvmsg(1 << 20, 64)
        if not data:
            raise ConnectionError
        if not self._read:
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            self._arrived_ns = seconds * 1_000_000_000 + nanoseconds
        self._read += data
        head, end_of_head, body = self._read.partition(b"\r\n\r\n")
        length = _CONTENT_LENGTH.search(head)
        if not end_of_head or length is None or len(body) < int(length[1]):
            return None
        self._read = b""
        self._client.sendall(ANSWER)
        return body[:ID_BYTES].decode(), self._arrived_ns


def main() -> None:
    """Serve until the standard input ends."""
    arrivals: list[tuple[str, int]] = []
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)  # accepted sockets inherit it
        print(listener.getsockname()[1], flush=True)
        selector = selectors.DefaultSelector()
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is sys.stdin:
                    for id_, arrived_ns in arrivals:
                        print(id_, arrived_ns)
                    return
                if key.fileobj is listener:
                    client, _ = listener.accept()
                    selector.register(client, selectors.EVENT_READ, Connection(client))
                    continue
                try:
                    arrival = key.data.receive()
                except ConnectionError:
                    selector.unregister(key.fileobj)
                    continue
                if arrival is not None:
                    arrivals.append(arrival)


if __name__ == "__main__":
    main()
