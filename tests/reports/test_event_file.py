"""A run told as events, and the report made of what was told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sample_run

from pytest_mews.errors import UsageError
from pytest_mews.model import (
    Replay,
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
    Stage,
    Verdict,
    Waiver,
    WaiverState,
    WaiverUse,
)
from pytest_mews.reports import EventFile, read_run, report_files, write_report
from pytest_mews.reports.__main__ import main


def told(run: Run) -> list[RunEvent]:
    """Tell a run from its start to its end."""
    scenarios = tuple(result.scenario for result in run.results)
    bare = replace(run, results=())
    selected = tuple(each.id for each in scenarios)
    events: list[RunEvent] = [RunStarted(bare, (Stage.DELIVERY,), scenarios, selected)]
    for result in run.results[:-1]:
        events += [ScenarioStarted(result.scenario.id), ScenarioEnded(result, ("a remark",))]
    return [*events, RunEnded(bare, run.results[-1:])]


def written(events: list[RunEvent], folder: Path) -> Path:
    """Write events, one a second."""
    path = folder / "events.ndjson"
    file = EventFile(path)
    for second, event in enumerate(events):
        file.write(event, second)
    file.close()
    return path


@pytest.fixture
def path(run: Run, tmp_path: Path) -> Path:
    """The file of a run that told its end."""
    return written(told(run), tmp_path)


def test_the_run_comes_back_as_it_was(run: Run, path: Path) -> None:
    """Nothing of a run that ended is lost or changed: verdicts, bytes, figures."""
    assert read_run(path) == run


def test_replay_files_come_back_too(run: Run, tmp_path: Path) -> None:
    """What a killed run kept of a failure is written with its report."""
    first = replace(run.results[0], replay=Replay("{}\n"))
    whole = replace(run, results=(first, *run.results[1:]))
    assert main([str(written(told(whole), tmp_path))]) == 0
    assert (tmp_path / "replays" / f"{first.scenario.id}.json").read_text() == "{}\n"


def test_the_report_is_the_runs_own(run: Run, path: Path, tmp_path: Path) -> None:
    """Page and JSON are byte for byte those that the run wrote."""
    own = write_report(run, tmp_path / "own")
    assert main([str(path), "--report", str(tmp_path / "again")]) == 0
    for file in (own.html, own.json):
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_a_cut_run_is_interrupted(run: Run, tmp_path: Path) -> None:
    """What had not ended is not observed, and says whether it had begun; the rest counts."""
    events = told(run)
    cut = read_run(written([*events[:3], events[3]], tmp_path))
    assert cut.interrupted
    assert cut.duration_s == 3
    assert cut.notes == (*run.notes, "a remark")
    assert cut.results[0] == run.results[0]
    assert cut.results[1].reason == "the run ended in the middle of it"
    assert {each.reason for each in cut.results[2:]} == {"the run ended before it"}
    assert {each.verdict for each in cut.results[1:]} == {Verdict.NOT_OBSERVED}
    assert sum(cut.stages[0].counts.values()) == sum(
        each.scenario.stage is Stage.DELIVERY for each in run.results
    )


def test_what_was_not_selected_was_not_cut_off(run: Run, tmp_path: Path) -> None:
    """Of a run of a selection the others are said not to have been selected."""
    started = told(run)[0]
    assert isinstance(started, RunStarted)
    one = replace(started, selected_ids=started.selected_ids[:1])
    reasons = [each.reason for each in read_run(written([one], tmp_path)).results]
    assert reasons[0] == "the run ended before it"
    assert set(reasons[1:]) == {"it was not selected to run"}


def test_waivers_of_a_cut_run(run: Run, tmp_path: Path) -> None:
    """A waiver that a failure has met is used, one that was not needed is told so.

    Of a scenario that had not ended nothing can be said.
    """
    passed = next(each for each in run.results[2:] if each.verdict is Verdict.PASS)
    about = (*run.results[:2], passed)
    waivers = [Waiver(each.scenario.id, "known", "ops", "2030-01-01") for each in about]
    uses = tuple(WaiverUse(each, WaiverState.INCONCLUSIVE) for each in waivers)
    events = told(run)
    assert isinstance(events[0], RunStarted)
    started = replace(events[0], run=replace(events[0].run, waivers=uses))
    waived = replace(
        run.results[0],
        verdict=Verdict.WAIVED,
        waiver=waivers[0],
        verdict_without_waiver=Verdict.FAIL,
    )
    cut = read_run(written([started, ScenarioEnded(waived), ScenarioEnded(passed)], tmp_path))
    assert cut.waivers == (
        WaiverUse(waivers[0], WaiverState.USED, Verdict.FAIL),
        uses[1],
        WaiverUse(waivers[2], WaiverState.UNUSED, Verdict.PASS),
    )


def test_a_later_result_of_a_scenario_counts(run: Run, tmp_path: Path) -> None:
    """Where a scenario's result is told twice the later one is shown."""
    events = told(run)
    other = ScenarioEnded(replace(run.results[0], reason="otherwise"))
    assert read_run(written([*events[:3], other], tmp_path)).results[0].reason == "otherwise"


