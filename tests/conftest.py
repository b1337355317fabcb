"""Fixtures of all tests: settings, an environment without GitHub, validated reports."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from pytest_mews.config.settings import Settings, resolve_settings

REPORT_NAME = "certification.json"

# A shell starts a background command with SIGINT ignored. Child processes would inherit that, and
# the tests that interrupt them would wait forever.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that builds settings; its keywords are options without `mews_`."""

    def build(target: str, **options: object) -> Settings:
        values = {f"mews_{name}": value for name, value in options.items()}
        values = {"mews_report": str(tmp_path / "report"), "mews_target": target, **values}
        return resolve_settings(values, environ={}, rootdir=tmp_path, seed=1)

    return build


@pytest.fixture(autouse=True)
def no_github_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the GitHub variables, so that no test writes to the job that runs the tests."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture(scope="session")
def validated_folders() -> set[Path]:
    """Return the folders of tests whose reports are already validated."""
    return set()


@pytest.fixture(autouse=True)
def validate_reports(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    validated_folders: set[Path],
) -> Iterator[None]:
    """Validate every certification.json that a test or a wider fixture wrote.

    A file that is no report on purpose has another name.
    """
    own = {path for name in ("tmp_path", "pytester") if (path := _folder(request, name))}
    yield
    folders = {path for path in tmp_path_factory.getbasetemp().iterdir() if path.is_dir()}
    folders = folders - validated_folders | own
    validated_folders |= folders
    for path in sorted(path for folder in folders for path in folder.rglob(REPORT_NAME)):
        report = json.loads(path.read_text("utf-8"))
        errors = [
            f"{error.instance_path}: {error.message}" for error in _schema().iter_errors(report)
        ]
        assert not errors, f"{path} breaks schemas/report.schema.json: {errors[:3]}"


def _folder(request: pytest.FixtureRequest, name: str) -> Path | None:
    if name not in request.fixturenames:
        return None
    value = request.getfixturevalue(name)
    return value if isinstance(value, Path) else value.path


@cache
def _schema() -> Draft202012Validator:
    text = (files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text), validate_formats=True)
