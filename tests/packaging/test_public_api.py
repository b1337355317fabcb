"""The public API: the names of `pytest_mews.__all__`, imported on first use."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_mews

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
SCRIPT = """
import json, sys
import pytest
import pytest_mews
names = {name: name in vars(pytest_mews) for name in pytest_mews.__all__}
loaded = [name for name in sys.modules if name.startswith("pytest_mews.")]
print(json.dumps([names, loaded, dir(pytest_mews)]))
"""


@pytest.mark.parametrize("name", pytest_mews.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    """A public name can be imported, and its own docstring explains it."""
    value = getattr(pytest_mews, name)
    assert value.__name__ == name
    assert inspect.getdoc(value)


def test_public_names_are_imported_on_first_use() -> None:
    """Importing the package loads none of its modules, yet `dir` lists every public name."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    present, loaded, listed = json.loads(done.stdout)
    assert not any(present.values())
    assert loaded == []
    assert set(present) <= set(listed)


def test_public_names_are_typed() -> None:
    """A type checker sees the same names: they are imported under TYPE_CHECKING."""
    tree = ast.parse((ROOT / "harness" / "__init__.py").read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {
        alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == set(pytest_mews.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The message is Python's own."""
    with pytest.raises(AttributeError, match="module 'pytest_mews' has no attribute 'Twin'"):
        _ = pytest_mews.Twin


def test_pydoc_shows_the_public_api() -> None:
    """`python -m pydoc pytest_mews` shows the package docstring and the public types."""
    done = subprocess.run(
        [sys.executable, "-m", "pydoc", "pytest_mews"], check=True, capture_output=True, text=True
    )
    assert "This module is the public API" in done.stdout
    for name in pytest_mews.__all__:
        assert re.search(rf"^    (class )?{name}\b", done.stdout, re.MULTILINE), name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_documentation_imports_public_names_only(path: Path) -> None:
    """What a page tells a partner to import is public."""
    text = path.read_text("utf-8")
    assert not re.findall(r"(?:from|import) pytest_mews\.[\w.]+", text)
    names = re.findall(r"from pytest_mews import ([\w, ]+)", text)
    assert {name.strip() for line in names for name in line.split(",")} <= {*pytest_mews.__all__}
