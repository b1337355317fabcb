"""A run beside an earlier one: the file that is read, and what a change is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.acceptance.baseline import BaselineResult, load
from pytest_mews.acceptance.baseline_comparison import change, compare
from pytest_mews.acceptance.expected_failures import ExpectedFailures
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import (
    Change,
    Changed,
    Evidence,
    Finding,
    Level,
    Run,
    ScenarioResult,
    Stage,
    Transcript,
    Verdict,
)
from pytest_mews.reports import to_json
from pytest_mews.reports.event_file import NOT_SELECTED
from pytest_mews.run.run_summary import build_run
from pytest_mews.scenarios import loader

ONE, TWO, THREE = (
    replace(loader.load()[5], id=f"TST-0{number}", stage=Stage.DELIVERY) for number in (1, 2, 3)
)
TODAY = date(2026, 11, 26)
Build = Callable[..., Settings]
URL = "https://partner.example/hook"


def result(verdict: Verdict, *broken: Level) -> ScenarioResult:
    """Make a result with evidence that these were broken."""
    findings = tuple(
        Finding("accepted", each, met=False, expected="", observed="") for each in broken
    )
    return ScenarioResult(
        ONE, verdict, "as seen", evidence=(Evidence("x", "x", findings, Transcript(())),)
    )


def recorded(
    settings: Settings, *results: ScenarioResult, tolerance: ExpectedFailures | None = None
) -> Run:
    """Make the record of a run."""
    return build_run(
        settings,
        results,
        tolerance or ExpectedFailures.of(settings, (), TODAY),
        started=datetime(2026, 11, 26, tzinfo=UTC),
        duration_s=1,
        command="pytest",
    )


def file_of(folder: Path, data: object) -> Path:
    """Write a baseline."""
    path = folder / "old.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def before(verdict: Verdict, *, must: bool = False) -> BaselineResult:
    """What a baseline says about a scenario."""
    return BaselineResult("title", verdict, verdict, must)


PASSED, FAILED = before(Verdict.PASS), before(Verdict.FAIL, must=True)
FAIL = result(Verdict.FAIL, Level.MUST)
WAIVED = replace(FAIL, verdict=Verdict.WAIVED, verdict_without_waiver=Verdict.FAIL)


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (PASSED, FAIL, Change.NEW),
        (None, FAIL, Change.NEW),
        (before(Verdict.NOT_OBSERVED), FAIL, Change.NEW),
        (before(Verdict.BLOCKED), FAIL, Change.NEW),
        (before(Verdict.WARN), FAIL, Change.NEW),
        (PASSED, WAIVED, Change.NEW),
        (FAILED, FAIL, Change.STILL_FAILING),
        (FAILED, WAIVED, Change.STILL_FAILING),
        (FAILED, result(Verdict.FLAKY, Level.MUST), Change.STILL_FAILING),
        (FAILED, result(Verdict.FLAKY, Level.SHOULD), Change.FIXED),
        (FAILED, result(Verdict.PASS), Change.FIXED),
        (FAILED, result(Verdict.WARN), Change.FIXED),
        (FAILED, result(Verdict.NOT_OBSERVED), Change.NEWLY_NOT_OBSERVED),
        (FAILED, result(Verdict.BLOCKED), Change.NEWLY_NOT_OBSERVED),
        (PASSED, result(Verdict.NOT_APPLICABLE), Change.NEWLY_NOT_OBSERVED),
        (PASSED, result(Verdict.ERROR), Change.NEWLY_NOT_OBSERVED),
        (PASSED, None, Change.NEWLY_NOT_OBSERVED),
        (PASSED, result(Verdict.PASS), None),
        (PASSED, result(Verdict.WARN), None),
        (before(Verdict.NOT_OBSERVED), result(Verdict.PASS), None),
        (before(Verdict.NOT_OBSERVED), None, None),
        (None, result(Verdict.PASS), None),
    ],
)
def test_what_a_change_is(
    then: BaselineResult | None, now: ScenarioResult | None, expected: Change | None
) -> None:
    """New is what fails and did not; what was not judged has neither failed nor been fixed."""
    assert change(then, now, strict=False) is expected


def test_strictness_makes_a_failure_of_a_warning_then_as_now() -> None:
    """With --mews-strict a SHOULD that was not met in the baseline has failed there."""
    warned, now = before(Verdict.WARN), result(Verdict.WARN)
    assert change(PASSED, now, strict=True) is Change.NEW
    assert change(warned, now, strict=True) is Change.STILL_FAILING
    assert change(warned, result(Verdict.PASS), strict=True) is Change.FIXED


def test_a_report_is_read_back(settings: Build, tmp_path: Path) -> None:
    """Waived, flaky and failed scenarios are what they were, and a waived one has failed."""
    run = recorded(
        settings(URL),
        replace(WAIVED, scenario=ONE),
        replace(result(Verdict.FLAKY, Level.MUST), scenario=TWO),
        replace(result(Verdict.FLAKY, Level.SHOULD), scenario=THREE),
    )
    data = to_json(run)
    read = load(file_of(tmp_path, data))
    assert read.name == "old.json"
    assert read.started_utc == "2026-11-26T00:00:00Z"
    assert [(b.shown, b.breaks_must) for b in read.scenarios.values()] == [
        (Verdict.WAIVED, True),
        (Verdict.FLAKY, True),
        (Verdict.FLAKY, False),
    ]
    # as pytest-mews wrote it before there were waivers
    del data["waivers"]
    assert load(file_of(tmp_path, data)).scenarios.keys() == {"TST-01", "TST-02", "TST-03"}


def _without(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: _without(data, "format"), "is no report: it says no `format`"),
        (lambda data: [data], "is no report"),
        (lambda data: data | {"format": 2}, "has format 2; this version reads format 1"),
        (lambda data: _without(data, "seed"), "'seed' is a required property"),
        (lambda data: data | {"scenarios": [{}]}, "breaks the report's schema: $.scenarios[0]"),
        (lambda data: data | {"scenarios": "x" * 5_000}, "is not of type 'array'"),
    ],
)
def test_what_is_no_report_is_refused(
    settings: Build, tmp_path: Path, spoil: Callable[[dict[str, Any]], object], said: str
) -> None:
    """The message names option and file, says what is wrong, and stays short."""
    path = file_of(tmp_path, spoil(to_json(recorded(settings(URL)))))
    with pytest.raises(UsageError) as mistake:
        load(path)
    assert "--mews-baseline: " in str(mistake.value)
    assert "old.json" in str(mistake.value)
    assert len(str(mistake.value)) < 500
    if "x" * 100 not in str(mistake.value):
        assert said in str(mistake.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>", "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Whatever was named by mistake: no traceback."""
    path = tmp_path / "old.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        load(path)


