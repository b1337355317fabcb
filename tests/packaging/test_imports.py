"""Packages import in one direction only: down the list in ARCHITECTURE.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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
    {"redaction", "sanitize", "shell_words"},
    {"model", "net", "errors", "options", "schemas"},
    {"documentation", "mews", "plain_imports"},
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


@cache
def import_statements(path: Path) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Return every import of a module, and whether it is in a function."""
    found = []
    nodes: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text("utf-8")), False)]
    for node, in_function in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append((node, in_function))
        inside = in_function or isinstance(node, ast.FunctionDef)
        nodes += [
            (child, inside)
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
        ]
    return found


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every package that a module imports, and whether a function imports it."""
    for node, in_function in import_statements(path):
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
                yield parts[1], in_function


def _top_level_imports(path: Path) -> set[str]:
    """Return the first name of every module that a module imports."""
    names: set[str] = set()
    for node, _ in import_statements(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_imports_point_downwards() -> None:
    """A module imports only its own package and packages below it."""
    assert {room for room, _ in modules()} <= LEVEL.keys()
    wrong = [
        f"{path.relative_to(ROOT)} → {imported}"
        for room, path in modules()
        for imported, _ in imports_of(path)
        if imported != room and LEVEL[imported] <= LEVEL[room]
    ]
    assert wrong == []


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
