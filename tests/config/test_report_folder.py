"""The report folder: locked, without links, and ignored by git."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_mews.config.report_folder import (
    FolderLock,
    check_no_link,
    create_folder,
    open_in_folder,
)
from pytest_mews.errors import UsageError

HOLD = """
import sys
from pathlib import Path
from pytest_mews.config.report_folder import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_run_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    """The sentence names the process; a process that was killed leaves no lock."""
    folder = tmp_path / "report"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        refusal = rf"--mews-report: .*in use: another run \(process {holder.pid}\)"
        with pytest.raises(UsageError, match=refusal):
            FolderLock(folder)
    finally:
        holder.kill()
        holder.communicate()
    with FolderLock(folder), pytest.raises(UsageError, match=rf"process {os.getpid()}"):
        FolderLock(folder)
    FolderLock(folder).close()


def test_a_new_folder_is_ignored_by_git(tmp_path: Path) -> None:
    """A folder that the user made stays as it is."""
    create_folder(tmp_path / "a" / "report")
    assert (tmp_path / "a" / "report" / ".gitignore").read_text().endswith("\n*\n")
    (tmp_path / "own").mkdir()
    create_folder(tmp_path / "own")
    assert list((tmp_path / "own").iterdir()) == []


def test_the_folder_of_the_first_selection_is_ignored_by_git(tmp_path: Path) -> None:
    """So is the report of the whole run that follows."""
    create_folder(tmp_path / "report" / "selection")
    assert (tmp_path / "report" / ".gitignore").read_text().endswith("\n*\n")


@pytest.mark.parametrize("part", ["", "selection"])
def test_a_folder_with_other_files_is_refused(tmp_path: Path, part: str) -> None:
    """Nothing is written; an empty folder and one of an earlier run are allowed."""
    (tmp_path / "summary.md").write_text("mine")
    with pytest.raises(UsageError, match=r"--mews-report: .* such as summary\.md\. Name a folder"):
        FolderLock(tmp_path / part)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.md"]
    (tmp_path / "events.ndjson").touch()  # as downloaded from a CI job, without hidden files
    FolderLock(tmp_path / part).close()
    (tmp_path / "empty").mkdir()
    FolderLock(tmp_path / "empty" / part).close()


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """A file is no folder."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can't be written"):
        FolderLock(tmp_path / "file")


def test_a_selection_is_not_written_through_a_link(tmp_path: Path) -> None:
    """The report folder may be a link, what is within it may not."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "selection").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="selection is a link"):
        FolderLock(tmp_path / "report" / "selection")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    FolderLock(tmp_path / "link").close()


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither the lock nor another file writes through a link."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / ".lock").symlink_to(victim)
    (folder / "replays").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="can't be written"):
        FolderLock(folder)
    with pytest.raises(OSError, match="symbolic"):
        open_in_folder(folder / ".lock", "w")
    with pytest.raises(OSError, match="is a link"):
        check_no_link(folder / "replays")
    assert victim.read_text() == "mine"