def test_a_comparison_lists_changes_and_remarks(settings: Build, tmp_path: Path) -> None:
    """Changes come in the catalogue's order, unknown ones last; remarks name each difference."""
    old = recorded(
        settings(URL, profile_set=["attempts=2"], strict=True),
        replace(FAIL, scenario=THREE),
        replace(result(Verdict.PASS), scenario=ONE),
        replace(result(Verdict.PASS), scenario=TWO),
    )
    path = file_of(tmp_path, to_json(replace(old, version="0.0.9", interrupted=True, seed=2)))
    now = settings("demo", baseline=str(path), events="ServiceOrderUpdated", time_scale="1")
    left_out = ScenarioResult(
        replace(TWO, stage=Stage.PROCESSING), Verdict.NOT_OBSERVED, NOT_SELECTED
    )
    run = recorded(now, FAIL, left_out)
    assert run.comparison is not None
    title = ONE.title
    absent = Change.NEWLY_NOT_OBSERVED
    assert run.comparison.changes == (
        Changed("TST-01", title, Change.NEW, Verdict.PASS, Verdict.FAIL),
        Changed("TST-02", title, absent, Verdict.PASS, Verdict.NOT_OBSERVED),
        Changed("TST-03", title, absent, Verdict.FAIL, None),
    )
    remarks = "\n".join(run.comparison.remarks)
    for said in (
        "version of pytest-mews: 0.0.9 then, ",
        f"target: {URL} then, demo now",
        "profile: 2026-04 attempts=2 then, 2026-04 now",
        "time scale: 0.01 then, 1 now",
        "strictness: strict then, not strict now",
        "seed, which draws the cases: 2 then, 1 now",
        ", ServiceOrderUpdated then, DeviceCommand, PriceUpdate, Reservation, Resource, Service",
        "stages: delivery then, delivery, processing now",
        "the run of the baseline was interrupted",
        "scenarios that were not selected now: 1",
    ):
        assert said in remarks
    assert "integration target" not in remarks
    cut = replace(run, interrupted=True, results=(FAIL,))
    [*_, last] = compare(load(path), cut, only_new=False).remarks
    assert last == "this run was interrupted: it holds what was seen until then"
    assert run.comparison.version == "0.0.9"


