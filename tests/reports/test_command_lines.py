"""Command lines to copy, checked in a real shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import sample_run

from pytest_mews.model import Replay, Run
from pytest_mews.reports.command_lines import (
    curl_command,
    repeat_command,
    replay_command,
    rerun_command,
)
from pytest_mews.shell_words import quote_word

PRINT_ARGUMENTS = "import json,sys; print(json.dumps(sys.argv[1:]))"
FAKE_CURL = f"curl() {{ '{sys.executable}' -c '{PRINT_ARGUMENTS}' \"$@\"; }}\n"


def curl_arguments(command: str) -> list[str]:
    """Return the arguments that a shell passes to curl for this command."""
    completed = subprocess.run(
        ["sh", "-c", FAKE_CURL + command],
        env=os.environ | {"MEWS_TOKEN": "t&k n"},
        capture_output=True,
        check=True,
    )
    return json.loads(completed.stdout)


@pytest.mark.parametrize(
    "body", [b'{"a":"it\'s $HOME `id`"}', b"@/etc/passwd", b"", "é\n".encode()]
)
def test_curl_sends_the_same_bytes(run: Run, body: bytes) -> None:
    """Quotes, dollars and a leading at sign reach curl unchanged; the token is expanded."""
    message = replace(sample_run.message(1), body=body)
    arguments = curl_arguments(curl_command(sample_run.exchange(0, 5), message, run.profile))
    assert arguments[arguments.index("--data-raw") + 1].encode() == body
    assert arguments[-1] == "https://partner.example/webhooks/mews?Token=t&k n"
    assert "Content-Type: application/json" in arguments
    assert arguments[arguments.index("--max-time") + 1] == "5"


def test_curl_sends_no_content_type_if_the_message_had_none(run: Run) -> None:
    """Curl's own Content-Type is switched off, not replaced."""
    message = replace(sample_run.message(1), content_type=None)
    command = curl_command(sample_run.exchange(0, 5), message, run.profile)
    assert "Content-Type:" in curl_arguments(command)


@pytest.mark.parametrize("body", [b"x" * 2_001, b"\xff", b"a\x00b", b"\x1b[2J"])
def test_no_command_for_a_body_that_a_shell_cannot_express(run: Run, body: bytes) -> None:
    """A large, binary or invisible body has no command, since it would send something else."""
    message = replace(sample_run.message(1), body=body)
    assert curl_command(sample_run.exchange(0, 5), message, run.profile) == ""


def test_redacted_headers_are_left_out(run: Run) -> None:
    """A header whose value is a secret is not sent as three asterisks."""
    exchange = replace(sample_run.exchange(0, 5), request_headers=(("Authorization", "***"),))
    assert "Authorization" not in curl_command(exchange, sample_run.message(1), run.profile)


def test_curl_says_that_the_token_is_a_variant(run: Run) -> None:
    """A wrong token is redacted like the right one, so a comment says so, whatever the text."""
    exchange = sample_run.exchange(0, 5)
    plain = replace(sample_run.message(1), description="1 event (token wrong)")
    assert "#" not in curl_command(exchange, plain, run.profile)
    variant = replace(plain, token_variant="wrong")
    command = curl_command(exchange, variant, run.profile)
    assert command.startswith("# $MEWS_TOKEN stands for a variant: 1 event (token wrong)\n")


def test_curl_names_each_redacted_value(run: Run) -> None:
    """A URL with two secrets has two variables, each named after its parameter."""
    url = "https://partner.example/hook?x-key=***&Token=***&plain=1"
    exchange = replace(sample_run.exchange(0, 5), url=url)
    command = curl_command(exchange, sample_run.message(1), run.profile)
    last = command.splitlines()[-1].strip()
    assert last == (
        "'https://partner.example/hook?x-key='\"$SECRET_X_KEY\"'&Token='\"$MEWS_TOKEN\"'&plain=1'"
    )


def test_command_of_a_selection_repeats_it(run: Run) -> None:
    """The command that repeats a run has what selected its scenarios."""
    command = repeat_command(replace(run, selection="-k REC"))
    assert command.endswith(" -k REC --hypothesis-seed=8214")


def test_rerun_command_expands_the_token(run: Run) -> None:
    """The command can be copied: the redacted token comes from the environment."""
    scenario = sample_run.scenario("RET-02", "x")
    assert rerun_command(run, scenario) == (
        "pytest --mews-target 'https://partner.example/webhooks/mews?Token='\"$MEWS_TOKEN\""
        " -k RET-02 --hypothesis-seed=8214"
    )


@pytest.mark.parametrize(
    ("word", "shown", "expanded"),
    [
        (
            "env 'FLAW=***' serve --port 1",
            "\"env 'FLAW=${SECRET}' serve --port 1\"",
            "env 'FLAW=a b' serve --port 1",
        ),
        ('it\'s "$HOME"', None, 'it\'s "$HOME"'),
        ("say 'no!' `date` \\n", None, "say 'no!' `date` \\n"),
        ("plain", "plain", "plain"),
    ],
)
def test_a_shell_reads_a_command_with_quotes(
    run: Run, word: str, shown: str | None, expanded: str
) -> None:
    """A command within a command is readable where possible, and the shell sees its words."""
    scenario = sample_run.scenario("RET-02", "x")
    command = rerun_command(replace(run, command=f"printf %s {quote_word(word)}"), scenario)
    assert shown is None or command.startswith(f"printf %s {shown} -k ")
    printed = subprocess.run(
        ["sh", "-c", command.partition(" -k ")[0]],
        env={"SECRET": "a b"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == expanded


def test_rerun_command_with_an_unbalanced_quote(run: Run) -> None:
    """A command that no shell can parse is repeated unchanged."""
    scenario = sample_run.scenario("RET-02", "x")
    command = rerun_command(replace(run, command="pytest 'x"), scenario)
    assert command == "pytest 'x -k RET-02 --hypothesis-seed=8214"


def test_replay_command_has_the_option_of_its_program(run: Run) -> None:
    """It begins with the command of the run, and spells the option as that program does."""
    result = replace(run.results[0], replay=Replay("{}\n"))
    for command, option in (
        ("pytest --mews-target URL", "--mews-replay"),
        ("mews certify URL", "--replay"),
    ):
        typed = replay_command(replace(run, command=command), result)
        assert typed.startswith(f"{command} {option} mews-report/replays/")


def test_replay_command_leaves_out_what_a_replay_refuses(run: Run) -> None:
    """Values are left out together with their option, whatever they look like."""
    result = replace(run.results[0], replay=Replay("{}\n"))
    options = "--time-scale 0.1 --strict --about '--api 1' --profile-set a=1 --profile-set b=2"
    command = f"mews certify URL --api 127.0.0.1:0 {options} --insecure --start 'serve --jobs 2'"
    typed = replay_command(replace(run, command=command), result)
    kept = "mews certify URL --api 127.0.0.1:0 --insecure --start 'serve --jobs 2' --replay "
    assert typed.startswith(kept)
