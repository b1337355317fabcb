"""The examples under --mews-start and --mews-app, as a user runs them: one command."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_mews.service.service_variables import VARIABLES
from tests.partner_processes import ROOT
from tests.report_reader import read_verdicts
from tests.stacks.stack_partners import EXPRESS, EXPRESS_MODULES, skip_if_missing

pytestmark = pytest.mark.slow

PATH = "/webhooks/mews"
FREE = "127.0.0.1:0"


@pytest.mark.parametrize(
    ("example", "options", "ids"),
    [
        (
            "fastapi_partner",
            ["--mews-start", f"{sys.executable} -m uvicorn app:app --port {{port}}"],
            ["PRE-01", "PRE-02", "PROC-01", "PROC-49"],
        ),
        ("fastapi_partner", ["--mews-app", "app:app"], ["PRE-01", "PRE-02", "PROC-01"]),
        ("flask_partner", ["--mews-app", "app:app"], ["PRE-01", "AUTH-01", "RET-01"]),
        ("express_partner", ["--mews-start", "node app.js"], ["PRE-01", "PRE-02", "PROC-01"]),
    ],
)
def test_an_example_passes(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    example: str,
    options: list[str],
    ids: list[str],
) -> None:
    """It finds its port, the emulator and the tokens by itself."""
    if example == "express_partner":
        skip_if_missing(EXPRESS)
        monkeypatch.setenv("NODE_PATH", str(EXPRESS_MODULES))
    monkeypatch.setenv("MEWS_TOKEN", "a-secret-of-the-example")
    monkeypatch.setenv("MEWS_DATABASE", str(pytester.path / "partner.sqlite3"))
    report = pytester.path / "mews-report"
    monkeypatch.chdir(ROOT / "examples" / example)
    arguments = ["--mews-target", PATH, *options, "--mews-report", str(report)]
    nodes = [f"mews::{name}" for name in ids]
    # An application is imported by the process of the run.
    is_imported = "--mews-app" in options
    run = pytester.runpytest_subprocess if is_imported else pytester.runpytest
    result = run(
        *("-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(pytester.path)),
        *(*arguments, "--mews-api", FREE, "--mews-time-scale", "0.001", *nodes),
    )
    assert result.ret == 0
    verdicts = read_verdicts(pytester.path)
    assert {name: verdicts[name] for name in ids} == dict.fromkeys(ids, "pass")


def test_the_variables_are_documented() -> None:
    """docs/started-service.md has the table of the code."""
    text = Path(ROOT / "docs" / "started-service.md").read_text("utf-8")
    for name, meaning in VARIABLES.items():
        assert f"| `{name}` | {meaning} |" in text
