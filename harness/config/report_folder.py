"""The report folder: one run at a time writes into it, no links are followed, git ignores it.

The lock is `fcntl.flock`, which the system releases when a process ends, however it ends: no stale
lock can refuse a run, and no library is needed.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from pytest_mews.errors import UsageError

OPTION = "--mews-report"
SELECTION_FOLDER = "selection"  # within the report folder: the report of a run of a part
UNFINISHED_FOLDER = "unfinished"  # within it: the report of a run that was interrupted
LOCK_NAME, GITIGNORE_NAME = ".lock", ".gitignore"
# A folder with one of these is one for reports; so is one that has nothing but the others.
_MARKS = frozenset({LOCK_NAME, "certification.html", "certification.json", "events.ndjson"})
_OTHERS = frozenset({GITIGNORE_NAME, SELECTION_FOLDER, UNFINISHED_FOLDER})
GITIGNORE = "# Created by pytest-mews, as pytest does for its cache.\n*\n"


class FolderLock:
    """Holds a report folder until it is closed, or until the process ends.

    Args:
        folder: the folder; it is created, with a `.gitignore`, if it is missing.
        option: the option that names the folder, for the error.

    Raises:
        UsageError: another run holds the folder, it has files that no run wrote, or it can't be
            written.

    """

    def __init__(self, folder: Path, option: str = OPTION) -> None:
        _check_is_report_folder(folder, option)
        try:
            create_folder(folder)
            self._file = open_in_folder(folder / LOCK_NAME, "a+")
        except OSError as error:
            raise unwritable(folder, error, option) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            process = f" (process {holder})" if holder.isdecimal() else ""
            raise UsageError(
                option,
                folder,
                f"is in use: another run{process} writes its report there",
                "Wait until it has ended, or name another folder.",
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the folder; the lock file stays, since another process may wait for it."""
        self._file.close()


def _check_is_report_folder(folder: Path, option: str) -> None:
    """Check that a folder has no other files: a run would replace those with the same names."""
    if folder.name == SELECTION_FOLDER:
        folder = folder.parent
    try:
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise unwritable(folder, error, option) from error
    foreign = sorted(names - _OTHERS)
    if foreign and not names & _MARKS:
        raise UsageError(
            option,
            folder,
            f"has other files than those of a report, such as {foreign[0]}",
            f"Name a folder that is empty or not there yet, such as {folder / 'mews-report'}.",
        )


def create_folder(folder: Path) -> None:
    """Create a report folder with a `.gitignore`; leave one that exists as it is.

    Those of a selection and of an interrupted run are within a report folder, which is created in
    the same way.

    Raises:
        OSError: it can't be created, or is a link within a report folder.

    """
    if folder.name in {SELECTION_FOLDER, UNFINISHED_FOLDER}:
        create_folder(folder.parent)
        check_no_link(folder)
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        (folder / GITIGNORE_NAME).write_text(GITIGNORE, "ascii")


def remove_folder(folder: Path) -> None:
    """Remove a report folder in which nothing is left; leave one with files, or none, as it is.

    Raises:
        OSError: it can't be removed.

    """
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else None
    if names is not None and names <= {GITIGNORE_NAME, LOCK_NAME}:
        for name in names:
            (folder / name).unlink()
        folder.rmdir()


def open_in_folder(path: Path, mode: str, encoding: str = "ascii") -> IO[str]:
    """Open a text file in a report folder, but not a link that somebody else put there.

    Raises:
        OSError: it can't be opened, or is a link.

    """
    return open(path, mode, encoding=encoding, opener=open_without_links)


def check_no_link(folder: Path) -> None:
    """Check that a folder within a report folder is not a link.

    Raises:
        OSError: it is.

    """
    if folder.is_symlink():
        raise NotADirectoryError(None, f"{folder.name} is a link", str(folder))


def unwritable(folder: Path, error: OSError, option: str = OPTION) -> UsageError:
    """Return the error for a folder that can't be written."""
    problem = f"can't be written ({error.strerror or error})"
    return UsageError(option, folder, problem, "Name a folder that you may write to.")


def open_without_links(path: str, flags: int) -> int:
    """Open a file as `os.open` does; an opener for `open`.

    Raises:
        OSError: it can't be opened, or is a link.

    """
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)
