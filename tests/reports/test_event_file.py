"""Event files: a run written as events, and the report built from them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import sample_run

from pytest_mews.command.main import main
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
from pytest_mews.reports import EventFile, event_file, read_run, report_files, write_report


def run_events(run: Run) -> list[RunEvent]:
    """Return the events of a run from its start to its end."""
    scenarios = tuple(result.scenario for result in run.results)
    run_without_results = replace(run, results=())
    selected_ids = tuple(scenario.id for scenario in scenarios)
    events: list[RunEvent] = [
        RunStarted(run_without_results, (Stage.DELIVERY,), scenarios, selected_ids)
    ]
    for result in run.results[:-1]:
        events += [ScenarioStarted(result.scenario.id), ScenarioEnded(result, ("a remark",))]
    return [*events, RunEnded(run)]


def write_events(events: list[RunEvent], folder: Path) -> Path:
    """Write events, one per second, and return the file's path."""
    path = folder / "events.ndjson"
    file = EventFile(path)
    for second, event in enumerate(events):
        file.receive(event, second)
    assert file.notes == ()
    file.close()
    return path


@pytest.fixture
def path(run: Run, tmp_path: Path) -> Path:
    """The event file of the sample run, complete."""
    return write_events(run_events(run), tmp_path)


def test_run_is_restored(run: Run, path: Path) -> None:
    """Nothing of a complete run is lost or changed: verdicts, bytes, figures."""
    assert read_run(path) == run


def test_replay_files_are_restored(run: Run, tmp_path: Path) -> None:
    """The replay files of failures are written with the report."""
    first = replace(run.results[0], replay=Replay("{}\n"))
    with_replay = replace(run, results=(first, *run.results[1:]))
    assert main(["report", str(write_events(run_events(with_replay), tmp_path))]) == 0
    assert (tmp_path / "replays" / f"{first.scenario.id}.json").read_text() == "{}\n"


@pytest.mark.pictures
def test_report_is_the_same(run: Run, path: Path, tmp_path: Path) -> None:
    """Page and JSON are byte for byte those that the run wrote."""
    original = write_report(run, tmp_path / "original")
    assert main(["report", str(path), "--report", str(tmp_path / "restored")]) == 0
    for file in (original.html, original.json):
        assert (tmp_path / "restored" / file.name).read_bytes() == file.read_bytes()


def test_incomplete_run_is_interrupted(run: Run, tmp_path: Path) -> None:
    """Scenarios without a result are not observed and say whether they had started."""
    interrupted = read_run(write_events(run_events(run)[:4], tmp_path))
    assert interrupted.interrupted
    assert interrupted.duration_s == 3
    assert interrupted.notes == (*run.notes, "a remark")
    assert interrupted.results[0] == run.results[0]
    first, second, *rest = interrupted.results
    assert second.reason == "the run ended while this scenario was running"
    assert {result.reason for result in rest} == {"the run ended before this scenario started"}
    assert {result.verdict for result in (second, *rest)} == {Verdict.NOT_OBSERVED}
    assert first.verdict is run.results[0].verdict
    assert sum(interrupted.stages[0].counts.values()) == sum(
        result.scenario.stage is Stage.DELIVERY for result in run.results
    )


def test_unselected_scenarios_of_an_incomplete_run(run: Run, tmp_path: Path) -> None:
    """Scenarios that were not selected say so."""
    started = run_events(run)[0]
    assert isinstance(started, RunStarted)
    selection = replace(started, selected_ids=started.selected_ids[:1])
    reasons = [result.reason for result in read_run(write_events([selection], tmp_path)).results]
    assert reasons[0] == "the run ended before this scenario started"
    assert set(reasons[1:]) == {"it was not selected to run"}


def test_waivers_of_an_incomplete_run(run: Run, tmp_path: Path) -> None:
    """A waiver of a failure is used, that of a passed scenario is unused.

    The waiver of a scenario without a result keeps its state.
    """
    passed = next(result for result in run.results[2:] if result.verdict is Verdict.PASS)
    results = (*run.results[:2], passed)
    waivers = [Waiver(result.scenario.id, "known", "ops", "2030-01-01") for result in results]
    uses = tuple(WaiverUse(waiver, WaiverState.INCONCLUSIVE) for waiver in waivers)
    events = run_events(run)
    assert isinstance(events[0], RunStarted)
    started = replace(events[0], run=replace(events[0].run, waivers=uses))
    waived = replace(
        run.results[0],
        verdict=Verdict.WAIVED,
        waiver=waivers[0],
        verdict_without_waiver=Verdict.FAIL,
    )
    path = write_events([started, ScenarioEnded(waived), ScenarioEnded(passed)], tmp_path)
    assert read_run(path).waivers == (
        WaiverUse(waivers[0], WaiverState.USED, Verdict.FAIL),
        uses[1],
        WaiverUse(waivers[2], WaiverState.UNUSED, Verdict.PASS),
    )


def test_later_result_of_a_scenario_replaces_the_earlier(run: Run, tmp_path: Path) -> None:
    """If a scenario has two results, the later one counts."""
    later = ScenarioEnded(replace(run.results[0], reason="later"))
    path = write_events([*run_events(run)[:3], later], tmp_path)
    assert read_run(path).results[0].reason == "later"


