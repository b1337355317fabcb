"""`Certification` redacts all that it publishes, and publishes all that happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import (
    MissingCause,
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
    Verdict,
)
from pytest_mews.reports import to_json
from pytest_mews.run.certification import Certification
from pytest_mews.run.runner import ScenarioInterrupted
from pytest_mews.scenarios import loader

BuildSettings = Callable[..., Settings]
URL = "http://127.0.0.1:1/hook"
SECRET = "s3cr3t-s3cr3t"
SCENARIOS = loader.load_scenarios()
FIRST, OTHER = SCENARIOS[0], SCENARIOS[5]
OPTIONS: dict[str, object] = {"mews_report": None}


class Recorder:
    """Records the events that it receives."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []

    def receive(self, event: RunEvent, _at_s: float) -> None:
        """Record an event."""
        self.events.append(event)


def certification_of(settings: Settings) -> tuple[Certification, Recorder]:
    """Build a certification whose runner returns a failure of each scenario."""
    certification, recorder = Certification(settings, SCENARIOS, OPTIONS), Recorder()
    certification.subscribers.append(recorder)
    return certification, recorder


def run_of(settings: Settings, *results: ScenarioResult) -> Run:
    """Return the run of a certification with these results."""
    certification, _ = certification_of(settings)
    certification.start([result.scenario.id for result in results])
    for result in results:
        certification.record(result)
    return certification.finish()


def failed(reason: str) -> ScenarioResult:
    """Build a failure."""
    return ScenarioResult(OTHER, Verdict.FAIL, reason)


def test_the_events_of_a_run(settings: BuildSettings) -> None:
    """They come in order, and the run at the end has a result for every scenario."""
    certification, recorder = certification_of(settings(URL))
    with certification.instances.first:
        certification.start([FIRST.id])
        result = certification.certify(FIRST)
        run = certification.finish()
    assert result.verdict is Verdict.FAIL
    started, scenario_started, scenario_ended, ended = recorder.events
    assert isinstance(started, RunStarted)
    assert started.selected_ids == (FIRST.id,)
    assert started.run.results == ()
    assert scenario_started == ScenarioStarted(FIRST.id)
    assert scenario_ended == ScenarioEnded(result)
    assert ended == RunEnded(run)
    assert [each.scenario for each in run.results] == list(SCENARIOS)
    assert {each.missing for each in run.results[1:]} == {MissingCause.NOT_SELECTED}


def test_a_run_that_was_interrupted_before_its_start(settings: BuildSettings) -> None:
    """It has both events, and nothing was observed."""
    certification, recorder = certification_of(settings(URL))
    run = certification.finish(MissingCause.INTERRUPTED)
    assert run.interrupted
    assert {result.missing for result in run.results} == {MissingCause.INTERRUPTED}
    assert [type(event) for event in recorder.events] == [RunStarted, RunEnded]


def test_an_interrupted_scenario_has_its_partial_result(
    settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in a scenario records what was observed until then."""
    certification, recorder = certification_of(settings(URL))
    partial = failed("partial")

    def interrupt(*_: object) -> ScenarioResult:
        raise ScenarioInterrupted(partial) from KeyboardInterrupt()

    monkeypatch.setattr(certification.instances.first, "certify", interrupt)
    certification.start([OTHER.id])
    with pytest.raises(KeyboardInterrupt) as interruption:
        certification.certify(OTHER)
    assert type(interruption.value) is KeyboardInterrupt
    assert recorder.events[-1] == ScenarioEnded(partial)


def test_an_interruption_beside_a_scenario_has_no_result(
    settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between two scenarios passes, whatever its arguments are."""
    certification, recorder = certification_of(settings(URL))

    def interrupt(*_: object) -> ScenarioResult:
        raise KeyboardInterrupt("Ctrl-C")

    monkeypatch.setattr(certification.instances.first, "certify", interrupt)
    certification.start([OTHER.id])
    with pytest.raises(KeyboardInterrupt, match="Ctrl-C"):
        certification.certify(OTHER)
    assert not any(isinstance(event, ScenarioEnded) for event in recorder.events)


def test_errors_and_skips_are_redacted(settings: BuildSettings) -> None:
    """Texts from outside the runner have no secret, and are one line."""
    certification, recorder = certification_of(settings(f"{URL}?Token={SECRET}"))
    certification.start([FIRST.id, OTHER.id])
    error = certification.record_error(FIRST, RuntimeError(f"{SECRET}\n##[error]"))
    assert (error.verdict, error.reason) == (
        Verdict.ERROR,
        "RuntimeError('***\\\\n# #[error]')".replace("\\\\", "\\"),
    )
    certification.record_missing(OTHER.id, MissingCause.SKIPPED, f"Skipped: {SECRET}")
    certification.record_missing(SCENARIOS[1].id, MissingCause.NO_RESULT, f"E {SECRET}")
    certification.record(failed("of another process"), [f"note {SECRET}"])
    run = certification.finish(notes=[f"file {SECRET}"])
    assert "note ***" in run.notes
    assert "file ***" in run.notes
    assert SECRET not in repr(recorder.events)


def test_secrets_in_the_files_are_redacted(
    settings: BuildSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token in a waiver or in an edited baseline is redacted."""
    url = f"{URL}?Token={SECRET}"
    path = tmp_path / "old.json"
    baseline = to_json(run_of(settings(URL), failed("as observed"))) | {"target": url}
    path.write_text(json.dumps(baseline), "utf-8")
    waiver = f'[[waiver]]\nscenario = "{OTHER.id}"\nreason = "see {url}"\n'
    (tmp_path / "w.toml").write_text(f'{waiver}owner = "o"\nexpires = 2999-11-26\n', "utf-8")
    with_token = settings(url, baseline=str(path), waivers=str(tmp_path / "w.toml"))
    certification, recorder = certification_of(with_token)
    runner = certification.instances.first
    monkeypatch.setattr(
        runner,
        "certify",
        lambda *_: runner.redact_result(runner._accept(failed("as observed"))),
    )
    certification.start([OTHER.id])
    waived = certification.certify(OTHER)
    assert waived.reason_expected == f"waived until 2999-11-26 by o: see {URL}?Token=***"
    run = certification.finish()
    assert run.comparison is not None
    assert [remark for remark in run.comparison.remarks if remark.startswith("target: ")]
    assert len(run.waivers) == 1
    assert SECRET not in repr(recorder.events)


def test_a_secret_may_be_any_word(settings: BuildSettings, tmp_path: Path) -> None:
    """A token that equals a label of a condition does not cost the report."""
    path = tmp_path / "old.json"
    baseline = to_json(run_of(settings(URL), failed("as observed"))) | {"seed": 77}
    path.write_text(json.dumps(baseline), "utf-8")
    run = run_of(settings(URL, token="target", baseline=str(path)), failed("as observed"))
    assert run.comparison is not None
    assert [remark for remark in run.comparison.remarks if "77 in the baseline" in remark]


def test_a_result_of_another_process_is_not_changed(settings: BuildSettings) -> None:
    """Its process redacted it already."""
    result = replace(failed("as observed"), reason_expected="known")
    assert result in run_of(settings(URL), result).results
