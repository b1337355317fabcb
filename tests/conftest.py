"""Settings for tests that certify, and what holds for every report that any test writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from pytest_mews.config.settings import Settings, resolve

WRITTEN = "certification.json"


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Build settings for a target; keywords are options by their `dest` without `mews_`."""

    def build(target: str, **options: object) -> Settings:
        values = {f"mews_{name}": value for name, value in options.items()}
        values = {"mews_report": str(tmp_path / "report"), "mews_target": target, **values}
        return resolve(values, environ={}, rootdir=tmp_path, seed=1)

    return build


@pytest.fixture(autouse=True)
def outside_github(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test take itself for a step of the job that runs the tests."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture(scope="session")
def looked_at() -> set[Path]:
    """Remember the folders of tests whose reports were validated."""
    return set()


@pytest.fixture(autouse=True)
def reports_are_valid(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    looked_at: set[Path],
) -> Iterator[None]:
    """Validate every certification.json below the folders of a test, whoever wrote it there.

    That is in the test's own folder, and in those that a wider fixture made meanwhile. What is
    meant to be no report has another name.
    """
    own = {path for name in ("tmp_path", "pytester") if (path := _folder(request, name))}
    yield
    new = {each for each in tmp_path_factory.getbasetemp().iterdir() if each.is_dir()} - looked_at
    looked_at |= new | own
    for path in sorted(found for folder in new | own for found in folder.rglob(WRITTEN)):
        report = json.loads(path.read_text("utf-8"))
        problems = [
            f"{each.instance_path}: {each.message}" for each in _schema().iter_errors(report)
        ]
        assert not problems, f"{path} breaks schemas/report.schema.json: {problems[:3]}"


def _folder(request: pytest.FixtureRequest, name: str) -> Path | None:
    if name not in request.fixturenames:
        return None
    value = request.getfixturevalue(name)
    return value if isinstance(value, Path) else value.path


@cache
def _schema() -> Draft202012Validator:
    text = (files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text), validate_formats=True)
