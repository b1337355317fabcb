"""The log of the service: what it writes to its output, in `service.log` and in memory."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from pytest_mews.config.report_folder import create_folder, open_without_links
from pytest_mews.sanitize import one_line

OLDER_SUFFIX = ".1"
OWN_PREFIX = "[mews] "  # begins the lines that are the harness's own
MAX_FILE_SIZE = 10_000_000  # bytes; then the file becomes the older one
MAX_LINE_SIZE = 8_000  # bytes
MAX_LINES = 5_000  # in memory
# A service that floods its output would otherwise take the time that measurements need.
MAX_BYTES_PER_S = 500_000
# The end of a cut line may be the beginning of a secret, which no redactor finds.
_UNSAFE_END = 256


def log_name(instance: int) -> str:
    """Return the name of the file with the log of one instance of the service, from 1."""
    return "service.log" if instance == 1 else f"service-{instance}.log"


def log_files(count: int) -> tuple[str, ...]:
    """Return the names of all files that the logs of `count` instances may have."""
    names = map(log_name, range(1, count + 1))
    return tuple(file for name in names for file in (name, f"{name}{OLDER_SUFFIX}"))


class ServiceLog:
    """Receives the output of the service; every method is thread-safe.

    The file has each line redacted, with the seconds since the start of the run. Lines in memory
    are as the service wrote them, with secrets. An error in writing the file is not the partner's
    fault: `problem` has it, and writing stops.

    Args:
        path: the file, which replaces that of an earlier run.
        now_ms: the run's clock.
        redact: removes the secrets from a line.

    """

    def __init__(
        self, path: Path, now_ms: Callable[[], float], redact: Callable[[str], str]
    ) -> None:
        self._path, self.now_ms, self._redact = path, now_ms, redact
        self._lock = threading.Lock()
        self._lines: deque[tuple[float, str]] = deque(maxlen=MAX_LINES)
        self._file: BinaryIO | None = None
        self._size = 0
        self._unfinished = b""
        self._is_cut = False  # the rest of this line is left out
        self._second, self._in_second, self._left_out = 0, 0, 0
        self.problem = ""

    def __enter__(self) -> Self:
        with suppress(OSError):
            self._older.unlink(missing_ok=True)
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._end_line()
            self._note_left_out()
            self._close()

    def write(self, data: bytes) -> None:
        """Add what the service wrote, in pieces of any size."""
        with self._lock:
            if not self._has_budget(len(data)):
                self._unfinished, self._is_cut = b"", True
                return
            first, *others = data.split(b"\n")
            self._extend_line(first)
            for part in others:
                self._end_line()
                self._extend_line(part)

    def note(self, text: str) -> None:
        """Add a line of the harness."""
        with self._lock:
            self._end_line()
            self._note_left_out()
            self._add(OWN_PREFIX + text)

    def lines_between(self, start_ms: float, end_ms: float) -> tuple[str, ...]:
        """Return the lines of a time on the run's clock; with secrets."""
        with self._lock:
            return tuple(text for at_ms, text in self._lines if start_ms <= at_ms <= end_ms)

    def last_lines(self, count: int) -> tuple[str, ...]:
        """Return the last lines; with secrets."""
        with self._lock:
            return tuple(text for _, text in self._lines)[-count:]

    def _has_budget(self, size: int) -> bool:
        second = int(self.now_ms() // 1000)
        if second != self._second:
            self._second, self._in_second = second, 0
            self._note_left_out()
        self._in_second += size
        if self._in_second <= MAX_BYTES_PER_S:
            return True
        self._left_out += size
        return False

    def _note_left_out(self) -> None:
        if self._left_out:
            text = f"{OWN_PREFIX}{self._left_out:,} bytes left out: too many in a second"
            self._left_out = 0
            self._add(text)

    def _extend_line(self, part: bytes) -> None:
        if not self._is_cut:
            self._unfinished += part
            self._is_cut = len(self._unfinished) > MAX_LINE_SIZE

    def _end_line(self) -> None:
        line, is_cut = self._unfinished[:MAX_LINE_SIZE], self._is_cut
        self._unfinished, self._is_cut = b"", False
        if line:
            text = line.decode("utf-8", "backslashreplace").rstrip("\r")
            self._add(f"{self._redact(text)[:-_UNSAFE_END]}…" if is_cut else text)

    def _add(self, text: str) -> None:
        at_ms = self.now_ms()
        self._lines.append((at_ms, text))
        if self._file is None:
            return
        line = f"{at_ms / 1000:9.3f} {one_line(self._redact(text))}\n".encode()
        try:
            if self._size + len(line) > MAX_FILE_SIZE:
                self._close()
                self._path.replace(self._older)
                self._open()
            self._file.write(line)
            self._size += len(line)
        except OSError as error:
            self.problem = error.strerror or str(error)
            self._close()

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._path.name

    @property
    def _older(self) -> Path:
        return self._path.with_name(self._path.name + OLDER_SUFFIX)

    def _open(self) -> None:
        try:
            create_folder(self._path.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            descriptor = open_without_links(str(self._path), flags)
            self._file, self._size = os.fdopen(descriptor, "wb", buffering=0), 0
        except OSError as error:
            self.problem = error.strerror or str(error)

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
