"""A file of the calls that the twin has answered, one line of JSON each, written as they happen."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Self, TextIO

from mews_harness.model.call import Call
from mews_harness.twin.journal import line


class CallLog:
    """Writes calls to a file that is made, with its folder, at the first of them.

    A line is flushed at once, so that a run that is killed has said all that it saw. Where it can't
    write (OSError) it stops, and `problem` says why: a full disk must not spoil the twin's answers.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.problem = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):  # what is still to be written was told of in `problem`
                self._file.close()

    def write(self, call: Call) -> None:
        """Add a call; one at a time."""
        if self.problem:
            return
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("w", encoding="utf-8")
            if not self._file.closed:
                self._file.write(f"{line(call)}\n")
                self._file.flush()
        except OSError as error:
            self.problem = error.strerror or str(error)
