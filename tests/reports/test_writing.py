"""Writing the files: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mews_harness.errors import UsageMistake
from mews_harness.model import Run
from mews_harness.reports import check_writable, write


def test_both_files_and_nothing_else(run: Run, tmp_path: Path) -> None:
    """A folder that was missing has the two files, and no draft of them."""
    folder = tmp_path / "deep" / "er"
    written = write(run, folder)
    assert {written.html, written.json} == set(folder.iterdir())


def test_failing_write_leaves_the_old_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is a mistake with a remedy, and an earlier report stays as it was."""
    old = tmp_path / "certification.html"
    old.write_text("old")

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageMistake, match=r"--mews-report.*No space left"):
        write(run, tmp_path)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_check_writable_creates_the_folder(tmp_path: Path) -> None:
    """The folder is there afterwards, and empty."""
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_check_writable_names_the_option(tmp_path: Path) -> None:
    """A file where the folder should be is a mistake that names the option."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageMistake, match="--mews-report"):
        check_writable(tmp_path / "file")
