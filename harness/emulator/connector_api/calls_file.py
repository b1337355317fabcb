"""A file of the calls that the twin has answered, one line of JSON each, written as they happen."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from pytest_mews.emulator.connector_api.call_log import line
from pytest_mews.model.api_call import ApiCall


class CallsFile:
    """Adds calls to a file that is made, with its folder, at the first of them.

    A line is written at once and whole: a run that is killed has said all that it saw, and several
    processes may write to one file. Where that is not possible no more is written, and `problem`
    says why: nothing of it is the partner's doing, so that its requests are answered all the same.
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

    def forget(self) -> None:
        """Remove what was written before, by whomever."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def write(self, call: ApiCall) -> None:
        """Add a call; one at a time."""
        if self.problem:
            return
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("ab", buffering=0)
            if not self._file.closed:
                self._file.write(f"{line(call)}\n".encode())
        except OSError as error:
            self.problem = error.strerror or str(error)
