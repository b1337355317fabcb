"""Batches drawn and validated per CPU second, against hypothesis-jsonschema; bulk validation.

    .venv/bin/python benchmarks/batches.py [--examples 200] [--rounds 3]

hypothesis-jsonschema is broken on current Hypothesis, so the script makes a virtual environment
for it in a temporary folder, with the last Hypothesis that it works on; that needs a package index.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import timeit
import venv
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from jsonschema import Draft202012Validator
from measuring import measure

from pytest_mews.model import MessageSpec, Tenant, Tenants
from pytest_mews.senders.connector import IdSource, Plan, Target, actions, discriminators, plans
from pytest_mews.senders.connector.payload_schemas import load, validator

PROFILE, LIMIT = "2026-04", 500
ELSEWHERE = ("hypothesis-jsonschema==0.23.1", "hypothesis<6.170.10", "jsonschema-rs")
TENANT = Tenant("851df8c8-90f2-4c4a-8e01-a4fc46b25178", "c8bee838-7fb1-4f4e-8fac-ac87008b2f90", "")
TENANTS = Tenants("", (TENANT,))
SUBJECT = Target(PROFILE, (*discriminators(PROFILE), *actions(PROFILE)), LIMIT, TENANTS)


def ours(examples: int) -> dict[str, float]:
    """Measure the draw word `batch`."""
    drawn = plans(MessageSpec("batch", "batch"), SUBJECT).drawn
    assert drawn is not None
    valid = validator("general", PROFILE)

    def check(plan: Plan) -> tuple[int, bool]:
        (message,) = plan.build(IdSource(1, "benchmark", 0, TENANTS))
        body = json.loads(message.body)
        return len(body["Events"]), valid.is_valid(body)

    return measure(drawn, check, examples)


def theirs(python: Path, examples: int) -> dict[str, float]:
    """Measure hypothesis-jsonschema on the same schema with the limit in it."""
    schema = load("general", PROFILE)
    schema["properties"]["Events"]["maxItems"] = LIMIT
    figures: dict[str, float] = json.loads(
        subprocess.run(
            [python, Path(__file__).with_name("batches_elsewhere.py")],
            input=json.dumps({"schema": schema, "examples": examples}),
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    )
    return figures


def environment(folder: Path) -> Path:
    """Make the other environment; gives its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *ELSEWHERE], check=True)
    return python


def show(name: str, rounds: list[dict[str, float]]) -> tuple[float, float]:
    """Print one side's figures; gives its batches and events per CPU second (medians)."""
    per_batch = median(each["batches"] / each["cpu_s"] for each in rounds)
    per_event = median(each["events"] / each["cpu_s"] for each in rounds)
    size = sum(each["events"] for each in rounds) / sum(each["batches"] for each in rounds)
    valid = sum(each["valid"] for each in rounds) / sum(each["batches"] for each in rounds)
    print(
        f"{name:24} {per_batch:10,.0f} batches/s {per_event:12,.0f} events/s"
        f"   mean size {size:6.1f}   valid {valid:.0%}"
    )
    return per_batch, per_event


def validation() -> None:
    """Print what validating one full batch takes with either validator."""
    plan = plans(MessageSpec("batch", "batch"), SUBJECT).fixed[-1]
    body = json.loads(plan.build(IdSource(1, "benchmark", 0, TENANTS))[0].body)
    formats = Draft202012Validator.FORMAT_CHECKER
    slow = Draft202012Validator(load("general", PROFILE), format_checker=formats)

    def once(check: Callable[[Any], bool], number: int) -> float:
        return min(timeit.repeat(lambda: check(body), number=number, repeat=5)) / number

    fast_s = once(validator("general", PROFILE).is_valid, 200)
    slow_s = once(slow.is_valid, 5)
    print(f"validating {len(body['Events'])} events, best of 5:")
    print(f"  jsonschema-rs {version('jsonschema-rs'):8} {fast_s * 1000:8.3f} ms")
    print(f"  jsonschema    {version('jsonschema'):8} {slow_s * 1000:8.3f} ms")
    print(f"  ratio {slow_s / fast_s:.0f}")


def main() -> int:
    """Measure both sides in turn, so that whatever else the machine does hits both alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    mine: list[dict[str, float]] = []
    other: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        python = environment(Path(folder))
        for _ in range(options.rounds):
            mine.append(ours(options.examples))
            other.append(theirs(python, options.examples))
    print(f"drawn and validated per CPU second, {options.rounds} × {options.examples} examples:")  # noqa: RUF001
    batches, events = show("pytest-mews", mine)
    batches_there, events_there = show("hypothesis-jsonschema", other)
    print(f"ratio: batches {batches / batches_there:.1f}, events {events / events_there:.1f}")
    validation()
    return 0


if __name__ == "__main__":
    sys.exit(main())
