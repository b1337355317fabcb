"""The compiled templates, from one process to the next."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, environment

from pytest_mews.reports.template_bytecode import TemplateBytecode


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one template; bytecode may be written."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "page.html").write_text("{{ text }}", "utf-8")
    return tmp_path


def render(templates: Path) -> str:
    """Render the template in a new environment, as another process would."""
    loader, bytecode = FileSystemLoader(templates), TemplateBytecode(templates)
    page = Environment(loader=loader, bytecode_cache=bytecode, autoescape=True)
    return page.get_template("page.html").render(text="<")


def test_a_template_is_compiled_once(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process reads the bytecode; a changed template is compiled again."""
    assert render(templates) == "&lt;"
    with monkeypatch.context() as patch:
        patch.delattr(environment.Environment, "compile")
        assert render(templates) == "&lt;"
    (templates / "page.html").write_text("{{ text }}!", "utf-8")
    assert render(templates) == "&lt;!"


def test_bytecode_can_be_unwanted(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONDONTWRITEBYTECODE is for templates too."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render(templates) == "&lt;"
    assert not (templates / "__pycache__").exists()


def test_a_page_is_rendered_where_nothing_can_be_written(
    templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation may be read-only."""

    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert render(templates) == "&lt;"
    assert not (templates / "__pycache__").exists()
