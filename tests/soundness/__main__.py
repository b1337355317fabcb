"""Certifies every sound service with many seeds, and shows each verdict that is not a pass.

    python -m tests.soundness --seeds 20 --services fastapi,prefork --stages processing

Runs are whole runs in this process's children, with the waits of a default run but fewer generated
cases. The exit status is 1 if a verdict is neither `pass` nor `not-applicable`, or if what applies
to a service depends on the seed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from pytest_mews.model import Stage
from tests.soundness.runs import certify, describe
from tests.soundness.services import sound_services


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name; return the exit status."""
    services = sound_services()
    parser = argparse.ArgumentParser(prog="python -m tests.soundness", description=__doc__)
    parser.add_argument("--services", default=",".join(services), help="names, or `list`")
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=5, help="generated cases per scenario")
    parser.add_argument("--stages", default=",".join(Stage), help="delivery,processing,streaming")
    parser.add_argument("--processes", type=int, default=2, help="concurrent runs")
    options = parser.parse_args(arguments)
    if options.services == "list":
        for service in services.values():
            print(f"{service.name:32} {service.description}")
        return 0
    names = options.services.split(",")
    if unknown := sorted(set(names) - services.keys()):
        parser.error(f"--services: there is no {', '.join(unknown)}; see `--services list`")
    stages = options.stages.split(",")
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    runs = [(name, seed) for seed in seeds for name in names]
    outcomes = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=spawn) as pool:
        futures = [pool.submit(certify, *run, options.examples, stages) for run in runs]
        for number, future in enumerate(as_completed(futures), 1):
            outcome = future.result()
            outcomes.append(outcome)
            verdict = f"not passed: {', '.join(outcome.problems)}" if outcome.problems else "passed"
            where = f"{outcome.service}, seed {outcome.seed}"
            print(
                f"[{number}/{len(runs)}] {where}: {verdict} ({outcome.duration_s:.0f} s)",
                flush=True,
            )
            for scenario, reason in outcome.problems.items():
                print(f"    {scenario}: {reason}", flush=True)
    lines, sound = describe(outcomes)
    print("\n".join(lines))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
