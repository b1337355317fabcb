"""A file of the calls that the twin has answered, one line of JSON each, written as they happen."""

from __future__ import annotations

from pathlib import Path
from typing import Self, TextIO

from mews_harness.errors import UsageMistake
from mews_harness.model.call import Call
from mews_harness.twin.journal import line


class CallLog:
    """Writes calls to a file that is made, with its folder, at the first of them.

    A line is flushed at once, so that a run that is killed has said all that it saw.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, call: Call) -> None:
        """Add a call; one at a time.

        Raises:
            UsageMistake: the file can't be written.

        """
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("w", encoding="utf-8")
            if not self._file.closed:
                self._file.write(f"{line(call)}\n")
                self._file.flush()
        except OSError as error:
            raise UsageMistake(
                "--mews-report",
                self._path,
                f"can't be written: {(error.strerror or str(error)).lower()}",
                "Give another folder.",
            ) from error
