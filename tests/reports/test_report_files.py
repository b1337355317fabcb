"""Writing the report's files: all of them, or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_mews.errors import UsageError
from pytest_mews.model import Replay, Run
from pytest_mews.reports import OUTPUTS, check_writable, file_names, report_files, write_report


def test_all_files_and_nothing_else(run: Run, tmp_path: Path) -> None:
    """A folder that was missing has every output and no drafts."""
    folder = tmp_path / "deep" / "er"
    written = write_report(run, folder)
    expected = {".gitignore", *(output.name for output in OUTPUTS)}
    assert {path.name for path in folder.iterdir()} == expected
    assert {written.html, written.json} < set(folder.iterdir())
    assert written.problems == ()


def test_names_of_all_files(run: Run, tmp_path: Path) -> None:
    """Those that a report may have include the replay files, in their folder."""
    first = replace(run.results[0], replay=Replay("{}\n"))
    written = replace(run, results=(first, *run.results[1:]))
    write_report(written, tmp_path)
    paths = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert f"replays/{first.scenario.id}.json" in paths
    assert paths <= set(file_names(written))


def test_output_that_fails_does_not_affect_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output that can't be rendered is a remark; its older file is removed."""

    def broken(run: Run) -> str:
        raise KeyError("a secret")

    outputs = [
        replace(output, render=broken) if output.name == "summary.md" else output
        for output in OUTPUTS
    ]
    monkeypatch.setattr(report_files, "OUTPUTS", tuple(outputs))
    (tmp_path / "summary.md").write_text("of another run")
    written = write_report(run, tmp_path)
    assert written.problems == ("summary.md could not be rendered (KeyError)",)
    expected = {output.name for output in OUTPUTS} - {"summary.md"}
    assert {path.name for path in tmp_path.iterdir()} == expected


def test_disk_that_fills_up_leaves_the_old_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is replaced before all of them are on the disk."""
    write_report(run, tmp_path)
    old = {path: path.read_bytes() for path in tmp_path.iterdir()}
    remaining_writes = iter(range(3))
    write_draft = report_files.write_draft

    def write_until_full(path: Path, content: bytes) -> None:
        if next(remaining_writes, None) is None:
            raise OSError(28, "No space left on device")
        write_draft(path, content)

    monkeypatch.setattr(report_files, "write_draft", write_until_full)
    with pytest.raises(UsageError, match="No space left"):
        write_report(replace(run, seed=9), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_full_disk_leaves_the_old_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is a usage error with a remedy, and an earlier report stays unchanged."""
    old = tmp_path / "certification.html"
    old.write_text("old")

    def disk_full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report_files, "write_draft", disk_full)
    with pytest.raises(UsageError, match=r"--mews-report.*No space left"):
        write_report(run, tmp_path)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_check_writable_creates_the_folder(tmp_path: Path) -> None:
    """The folder exists afterwards, and git ignores what will be in it."""
    check_writable(tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == [".gitignore"]


def test_check_writable_names_the_option(tmp_path: Path) -> None:
    """A file in place of the folder is a usage error that names the option."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--mews-report"):
        check_writable(tmp_path / "file")


def test_page_that_was_not_written_is_not_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path of a page that could not be rendered is None."""

    def broken(_run: Run) -> str:
        raise ValueError

    outputs = [
        replace(output, render=broken) if output.name == report_files.HTML_NAME else output
        for output in OUTPUTS
    ]
    monkeypatch.setattr(report_files, "OUTPUTS", tuple(outputs))
    written = write_report(run, tmp_path)
    assert written.html is None
    assert written.json.exists()
