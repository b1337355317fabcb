"""The GitHub Action's scripts, as a pipeline runs them; `nox -s package` installs with them too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.partner_processes import ROOT
from tests.ports import free_port

pytestmark = pytest.mark.slow

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = [step for step in ACTION["runs"]["steps"] if "run" in step]


def run_script(
    name: str, argument: Path, folder: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a script of the action in a folder."""
    environment: Mapping[str, str] = os.environ | variables
    return subprocess.run(
        [ROOT / "action" / name, argument],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def certify(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Certify with the Python environment of the tests."""
    return run_script("certify", Path(sys.prefix), folder, **variables)


def test_certify_ends_as_pytest_does(tmp_path: Path) -> None:
    """A failure is exit status 1; the report, JUnit and the output have it."""
    output = tmp_path / "output"
    dead = f"http://127.0.0.1:{free_port()}/webhooks/mews"
    done = certify(tmp_path, INPUT_TARGET=dead, INPUT_REPORT="out", GITHUB_OUTPUT=str(output))
    assert done.returncode == 1, done.stderr
    assert output.read_text("utf-8") == "readiness=not-ready\n"
    assert (tmp_path / "out" / "junit.xml").exists()


def test_certify_takes_options_one_on_each_line(tmp_path: Path) -> None:
    """An option with spaces is one line; the tests and settings around it have no effect."""
    (tmp_path / "conftest.py").write_text("raise SystemExit(7)\n", "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --unknown\n", "utf-8")
    done = certify(tmp_path, INPUT_TARGET="demo", INPUT_OPTIONS="-k\nREC-01 or REC-05\n\n-v\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_certify_names_a_missing_target(tmp_path: Path) -> None:
    """Without a target nothing runs."""
    done = certify(tmp_path, INPUT_TARGET="")
    assert done.returncode != 0
    assert "INPUT_TARGET" in done.stderr
    assert not done.stdout


def test_install_refuses_an_old_python(tmp_path: Path) -> None:
    """An interpreter that is too old is named before anything is installed."""
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = run_script("install", tmp_path / "environment", tmp_path, PYTHON=str(old))
    assert done.returncode == 4
    assert "3.11 or later" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert not (tmp_path / "environment").exists()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["run"])
def test_steps_run_scripts_that_exist(step: Mapping[str, str]) -> None:
    """A step calls a script, and no input becomes part of a shell command."""
    assert "${{" not in step["run"]
    name = step["run"].split('"')[1].removeprefix("$GITHUB_ACTION_PATH/")
    assert os.access(ROOT / name, os.X_OK)


def test_inputs_of_the_action_reach_the_script() -> None:
    """Each INPUT_ variable that the script reads is set by the step, from an input that exists."""
    (step,) = [step for step in STEPS if "env" in step]
    script = (ROOT / "action" / "certify").read_text("utf-8")
    for variable, value in step["env"].items():
        assert variable in script
        assert value.removeprefix("${{ inputs.").removesuffix(" }}") in ACTION["inputs"]


def test_the_image_gets_what_the_installation_copies() -> None:
    """.dockerignore lets through what `install` copies, and the script itself."""
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line[0] == "!"
    }
    script = (ROOT / "action" / "install").read_text("utf-8")
    (copied,) = [line for line in script.splitlines() if line.startswith("for name in ")]
    names = copied.removeprefix("for name in ").removesuffix("; do").split()
    assert allowed == {*names, "action/install"}
