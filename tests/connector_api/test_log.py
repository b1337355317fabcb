"""The log of calls: what becomes of it where the disk is full."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_mews.emulator.connector_api import CallsFile
from pytest_mews.model.api_call import ApiCall

CALL = ApiCall(1, "/path", "customers/getAll", 0.0, 1.0, 200)


def test_a_call_is_on_the_disk_at_once(tmp_path: Path) -> None:
    """Nobody has to close the log for its lines to be there; the folder is made."""
    path = tmp_path / "new" / "calls.jsonl"
    with CallsFile(path) as log:
        log.write(CALL)
        assert path.read_text("utf-8").count("\n") == 1
    assert log.problem == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_ends_the_log_and_nothing_else() -> None:
    """A call that can't be written raises nothing, there or at the end; `problem` says why."""
    with CallsFile(Path("/dev/full")) as log:
        log.write(CALL)
        log.write(CALL)
    assert "space" in log.problem


def test_a_folder_that_can_not_be_made_is_a_problem(tmp_path: Path) -> None:
    """A file where the folder should be is said, too."""
    (tmp_path / "file").write_text("")
    with CallsFile(tmp_path / "file" / "calls.jsonl") as log:
        log.write(CALL)
    assert log.problem
