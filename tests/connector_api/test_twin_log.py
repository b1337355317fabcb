"""The file of calls: of one run and all its processes, and never in the partner's way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_mews.emulator.connector_api import CallsFile
from pytest_mews.model.api_call import ApiCall

CALL = ApiCall(0, "/path", "customers/getAll", 0.0, None, 200)


def test_several_processes_add_to_one_file(tmp_path: Path) -> None:
    """Under pytest-xdist each worker writes its calls beside the others' lines."""
    path = tmp_path / "new" / "calls.jsonl"
    with CallsFile(path) as one, CallsFile(path) as other:
        for log in (one, other, one):
            log.write(CALL)
    assert [json.loads(each)["path"] for each in path.read_text().splitlines()] == ["/path"] * 3


def test_the_calls_of_an_earlier_run_go(tmp_path: Path) -> None:
    """What was written before is forgotten at the start, if there is anything."""
    path = tmp_path / "calls.jsonl"
    for _ in range(2):
        with CallsFile(path) as log:
            log.forget()
            log.write(CALL)
    assert len(path.read_text().splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
def test_a_full_disk_is_a_problem_and_no_error(tmp_path: Path) -> None:
    """The twin goes on answering; no more is written, and why is there to be read."""
    (tmp_path / "calls.jsonl").symlink_to("/dev/full")
    with CallsFile(tmp_path / "calls.jsonl") as log:
        for _ in range(2):
            log.write(CALL)
    assert log.problem == "No space left on device"
