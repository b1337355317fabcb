"""The command `mews` as a whole: help, exit statuses, spelling of options, completion, start-up."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import pytest_mews
from pytest_mews.command.main import main
from pytest_mews.command.main import mews as group
from pytest_mews.command.subcommand import SUMMARIES, Subcommand
from pytest_mews.errors import HarnessError
from tests.command.conftest import Mews

SUBCOMMANDS = pytest.mark.parametrize("name", SUMMARIES)
OWN = str(Path(__file__).parents[2] / "docs" / "own-scenarios")
LIGHT = {  # what `mews --help` may load of the package
    *("pytest_mews", "pytest_mews.command", "pytest_mews.command.main"),
    *("pytest_mews.command.stop_signal", "pytest_mews.command.subcommand"),
    *("pytest_mews.errors", "pytest_mews.options"),
    *("pytest_mews.session", "pytest_mews.session.process_memory"),
}


def subcommand_of(name: str) -> Subcommand:
    """Import a subcommand."""
    command = group.get_command(None, name)
    assert isinstance(command, Subcommand)
    return command


def test_the_help_lists_every_subcommand(mews: Mews) -> None:
    """`mews --help` has each subcommand with its summary, and the exit statuses."""
    done = mews("--help")
    assert done.status == 0
    text = " ".join(done.output.split())
    for name, summary in SUMMARIES.items():
        assert f"{name} {summary}" in text
    assert "Exit status: 0 ready" in text


def test_the_help_loads_no_subcommand() -> None:
    """The start is quick because nothing but the table of options is imported."""
    script = (
        "import json, sys\n"
        "from pytest_mews.command.main import main\n"
        "main(['--help'])\n"
        "print(json.dumps([name for name in sys.modules if name.startswith('pytest_mews')]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout.splitlines()[-1])) == LIGHT


@SUBCOMMANDS
def test_every_subcommand_has_help_with_examples(name: str, mews: Mews) -> None:
    """`mews NAME -h` and `--help` are equal, begin with the summary, and end with examples."""
    done = mews(name, "--help")
    assert done.status == 0
    assert mews(name, "-h").output == done.output
    assert SUMMARIES[name] in " ".join(done.output.split())
    assert re.search(rf"Examples:\n    mews {name} ?", done.output)
    assert "--mews-" not in re.sub("--mews-api is --api", "", " ".join(done.output.split()))


@SUBCOMMANDS
def test_the_examples_of_the_help_are_valid(name: str) -> None:
    """Each is understood by the parser of the subcommand."""
    command = subcommand_of(name)
    assert command.epilog is not None
    examples = [line for line in command.epilog.splitlines() if line.startswith("  mews ")]
    assert examples
    for example in examples:
        _, subcommand, *words = shlex.split(example.partition(" > ")[0])
        assert subcommand == name
        command.make_context(name, words)


@SUBCOMMANDS
def test_every_option_has_help(name: str) -> None:
    """No option is left without an explanation."""
    for parameter in subcommand_of(name).params:
        assert isinstance(parameter, click.Argument) or parameter.help, parameter.name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sned"], "There is no subcommand 'sned'. Did you mean send?"),
        (["replay", "x.json"], "no subcommand 'replay'. `mews certify URL --replay ID` sends"),
        (["explain", "str"], "`mews scenarios --area STR` lists the scenarios of this area."),
        (["certify", "demo", "-n", "2"], "No such option '-n'. `--jobs N` runs scenarios"),
        (["certify", "demo", "--config", "x"], "'--config'. mews reads no configuration file"),
        (["send", "CustomerAdded", "--tooo", "x"], "No such option '--tooo'"),
        (["send", "CustomerAdded"], "Missing option '--to'"),
        (["scenarios", "--stage", "none"], "'none' is not one of 'delivery'"),
        (["report", "missing.ndjson"], "'missing.ndjson' can't be read: no such file"),
        (["demo", "strict-event"], "NAME: 'strict-event' is not a flaw"),
        (["emulator", "--api", "8088"], "--api: '8088' is not HOST:PORT"),
        (["sample", "CustomerAdded", "--enterprise", "3"], "--enterprise: '3' is more than the 2 "),
        (["doctor", ""], "URL: '' is empty"),
        (["send", "CustomerAdded", "--to", "http://127.0.0.1/", "--token", ""], "--token (or"),
        (["emulator", "--tenants", ""], "--tenants: '' names no file. Give the path"),
        (["demo", "--tenants", " "], "--tenants: ' ' names no file. Give the path"),
        (["emulator", "--tenants", "none.toml"], "--tenants: 'none.toml' can't be read"),
    ],
)
def test_a_wrong_command_line_exits_with_4(arguments: list[str], message: str, mews: Mews) -> None:
    """The message names what the user typed; nothing is printed on stdout."""
    done = mews(*arguments)
    assert done.status == 4
    assert message in done.errors
    assert "Try 'mews" in done.errors
    assert done.output == ""


def test_an_error_names_an_option_as_it_was_typed(mews: Mews) -> None:
    """`--to` in `mews send` is `--mews-target` elsewhere, in errors and in remedies."""
    done = mews("send", "CustomerAdded", "--to", "ftp://x", "--mews-profile", "2022-08")
    assert done.errors.splitlines()[-1].startswith("Error: --to: 'ftp://x' does not begin")
    assert mews("doctor", "ftp://x").errors.splitlines()[-1].startswith("Error: URL: 'ftp://x'")
    done = mews("sample", "ProductUpdated", "--profile", "2022-08")
    assert done.errors.endswith("later than profile 2022-08. Choose a later --profile.\n")


@pytest.mark.parametrize("words", [["scenarios"], ["certify", "demo", "REC-01", "RET-01"], []])
def test_output_that_nobody_reads_ends_the_command(words: list[str]) -> None:
    """As in `mews scenarios | head -1`: no traceback, in the script for the shell neither."""
    environment = {**os.environ, **({} if words else {"_MEWS_COMPLETE": "bash_source"})}
    command = [sys.executable, "-m", "pytest_mews", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_full_disk_is_named() -> None:
    """The output can't be written, and nothing else is wrong."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pytest_mews", "tenants"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: the output can't be written: No space left on device\n"


