"""The built wheel holds what the repository holds, and works in another environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "mews_harness": "harness",
    "mews_harness/schemas": "schemas",
    "mews_harness/scenarios": "scenarios",
    "mews_harness/reports": "reports",
}


def tracked(folder: Path) -> set[str]:
    """Every file of a source folder, relative to it, without what Python leaves behind."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a clean copy, so that no stale build folder can mend or break it."""
    copy = tmp_path_factory.mktemp("source") / "pytest-mews"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(
            ".git", ".venv", "build", "*.egg-info", ".*cache", ".types", "mews-report"
        ),
    )
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(copy)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return built


def test_wheel_has_every_file(wheel: Path) -> None:
    """Modules, schemas, scenarios, profiles and templates of the repository are all in it."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    expected = {
        f"{package}/{name}": (ROOT / folder / name).read_bytes()
        for package, folder in FOLDERS.items()
        for name in tracked(ROOT / folder)
    }
    packaged = {name: data for name, data in inside.items() if ".dist-info/" not in name}
    assert packaged.keys() == expected.keys()
    assert packaged == expected


def test_wheel_takes_no_top_level_name_but_its_own(wheel: Path) -> None:
    """Nothing called `schemas` or `reports` is installed beside the user's own packages."""
    with zipfile.ZipFile(wheel) as archive:
        top = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"mews_harness"}
