"""Replay files, `replays/<ID>.json`: written, found, read, and checked against their schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cattrs.preconf.json import make_converter

from pytest_mews.config.report_folder import SELECTION_FOLDER
from pytest_mews.errors import UsageError
from pytest_mews.model import EventReference, WebhookKind
from pytest_mews.replay.body_pieces import Piece, body_digest
from pytest_mews.schemas.violations import find_violation

FORMAT = 1
OPTION = "--mews-replay"
FOLDER = "replays"  # in the report's folder
_REMEDY = "Give an unchanged file from the folder replays/ of a report."
_CONVERTER = make_converter(omit_if_default=True)


@dataclass(frozen=True)
class RecordedMessage:
    """A message without secrets.

    Attributes:
        kind: the kind of webhook, or a WebSocket message.
        content_type: the content type; None if none is sent.
        description: what the message is, for people.
        enterprise_id: the enterprise that the message is for; None if it names none.
        size: the bytes of the body, including secrets.
        sha256: the `body_digest` of the body.
        body: the pieces of the body.
        duplicate: whether an earlier message had the same bytes.
        events: the events of the message; None if they are those that the body contains.
        binary: whether a WebSocket message is a binary frame.

    """

    kind: WebhookKind
    content_type: str | None
    description: str
    enterprise_id: str | None
    size: int
    sha256: str
    body: tuple[Piece, ...]
    duplicate: bool = False
    events: tuple[EventReference, ...] | None = None
    binary: bool = False


@dataclass(frozen=True)
class Conditions:
    """The settings that the schedule of deliveries and the generated tokens depend on.

    Attributes:
        profile: the name of the delivery profile.
        profile_overrides: overridden parameters in the form of --mews-profile-set.
        time_scale: --mews-time-scale.
        peak_rate: --mews-peak-rate, messages per second.
        fetch_timeout_s: --mews-fetch-timeout, in seconds.
        events: the subscribed events.
        seed: the seed of the run.
        enterprises: pairs of enterprise id and integration id.

    """

    profile: str
    profile_overrides: tuple[str, ...]
    time_scale: float
    peak_rate: float
    fetch_timeout_s: float
    events: tuple[str, ...]
    seed: int
    enterprises: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RecordedCase:
    """The smallest failing case of a scenario: the content of a replay file.

    Attributes:
        scenario: the id of the scenario.
        title: its title.
        verdict: its verdict.
        reason: the reason for the verdict, without secrets.
        case: the description of the case.
        version: the version of pytest-mews.
        recorded_utc: when the run started.
        execution: the number of the execution within the scenario, which generated tokens depend
            on.
        conditions: the settings of the run.
        steps: the steps of the scenario as data.
        expect: its expectations as data.
        messages: all messages that the steps can send.
        message_indexes: for each message spec, which of `messages` it generated.

    """

    scenario: str
    title: str
    verdict: str
    reason: str
    case: str
    version: str
    recorded_utc: str
    execution: int
    conditions: Conditions
    steps: tuple[Mapping[str, Any], ...]
    expect: tuple[Mapping[str, Any], ...]
    messages: tuple[RecordedMessage, ...]
    message_indexes: Mapping[str, tuple[int, ...]]


def to_json(case: RecordedCase) -> str:
    """Return the text of a replay file."""
    data = {"format": FORMAT, **_CONVERTER.unstructure(case)}
    return json.dumps(data, indent=1, ensure_ascii=True) + "\n"


def find_files(values: Sequence[str], report: Path) -> tuple[Path, ...]:
    """Find the replay files that --mews-replay names, each once.

    Args:
        values: the values of the option: files, folders with replay files, and scenario ids.
        report: the report's folder, which has the files that are named by their id, also those of
            the last run of a part. The newer one is meant if there are two.

    Raises:
        UsageError: there is no such file, or a folder has none.

    """
    found: dict[Path, None] = {}
    for value in values:
        path = Path(value).expanduser()
        if path.is_dir():
            in_folder = sorted(path.glob("*.json"))
            if not in_folder:
                raise UsageError(OPTION, value, "is a folder without replay files", _REMEDY)
            found.update(dict.fromkeys(file.absolute() for file in in_folder))
        elif path.is_file():
            found[path.absolute()] = None
        else:
            found[_find_by_id(value, report)] = None
    return tuple(found)


def _find_by_id(scenario_id: str, report: Path) -> Path:
    folders = (report / FOLDER, report / SELECTION_FOLDER / FOLDER)
    files = [file for folder in folders for file in folder.glob("*.json")]
    named = [file for file in files if file.stem == scenario_id]
    if named:
        return max(named, key=lambda file: file.stat().st_mtime)
    known = ", ".join(sorted({file.stem for file in files}))
    folder = folders[0]
    remedy = f"Replay files in {report}: {known}." if known else f"There are none in {folder}."
    problem = "is neither a file nor the id of a scenario with a replay file"
    raise UsageError(OPTION, scenario_id, problem, remedy)


def read_file(path: Path) -> RecordedCase:
    """Read a replay file.

    Raises:
        UsageError: the file can't be read, has another format, doesn't match the schema, or was
            changed.

    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        problem = f"can't be read: {(error.strerror or str(error)).lower()}"
        raise UsageError(OPTION, path, problem, _REMEDY) from error
    except ValueError as error:
        raise UsageError(OPTION, path, "is not JSON", _REMEDY) from error
    except RecursionError:
        raise UsageError(OPTION, path, "is nested too deeply", _REMEDY) from None
    try:
        return _checked_case(path, data)
    except RecursionError:  # the schema's validator follows the nesting too
        raise UsageError(OPTION, path, "is nested too deeply", _REMEDY) from None


def _checked_case(path: Path, data: object) -> RecordedCase:
    if isinstance(data, dict) and data.get("format", FORMAT) != FORMAT:
        problem = f"has format {data['format']!r}, and this version reads format {FORMAT}"
        remedy = "Replay it with the version of pytest-mews that wrote it."
        raise UsageError(OPTION, path, problem, remedy)
    schema_error = find_violation("replay", data)
    if schema_error is not None:
        place = "/".join(str(part) for part in schema_error.absolute_path) or "the file"
        problem = f"is not a replay file: {place} breaks {schema_error.validator!r} of its schema"
        raise UsageError(OPTION, path, problem, _REMEDY)
    case = _CONVERTER.structure(data, RecordedCase)
    for index, message in enumerate(case.messages):
        if not _matches_digest(message):
            problem = f"was changed: messages/{index} doesn't match its sha256"
            raise UsageError(OPTION, path, problem, _REMEDY)
    indexes = [index for of_spec in case.message_indexes.values() for index in of_spec]
    if indexes and max(indexes) >= len(case.messages):
        problem = f"is not a replay file: messages/{max(indexes)} of message_indexes doesn't exist"
        raise UsageError(OPTION, path, problem, _REMEDY)
    return case


def _matches_digest(message: RecordedMessage) -> bool:
    try:
        return body_digest(message.body) == message.sha256
    except ValueError:
        return False
