"""What the user chose on pytest's command line and in its ini file."""

from __future__ import annotations

import os
from random import Random

import pytest

from mews_harness.options import OPTIONS
from mews_harness.settings import Settings, resolve

SEED = "mews_seed"  # the key under which pytest-xdist's workers are told the run's seed


def own_tests_only(config: pytest.Config) -> bool:
    """Whether paths stand on the command line itself, not in addopts: then those tests run."""
    typed = [str(argument) for argument in config.invocation_params.args]
    return bool(config._parser.parse_known_args(typed).file_or_dir)  # noqa: SLF001 - no other way


def settings_of(config: pytest.Config) -> Settings:
    """Check all options.

    Raises:
        UsageMistake: one of them is wrong.

    """
    return resolve(
        {option.dest: getattr(config.option, option.dest) for option in OPTIONS},
        environ=os.environ,
        rootdir=config.inipath.parent if config.inipath else config.rootpath,
        seed=_seed(config),
        ini={option.dest: config.getini(option.dest) for option in OPTIONS},
    )


def _seed(config: pytest.Config) -> int | None:
    """Read Hypothesis's own option; it belongs to Hypothesis's pytest plugin."""
    if hasattr(config, "workerinput"):
        return int(config.workerinput[SEED])
    asked = getattr(config.option, "hypothesis_seed", None)
    if asked in (None, "random"):
        return None
    try:
        return int(asked)
    except ValueError:  # Hypothesis takes any text
        return Random(asked).getrandbits(32)  # noqa: S311 - to be repeatable is the point


def given(config: pytest.Config) -> dict[str, object]:
    """List what was set, by the options' `dest`; for the command that repeats the run."""
    return {
        option.dest: getattr(config.option, option.dest) or config.getini(option.dest)
        for option in OPTIONS
    }
