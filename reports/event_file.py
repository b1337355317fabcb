"""`events.ndjson`: what happens in a run, one line of JSON each, written as it happens.

A line is flushed at once, so that a run that is killed has told all that it saw. `read` makes the
run of such a file; `python -m pytest_mews.reports` writes its report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TextIO

from pytest_mews.errors import UsageError
from pytest_mews.model import (
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

EVENTS, FORMAT = "events.ndjson", 1
BEFORE = "the run ended before it"
WITHIN = "the run ended in the middle of it"
NOT_SELECTED = "it was not selected to run"
_WHOLE_FILE = "Give the events.ndjson of a run as it was written."


class EventFile:
    """Writes events to a file that is made, with its folder, at the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def write(self, event: RunEvent, at_s: float) -> None:
        """Add an event, so many seconds after the run's start; one at a time.

        Raises:
            OSError: the file can't be written.

        """
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="ascii")
        head = {"format": FORMAT} if isinstance(event, RunStarted) else {}
        data = {"at_s": round(at_s, 3), **head, **serialization.event_to_dict(event)}
        self._file.write(f"{serialization.to_json_line(data)}\n")
        self._file.flush()

    def close(self) -> None:
        """Write nothing more; what a full disk did not take is given up."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()


class Retold:
    """The run that events tell of, as far as they go; the first is `RunStarted`."""

    def __init__(self, started: RunStarted) -> None:
        self._started = started
        self.scenarios = {scenario.id: scenario for scenario in started.scenarios}
        self._begun: set[str] = set()
        self._results: dict[str, ScenarioResult] = {}
        self._notes = dict.fromkeys(started.run.notes)
        self._whole: Run | None = None

    @property
    def ended(self) -> bool:
        """Whether the run told its end."""
        return self._whole is not None

    def hear(self, event: RunEvent) -> None:
        """Take the next event."""
        match event:
            case ScenarioStarted(name):
                self._begun.add(name)
            case ScenarioEnded(result, notes):
                self._results[result.scenario.id] = result
                self._notes.update(dict.fromkeys(notes))
            case RunEnded(run, others):
                self._results |= {result.scenario.id: result for result in others}
                self._whole = run

    def run(self, after_s: float) -> Run:
        """Give the run; one that did not tell its end is cut off `after_s` seconds from its start.

        What had not ended then is not observed.
        """
        results = tuple(map(self._result, self._started.scenarios))
        if self._whole is not None:
            return replace(self._whole, results=results)
        run, asked = self._started.run, self._started.asked
        return replace(
            run,
            duration_s=after_s,
            readiness=readiness_of(
                [each for each in results if each.scenario.stage in asked], strict=run.strict
            ),
            stages=stage_summaries(results, asked, strict=run.strict),
            results=results,
            notes=tuple(self._notes),
            interrupted=True,
            waivers=tuple(map(self._use, run.waivers)),
        )

    def _use(self, use: WaiverUse) -> WaiverUse:
        """Say what became of a waiver, of which the start said only whether it has expired."""
        result = self._results.get(use.waiver.scenario)
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
        missed = WITHIN if scenario.id in self._begun else BEFORE
        reason = missed if scenario.id in self._started.selected else NOT_SELECTED
        return ScenarioResult(scenario, Verdict.NOT_OBSERVED, reason)


def read(path: Path) -> Run:
    """Read the run that a file tells of, as far as it goes; a last line may be half written.

    Raises:
        UsageMistake: the file can't be read, or is damaged; says where.

    """
    retold: Retold | None = None
    after_s = 0.0
    for number, data in _lines(path):
        if retold is None:
            _check_head(path, data)
        elif retold.ended:
            _refuse(path, f"has a line {number} after the run's end")
        try:
            event = serialization.event_from_dict(data, retold.scenarios if retold else {})
            after_s = max(after_s, float(data["at_s"]))
        except (ValueError, TypeError, KeyError) as error:
            _refuse(path, f"can't be understood in line {number}: {error}")
        if isinstance(event, RunStarted):
            if retold is not None:
                _refuse(path, f"begins a second run in line {number}")
            retold = Retold(event)
        elif retold is not None:
            retold.hear(event)
    if retold is None:
        _refuse(path, "is empty: the run ended before it told anything")
    return retold.run(after_s)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give each line that is whole, with its number from 1."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    data = json.loads(line)
                except ValueError:
                    if line.endswith(b"\n"):
                        _refuse(path, f"is damaged: line {number} is no JSON")
                    return
                if not isinstance(data, dict):
                    _refuse(path, f"is damaged: line {number} is no JSON object")
                yield number, data
    except OSError as error:
        _refuse(path, f"can't be read: {(error.strerror or str(error)).lower()}")


def _check_head(path: Path, data: dict[str, Any]) -> None:
    if data.get("event") != "run-started":
        _refuse(path, "does not begin with a run-started event")
    if data.get("format") != FORMAT:
        _refuse(
            path,
            f"has format {data.get('format')!r}, and this version reads format {FORMAT}",
            "Read it with the version of pytest-mews that wrote it.",
        )


def _refuse(path: Path, problem: str, remedy: str = _WHOLE_FILE) -> NoReturn:
    raise UsageError("events file", path, problem, remedy) from None
