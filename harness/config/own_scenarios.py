"""Scenario files of the user's own: --mews-scenarios."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from pytest_mews.config.config_file import ConfigFile
from pytest_mews.errors import ScenarioFileError, UsageError, did_you_mean
from pytest_mews.mews.api_operations import OPERATIONS
from pytest_mews.model import Scenario
from pytest_mews.model.step import InjectApiFault, Send
from pytest_mews.scenarios.loader import VOCABULARY, ScenarioFile, parse_scenario
from pytest_mews.senders import Sender, Target

OPTION = "--mews-scenarios"


def load_own_scenarios(
    folders: Sequence[str], sender: Sender, target: Target, variants: Collection[str]
) -> tuple[Scenario, ...]:
    """Load every `*.toml` in folders, and in their folders, sorted by id.

    Args:
        folders: the values of the option.
        sender: generates their messages.
        target: what messages are generated for.
        variants: the variants of the credentials that a step can send.

    Raises:
        UsageError: there is no such folder, or no file in it.
        ScenarioFileError: a file is not valid, or two files have the same id; the message has the
            line and the remedy.

    """
    loaded: dict[str, tuple[Path, Scenario]] = {}
    for folder in dict.fromkeys(map(Path, folders)):
        for path in _files_in(folder):
            text = ConfigFile(OPTION, path, "").read_text("Make the file readable.")
            file = ScenarioFile(str(path), text)
            scenario = parse_scenario(text, file.name, own=True)
            if scenario.id in loaded:
                other, _ = loaded[scenario.id]
                problem, remedy = (
                    f"is the id in {other} too",
                    "Give each its own id.",
                )
                raise file.error(["id"], scenario.id, problem, remedy)
            _check_steps(scenario, file, variants)
            _check_messages(scenario, file, sender, target)
            loaded[scenario.id] = path, scenario
    return tuple(scenario for _, (_, scenario) in sorted(loaded.items()))


def _files_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        problem = "is a file" if folder.is_file() else "does not exist"
        raise UsageError(OPTION, folder, problem, "Give the folder that has your scenario files.")
    paths = sorted(folder.rglob("*.toml"))
    if not paths:
        remedy = f"Put a scenario file there ({VOCABULARY}), or name its folder."
        raise UsageError(OPTION, folder, "has no .toml file", remedy)
    return paths


def _check_steps(scenario: Scenario, file: ScenarioFile, variants: Collection[str]) -> None:
    """Check the arguments of steps whose possible values the schema doesn't have."""
    for index, step in enumerate(scenario.steps):
        if isinstance(step, Send) and step.token not in variants:
            problem, remedy = "is not a variant of the token", did_you_mean(step.token, [*variants])
            raise file.error(["step", index, "token"], step.token, problem, remedy)
        if isinstance(step, InjectApiFault) and step.operation not in {"", *OPERATIONS}:
            remedy = did_you_mean(step.operation, [*OPERATIONS])
            problem = "is not an operation that the Connector API emulator serves"
            raise file.error(["step", index, "operation"], step.operation, problem, remedy)


def _check_messages(scenario: Scenario, file: ScenarioFile, sender: Sender, target: Target) -> None:
    """Check the arguments of generators by generating the plans."""
    for spec in scenario.message_specs:
        path = ["message", spec.name]
        try:
            sender.plans_for(spec, target)
        except ScenarioFileError as error:
            wrong = [name for name, value in spec.arguments.items() if error.value in (name, value)]
            line_path = [*path, *wrong[:1]]
            raise file.error(path, error.value, error.problem, error.remedy, line_path) from None
        except Exception as error:
            problem = f"generates nothing with these arguments ({type(error).__name__}: {error})"
            remedy = f"Correct them ({VOCABULARY})."
            raise file.error(path, spec.generator, problem, remedy) from error
