"""Packages import in one direction only: down the list in ARCHITECTURE.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEVELS = (
    {"__main__"},
    {"command"},
    {"plugin"},
    {"session"},
    {"run", "reports", "kit"},
    {"acceptance"},
    {"replay"},
    {"execution"},
    {"review"},
    {"checks"},
    {"causes"},
    {"service"},
    {"emulator", "delivery", "demo"},
    {"config"},
    {"senders"},
    {"scenarios"},
    {"redaction", "sanitize"},
    {"model", "net", "errors", "options", "schemas"},
    {"documentation", "mews"},
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
FOLDERS = {"pytest_mews": ROOT / "harness"} | {
    f"pytest_mews.{name}": ROOT / name for name in ("schemas", "scenarios", "reports")
}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield every module with the name of its package."""
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder).with_suffix("").parts
            room = package.partition(".")[2] or inside[0]
            if room != "__init__":
                yield room, path


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every package that a module imports, and whether a function imports it."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    in_functions = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
            if node.module == "pytest_mews":
                names = [f"pytest_mews.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "pytest_mews" and len(parts) > 1 and not parts[1].startswith("__"):
                yield parts[1], id(node) in in_functions


def _top_level_imports(path: Path) -> set[str]:
    """Return the first name of every module that a module imports."""
    tree = ast.parse(path.read_text("utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    ("room", "path"),
    [pytest.param(room, path, id=str(path.relative_to(ROOT))) for room, path in modules()],
)
def test_imports_point_downwards(room: str, path: Path) -> None:
    """A module imports only its own package and packages below it."""
    assert room in LEVEL, f"{room} has no place in LEVELS"
    for imported, _ in imports_of(path):
        assert imported == room or LEVEL[imported] > LEVEL[room], f"{room} → {imported}"


def test_only_session_and_command_import_reports() -> None:
    """The report writers are a leaf: nothing that decides a verdict depends on them."""
    importers = {
        room
        for room, path in modules()
        for imported, _ in imports_of(path)
        if imported == "reports"
    }
    assert importers - {"reports"} == {"session", "command"}


def test_run_knows_no_pytest() -> None:
    """A certification can run without pytest: only its entries and the session import it."""
    importers = {room for room, path in modules() if "pytest" in _top_level_imports(path)}
    assert "run" not in importers
    assert importers <= {"command", "plugin", "session", "kit"}


def test_only_the_plugin_imports_lazily() -> None:
    """Only the plugin module imports one of our modules inside a function."""
    importers = {
        path.name for _, path in modules() for _, in_function in imports_of(path) if in_function
    }
    assert importers == {"plugin.py"}


def test_one_module_names_the_sender() -> None:
    """Above `senders`, everything but the settings works through the protocols.

    The kit is for partners of the Connector API, whose messages it builds.
    """
    users = {
        path.relative_to(ROOT).as_posix()
        for room, path in modules()
        if room not in {"senders", "kit"} and "senders.connector" in path.read_text("utf-8")
    }
    assert users == {"harness/config/settings.py"}
