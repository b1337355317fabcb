"""Command lines to copy: run by a real shell, they say what they should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import sample_run

from pytest_mews.model import Run
from pytest_mews.reports.command_lines import curl, replay

PRINT = "import json,sys; print(json.dumps(sys.argv[1:]))"
ECHO = f"curl() {{ '{sys.executable}' -c '{PRINT}' \"$@\"; }}\n"


def shell(line: str) -> list[str]:
    """What a shell passes to curl for this line."""
    done = subprocess.run(
        ["sh", "-c", ECHO + line],
        env=os.environ | {"MEWS_TOKEN": "t&k n"},
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "body", [b'{"a":"it\'s $HOME `id`"}', b"@/etc/passwd", b"", "é\n".encode()]
)
def test_curl_sends_the_same_bytes(run: Run, body: bytes) -> None:
    """Quotes, dollars and a leading at sign reach curl as they are; the token is expanded."""
    message = replace(sample_run.message(1), body=body)
    words = shell(curl(sample_run.answered(0, 5), message, run.profile))
    assert words[words.index("--data-raw") + 1].encode() == body
    assert words[-1] == "https://partner.example/webhooks/mews?Token=t&k n"
    assert "Content-Type: application/json" in words
    assert words[words.index("--max-time") + 1] == "5"


def test_curl_sends_no_content_type_where_none_was_sent(run: Run) -> None:
    """Curl's own Content-Type is switched off, not replaced."""
    message = replace(sample_run.message(1), content_type=None)
    assert "Content-Type:" in shell(curl(sample_run.answered(0, 5), message, run.profile))


@pytest.mark.parametrize("body", [b"x" * 2_001, b"\xff", b"a\x00b", b"\x1b[2J"])
def test_what_cannot_be_typed_has_no_line(run: Run, body: bytes) -> None:
    """A large, binary or unseen body is not put into a line that would send something else."""
    message = replace(sample_run.message(1), body=body)
    assert curl(sample_run.answered(0, 5), message, run.profile) == ""


def test_masked_headers_are_left_out(run: Run) -> None:
    """A header whose value is a secret is not sent as three asterisks."""
    exchange = replace(sample_run.answered(0, 5), request_headers=(("Authorization", "***"),))
    assert "Authorization" not in curl(exchange, sample_run.message(1), run.profile)


def test_replay_expands_the_token(run: Run) -> None:
    """The command can be copied: the masked token comes from the environment."""
    case = sample_run.scenario("RET-02", "x")
    assert replay(run, case) == (
        "pytest --mews-target 'https://partner.example/webhooks/mews?Token='\"$MEWS_TOKEN\""
        " -k RET-02 --hypothesis-seed=8214"
    )


def test_replay_of_an_odd_command(run: Run) -> None:
    """A command that no shell would read is repeated as it is."""
    case = sample_run.scenario("RET-02", "x")
    line = replay(replace(run, command="pytest 'x"), case)
    assert line == "pytest 'x -k RET-02 --hypothesis-seed=8214"
