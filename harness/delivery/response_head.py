"""Reads the head of a response, line by line."""

from __future__ import annotations

import re
from functools import lru_cache

# Of the headers, and of the body; the rest is counted and dropped. Redaction cuts the body to
# 64 KiB; the bytes after that complete a secret at its end, also in a long encoding.
MAX_STORED_BYTES = 72 * 1024

_STATUS_LINE = re.compile(rb"(HTTP/[0-9.]+) +([0-9]{3})")


class ResponseHead:
    """Status line and headers of a response: the final one, once it has begun.

    Attributes:
        http_version: such as `HTTP/1.1`; empty without a status line.
        status: None without a status line.
        headers: names and values, also those of trailers, up to `MAX_STORED_BYTES`.

    """

    def __init__(self) -> None:
        self.http_version = ""
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self._size = 0
        self._expects_status_line = True

    @property
    def is_final(self) -> bool:
        """Whether the response is not an interim one, such as 100 or 103."""
        return self.status is not None and self.status >= 200  # noqa: PLR2004 - 1xx is interim

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return self.status is not None and self.status // 100 == 3  # noqa: PLR2004 - 3xx

    def add(self, line: bytes) -> bool:
        """Read the next line; return whether it is a status line."""
        # Only the first line of a head is a status line: a header or trailer may look like one.
        status = _parse_status_line(line) if self._expects_status_line else None
        self._expects_status_line = False
        if status:
            self.headers.clear()
            self.http_version, self.status = status
            return True
        if not line.strip():
            self._expects_status_line = not self.is_final
        self._size += len(line)
        header = _parse_header(line)
        if header and self._size <= MAX_STORED_BYTES:
            self.headers.append(header)
        return False


# Most responses of a service have the same status and headers.
@lru_cache
def _parse_status_line(line: bytes) -> tuple[str, int] | None:
    """Return version and status; None for any other line."""
    match = _STATUS_LINE.match(line)
    return (match[1].decode(), int(match[2])) if match else None


@lru_cache
def _parse_header(line: bytes) -> tuple[str, str] | None:
    """Return name and value; None for an empty line."""
    text = line.decode("latin-1").rstrip("\r\n")
    name, _, value = text.partition(":")
    return (name, value.strip()) if text else None