def test_the_same_circumstances_need_no_remark(settings: Build, tmp_path: Path) -> None:
    """A run beside its own report differs in nothing."""
    path = file_of(tmp_path, to_json(recorded(settings(URL, profile_set=["batch_limit=9"]), FAIL)))
    run = recorded(settings(URL, profile_set=["batch_limit=9"], baseline=str(path)), FAIL)
    assert run.comparison is not None
    assert run.comparison.remarks == ()
    [changed] = run.comparison.changes
    assert changed.change is Change.STILL_FAILING


def test_only_what_still_fails_is_excused(settings: Build, tmp_path: Path) -> None:
    """With --mews-fail-on new neither a new failure, nor a preflight, nor an error is."""
    path = file_of(tmp_path, to_json(recorded(settings(URL), FAIL)))
    chosen = settings(URL, baseline=str(path), fail_on="new")
    tolerance = ExpectedFailures.of(chosen, (), TODAY)
    assert not tolerance.stops(FAIL)
    assert tolerance.excuse(FAIL) == "still failing since old.json: as seen"
    assert tolerance.stops(replace(FAIL, scenario=TWO))
    assert tolerance.stops(replace(FAIL, verdict=Verdict.ERROR))
    assert tolerance.stops(replace(FAIL, verdict=Verdict.BLOCKED))
    assert tolerance.stops(replace(FAIL, scenario=replace(ONE, id="PRE-01")))
    assert ExpectedFailures.of(settings(URL, baseline=str(path)), (), TODAY).stops(FAIL)


def test_a_template_that_can_not_be_written_is_told(settings: Build, tmp_path: Path) -> None:
    """The folder may have gone meanwhile: a mistake that says so, and no traceback."""
    tolerance = ExpectedFailures.of(settings(URL), (), TODAY)
    with pytest.raises(UsageError, match="toml' can't be written"):
        tolerance.write_template([FAIL], tmp_path / "gone")
    assert tolerance.write_template([FAIL], tmp_path).name == "waivers-template.toml"


def test_nothing_is_compared_before_there_are_results(settings: Build, tmp_path: Path) -> None:
    """The record of a run that has only begun does not say that all is gone."""
    path = file_of(tmp_path, to_json(recorded(settings(URL), FAIL)))
    assert recorded(settings(URL, baseline=str(path))).comparison is None


def test_secrets_in_the_files_do_not_come_back(settings: Build, tmp_path: Path) -> None:
    """A waiver or a report that someone wrote by hand, with the token in it, does not show it."""
    url = f"{URL}?Token=s3cr3t-s3cr3t"
    failed = replace(FAIL, scenario=loader.load()[5])
    path = file_of(tmp_path, to_json(recorded(settings(URL), failed)) | {"target": url})
    waiver = f'[[waiver]]\nscenario = "{failed.scenario.id}"\nreason = "see {url}"\n'
    (tmp_path / "w.toml").write_text(f'{waiver}owner = "o"\nexpires = 2026-11-26\n', "utf-8")
    chosen = settings(url, baseline=str(path), waivers=str(tmp_path / "w.toml"))
    tolerance = ExpectedFailures.of(chosen, loader.load(), TODAY)
    waived = tolerance.waived(failed)
    assert tolerance.excuse(waived) == f"waived until 2026-11-26 by o: see {URL}?Token=***"
    run = recorded(chosen, waived, tolerance=tolerance)
    assert run.comparison is not None
    assert len(run.waivers) == 1
    assert "s3cr3t-s3cr3t" not in repr(run)


def test_a_secret_may_be_any_word(settings: Build, tmp_path: Path) -> None:
    """A token that is a word of ours costs a remark, and not the report."""
    path = file_of(tmp_path, to_json(recorded(settings(URL), FAIL)) | {"seed": 77})
    run = recorded(settings(URL, token="target", baseline=str(path)), FAIL)
    assert run.comparison is not None
    assert [each for each in run.comparison.remarks if "77 then" in each]


def test_a_preflight_is_never_known(settings: Build, tmp_path: Path) -> None:
    """It still fails, and stays the first thing to mend: it fails the run in any case."""
    failed = replace(FAIL, scenario=replace(ONE, id="PRE-01"))
    path = file_of(tmp_path, to_json(recorded(settings(URL), failed, FAIL)))
    run = recorded(settings(URL, baseline=str(path)), failed, FAIL)
    assert run.comparison is not None
    assert [each.change for each in run.comparison.changes] == [Change.STILL_FAILING] * 2
    assert run.comparison.known == {ONE.id}
