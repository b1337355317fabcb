"""The file of answered calls, `calls.jsonl`: one line of JSON per call, appended immediately."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from pytest_mews.emulator.connector_api.call_log import to_json_line
from pytest_mews.model.api_call import ApiCall


class CallsFile:
    """Appends calls to a file; creates the file and its folder with the first call.

    Each line is written unbuffered and as a whole, so the file is complete even if the run is
    killed, and several processes can append to it. A write error is not the partner's fault:
    writing stops, `problem` holds the reason, and the emulator answers requests as before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.problem = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def delete(self) -> None:
        """Delete the file of an earlier run, if there is one."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, call: ApiCall) -> None:
        """Append a call; not thread-safe, so the caller must hold a lock."""
        if self.problem:
            return
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("ab", buffering=0)
            if not self._file.closed:
                self._file.write(f"{to_json_line(call)}\n".encode())
        except OSError as error:
            self.problem = error.strerror or str(error)
