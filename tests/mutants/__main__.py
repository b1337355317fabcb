"""Certifies mutants of the FastAPI example, and shows which of them no scenario catches.

    python -m tests.mutants --sample 50 --seed 7

Each mutant is the example with one changed expression. The certification is a quick one, and ends
at the first scenario that does not pass. `not_flaws.toml` names the mutants that are as sound as
the example, with the reason. The exit status is 1 if another mutant passes, and 2 if the example
itself does not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.mutants.runs import Result, candidates, certify, timed

NOT_FLAWS = Path(__file__).with_name("not_flaws.toml")


def main(arguments: Sequence[str]) -> int:
    """Certify what the arguments name; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, help="how many, at random (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--only", default="", help="only mutants whose name contains this text")
    parser.add_argument("--processes", type=int, default=2, help="concurrent runs")
    options = parser.parse_args(arguments)
    everything = candidates()
    chosen = [candidate for candidate in everything if options.only in candidate.name]
    random.Random(options.seed).shuffle(chosen)
    chosen = chosen[: options.sample]
    not_flaws = tomllib.loads(NOT_FLAWS.read_text("utf-8"))
    chosen.sort(key=lambda candidate: candidate.name in not_flaws)  # they take longest
    print(f"{len(chosen)} of {len(everything)} mutants; the example itself first", flush=True)
    _, failure = certify(None)
    if failure:
        print(f"The example itself does not pass: {failure}")
        return 2
    results = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=spawn) as pool:
        futures = [pool.submit(timed, candidate) for candidate in chosen]
        for number, future in enumerate(as_completed(futures), 1):
            result = future.result()
            results.append(result)
            print(f"[{number}/{len(chosen)}] {describe(result)}", flush=True)
    lines, complete = summarize(results, not_flaws)
    print("\n".join(lines))
    return 0 if complete else 1


def describe(result: Result) -> str:
    """Return one line about a mutant."""
    candidate = result.candidate
    where = f"{candidate.file}:{candidate.mutant.line}"
    outcome = result.caught_by or "PASSES"
    return f"{where} {candidate.mutant.change}: {outcome} ({result.duration_s:.0f} s)"


def summarize(results: Sequence[Result], not_flaws: dict[str, str]) -> tuple[list[str], bool]:
    """Return the share of mutants that are caught, those that are not, and whether all are.

    Args:
        results: of the mutants.
        not_flaws: why a mutant is no flaw, by its name.

    """
    running = [result for result in results if result.starts]
    passing = [result for result in running if not result.caught_by]
    escaped = [result for result in passing if result.candidate.name not in not_flaws]
    flawed = len(running) - len(passing) + len(escaped)
    caught = flawed - len(escaped)
    not_started, no_flaw = len(results) - len(running), len(passing) - len(escaped)
    lines = [
        "",
        f"{len(results)} mutants: {not_started} do not start, {no_flaw} are no flaw.",
        f"{caught} of the other {flawed} are caught ({caught / max(1, flawed):.0%}).",
    ]
    lines += [f"    escapes: {describe(result)}" for result in escaped]
    return lines, not escaped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
