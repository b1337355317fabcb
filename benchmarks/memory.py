"""Memory of the harness over a run of 100,000 events, which ought to stay flat.

    .venv/bin/python benchmarks/memory.py [--events 100000]

The embedded partner runs in a process of its own; measured is the resident memory of this one,
while the engine certifies REC-03 again and again, with the default number of examples each time:
what Hypothesis keeps of a scenario's examples ends with it.
Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_mews.config.settings import resolve
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader

MIB = 1024 * 1024
STEP = 10_000  # events


class Enough(KeyboardInterrupt):
    """Ends the run as Ctrl-C would."""


@contextmanager
def partner() -> Iterator[str]:
    """Start the sound embedded partner; gives its URL."""
    command = [sys.executable, "-m", "pytest_mews.demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def resident() -> float:
    """Read the resident memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def watched(engine: CertificationRunner, events: int) -> list[float]:
    """Read the memory before the first and after every 10,000 events that are delivered."""
    readings: list[float] = []
    deliver, sent = engine.environment.sender.deliver, 0

    def counting(message: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        nonlocal sent
        if sent >= len(readings) * STEP:
            gc.collect()
            readings.append(resident())
            print(f"{sent:8,} events {readings[-1]:8.1f} MiB", flush=True)
        if sent >= events:
            raise Enough
        sent += len(message.events)
        return deliver(message, *arguments, **named)

    engine.environment.sender.deliver = counting  # type: ignore[method-assign]
    scenario = next(each for each in loader.load() if each.id == "REC-03")
    rounds = 0
    try:
        while True:
            engine.certify(scenario)
            rounds += 1
    except KeyboardInterrupt:
        print(f"{rounds} times {scenario.id}")
    return readings


def main() -> int:
    """Deliver, and print what was read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    with partner() as url:
        settings = resolve({"mews_target": url}, environ={}, rootdir=Path.cwd(), seed=1)
        with CertificationRunner(settings) as engine:
            readings = watched(engine, options.events)
    print(f"start {readings[0]:.1f} MiB, peak {max(readings):.1f} MiB")
    warm = readings[1:]  # the first steps fill caches, once
    growth = (warm[-1] - warm[0]) / (len(warm) - 1)
    print(f"growth after the first {STEP:,} events: {growth:.2f} MiB per {STEP:,} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
