"""The wheel contains every file of the package, and works in another environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "pytest_mews": "harness",
    "pytest_mews/schemas": "schemas",
    "pytest_mews/scenarios": "scenarios",
    "pytest_mews/reports": "reports",
}


def source_files(folder: Path) -> set[str]:
    """Return the files of a source folder, relative to it, without byte code."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a clean copy, without the influence of an old build folder."""
    copy = tmp_path_factory.mktemp("source") / "pytest-mews"
    shutil.copytree(
        ROOT,
        copy,
        ignore=shutil.ignore_patterns(
            ".git", ".venv", ".nox", "build", "*.egg-info", ".*cache", ".types", "mews-report"
        ),
    )
    output = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(output), str(copy)],
        check=True,
        capture_output=True,
    )
    (path,) = output.glob("*.whl")
    return path


def test_wheel_has_every_file(wheel: Path) -> None:
    """It has all modules, schemas, scenarios, profiles and templates of the repository."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    expected = {
        f"{package}/{name}": (ROOT / folder / name).read_bytes()
        for package, folder in FOLDERS.items()
        for name in source_files(ROOT / folder)
    }
    packaged = {name: data for name, data in contents.items() if ".dist-info/" not in name}
    assert packaged.keys() == expected.keys()
    assert packaged == expected


def test_wheel_has_one_top_level_name(wheel: Path) -> None:
    """It installs nothing called `schemas` or `reports` beside the user's packages."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"pytest_mews"}


def test_wheel_has_the_command(wheel: Path) -> None:
    """An installation puts `mews` on the PATH; it is also what `uvx` and `pipx run` look for."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        assert "\nmews = pytest_mews.command.main:main\n" in archive.read(name).decode()


def test_wheel_certifies_from_an_empty_folder(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed from the wheel, `pytest --mews-target demo` works in a folder of its own."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", site, wheel], check=True, capture_output=True)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    command = [sys.executable, "-c", "import pytest_mews; print(pytest_mews.__file__)"]
    located = subprocess.run(command, check=True, capture_output=True, text=True, cwd=empty)
    assert located.stdout.startswith(str(site))
    options = ["--mews-target", "demo", "-k", "REC-01 or REC-04 or ERR-02", "--mews-examples", "2"]
    command = [sys.executable, "-m", "pytest", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=empty)
    assert done.returncode == 0, done.stdout
    assert (empty / "mews-report" / "selection" / "certification.html").exists()
    rewritten = {path.name.partition(".")[0] for path in site.rglob("*-pytest-*.pyc")}
    assert rewritten <= {"__init__", "options", "plain_imports", "plugin"}