def test_a_half_written_last_line_is_left_out(path: Path, run: Run) -> None:
    """A run killed while it wrote loses that line alone."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:5])
    assert read_run(path).results[0] == run.results[0]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [], "is empty"),
        (lambda lines: [lines[0][:9]], "is empty"),
        (lambda lines: [lines[0], b"{\n", *lines[1:]], "line 2 is no JSON"),
        (lambda lines: [lines[0], b"7\n"], "line 2 is no JSON object"),
        (lambda lines: lines[1:], "does not begin with a run-started event"),
        (lambda lines: [lines[0].replace(b'"format":1', b'"format":2')], "has format 2"),
        (lambda lines: [lines[0], lines[0]], "begins a second run in line 2"),
        (lambda lines: [*lines, lines[1]], "after the run's end"),
        (lambda lines: [lines[0], b'{"event":"lunch","at_s":1}\n'], "no event that this version"),
        (lambda lines: [lines[0], b'{"event":"scenario-started","at_s":1}\n'], "in line 2"),
        (lambda lines: [lines[0], b'{"event":"scenario-started","scenario":"X"}\n'], "in line 2"),
        (lambda lines: [lines[0], lines[2].replace(b'"scenario":"', b'"scenario":"X')], "line 2"),
    ],
)
def test_a_damaged_file_says_where(
    path: Path, spoil: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that can't be trusted is refused with exit status 4, the place and a remedy."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(spoil(lines)))  # type: ignore[operator]
    assert main([str(path)]) == 4
    error = capsys.readouterr().err
    assert error.startswith("ERROR: events file: ")
    assert said in error
    assert error.rstrip().endswith(("as it was written.", "that wrote it."))
    assert not (path.parent / "certification.html").exists()


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match="no such file"):
        read_run(tmp_path / "events.ndjson")


def test_a_report_that_cannot_be_written_is_a_mistake(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--report must be a folder."""
    (tmp_path / "file").write_text("")
    assert main([str(path), "--report", str(tmp_path / "file")]) == 4
    assert "ERROR: --report: " in (said := capsys.readouterr().err)
    assert "can't be written" in said


def test_wrong_arguments_exit_2() -> None:
    """Without a file there is nothing to do."""
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2


def test_help_tells_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    """--help says what is written, where, and how it ends."""
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    for words in ("RUN.ndjson", "--report FOLDER", "certification.html", "Exit status: 0 written"):
        assert words in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
def test_a_full_disk_is_told_once(run: Run, tmp_path: Path) -> None:
    """An event that finds no room says so; closing the file afterwards does not."""
    (tmp_path / "events.ndjson").symlink_to("/dev/full")
    file = EventFile(tmp_path / "events.ndjson")
    with pytest.raises(OSError, match="No space left"):
        file.write(ScenarioStarted(run.results[0].scenario.id), 0)
    file.close()


def test_lines_are_plain_json(path: Path) -> None:
    """Each line is one JSON object in ASCII that names its event and its second."""
    lines = path.read_text("ascii").splitlines()
    events = [json.loads(line) for line in lines]
    assert [each["at_s"] for each in events] == list(range(len(lines)))
    assert events[0]["event"] == "run-started"
    assert events[0]["format"] == 1
    assert events[2]["result"]["scenario"] == sample_run.run().results[0].scenario.id
    assert events[-1]["event"] == "run-ended"


def test_a_file_that_cannot_be_rendered_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file that is missing does not keep the others from being written; the exit says it."""

    def broken(_run: Run) -> str:
        raise ValueError

    outputs = (*report_files.OUTPUTS, report_files.Output("odd.txt", broken))
    monkeypatch.setattr(report_files, "OUTPUTS", outputs)
    assert main([str(path)]) == 4
    assert "odd.txt could not be rendered" in capsys.readouterr().err
    assert (path.parent / "certification.html").exists()
