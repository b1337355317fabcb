"""Compares the generation of batches with hypothesis-jsonschema, and two JSON Schema validators.

    .venv/bin/python benchmarks/batch_generation.py [--examples 200] [--rounds 3]

hypothesis-jsonschema is broken on current Hypothesis, so the script creates a virtual environment
for it in a temporary folder, with the last Hypothesis that it works on; that needs a package index.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from jsonschema import Draft202012Validator
from measure_strategy import measure
from peers import create_environment

from pytest_mews.model import MessageSpec, Tenant, Tenants
from pytest_mews.senders import IdSource, Plan, Target
from pytest_mews.senders.connector import actions, discriminators, plans_for
from pytest_mews.senders.connector.payload_schemas import load_schema, validator

PROFILE, LIMIT = "2026-04", 500
OTHER_REQUIREMENTS = ("hypothesis-jsonschema==0.23.1", "hypothesis<6.170.10", "jsonschema-rs")
TENANT = Tenant("851df8c8-90f2-4c4a-8e01-a4fc46b25178", "c8bee838-7fb1-4f4e-8fac-ac87008b2f90", "")
TENANTS = Tenants("", (TENANT,))
TARGET = Target(PROFILE, (*discriminators(PROFILE), *actions(PROFILE)), LIMIT, TENANTS)


def measure_pytest_mews(examples: int) -> dict[str, float]:
    """Measure the generator `batch`."""
    strategy = plans_for(MessageSpec("batch", "batch"), TARGET).strategy
    assert strategy is not None
    schema_validator = validator("general", PROFILE)

    def check(plan: Plan) -> tuple[int, bool]:
        (message,) = plan.build(IdSource(1, "benchmark", 0, TENANTS))
        body = json.loads(message.body)
        return len(body["Events"]), schema_validator.is_valid(body)

    return measure(strategy, check, examples)


def measure_hypothesis_jsonschema(python: Path, examples: int) -> dict[str, float]:
    """Measure hypothesis-jsonschema on the same schema, with the batch limit added."""
    schema = load_schema("general", PROFILE)
    schema["properties"]["Events"]["maxItems"] = LIMIT
    figures: dict[str, float] = json.loads(
        subprocess.run(
            [python, Path(__file__).with_name("hypothesis_jsonschema_batches.py")],
            input=json.dumps({"schema": schema, "examples": examples}),
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    )
    return figures


def print_figures(name: str, rounds: list[dict[str, float]]) -> tuple[float, float]:
    """Print the figures of one library; return its median batches and events per CPU second."""
    per_batch = median(figures["batches"] / figures["cpu_s"] for figures in rounds)
    per_event = median(figures["events"] / figures["cpu_s"] for figures in rounds)
    batches = sum(figures["batches"] for figures in rounds)
    size = sum(figures["events"] for figures in rounds) / batches
    valid = sum(figures["valid"] for figures in rounds) / batches
    print(
        f"{name:24} {per_batch:10,.0f} batches/s {per_event:12,.0f} events/s"
        f"   mean size {size:6.1f}   valid {valid:.0%}"
    )
    return per_batch, per_event


def compare_validators() -> None:
    """Print how long each validator takes for one full batch."""
    plan = plans_for(MessageSpec("batch", "batch"), TARGET).fixed[-1]
    body = json.loads(plan.build(IdSource(1, "benchmark", 0, TENANTS))[0].body)
    formats = Draft202012Validator.FORMAT_CHECKER
    slow_validator = Draft202012Validator(load_schema("general", PROFILE), format_checker=formats)

    def best_s(check: Callable[[Any], bool], number: int) -> float:
        return min(timeit.repeat(lambda: check(body), number=number, repeat=5)) / number

    fast_s = best_s(validator("general", PROFILE).is_valid, 200)
    slow_s = best_s(slow_validator.is_valid, 5)
    print(f"validating {len(body['Events'])} events, best of 5:")
    print(f"  jsonschema-rs {version('jsonschema-rs'):8} {fast_s * 1000:8.3f} ms")
    print(f"  jsonschema    {version('jsonschema'):8} {slow_s * 1000:8.3f} ms")
    print(f"  ratio {slow_s / fast_s:.0f}")


def main() -> int:
    """Measure both libraries in turn, so that other load on the machine affects both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds: list[dict[str, float]] = []
    other_rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        programs = create_environment(Path(folder, "venv"), OTHER_REQUIREMENTS)
        if programs is None:
            return 1
        for _ in range(options.rounds):
            rounds.append(measure_pytest_mews(options.examples))
            other_rounds.append(
                measure_hypothesis_jsonschema(programs / "python", options.examples)
            )
    count = f"{options.rounds} rounds of {options.examples} examples"
    print(f"generated and validated per CPU second, {count}:")
    batches, events = print_figures("pytest-mews", rounds)
    other_batches, other_events = print_figures("hypothesis-jsonschema", other_rounds)
    print(f"ratio: batches {batches / other_batches:.1f}, events {events / other_events:.1f}")
    compare_validators()
    return 0


if __name__ == "__main__":
    sys.exit(main())
