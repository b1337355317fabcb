"""docs/command.md: its tables are those of the code, and each of its examples runs as shown.

In an example `…` stands for any text, and a line `…` for any lines. A command that ends with `&` is
stopped at the end of its block. `<!-- partner: NAME -->` above a block says which demo partner
`$URL` is.
"""

from __future__ import annotations

import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_mews.command.subcommand import SUMMARIES
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from tests.command.conftest import TIMEOUT_S, Mews
from tests.ports import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command.md"
TEXT = PAGE.read_text("utf-8")
_BLOCK = re.compile(r"(?:<!-- partner: (\S+) -->\n)?```console\n(.*?)```", re.DOTALL)
_PROGRESS = re.compile(r"mews::\S+ \n(?:  \S+: .* scenarios done; .*\n)+\n")
# Commands that need no process of their own: each would import the harness again. The others are
# those that serve or certify, and those with a shell's own words.
_PLAIN = re.compile(r"mews (?!certify )([^|&$<>]+)(?:> (\S+))?")
_PORT = re.compile(r"\b80(?:88|89|90)\b")
ANY = "…"


@dataclass(frozen=True)
class Example:
    """A command line of the page and the lines that it prints."""

    command: str
    output: tuple[str, ...]


def examples_in(block: str) -> list[Example]:
    """Return the commands of a block, each with the lines up to the next one."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [Example(lines[0], tuple(lines[1:])) for lines in (part.splitlines() for part in parts)]


BLOCKS = [(match[1], examples_in(match[2])) for match in _BLOCK.finditer(TEXT)]
COMMANDS = [example.command for _, examples in BLOCKS for example in examples]


def pattern_of(lines: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a whole output."""
    patterns = [
        r"(?:.*\n)*?" if line == ANY else re.escape(line).replace(ANY, ".*") + r"\n"
        for line in lines
    ]
    return re.compile("".join(patterns))


def free_ports() -> dict[str, str]:
    """Return a free port for each port of the page."""
    return {port: str(free_port()) for port in sorted(set(_PORT.findall(TEXT)))}


@pytest.mark.parametrize(("partner", "examples"), BLOCKS, ids=[e[0].command for _, e in BLOCKS])
def test_an_example_prints_what_the_page_shows(
    partner: str | None,
    examples: list[Example],
    tmp_path: Path,
    mews: Mews,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every command of a block, one after the other, in an empty folder."""
    ports = free_ports()
    shim = tmp_path / "bin" / "mews"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pytest_mews "$@"\n')
    shim.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    environment = {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"}
    with ExitStack() as running:
        if partner is not None:
            service = running.enter_context(DemoPartner(partner, tenants=DEFAULT_TENANTS))
            environment["URL"] = service.url
        for example in examples:
            command = _PORT.sub(lambda port: ports[port[0]], example.command)
            lines = [_PORT.sub(lambda port: ports[port[0]], line) for line in example.output]
            expected = pattern_of(tuple(lines))
            if plain := _PLAIN.fullmatch(command.replace('"$URL"', environment.get("URL", ""))):
                done = mews(*shlex.split(plain[1]))
                if plain[2]:
                    (work / plain[2]).write_text(done.output, "utf-8")
                output = ("" if plain[2] else done.output) + done.errors
                assert done.status in {0, 1}, output
                assert expected.fullmatch(output), output
                continue
            serves = command.endswith("&")
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command.removesuffix('&')}" if serves else command],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            running.enter_context(process)
            running.callback(process.kill)
            output = ""
            if serves:
                assert process.stdout is not None
                while not expected.fullmatch(output):
                    line = process.stdout.readline()
                    assert line, f"{command} ended after {output}"
                    output += line
                process.send_signal(signal.SIGTERM)
                continue
            output, _ = process.communicate(timeout=TIMEOUT_S)
            output = _PROGRESS.sub("", output)  # which a busy machine shows
            assert process.returncode in {0, 1}, output
            assert expected.fullmatch(output), output


def test_the_tables_are_those_of_the_code() -> None:
    """Subcommands and options are up to date."""
    generator = runpy.run_path(str(ROOT / "docs" / "generate_command.py"))
    assert generator["render_page"](TEXT) == TEXT, "run .venv/bin/python docs/generate_command.py"


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_subcommand_has_an_example(name: str) -> None:
    """At least one command line of the page runs it."""
    assert any(command.startswith(f"mews {name} ") for command in COMMANDS)