def test_a_fault_of_the_harness_exits_with_1(mews: Mews, monkeypatch: pytest.MonkeyPatch) -> None:
    """A HarnessError is no error of the user."""

    def fail(_: object) -> None:
        raise HarnessError("the transport was closed")

    monkeypatch.setattr(subcommand_of("tenants"), "callback", lambda: fail(None))
    done = mews("tenants")
    assert done.status == 1
    assert done.errors == "Error: pytest-mews itself failed: the transport was closed\n"


def test_an_interruption_exits_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with the exit status of an interrupted run."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subcommand_of("tenants"), "callback", interrupt)
    assert main(["tenants"]) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_as_ctrl_c_does(number: signal.Signals) -> None:
    """Also one of a supervisor or of a closed terminal: what the command started is ended."""
    words = ["send", "CustomerAdded", "--to", "http://127.0.0.1:9/", "--time-scale", "1"]
    command = [sys.executable, "-m", "pytest_mews", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"message 1 of 1")
        process.send_signal(number)
        assert process.wait(30) == 2
        assert b"Traceback" not in process.stderr.read()


def test_windows_is_refused(mews: Mews, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sentence, before a module that needs Unix is imported."""
    monkeypatch.setattr(sys, "platform", "win32")
    done = mews("tenants")
    assert (done.status, done.output) == (4, "")
    assert "Run it in WSL or in a Linux container." in done.errors


def test_the_version_is_that_of_the_package(mews: Mews) -> None:
    """`mews --version` names the distribution."""
    assert mews("--version").output == f"pytest-mews, version {pytest_mews.__version__}\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sa"], ["sample"]),
        (["send", "CustomerA"], ["CustomerAdded"]),
        (["send", "--drop"], ["--drop-response"]),
        (["explain", "rec-04"], ["REC-04"]),
        (["explain", "--scenarios", OWN, "x-gr"], ["X-GROUP-300"]),
        (["explain", "--scenarios", "none", "rec-04"], ["REC-04"]),
        (["explain", "message-s"], ["message-size"]),
        (["nothing", "x"], [""]),
        (["certify", "demo", "LAG"], ["LAG-01"]),
        (["demo", "answers-b"], ["answers-before-body"]),
    ],
)
def test_the_shell_completes(
    words: list[str],
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Subcommands, options, events, scenarios and demo partners are completed."""
    monkeypatch.setenv("_MEWS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(["mews", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    with pytest.raises(SystemExit, match="0"):
        main([])
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[2] for line in lines] == expected
