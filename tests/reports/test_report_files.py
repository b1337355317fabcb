"""Writing the files: whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_mews.errors import UsageError
from pytest_mews.model import Run
from pytest_mews.reports import OUTPUTS, check_writable, report_files, write_report


def test_all_files_and_nothing_else(run: Run, tmp_path: Path) -> None:
    """A folder that was missing has every output, and no draft of any."""
    folder = tmp_path / "deep" / "er"
    written = write_report(run, folder)
    assert {path.name for path in folder.iterdir()} == {output.name for output in OUTPUTS}
    assert {written.html, written.json} < set(folder.iterdir())
    assert written.problems == ()


def test_an_output_that_fails_takes_no_other_with_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be rendered is a remark; the others are there, and no old file in its place."""

    def broken(run: Run) -> str:
        raise KeyError("a secret")

    outputs = [replace(o, render=broken) if o.name == "summary.md" else o for o in OUTPUTS]
    monkeypatch.setattr(report_files, "OUTPUTS", tuple(outputs))
    (tmp_path / "summary.md").write_text("of another run")
    written = write_report(run, tmp_path)
    assert written.problems == ("summary.md could not be rendered (KeyError)",)
    assert {path.name for path in tmp_path.iterdir()} == {o.name for o in OUTPUTS} - {"summary.md"}


def test_a_disk_that_fills_up_leaves_the_whole_old_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is replaced before all of them are on the disk."""
    write_report(run, tmp_path)
    old = {path: path.read_bytes() for path in tmp_path.iterdir()}
    left = iter(range(3))
    really = Path.write_bytes

    def filling(path: Path, content: bytes) -> int:
        if next(left, None) is None:
            raise OSError(28, "No space left on device")
        return really(path, content)

    monkeypatch.setattr(Path, "write_bytes", filling)
    with pytest.raises(UsageError, match="No space left"):
        write_report(replace(run, seed=9), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_failing_write_leaves_the_old_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is a mistake with a remedy, and an earlier report stays as it was."""
    old = tmp_path / "certification.html"
    old.write_text("old")

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match=r"--mews-report.*No space left"):
        write_report(run, tmp_path)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_check_writable_creates_the_folder(tmp_path: Path) -> None:
    """The folder is there afterwards, and empty."""
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_check_writable_names_the_option(tmp_path: Path) -> None:
    """A file where the folder should be is a mistake that names the option."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--mews-report"):
        check_writable(tmp_path / "file")


def test_a_page_that_is_not_there_is_not_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is sent to a page that could not be rendered."""

    def broken(_run: Run) -> str:
        raise ValueError

    outputs = [
        replace(o, render=broken) if o.name == report_files.HTML_NAME else o for o in OUTPUTS
    ]
    monkeypatch.setattr(report_files, "OUTPUTS", tuple(outputs))
    written = write_report(run, tmp_path)
    assert written.html is None
    assert written.json.exists()
