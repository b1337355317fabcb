"""Reads HTTP requests from a socket within limits, also those of strangers.

`http.server`, on which werkzeug's server is based, rejects chunk extensions and trailers, folds
slashes in the target, and reads bodies of any size. RFC 9112 says what is right.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any

from werkzeug.serving import BaseWSGIServer

from pytest_mews.emulator.connector_api.api_http import Refusal
from pytest_mews.net.connection_guard import ConnectionGuard
from pytest_mews.net.http_server import KeepAliveHandler

HANDLER = "mews.handler"  # the handler of a request, in its WSGI environment

MAX_BODY = 10_000_000
MAX_BODY_TEXT = "10 MB"
MAX_LINE = 8_192  # of a chunk's head or a trailer
MAX_TRAILERS = 100
DRAIN_SIZE = 65_536
DRAIN_S = 2.0  # how long a refused body is read, so that its client sees the response
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class BodyRefusedError(Exception):
    """The body of a request can't be read; the connection can't be used afterwards."""

    def __init__(self, status: int, message: str) -> None:
        self.refusal = Refusal(status, message)
        super().__init__(message)


def read_body(stream: BufferedIOBase, headers: Message) -> bytes:
    """Read the body of a request.

    Raises:
        BodyRefusedError: the body is too large, or its framing is wrong.
        ConnectionError: the client disconnected before the end of the body.

    """
    lengths = set(headers.get_all("Content-Length", ()))
    codings = [coding.strip().lower() for coding in headers.get_all("Transfer-Encoding", ())]
    if codings and lengths:
        raise _bad("The request has both Content-Length and Transfer-Encoding.")
    if codings == ["chunked"]:
        return _read_chunks(stream)
    if codings:
        raise _bad("The only Transfer-Encoding that the emulator reads is chunked.")
    if not lengths:
        return b""
    length = lengths.pop().strip()
    if lengths or not re.fullmatch("[0-9]+", length):
        raise _bad("Content-Length is not one number.")
    if len(length.lstrip("0")) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
        raise _too_large()
    return _read_exactly(stream, int(length))


def split_target(target: str) -> tuple[str, str]:
    """Return path and query of a request's target, which may be absolute (RFC 9112, 3.2.2)."""
    path, _, query = _ABSOLUTE.sub("", target, count=1).partition("?")
    return path or "/", query


class RequestHandler(KeepAliveHandler):
    """Handles one connection of the Connector API server until it ends.

    Args:
        connection: the connection.
        address: the client's address and port.
        server: the server.
        guard: bounds the connections; this one tells it what it does.
        record_unreadable: called with the client's address and the reason for what is no request.

    """

    def __init__(
        self,
        connection: socket.socket,
        address: tuple[str, int],
        server: BaseWSGIServer,
        *,
        guard: ConnectionGuard[socket.socket],
        record_unreadable: Callable[[str, str], None],
    ) -> None:
        self._guard, self._record_unreadable = guard, record_unreadable
        self._is_refused = False
        super().__init__(connection, address, server)  # handles the connection

    def handle_one_request(self) -> None:
        """Wait for a request, and answer it."""
        self._guard.wait(self.connection)
        if self.rfile.peek(1):  # type: ignore[attr-defined]
            self._guard.receive_head(self.connection)
        super().handle_one_request()

    def make_environ(self) -> dict[str, Any]:
        """Return the environment of the request, whatever its target is."""
        self._guard.receive_body(self.connection)
        target = self.requestline.split()[1]
        self.path = "/"  # werkzeug's parser rejects targets such as http://[::1
        environ = super().make_environ()
        environ.update({"RAW_URI": target, HANDLER: self})
        return environ

    def read_body(self) -> bytes:
        """Read the body of the current request; see the function `read_body`.

        If the body is refused, the connection ends after the response.
        """
        try:
            return read_body(self.rfile, self.headers)
        except BodyRefusedError:
            self.close_connection = self._is_refused = True
            raise
        finally:
            self._guard.answer(self.connection)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP request with JSON that says why."""
        reason = message or explain or HTTPStatus(code).phrase
        self._record_unreadable(self.client_address[0], reason)
        self._is_refused = True
        body = json.dumps({"Message": f"This is no HTTP/1.1 request: {reason}."}).encode()
        self.request_version = "HTTP/1.1"  # otherwise http.server sends no headers
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        """Close the connection.

        The client of a refused request may still be sending; a reset would discard the response.
        """
        if self._is_refused:
            with suppress(OSError):
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_WR)
                self._discard_rest()
        super().finish()

    def _discard_rest(self) -> None:
        deadline = time.monotonic() + DRAIN_S
        self.connection.settimeout(DRAIN_S)
        while time.monotonic() < deadline and self.connection.recv(DRAIN_SIZE):
            pass


def _read_chunks(stream: BufferedIOBase) -> bytes:
    """Read a chunked body; ignore its extensions and trailers (RFC 9112, 7.1.1 and 7.1.2)."""
    body = bytearray()
    while True:
        size_line = _CHUNK_SIZE.fullmatch(_read_line(stream))
        if size_line is None:
            raise _bad("The head of a chunk is not a hexadecimal size.")
        size = int(size_line[1], 16)
        if len(body) + size > MAX_BODY:
            raise _too_large()
        if size == 0:
            break
        body += _read_exactly(stream, size)
        if _read_line(stream).strip(b"\r\n"):
            raise _bad("A chunk is longer than its head says.")
    for _ in range(MAX_TRAILERS):
        if not _read_line(stream).strip(b"\r\n"):
            return bytes(body)
    raise _bad("The body has too many trailers.")


def _read_line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(MAX_LINE)
    if not line:
        raise ConnectionResetError
    if not line.endswith(b"\n"):
        raise _bad("A line of the chunked body is too long.")
    return line


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ConnectionResetError
    return data


def _bad(message: str) -> BodyRefusedError:
    return BodyRefusedError(HTTPStatus.BAD_REQUEST, message)


def _too_large() -> BodyRefusedError:
    return BodyRefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {MAX_BODY_TEXT}."
    )
