"""Measures 200 generated messages, delivered and checked, against Schemathesis.

    .venv/bin/python benchmarks/generation_end_to_end.py [--examples 200] [--rounds 3]

Both sides send to the same nginx, which answers 204: pytest-mews runs the scenario REC-03, and
Schemathesis an OpenAPI file with the same schema, up to 50 events in a message as in REC-03. Both
write their report: HTML and JSON, Schemathesis JUnit XML alone or HTML and JSON too. Schemathesis
is installed into a virtual environment in a temporary folder, which needs a package index. CPU is
that of the whole command; least of the rounds, in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from measured_process import run_measured
from nginx_server import run_nginx
from peers import create_environment, has_programs, print_ratio

from pytest_mews.senders.connector.payload_schemas import load_schema

SCENARIO, MAX_EVENTS, PROFILE = "REC-03", 50, "2026-04"


def openapi_document() -> dict[str, object]:
    """Return the OpenAPI document of an endpoint for General Webhooks."""
    schema = load_schema("general", PROFILE)
    schema["properties"]["Events"]["maxItems"] = MAX_EVENTS
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    operation = {"requestBody": body, "responses": {"204": {"description": "accepted"}}}
    info = {"title": "partner", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": {"/webhooks": {"post": operation}}}


def mews_command(url: str, examples: int) -> Sequence[str]:
    """Return the command that certifies one scenario."""
    command = [sys.executable, "-m", "pytest_mews", "certify", url, SCENARIO]
    return [*command, "--examples", str(examples), "--report", "report"]


def schemathesis_command(programs: Path, url: str, examples: int, reports: str) -> Sequence[str]:
    """Return the command that sends valid examples of the document."""
    parts = urlsplit(url)
    command = [str(programs / "schemathesis"), "run", "openapi.json"]
    command += ["--url", f"{parts.scheme}://{parts.netloc}", "--phases", "fuzzing"]
    command += ["--mode", "positive", "--max-examples", str(examples), "--seed", "1"]
    command += ["--checks", "not_a_server_error", "--suppress-health-check", "all"]
    return [*command, "--report", reports]


def main() -> None:
    """Run the commands in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not has_programs("nginx"):
        return
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as temporary:
        folder = Path(temporary)
        programs = create_environment(folder / "schemathesis", ["schemathesis"])
        if programs is None:
            return
        (folder / "openapi.json").write_text(json.dumps(openapi_document()), "utf-8")
        access_log = folder / "access.log"
        least: dict[str, float] = {}
        with run_nginx(access_log) as url:
            commands = {"pytest-mews": mews_command(url, options.examples)}
            for reports in ("junit", "junit,html,json"):
                command = schemathesis_command(programs, url, options.examples, reports)
                commands[f"Schemathesis with {reports}"] = command
            for _ in range(options.rounds):
                for name, command in commands.items():
                    before = len(access_log.read_text().splitlines())
                    taken = run_measured(command, folder=folder)
                    assert taken.exit_status == 0, taken.output[-2000:]
                    sizes = access_log.read_text().splitlines()[before:]
                    sent_bytes = sum(int(size) for size in sizes if size != "-")  # without a body
                    sent = f"{len(sizes)} requests, {sent_bytes:,} bytes"
                    print(f"{name}: {taken.cpu_s:.2f} s of CPU, {sent}", flush=True)
                    least[name] = min(least.get(name, taken.cpu_s), taken.cpu_s)
    for name in list(least)[1:]:
        what = f"CPU of {options.examples} examples against {name}"
        print_ratio(what, least["pytest-mews"], least[name], "s")


if __name__ == "__main__":
    main()
