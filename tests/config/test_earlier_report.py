"""A report that stands in the folder is replaced only by a run that comes to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_mews.config.earlier_report import EarlierReport
from pytest_mews.errors import UsageError

NAMES = ("events.ndjson", "service.log")
REPORT_NAMES = ("certification.json", "summary.md", "replays/REC-04.json")
WHOLE, INTERRUPTED = '{"format": 1, "interrupted": false}', '{"format": 1, "interrupted": true}'


def files_in(folder: Path) -> dict[str, str]:
    """Return the content of each file in a folder, and in its folders, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".gitignore")
    return {str(path.relative_to(folder)): path.read_text() for path in files}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with a whole report, which is too short for its schema."""
    (tmp_path / "certification.json").write_text(WHOLE)
    (tmp_path / "events.ndjson").write_text("old")
    yield tmp_path
    (tmp_path / "certification.json").unlink()


def start(folder: Path) -> EarlierReport:
    """Start a run that writes its files."""
    earlier = EarlierReport(folder, NAMES)
    earlier.set_aside()
    for name in NAMES:
        (folder / name).write_text("new")
    return earlier


def test_an_interrupted_run_replaces_nothing(folder: Path) -> None:
    """Its files are in a folder of their own, and replace those of another interrupted run."""
    for _ in range(2):
        earlier = start(folder)
        assert earlier.folder_for(interrupted=True) == folder / "unfinished"
        earlier.close()
        assert files_in(folder) == {
            "certification.json": WHOLE,
            "events.ndjson": "old",
            "unfinished/events.ndjson": "new",
            "unfinished/service.log": "new",
        }


def test_a_run_that_ends_replaces_them(folder: Path) -> None:
    """Nothing of the earlier run is left."""
    earlier = start(folder)
    assert earlier.folder_for(interrupted=False) == folder
    earlier.replaced(REPORT_NAMES)
    earlier.close()
    assert files_in(folder) == {
        "certification.json": WHOLE,
        "events.ndjson": "new",
        "service.log": "new",
    }
    assert not (folder / ".earlier").exists()


def interrupt(folder: Path) -> Path:
    """Leave the report of an interrupted run; return its folder."""
    start(folder).close()
    unfinished = folder / "unfinished"
    (unfinished / "replays").mkdir()
    for name in REPORT_NAMES[1:]:
        (unfinished / name).write_text("interrupted")
    return unfinished


def test_a_run_that_ends_replaces_an_interrupted_one(folder: Path) -> None:
    """Its report would be of a time before the one that stands in the folder."""
    unfinished = interrupt(folder)
    earlier = start(folder)
    earlier.replaced(REPORT_NAMES)
    earlier.close()
    assert not unfinished.exists()
    assert files_in(folder).keys() == {"certification.json", *NAMES}


def test_a_file_that_no_run_wrote_is_not_deleted(folder: Path) -> None:
    """Somebody put it into the folder of an interrupted run, as one fills in a waivers template."""
    unfinished = interrupt(folder)
    (unfinished / "waivers.toml").write_text("of a user")
    start(folder).replaced(REPORT_NAMES)
    assert files_in(unfinished) == {"waivers.toml": "of a user"}
    assert (unfinished / ".gitignore").exists()


@pytest.mark.parametrize("name", ["unfinished", "unfinished/replays"])
def test_nothing_is_deleted_through_a_link(folder: Path, name: str) -> None:
    """A link that somebody made during the run leads to their files."""
    elsewhere = interrupt(folder).rename(folder / "elsewhere")
    if name == "unfinished/replays":
        (folder / "unfinished").mkdir()
        elsewhere /= "replays"
    before = files_in(elsewhere)
    earlier = EarlierReport(folder, NAMES)
    (folder / name).symlink_to(elsewhere)
    earlier.replaced(REPORT_NAMES)
    assert files_in(elsewhere) == before


def test_a_run_that_never_started_replaces_nothing(folder: Path) -> None:
    """One that could not start its service, for example."""
    earlier = EarlierReport(folder, NAMES)
    earlier.set_aside()
    earlier.close()
    assert files_in(folder) == {"certification.json": WHOLE, "events.ndjson": "old"}
    assert not (folder / "unfinished").exists()


def test_a_killed_run_keeps_the_files_aside(folder: Path) -> None:
    """Its own are where `mews report` reads them; the next interrupted run restores the others."""
    start(folder)
    assert files_in(folder)["events.ndjson"] == "new"
    start(folder).close()
    assert files_in(folder)["events.ndjson"] == "old"


@pytest.mark.parametrize("report", [INTERRUPTED, ""])
def test_nothing_is_kept_of_an_interrupted_run(folder: Path, report: str) -> None:
    """Another interrupted run replaces its report."""
    (folder / "certification.json").write_text(report)
    earlier = start(folder)
    assert earlier.folder_for(interrupted=True) == folder
    earlier.close()
    assert files_in(folder)["events.ndjson"] == "new"


def test_a_first_run_has_nothing_to_keep(tmp_path: Path) -> None:
    """Its report is in the report folder, also if it was interrupted."""
    assert start(tmp_path).folder_for(interrupted=True) == tmp_path


@pytest.mark.parametrize("name", [".earlier", "unfinished"])
def test_links_are_not_followed(folder: Path, name: str) -> None:
    """Nothing is moved to where somebody else's link leads."""
    (folder / "elsewhere").mkdir()
    (folder / name).symlink_to(folder / "elsewhere")
    with pytest.raises(UsageError, match=f"{name} is a link"):
        EarlierReport(folder, NAMES).set_aside()
    assert files_in(folder)["events.ndjson"] == "old"
