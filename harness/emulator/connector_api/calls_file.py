"""The file of answered calls, `calls.jsonl`: one line of JSON per call, appended immediately."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from pytest_mews.config.report_folder import create_folder, open_without_links
from pytest_mews.emulator.connector_api.call_log import to_json_line
from pytest_mews.model.api_call import ApiCall

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class CallsFile:
    """Appends calls to a file; creates the file and its folder with the first call.

    Each line is written unbuffered and as a whole, so the file is complete even if the run is
    killed, and several processes can append to it. A write error is not the partner's fault:
    writing stops, `problem` holds the reason, and the emulator answers requests as before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._lock, self._is_closed = threading.Lock(), False
        self.problem = ""

    def __enter__(self) -> Self:
        self._is_closed = False
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._close()
            self._is_closed = True

    def delete(self) -> None:
        """Delete the file of an earlier run, and what this one has written so far."""
        with self._lock:
            self._close()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def write(self, call: ApiCall) -> None:
        """Append a call."""
        with self._lock:
            if self.problem or self._is_closed:
                return
            try:
                if self._file is None:
                    create_folder(self._path.parent)
                    descriptor = open_without_links(str(self._path), _APPEND)
                    self._file = os.fdopen(descriptor, "ab", buffering=0)
                self._file.write(f"{to_json_line(call)}\n".encode())
            except OSError as error:
                self.problem = error.strerror or str(error)

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
