"""What the user chose on pytest's command line and in its ini file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random

import pytest

from pytest_mews.config.did_you_mean import did_you_mean
from pytest_mews.config.settings import Settings, resolve
from pytest_mews.errors import UsageError
from pytest_mews.model import Scenario
from pytest_mews.options import OPTIONS
from pytest_mews.run.result_tracker import COLLECTOR, scenario_in

SEED = "mews_seed"  # the key under which pytest-xdist's workers are told the run's seed


def paths_given(config: pytest.Config) -> bool:
    """Whether paths stand on the command line itself, not in addopts: then those tests run.

    Raises:
        UsageMistake: paths stand there together with scenarios (`mews::RET-02`).

    """
    typed = _typed(config)
    scenarios = [each for each in typed if scenario_in(each)]
    paths = [each for each in typed if not scenario_in(each)]
    if scenarios and paths:
        problem = "is a scenario and can't be run together with the tests of a path"
        raise UsageError("command line", scenarios[0], problem, f"Leave out {paths[0]}, or it")
    return bool(paths)


def scenarios_named(config: pytest.Config, known: Sequence[Scenario]) -> frozenset[str]:
    """Give the ids that stand on the command line as `mews::RET-02`; all where none does.

    Raises:
        UsageMistake: there is no such scenario; it names the closest.

    """
    ids = [scenario.id for scenario in known]
    named = scenarios_typed(config)
    for name in named:
        if name not in ids:
            given, remedy = f"{COLLECTOR}::{name}", did_you_mean(name, ids)
            raise UsageError("command line", given, "names no scenario", remedy)
    return frozenset(named or ids)


def scenarios_typed(config: pytest.Config) -> list[str]:
    """Give what stands on the command line as a scenario, known or not."""
    return [name for each in _typed(config) if (name := scenario_in(each))]


def replays_asked(config: pytest.Config) -> list[str]:
    """Give the values of --mews-replay, or of its ini key."""
    asked = explicit_options(config)["mews_replay"]
    return [str(each) for each in asked] if isinstance(asked, list | tuple) else []


def _typed(config: pytest.Config) -> list[str]:
    typed = [str(argument) for argument in config.invocation_params.args]
    parsed = config._parser.parse_known_args(typed)  # noqa: SLF001 - no other way
    return [str(each) for each in parsed.file_or_dir]


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


def explicit_options(config: pytest.Config) -> dict[str, object]:
    """List what was set, by the options' `dest`; for the command that repeats the run."""
    return {
        option.dest: getattr(config.option, option.dest) or config.getini(option.dest)
        for option in OPTIONS
    }
