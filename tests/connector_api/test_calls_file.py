"""The file of calls: written by all processes of a run, and robust against write errors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_mews.emulator.connector_api import CallsFile
from pytest_mews.emulator.connector_api import calls_file as calls_file_module
from pytest_mews.model.api_call import ApiCall

CALL = ApiCall(0, "/path", "customers/getAll", 0.0, None, 200)


def test_call_is_written_immediately(tmp_path: Path) -> None:
    """The line is on disk before the file is closed; the folder is created."""
    path = tmp_path / "new" / "calls.jsonl"
    with CallsFile(path) as calls_file:
        calls_file.write(CALL)
        assert path.read_text("utf-8").count("\n") == 1
    assert calls_file.problem == ""


def test_several_processes_append_to_one_file(tmp_path: Path) -> None:
    """Under pytest-xdist each worker appends its own lines."""
    path = tmp_path / "new" / "calls.jsonl"
    with CallsFile(path) as one, CallsFile(path) as other:
        for calls_file in (one, other, one):
            calls_file.write(CALL)
    assert [json.loads(line)["path"] for line in path.read_text().splitlines()] == ["/path"] * 3


def test_calls_of_an_earlier_run_are_deleted(tmp_path: Path) -> None:
    """Deleting a file that doesn't exist has no effect."""
    path = tmp_path / "calls.jsonl"
    for _ in range(2):
        with CallsFile(path) as calls_file:
            calls_file.delete()
            calls_file.write(CALL)
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full exists on Linux only")
def test_full_disk_is_a_problem_but_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither `write` nor closing raises; `problem` has the reason."""
    monkeypatch.setattr(
        calls_file_module, "open_without_links", lambda *_: os.open("/dev/full", os.O_WRONLY)
    )
    with CallsFile(tmp_path / "calls.jsonl") as calls_file:
        for _ in range(2):
            calls_file.write(CALL)
    assert calls_file.problem == "No space left on device"


def test_folder_that_can_not_be_created_is_a_problem(tmp_path: Path) -> None:
    """A file exists at the folder's path."""
    (tmp_path / "file").write_text("")
    with CallsFile(tmp_path / "file" / "calls.jsonl") as calls_file:
        calls_file.write(CALL)
    assert calls_file.problem


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link that somebody put into the folder is a problem, and its target stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "calls.jsonl").symlink_to(victim)
    with CallsFile(tmp_path / "calls.jsonl") as calls_file:
        calls_file.write(CALL)
    assert "symbolic links" in calls_file.problem
    assert victim.read_text() == "mine"


def test_calls_after_a_deletion_are_in_the_file(tmp_path: Path) -> None:
    """A client can call before the file of an earlier run is deleted."""
    path = tmp_path / "calls.jsonl"
    path.write_text("of an earlier run\n")
    with CallsFile(path) as calls_file:
        calls_file.write(CALL)
        calls_file.delete()
        assert not path.exists()
        calls_file.write(CALL)
        assert len(path.read_text().splitlines()) == 1
