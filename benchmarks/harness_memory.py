"""Measures the memory of the harness while it delivers 100,000 events; it should stay constant.

    .venv/bin/python benchmarks/harness_memory.py [--events 100000]

The demo partner runs in a process of its own; the benchmark reads the resident memory of the
harness's process. The runner certifies REC-03 repeatedly, with the default number of examples each
time, since Hypothesis stores the examples of a scenario until the scenario ends.
Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import Any

from demo_partner_process import demo_partner

from pytest_mews.config.settings import resolve_settings
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader

MIB = 1024 * 1024
STEP = 10_000  # events


class AllEventsSent(KeyboardInterrupt):
    """Ends the run as Ctrl-C would."""


def resident_mib() -> float:
    """Return the resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def measure_memory(runner: CertificationRunner, events: int) -> list[float]:
    """Return the memory in MiB before the first and after every 10,000 delivered events."""
    readings: list[float] = []
    deliver, sent = runner.environment.deliverer.deliver, 0

    def deliver_and_count(message: Any, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401
        nonlocal sent
        if sent >= len(readings) * STEP:
            gc.collect()
            readings.append(resident_mib())
            print(f"{sent:8,} events {readings[-1]:8.1f} MiB", flush=True)
        if sent >= events:
            raise AllEventsSent
        sent += len(message.events)
        return deliver(message, *arguments, **keywords)

    runner.environment.deliverer.deliver = deliver_and_count  # type: ignore[method-assign]
    scenario = next(scenario for scenario in loader.load_scenarios() if scenario.id == "REC-03")
    rounds = 0
    try:
        while True:
            runner.certify(scenario)
            rounds += 1
    except KeyboardInterrupt:
        print(f"certified {scenario.id} {rounds} times")
    return readings


def main() -> int:
    """Deliver the events, and print the memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    with demo_partner() as url:
        settings = resolve_settings({"mews_target": url}, environ={}, rootdir=Path.cwd(), seed=1)
        with CertificationRunner(settings) as runner:
            readings = measure_memory(runner, options.events)
    print(f"start {readings[0]:.1f} MiB, peak {max(readings):.1f} MiB")
    warm_readings = readings[1:]  # the first events fill caches
    growth = (warm_readings[-1] - warm_readings[0]) / (len(warm_readings) - 1)
    print(f"growth after the first {STEP:,} events: {growth:.2f} MiB per {STEP:,} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
