"""Runs a fuzzer: a few seeded rounds in the test suite, for as long as asked by `make fuzz`.

Environment variables, which `make fuzz` sets: `FUZZ_MINUTES`, for each fuzzer, and `FUZZ_SEED`, the
seed of the first round, which the output shows.

What a fuzzer finds is kept in `corpus/<name of the fuzzer>`, a file for each input, and is replayed
by every later run.
"""

from __future__ import annotations

import hashlib
import os
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning
from hypothesis.strategies import SearchStrategy

CORPUS = Path(__file__).parent / "corpus"
EXAMPLES_PER_ROUND = 300
T = TypeVar("T")


def corpus(fuzzer: str) -> list[Path]:
    """Return the files with the inputs that a fuzzer replays."""
    return sorted((CORPUS / fuzzer).iterdir())


def fuzz(
    fuzzer: str,
    strategy: SearchStrategy[T],
    check: Callable[[T], None],
    encode: Callable[[T], bytes],
    *,
    examples: int,
) -> None:
    """Check generated inputs: `examples` with a fixed seed, or as many as `FUZZ_MINUTES` allow.

    Args:
        fuzzer: the name of the fuzzer, and of its folder in the corpus.
        strategy: generates the inputs.
        check: raises an exception if an input finds a fault.
        encode: returns an input as a file of the corpus has it.
        examples: how many inputs to check in the test suite.

    """
    minutes = float(os.environ.get("FUZZ_MINUTES", "0"))
    found: list[T] = []

    def check_one(value: T) -> None:
        found[:] = [value]  # Hypothesis runs the smallest failing input last
        check(value)

    for round_seed in _seeds(minutes):
        run = settings(
            max_examples=EXAMPLES_PER_ROUND if minutes else examples,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=tuple(HealthCheck),
        )(given(strategy)(check_one))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", HypothesisWarning)  # the input is large
                seed(round_seed)(run)()
        except Exception as error:
            where = _keep(fuzzer, encode(found[0])) if minutes else "make fuzz keeps its input"
            error.add_note(f"fuzzer {fuzzer}, seed {round_seed}: {where}")
            raise


def _seeds(minutes: float) -> Iterator[int]:
    if not minutes:
        yield 0
        return
    first = int(os.environ.get("FUZZ_SEED") or time.time())
    end = time.monotonic() + 60 * minutes
    for number in count(first):
        if time.monotonic() >= end:
            print(f"seeds {first} to {number - 1}, {EXAMPLES_PER_ROUND} inputs each")  # noqa: T201
            return
        yield number


def _keep(fuzzer: str, data: bytes) -> str:
    path = CORPUS / fuzzer / f"found-{hashlib.sha256(data).hexdigest()[:12]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return f"its input is kept in {path}"
