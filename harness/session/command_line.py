"""Reads pytest's command line and ini file."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pytest_mews.config.settings import PYTEST, SENDER, Settings, resolve_settings
from pytest_mews.errors import UsageError, did_you_mean
from pytest_mews.model import Scenario
from pytest_mews.options import OPTIONS, Option
from pytest_mews.redaction import REDACTED, Secret

SEED_OPTION = "--hypothesis-seed"
SEED_KEY = "mews_seed"  # the key of the run's seed in the input of a pytest-xdist worker


INI_PREFIX = "mews_"  # of the ini key of every option
COLLECTOR = "mews"  # node ids are `mews::RET-02`
CERTIFICATION_PLUGIN = "mews-certification"  # the name of the plugin that certifies


@dataclass(frozen=True)
class Program:
    """A program that runs pytest for the user: an argument `plugins` of `pytest.main`.

    Attributes:
        words: the words before the target in its command line; what a run prints to be repeated
            begins with them.
        respell: makes the options in an error those of its command line.

    """

    words: tuple[str, ...] = PYTEST
    respell: Callable[[str], str] = str


def scenario_id_in(node_id: str) -> str | None:
    """Return the scenario's id in a pytest node id; None if it is not a scenario's.

    With --dist loadgroup pytest-xdist appends `@group` to the node id, which is removed.
    """
    collector, _, name = node_id.partition("::")
    return name.partition("@")[0] if collector == COLLECTOR and name else None


def paths_given(config: pytest.Config) -> bool:
    """Return whether the command line has paths; then their tests run, and no scenario does.

    Paths in addopts don't count.

    Raises:
        UsageError: the command line has both paths and scenarios (`mews::RET-02`).

    """
    arguments = _positional_arguments(config)
    scenarios = [argument for argument in arguments if scenario_id_in(argument)]
    paths = [argument for argument in arguments if not scenario_id_in(argument)]
    if scenarios and paths:
        problem = "is a scenario, which can't run together with the tests of a path"
        raise UsageError("command line", scenarios[0], problem, f"Remove it, or {paths[0]}.")
    known = {scenario.id for scenario in SENDER.scenarios()}
    for path in paths:
        if path.upper() in known and not Path(path).exists():
            remedy = f"Write {COLLECTOR}::{path.upper()} for the scenario."
            raise UsageError("command line", path, "is no file or folder", remedy)
    return bool(paths)


def selected_scenario_ids(config: pytest.Config, scenarios: Sequence[Scenario]) -> frozenset[str]:
    """Return the scenarios that the command line names (`mews::RET-02`); all if it names none.

    Raises:
        UsageError: a named scenario does not exist; the message has the closest id.

    """
    known = [scenario.id for scenario in scenarios]
    named = scenario_arguments(config)
    for name in named:
        if name not in known:
            node_id, remedy = f"{COLLECTOR}::{name}", did_you_mean(name, known, "mews scenarios")
            raise UsageError("SCENARIO", node_id, "names no scenario", remedy)
    return frozenset(named or known)


def scenario_arguments(config: pytest.Config) -> list[str]:
    """Return the scenario ids on the command line, whether or not they exist."""
    arguments = _positional_arguments(config)
    return [name for argument in arguments if (name := scenario_id_in(argument))]


def replay_arguments(config: pytest.Config) -> list[str]:
    """Return the values of --mews-replay, or of its ini key."""
    values = explicit_options(config)["mews_replay"]
    return [str(value) for value in values] if isinstance(values, list | tuple) else []


def check_replay_options(config: pytest.Config, replay: str) -> None:
    """Check that no option on the command line has no effect on a replay; ini keys may have none.

    Args:
        config: pytest's configuration.
        replay: the first value of --mews-replay, for the error.

    Raises:
        UsageError: there is one.

    """
    typed = _typed_arguments(config)
    reasons = {
        option.flag: option.unused_in_replay
        for option in OPTIONS
        if option.unused_in_replay and getattr(typed, option.dest) not in (None, False, [])
    }
    if getattr(typed, "hypothesis_seed", None) is not None:
        reasons[SEED_OPTION] = "a replay file has the seed of its own run"
    for flag, reason in reasons.items():
        problem = f"can't be combined with {flag}: {reason}"
        raise UsageError("--mews-replay", replay, problem, f"Leave {flag} out.")


def _positional_arguments(config: pytest.Config) -> list[str]:
    """Return the paths and node ids that the user typed, without those of addopts."""
    return [str(argument) for argument in _typed_arguments(config).file_or_dir]


def _typed_arguments(config: pytest.Config) -> argparse.Namespace:
    """Return the command line as the user typed it, parsed, without addopts."""
    arguments = [str(argument) for argument in config.invocation_params.args]
    return config._parser.parse_known_args(arguments)  # noqa: SLF001 - no other way


def conceal_options(config: pytest.Config) -> None:
    """Make secrets of the options with one, so that no traceback shows them."""
    for option in OPTIONS:
        value = getattr(config.option, option.dest, None)
        if option.metavar in {"URL", "SECRET", "COMMAND"} and isinstance(value, str):
            setattr(config.option, option.dest, Secret(value))


def selection_arguments(config: pytest.Config) -> str:
    """Return the arguments that select scenarios, quoted for a shell; empty if there are none."""
    words = [f"{COLLECTOR}::{name}" for name in scenario_arguments(config)]
    for flag, dest in (("-k", "keyword"), ("-m", "markexpr")):
        if value := getattr(config.option, dest, ""):
            words += [flag, str(value)]
    for node_id in getattr(config.option, "deselect", None) or ():
        words += ["--deselect", str(node_id)]
    if getattr(config.option, "lf", False):  # absent with -p no:cacheprovider
        words.append("--last-failed")
    return shlex.join(words)


def build_settings(config: pytest.Config, selection: str = "") -> Settings:
    """Check all options and return the settings.

    Args:
        config: pytest's configuration.
        selection: the arguments that select scenarios; empty if all run.

    Raises:
        UsageError: an option is wrong.

    """
    settings = resolve_settings(
        {option.dest: getattr(config.option, option.dest) for option in OPTIONS},
        environ=os.environ,
        rootdir=config.inipath.parent if config.inipath else config.rootpath,
        seed=_seed(config),
        ini={option.dest: _ini_value(config, option) for option in OPTIONS},
        selection=selection,
    )
    return replace(settings, program=program_of(config).words)


def program_of(config: pytest.Config) -> Program:
    """Return the program that runs pytest; that of pytest itself if the user runs it."""
    plugins = config.invocation_params.plugins or ()
    return next((plugin for plugin in plugins if isinstance(plugin, Program)), Program())


def _seed(config: pytest.Config) -> int | None:
    """Return the seed of --hypothesis-seed, an option of Hypothesis's pytest plugin.

    A worker of pytest-xdist has the seed of its controller. None if the run chooses a seed.
    """
    if hasattr(config, "workerinput"):
        return int(config.workerinput[SEED_KEY])
    seed = getattr(config.option, "hypothesis_seed", None)
    if seed in (None, "random"):
        return None
    try:
        return int(seed)
    except ValueError:  # Hypothesis accepts any text
        return Random(seed).getrandbits(32)  # noqa: S311 - must be repeatable, not secure


def _ini_value(config: pytest.Config, option: Option) -> Any:  # noqa: ANN401 - as of pytest
    """Return the value of an option's ini key.

    Raises:
        UsageError: it is a list, and the option has one value.
        pytest.UsageError: it can't be read as what the option is.

    """
    try:
        value = config.getini(option.dest)
    except (ValueError, pytest.UsageError) as error:  # whose message may not have the key
        name = _ini_name(config, option.dest)
        remedy = "Give true or false." if option.kind == "flag" else f"It is a {option.metavar}."
        raise pytest.UsageError(f"{name}: {error}. {remedy}") from None
    if option.kind == "value" and isinstance(value, list | tuple):
        name = _ini_name(config, option.dest)
        raise UsageError(name, REDACTED, "is a list", "Give one value.")
    return value


def check_ini_keys(config: pytest.Config) -> None:
    """Check that the ini file has no key that looks like an option and is none.

    pytest only warns of an unknown key, below the results of the run; a misspelt `mews_strict`
    would certify what the user did not ask for. A key that the project registers is left alone.

    Raises:
        UsageError: there is such a key.

    """
    known = [option.dest for option in OPTIONS]
    # It has no public name; a version of pytest without it goes on to warn of such a key itself.
    find_unknown: Callable[[], Iterable[str]] = getattr(config, "_get_unknown_ini_keys", tuple)
    unknown = find_unknown()
    for key in sorted(unknown):
        if key.startswith(INI_PREFIX):
            raise UsageError(_ini_name(config), key, "is no option", did_you_mean(key, known))


def _ini_name(config: pytest.Config, key: str = "") -> str:
    """Return how a message names a key of the ini file, or the file."""
    file = config.inipath.name if config.inipath else "ini file"
    return f"{key} in {file}" if key else file


def explicit_options(config: pytest.Config) -> dict[str, object]:
    """Return the values from the command line and the ini file, by the options' `dest`."""
    return {
        option.dest: getattr(config.option, option.dest) or _ini_value(config, option)
        for option in OPTIONS
    }
