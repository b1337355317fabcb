"""Replay files, `replays/<ID>.json`: written, read and checked against their schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from cattrs.preconf.json import make_converter
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from pytest_mews.errors import UsageError
from pytest_mews.model import EventReference, WebhookKind
from pytest_mews.replay.body_pieces import Piece, digest

FORMAT = 1
OPTION = "--mews-replay"
FOLDER = "replays"  # in the report's folder
_REMEDY = "Give a file that a run has written to replays/ in its report's folder, as it was."
_CONVERTER = make_converter(omit_if_default=True)


@dataclass(frozen=True)
class KeptMessage:
    """One message; `events` is None where they are just those that its body names."""

    kind: WebhookKind
    content_type: str | None
    description: str
    enterprise_id: str | None
    size: int
    sha256: str
    body: tuple[Piece, ...]
    again: bool = False
    events: tuple[EventReference, ...] | None = None


@dataclass(frozen=True)
class Conditions:
    """Under what it was sent: what the schedule and whatever is minted again depend on.

    `settings` are overrides of the profile's parameters as --mews-profile-set takes them; `enterprises`
    are pairs of enterprise and integration id; times are seconds.
    """

    profile: str
    settings: tuple[str, ...]
    time_scale: float
    peak_rate: float
    fetch_timeout_s: float
    events: tuple[str, ...]
    seed: int
    enterprises: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Kept:
    """One failing play of a scenario.

    Attributes:
        scenario: its id.
        title: its title.
        verdict: what it got.
        reason: why, without secrets.
        case: what was sent, in words.
        version: of pytest-mews.
        recorded_utc: when the run began.
        play: its number within the scenario, for what is minted again.
        conditions: under what it was sent.
        steps: the scenario's, as data; so are the expectations in `expect`.
        messages: all that the steps may send.
        draws: for each draw of the scenario which of the messages it gave.

    """

    scenario: str
    title: str
    verdict: str
    reason: str
    case: str
    version: str
    recorded_utc: str
    play: int
    conditions: Conditions
    steps: tuple[Mapping[str, Any], ...]
    expect: tuple[Mapping[str, Any], ...]
    messages: tuple[KeptMessage, ...]
    draws: Mapping[str, tuple[int, ...]]


def write(kept: Kept) -> str:
    """Give the text of a replay file."""
    data = {"format": FORMAT, **_CONVERTER.unstructure(kept)}
    return json.dumps(data, indent=1, ensure_ascii=True) + "\n"


def find(asked: Sequence[str], report: Path) -> tuple[Path, ...]:
    """Find the files that --mews-replay means: a file, all of a folder, or a scenario's by its id.

    Args:
        asked: the option's values.
        report: the report's folder, where files are looked up by id.

    Raises:
        UsageMistake: there is no such file.

    """
    found: dict[Path, None] = {}
    for name in asked:
        path = Path(name).expanduser()
        if path.is_dir():
            inside = sorted(path.glob("*.json"))
            if not inside:
                raise UsageError(OPTION, name, "is a folder without replay files", _REMEDY)
            found.update(dict.fromkeys(each.absolute() for each in inside))
        elif path.is_file():
            found[path.absolute()] = None
        else:
            found[_by_id(name, report / FOLDER)] = None
    return tuple(found)


def _by_id(name: str, folder: Path) -> Path:
    path = folder / f"{name}.json"
    if name and Path(name).name == name and path.is_file():
        return path
    known = ", ".join(sorted(each.stem for each in folder.glob("*.json")))
    remedy = f"In {folder} there are: {known}." if known else f"There is none in {folder}."
    raise UsageError(OPTION, name, "is neither a file nor a scenario with a replay file", remedy)


def parse(path: Path) -> Kept:
    """Read a replay file.

    Raises:
        UsageMistake: it can't be read, has another format, breaks the schema, or was changed.

    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        problem = f"can't be read: {(error.strerror or str(error)).lower()}"
        raise UsageError(OPTION, path, problem, _REMEDY) from error
    except ValueError as error:
        raise UsageError(OPTION, path, "is no JSON", _REMEDY) from error
    if isinstance(data, dict) and data.get("format", FORMAT) != FORMAT:
        problem = f"has format {data['format']!r}, and this version reads format {FORMAT}"
        remedy = "Replay it with the version of pytest-mews that wrote it."
        raise UsageError(OPTION, path, problem, remedy)
    mistake = best_match(_validator().iter_errors(data))
    if mistake is not None:
        where = "/".join(str(part) for part in mistake.absolute_path) or "the file"
        problem = f"is no replay file: {where} breaks {mistake.validator!r} of its schema"
        raise UsageError(OPTION, path, problem, _REMEDY)
    kept = _CONVERTER.structure(data, Kept)
    for number, message in enumerate(kept.messages):
        if not _is_whole(message):
            problem = f"was changed: messages/{number} is not what its sha256 says"
            raise UsageError(OPTION, path, problem, _REMEDY)
    numbers = {number for numbers in kept.draws.values() for number in numbers}
    if numbers and max(numbers) >= len(kept.messages):
        problem = f"is no replay file: draws name messages/{max(numbers)}, which is not there"
        raise UsageError(OPTION, path, problem, _REMEDY)
    return kept


def _is_whole(message: KeptMessage) -> bool:
    try:
        return digest(message.body) == message.sha256
    except ValueError:
        return False


@cache
def _validator() -> Draft202012Validator:
    source = files("pytest_mews.schemas") / "replay.schema.json"
    return Draft202012Validator(json.loads(source.read_text("utf-8")))
