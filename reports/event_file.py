"""`events.ndjson`: the events of a run, one line of JSON each, written as they happen.

Each line is flushed at once, so the file of a run that was killed has everything up to then. The
format is described by schemas/events.schema.json.
`read_run` builds a run from such a file; `mews report` writes its report.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NoReturn

from pytest_mews.causes import find_causes
from pytest_mews.config.report_folder import create_folder, open_in_folder
from pytest_mews.errors import UsageError
from pytest_mews.model import (
    MissingCause,
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    Scenario,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
    Verdict,
    WaiverState,
    WaiverUse,
    serialization,
)
from pytest_mews.model.readiness import readiness_of, stage_summaries

EVENTS_FILE_NAME = "events.ndjson"
FORMAT = 1
SCENARIO_ID = re.compile("[A-Za-z0-9_-]{1,40}")  # what can be the name of a file in a folder
MAX_SHOWN = 80  # characters of a wrong id
_UNCHANGED_FILE = "Pass the events.ndjson of a run exactly as it was written."


class EventFile:
    """Writes the events that it receives; the first one creates the file and its folder.

    If the file can't be written, it writes no more events: `notes` has the reason.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._written: dict[str, ScenarioResult] = {}
        self.notes: tuple[str, ...] = ()

    def receive(self, event: RunEvent, at_s: float) -> None:
        """Append an event that happened `at_s` seconds after the run's start; not thread-safe."""
        if self.notes:
            return
        try:
            self._write(event, at_s)
        except OSError as error:
            problem = error.strerror or str(error)
            self.notes = (f"{self._path.name} could not be written ({problem}).",)

    def _write(self, event: RunEvent, at_s: float) -> None:
        if self._file is None:
            create_folder(self._path.parent)
            self._path.unlink(missing_ok=True)  # it may be a link
            self._file = open_in_folder(self._path, "w")
        data = {"at_s": round(at_s, 3), **serialization.event_to_dict(event)}
        match event:
            case RunStarted():
                data["format"] = FORMAT
            case ScenarioEnded(result):
                self._written[result.scenario.id] = result
            case RunEnded(run):
                data["results"] = [
                    serialization.result_to_dict(result)
                    for result in run.results
                    if self._written.get(result.scenario.id) != result
                ]
        self._file.write(f"{serialization.to_json_line(data)}\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file; an error, such as a full disk, is ignored."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


class RunBuilder:
    """Builds a run from its events, complete or not; the first event is `RunStarted`."""

    def __init__(self, started: RunStarted) -> None:
        self._started = started
        self.scenarios = {scenario.id: scenario for scenario in started.scenarios}
        self._started_ids: set[str] = set()
        self._results: dict[str, ScenarioResult] = {}
        self._notes = dict.fromkeys(started.run.notes)
        self._ended_run: Run | None = None

    @property
    def ended(self) -> bool:
        """Whether the events include the end of the run."""
        return self._ended_run is not None

    def apply(self, event: RunEvent) -> None:
        """Apply the next event."""
        match event:
            case ScenarioStarted(scenario_id):
                self._started_ids.add(scenario_id)
            case ScenarioEnded(result, notes):
                self._results[result.scenario.id] = result
                self._notes.update(dict.fromkeys(notes))
            case RunEnded(run):
                self._results |= {result.scenario.id: result for result in run.results}
                self._ended_run = run

    def build(self, duration_s: float) -> Run:
        """Return the run; one without an end is interrupted and took `duration_s` seconds.

        Its scenarios without a result are not observed.
        """
        results = tuple(map(self._result, self._started.scenarios))
        if self._ended_run is not None:
            return replace(self._ended_run, results=results)
        run, stages = self._started.run, self._started.stages
        return replace(
            run,
            duration_s=duration_s,
            readiness=readiness_of(
                [result for result in results if result.scenario.stage in stages],
                strict=run.strict,
            ),
            stages=stage_summaries(results, stages, strict=run.strict),
            results=results,
            causes=find_causes(results),
            notes=tuple(self._notes),
            interrupted=True,
            waivers=tuple(map(self._waiver_use, run.waivers)),
        )

    def _waiver_use(self, use: WaiverUse) -> WaiverUse:
        """Update the state of a waiver: at the start only its expiry was known."""
        result = self._results.get(use.waiver.scenario_id)
        if result is None:
            return use
        if result.waiver == use.waiver:
            return replace(use, state=WaiverState.USED, verdict=result.verdict_without_waiver)
        passed = result.verdict is Verdict.PASS and use.state is not WaiverState.EXPIRED
        return replace(
            use, state=WaiverState.UNUSED if passed else use.state, verdict=result.verdict
        )

    def _result(self, scenario: Scenario) -> ScenarioResult:
        if scenario.id in self._results:
            return self._results[scenario.id]
        cause = MissingCause.NOT_SELECTED
        if scenario.id in self._started.selected_ids:
            has_started = scenario.id in self._started_ids
            cause = MissingCause.CUT_OFF if has_started else MissingCause.NOT_STARTED
        return ScenarioResult.without_run(scenario, cause)


def read_run(path: Path) -> Run:
    """Build the run from an event file; the last line may be incomplete.

    Raises:
        UsageError: the file can't be read or is damaged; the message says where.

    """
    builder: RunBuilder | None = None
    reader = serialization.Reader({})
    duration_s = 0.0
    for number, data in _lines(path):
        if builder is None:
            _check_head(path, data)
        elif builder.ended:
            _fail(path, f"has a line {number} after the run's end")
        try:
            event = _read_event(data, reader)
            duration_s = max(duration_s, float(data["at_s"]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _fail(path, f"has an invalid line {number}: {error}")
        if isinstance(event, RunStarted):
            _check_ids(path, event)
            if builder is not None:
                _fail(path, f"starts a second run in line {number}")
            builder = RunBuilder(event)
            reader = serialization.Reader(builder.scenarios)
        elif builder is not None:
            builder.apply(event)
    if builder is None:
        _fail(path, "is empty: the run ended before it wrote an event")
    return builder.build(duration_s)


def _read_event(data: dict[str, Any], reader: serialization.Reader) -> RunEvent:
    event = reader.event_from_dict(data)
    if isinstance(event, RunEnded):
        results = tuple(map(reader.result_from_dict, data["results"]))
        return RunEnded(replace(event.run, results=results))
    return event


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each complete line with its number from 1."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    data = json.loads(line)
                except RecursionError:
                    _fail(path, f"is damaged: line {number} is nested too deeply")
                except ValueError:
                    if line.endswith(b"\n"):
                        _fail(path, f"is damaged: line {number} is not JSON")
                    return
                if not isinstance(data, dict):
                    _fail(path, f"is damaged: line {number} is not a JSON object")
                yield number, data
    except OSError as error:
        _fail(path, f"can't be read: {(error.strerror or str(error)).lower()}")


def _check_ids(path: Path, started: RunStarted) -> None:
    """Check the ids, which become names of files: one such as `../x` would leave the folder."""
    for scenario in started.scenarios:
        id_: object = scenario.id  # whatever the file has
        if not isinstance(id_, str) or not SCENARIO_ID.fullmatch(id_):
            shown = repr(id_)[:MAX_SHOWN]
            _fail(path, f"has a scenario with the id {shown}, which is none")


def _check_head(path: Path, data: dict[str, Any]) -> None:
    if data.get("event") != "run-started":
        _fail(path, "does not start with a run-started event")
    if data.get("format") != FORMAT:
        _fail(
            path,
            f"has format {data.get('format')!r}, but this version reads format {FORMAT}",
            "Read it with the version of pytest-mews that wrote it.",
        )


def _fail(path: Path, problem: str, remedy: str = _UNCHANGED_FILE) -> NoReturn:
    raise UsageError("events file", path, problem, remedy) from None
