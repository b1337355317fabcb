"""Scenario files of the user's own: --mews-scenarios."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_mews.config.config_file import ConfigFile
from pytest_mews.errors import ScenarioFileError, UsageError, did_you_mean
from pytest_mews.mews.api_operations import OPERATIONS
from pytest_mews.mews.events import event_names
from pytest_mews.model import MessageSpec, Scenario, WebhookKind
from pytest_mews.model.step import InjectApiFault, Send, WebSocketSend
from pytest_mews.scenarios.loader import VOCABULARY, ScenarioFile, parse_scenario
from pytest_mews.senders import IdSource, Sender, Target

OPTION = "--mews-scenarios"
REMEDY = f"Correct them ({VOCABULARY})."


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
    paths: dict[Path, Path] = {}  # by where they are: folders can overlap
    for folder in map(Path, folders):
        for path in _files_in(folder):
            paths.setdefault(path.resolve(), path)
    for path in paths.values():
        text = ConfigFile(OPTION, path, "").read_text("Make the file readable.")
        file = ScenarioFile(str(path), text)
        scenario = parse_scenario(text, file.name, own=True)
        if scenario.id in loaded:
            other, _ = loaded[scenario.id]
            problem = f"is the id in {other} too"
            raise file.error(["id"], scenario.id, problem, "Give each its own id.")
        _check_steps(scenario, file, variants)
        _check_messages(scenario, file, sender, target)
        loaded[scenario.id] = path, scenario
    return tuple(scenario for _, (_, scenario) in sorted(loaded.items()))


def _files_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        problem = "is a file" if folder.is_file() else "does not exist"
        raise UsageError(OPTION, folder, problem, "Give the folder that has your scenario files.")
    paths = sorted(path for path in folder.rglob("*.toml") if path.is_file())
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
    """Check the arguments of generators by building a first case, with every event subscribed."""
    everything = replace(target, events=event_names(revision=target.profile))
    ids = IdSource(0, scenario.id, 0, target.tenants)
    for spec in scenario.message_specs:
        path = ["message", spec.name]
        if _lacks_enterprise(scenario, spec, target):
            number, count = spec.arguments["enterprise"], len(target.tenants.enterprises)
            problem = f"is the number of an enterprise, and there are {count}"
            remedy = "Add an [[enterprise]] to the file of --mews-tenants, or give another number."
            raise file.error([*path, "enterprise"], number, problem, remedy)
        try:
            plans = sender.plans_for(spec, everything).fixed
            kinds = {message.kind for plan in plans[:1] for message in plan.build(ids)}
        except ScenarioFileError as error:
            wrong = [name for name, value in spec.arguments.items() if error.value in (name, value)]
            line_path = [*path, *wrong[:1]]
            raise file.error(path, error.value, error.problem, error.remedy, line_path) from None
        except Exception as error:
            problem = f"generates nothing with these arguments ({type(error).__name__}: {error})"
            raise file.error(path, spec.generator, problem, REMEDY) from error
        if not kinds:
            problem = "generates no message with these arguments"
            raise file.error(path, spec.generator, problem, REMEDY)
        _check_channel(scenario, file, spec, kinds)


def _lacks_enterprise(scenario: Scenario, spec: MessageSpec, target: Target) -> bool:
    """Return whether a message is for an enterprise that is missing in every run with the tenants.

    A scenario that applies to two enterprises only does not run where there is one.
    """
    number, count = spec.arguments.get("enterprise"), len(target.tenants.enterprises)
    is_skipped = "two-tenants" in scenario.applies and count == 1
    return isinstance(number, int) and number > count and not is_skipped


def _check_channel(
    scenario: Scenario, file: ScenarioFile, spec: MessageSpec, kinds: Collection[WebhookKind]
) -> None:
    """Check that no step sends a message of the WebSocket to the endpoint, or the reverse."""
    for index, step in enumerate(scenario.steps):
        if spec.name not in step.message_names:
            continue
        if step.emulator is None and kinds == {WebhookKind.WEBSOCKET}:
            remedy = "Send it with websocket-send, or choose a generator of webhooks."
            problem = f"sends {spec.name} to the endpoint, and it is for the WebSocket"
        elif isinstance(step, WebSocketSend) and WebhookKind.WEBSOCKET not in kinds:
            remedy = "Send it with deliver, or choose a generator for the WebSocket."
            problem = f"sends {spec.name} on the WebSocket, and it is a webhook"
        else:
            continue
        raise file.error(["step", index, "do"], step.do, problem, remedy)
