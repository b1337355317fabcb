"""`mews certify`: pytest without the project around it, and every option of the table."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from pytest_mews.command import certify_command
from pytest_mews.options import OPTIONS
from tests.command.conftest import TIMEOUT_S, Mews

pytestmark = pytest.mark.slow

QUICK = ("--time-scale", "0.001", "--examples", "2")


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the variables of pytest after the test, which the command sets for its process."""
    for name in (
        "PYTEST_ADDOPTS",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD",
        "HYPOTHESIS_STORAGE_DIRECTORY",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def arguments_of_pytest(_environment: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the arguments that pytest is run with; nothing is run."""
    passed: list[str] = []

    def run(arguments: list[str], _plugins: object) -> int:
        passed[:] = arguments
        return 0

    monkeypatch.setattr(certify_command.pytest, "main", run)
    return passed


@pytest.mark.parametrize("prefix", ["--", "--mews-"])
@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_every_option_of_the_table_is_passed_on(
    option: object, prefix: str, mews: Mews, arguments_of_pytest: list[str]
) -> None:
    """In both spellings, several times if it can be repeated."""
    flag, kind = option.flag, option.kind  # type: ignore[attr-defined]
    typed = flag.replace("--mews-", prefix, 1)
    values = {"flag": [], "value": ["-1"], "values": ["-1", "b"]}[kind]
    words = [f"{typed}={value}" for value in values] or [typed]
    target = [] if flag == "--mews-target" else ["demo"]
    assert mews("certify", *target, *words).status == 0
    passed = [word for word in arguments_of_pytest if word.startswith("--mews")]
    target_passed = ["--mews-target=demo"] if target else []
    assert passed == target_passed + ([f"{flag}={value}" for value in values] or [flag])


def test_options_of_pytest_are_passed_on(mews: Mews, arguments_of_pytest: list[str]) -> None:
    """-k, -m, -x, -v, --junitxml, --seed, and the ids of scenarios in either form and case."""
    words = ["-k", "-x or y", "-m", "mews_must", "-x", "-v", "--junitxml", "m.xml", "--seed", "7"]
    assert mews("certify", "demo", "rec-04", "mews::RET-01", *words).status == 0
    text = " ".join(arguments_of_pytest)
    assert text.endswith(
        "-k -x or y -m mews_must --junitxml m.xml --hypothesis-seed 7 -x -v "
        "--mews-target=demo mews::REC-04 mews::RET-01"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument URL. Give the URL of the endpoint, or demo"),
        (["REC-04"], "Missing argument URL"),
        (["demo", "demo:body-limit"], "SCENARIO: 'demo:body-limit' is no id of a scenario"),
        (
            ["http://x/?Token=s3cret", "RECC-1"],
            "and the URL is 'http://x/?Token=***'. Give one URL",
        ),
        (["demo", "--tim-scale", "1"], "No such option '--tim-scale'"),
    ],
)
def test_a_wrong_argument_is_refused(words: list[str], message: str, mews: Mews) -> None:
    """Before pytest is started."""
    done = mews("certify", *words)
    assert done.status == 4
    assert message in done.errors


def test_nothing_of_the_project_takes_part(
    mews_process: Mews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken conftest.py, ini files, addopts and plugins of the project have no effect.

    The output begins with the certification, not with pytest's header. The report is written into
    the current folder, and nothing else is left there.
    """
    (tmp_path / "conftest.py").write_text("raise RuntimeError\n")
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\nmews_strict = true\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    monkeypatch.setenv("PYTEST_PLUGINS", "nonsense")
    before = {path.name for path in tmp_path.iterdir()}
    done = mews_process("certify", "demo:body-limit", "REC-01", "REC-04", *QUICK)
    assert done.status == 1, done.output + done.errors
    assert done.output.startswith("mews: target demo:body-limit\nmews: profile ")
    assert not re.search("rootdir|configfile|platform|hypothesis", done.output)
    assert "\nmews::REC-04 FAIL" in done.output
    assert {path.name for path in tmp_path.iterdir()} == before | {"mews-report"}
    report = json.loads((tmp_path / "mews-report/selection/certification.json").read_text("utf-8"))
    assert not report["strict"]
    assert report["command"].startswith("mews certify demo:body-limit --time-scale 0.001")
    replay = "mews-report/selection/replays/REC-04.json"
    assert f"Next: mews certify demo:body-limit --replay {replay}" in done.output


@pytest.mark.usefixtures("_environment")
def test_a_run_names_options_as_its_help_does(mews: Mews) -> None:
    """The user of `mews certify` typed no `--mews-api`, and pytest's spelling is another one."""
    done = mews("certify", "demo:strict-events", "ERR-02", "--insecure", *QUICK)
    assert "--mews-" not in done.output
    assert " --insecure" in next(
        line for line in done.output.splitlines() if line.startswith("Next: ")
    )


@pytest.mark.usefixtures("_environment")
def test_the_command_that_a_run_prints_repeats_it(mews: Mews) -> None:
    """The words after `Next: mews` are accepted by `mews`, and replay the failure."""
    done = mews("certify", "demo:strict-events", "ERR-02", *QUICK)
    (line,) = [line for line in done.output.splitlines() if line.startswith("Next: mews ")]
    again = mews(*line.removeprefix("Next: mews ").split())
    assert again.status == 1
    assert "STILL FAILING ERR-02" in again.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_exits_with_2(
    number: signal.Signals, start_mews: Callable[..., Popen[str]], tmp_path: Path
) -> None:
    """The report is written, and says so."""
    process = start_mews("certify", "demo:slow-but-fine", "-m", "mews_delivery", *QUICK)
    assert process.stdout is not None
    while "PASS" not in process.stdout.readline():
        pass
    process.send_signal(number)
    process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 2
    report = json.loads((tmp_path / "mews-report/selection/certification.json").read_text("utf-8"))
    assert report["interrupted"]


@pytest.mark.usefixtures("_environment")
def test_an_error_of_an_option_exits_with_4(mews: Mews, tmp_path: Path) -> None:
    """Pytest's own exit status is that of the command; nothing was sent or written."""
    done = mews("certify", "demo", "--time-scale", "0")
    assert done.status == 4
    assert "ERROR: --time-scale: '0' is not a positive number" in done.errors
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([""], "URL: '' is empty."),
        (["none"], "URL: 'none' leaves nothing to certify. Give --integration-target URL or"),
        (["demo", "--api="], "--api: '' is not HOST:PORT."),
        (["/wh", "--start", "false"], "--start: 'false' ended with status 1 before"),
    ],
)
def test_an_error_names_what_was_typed(words: list[str], message: str, mews: Mews) -> None:
    """The URL is no option here, and an empty value, as of an unset variable, is not left out."""
    done = mews("certify", *words)
    assert done.status == 4
    assert f"ERROR: {message}" in done.errors
