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
    "pytest_mews": "harness",
    "pytest_mews/schemas": "schemas",
    "pytest_mews/scenarios": "scenarios",
    "pytest_mews/reports": "reports",
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
    assert {name for name in top if not name.endswith(".dist-info")} == {"pytest_mews"}


def test_wheel_certifies_from_an_empty_folder(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed from the wheel, `pytest --mews-target demo` works in a folder of its own."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    where = [sys.executable, "-c", "import pytest_mews; print(pytest_mews.__file__)"]
    found = subprocess.run(where, check=True, capture_output=True, text=True, cwd=empty)
    assert found.stdout.startswith(str(site))
    run = [sys.executable, "-m", "pytest", "--mews-target", "demo", "-k", "REC-0 or ERR-02"]
    done = subprocess.run(run, check=False, capture_output=True, text=True, cwd=empty)
    assert done.returncode == 0, done.stdout
    assert (empty / "mews-report" / "certification.html").exists()
