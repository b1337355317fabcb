"""The report that stands in the report folder: only a run that comes to its end replaces it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from pytest_mews.config.report_folder import (
    UNFINISHED_FOLDER,
    check_no_link,
    create_folder,
    remove_folder,
    unwritable,
)

REPORT_NAME = "certification.json"
ASIDE_FOLDER = ".earlier"  # within the report folder, during a run
_IS_WHOLE = re.compile(rb'"interrupted": *false')  # among its first keys
_HEAD_SIZE = 4_096  # bytes


class EarlierReport:
    """Keeps an earlier run's report until another run has come to its end.

    The files that a run writes while it runs replace those of the run before. If there is a report
    of a run that was not interrupted, `set_aside` moves these files away first. `replaced` gives
    them up, and the report of an interrupted run in the folder `unfinished` too; without it `close`
    puts them back, and moves those of this run into `unfinished`. A run that is killed leaves them
    aside, and its own in the report folder, for `mews report`.

    Args:
        folder: the report folder of this run.
        names: the files that a run writes while it runs.

    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder, self._names = folder, names
        self._aside, self._unfinished = folder / ASIDE_FOLDER, folder / UNFINISHED_FOLDER
        self._is_kept = False

    def set_aside(self) -> None:
        """Set the files of an earlier run aside, if it came to its end.

        Raises:
            UsageError: they can't be moved, or a folder within the report folder is a link.

        """
        try:
            check_no_link(self._aside)
            check_no_link(self._unfinished)
            self._is_kept = _is_whole(self._folder / REPORT_NAME)
            if self._is_kept and not self._aside.exists():  # else a run since then was killed
                self._aside.mkdir()
                _move(self._folder, self._aside, self._names)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def folder_for(self, *, interrupted: bool) -> Path:
        """Return the folder for the report of this run."""
        return self._unfinished if interrupted and self._is_kept else self._folder

    def replaced(self, report_names: Iterable[str]) -> None:
        """Give the earlier run's files up: the report of this one has replaced them.

        The report of a run that was interrupted meanwhile is deleted; errors are ignored. Files of
        other names stay, and the folder `unfinished` with them.

        Args:
            report_names: the paths of the files of a report, relative to its folder.

        """
        self._is_kept = False
        with suppress(OSError):
            self._delete_unfinished((*self._names, *report_names))

    def close(self) -> None:
        """Put the earlier run's files back, unless they were given up; errors are ignored."""
        with suppress(OSError):
            if self._is_kept:
                self._keep()
            elif self._aside.exists():
                _delete(self._aside, self._names)
                self._aside.rmdir()

    def _delete_unfinished(self, names: Sequence[str]) -> None:
        folders = {(self._unfinished / name).parent for name in names}
        for folder in folders:
            check_no_link(folder)
        _delete(self._unfinished, names)
        for folder in sorted(folders, reverse=True):  # those within it first
            remove_folder(folder)

    def _keep(self) -> None:
        if any((self._folder / name).exists() for name in self._names):
            create_folder(self._unfinished)
            _delete(self._unfinished, self._names)
            _move(self._folder, self._unfinished, self._names)
        _move(self._aside, self._folder, self._names)
        self._aside.rmdir()


def _is_whole(report: Path) -> bool:
    """Return whether a report exists, and is that of a run that was not interrupted."""
    try:
        with report.open("rb") as file:
            return _IS_WHOLE.search(file.read(_HEAD_SIZE)) is not None
    except OSError:
        return False


def _move(source: Path, destination: Path, names: Sequence[str]) -> None:
    for name in names:
        if (source / name).exists():
            (source / name).replace(destination / name)


def _delete(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