def test_incomplete_last_line_is_ignored(path: Path, run: Run) -> None:
    """A run that was killed while it wrote loses only that line."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:5])
    assert read_run(path).results[0] == run.results[0]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda lines: [], "is empty"),
        (lambda lines: [lines[0][:9]], "is empty"),
        (lambda lines: [lines[0], b"{\n", *lines[1:]], "line 2 is not JSON"),
        (lambda lines: [lines[0], b"7\n"], "line 2 is not a JSON object"),
        (lambda lines: lines[1:], "does not start with a run-started event"),
        (lambda lines: [lines[0].replace(b'"format":1', b'"format":2')], "has format 2"),
        (lambda lines: [lines[0], lines[0]], "starts a second run in line 2"),
        (lambda lines: [*lines, lines[1]], "after the run's end"),
        (lambda lines: [lines[0], b'{"event":"lunch","at_s":1}\n'], "unknown to this version"),
        (
            lambda lines: [lines[0], b'{"event":"scenario-started","at_s":1}\n'],
            "invalid line 2",
        ),
        (
            lambda lines: [lines[0], b'{"event":"scenario-started","scenario":"X"}\n'],
            "invalid line 2",
        ),
        (lambda lines: [lines[0], lines[2].replace(b'"scenario":"', b'"scenario":"X')], "line 2"),
    ],
)
def test_damaged_file_says_where(
    path: Path, damage: object, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged file gives exit status 4, its first damaged place and a remedy."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(damage(lines)))  # type: ignore[operator]
    assert main(["report", str(path)]) == 4
    error = capsys.readouterr().err
    assert "Error: events file: " in error
    assert problem in error
    assert error.rstrip().endswith(("as it was written.", "that wrote it."))
    assert not (path.parent / "certification.html").exists()


def test_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """A file that does not exist is named."""
    with pytest.raises(UsageError, match="no such file"):
        read_run(tmp_path / "events.ndjson")


def test_unwritable_report_is_a_usage_error(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--report must be a folder."""
    (tmp_path / "file").write_text("")
    assert main(["report", str(path), "--report", str(tmp_path / "file")]) == 4
    assert "Error: --report: " in (error := capsys.readouterr().err)
    assert "is a file. Give the path of a folder" in error


def test_a_missing_argument_exits_with_4(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the exit status is that of a wrong command line."""
    assert main(["report"]) == 4
    assert "Missing argument 'EVENTS'" in capsys.readouterr().err


def test_help_has_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    """--help says what is written, where, and with which exit status."""
    assert main(["report", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "EVENTS",
        "--report FOLDER",
        "events.ndjson",
        "exit status is 0 if they were written",
    ):
        assert words in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_does_not_end_the_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If events can't be written, the run goes on, and a note has the reason."""
    monkeypatch.setattr(event_file, "open_in_folder", lambda *_: Path("/dev/full").open("w"))  # noqa: SIM115
    path = tmp_path / "events.ndjson"
    file = EventFile(path)
    event = ScenarioStarted(run.results[0].scenario.id)
    file.receive(event, 0)
    assert file.notes == ("events.ndjson could not be written (No space left on device).",)
    file.receive(event, 1)
    file.close()
    assert not path.exists()


def test_lines_are_plain_json(path: Path) -> None:
    """Each line is one JSON object in ASCII with its event and second."""
    lines = path.read_text("ascii").splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["at_s"] for event in events] == list(range(len(lines)))
    assert events[0]["event"] == "run-started"
    assert events[0]["format"] == 1
    assert events[2]["result"]["scenario"] == sample_run.run().results[0].scenario.id
    assert events[-1]["event"] == "run-ended"


def test_file_that_cannot_be_rendered_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file that fails doesn't keep the others from being written; the exit status is 4."""

    def broken(_run: Run) -> str:
        raise ValueError

    outputs = (*report_files.OUTPUTS, report_files.Output("odd.txt", broken))
    monkeypatch.setattr(report_files, "OUTPUTS", outputs)
    assert main(["report", str(path)]) == 4
    assert "odd.txt could not be rendered" in capsys.readouterr().err
    assert (path.parent / "certification.html").exists()


@pytest.mark.parametrize(
    "id_", ["../../../escaped/REC-01", "/etc/REC-01", "REC-01/x", "", "..", None, 5]
)
def test_an_id_that_is_no_id_writes_and_deletes_nothing(
    path: Path, tmp_path: Path, id_: object
) -> None:
    """The id becomes the name of a replay file, which could be outside of the folder."""
    known = json.loads(path.read_text().splitlines()[0])["selected"][0]
    outside = tmp_path / "escaped" / "REC-01.json"
    outside.parent.mkdir()
    outside.write_text("{}")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "events.ndjson").write_text(path.read_text().replace(f'"{known}"', json.dumps(id_)))
    assert main(["report", str(folder / "events.ndjson")]) == 4
    assert outside.read_text() == "{}"
    assert sorted(item.name for item in folder.iterdir()) == ["events.ndjson"]


@pytest.mark.parametrize("depth", [900, 100_000])
def test_deep_nesting_is_a_usage_error(path: Path, depth: int) -> None:
    """No RecursionError: the file is damaged."""
    deep = "[" * depth + "]" * depth
    first, *_ = path.read_text().splitlines()
    for text in (f"{deep}\n", f'{first}\n{{"event": {deep}, "at_s": 1}}\n'):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"damaged|invalid line"):
            read_run(path)


@pytest.mark.parametrize("name", ["events.ndjson", ".certification.json.{pid}.part"])
def test_links_in_the_folder_are_not_followed(run: Run, tmp_path: Path, name: str) -> None:
    """A link that somebody put there is replaced."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / name.format(pid=os.getpid())).symlink_to(victim)
    write_events(run_events(run), folder)
    write_report(run, folder)
    assert victim.read_text() == "mine"
    assert read_run(folder / "events.ndjson").results


def test_a_folder_of_replays_that_is_a_link_is_refused(run: Run, tmp_path: Path) -> None:
    """Nothing is written or deleted behind it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / f"{run.results[0].scenario.id}.json"
    victim.write_text("mine")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "replays").symlink_to(outside)
    with pytest.raises(UsageError, match="replays is a link"):
        write_report(run, folder)
    assert victim.read_text() == "mine"
