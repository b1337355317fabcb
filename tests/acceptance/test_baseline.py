"""The baseline: reading it, comparing a run with it, and the failures known from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.acceptance.baseline import BaselineResult, load
from pytest_mews.acceptance.baseline_comparison import classify_change, compare
from pytest_mews.acceptance.expected_failures import ExpectedFailures, write_waivers_template
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import (
    Change,
    Evidence,
    Finding,
    Level,
    MissingCause,
    Run,
    ScenarioChange,
    ScenarioResult,
    Stage,
    Transcript,
    Verdict,
)
from pytest_mews.model.readiness import is_unexpected_failure
from pytest_mews.reports import to_json
from pytest_mews.run.run_summary import build_run
from pytest_mews.scenarios import loader

ONE, TWO, THREE = (
    replace(loader.load_scenarios()[5], id=f"TST-0{number}", stage=Stage.DELIVERY)
    for number in (1, 2, 3)
)
TODAY = date(2026, 11, 26)
BuildSettings = Callable[..., Settings]
URL = "https://partner.example/hook"


def result(verdict: Verdict, *levels: Level) -> ScenarioResult:
    """Build a result with evidence of an unmet expectation of each of these levels."""
    findings = tuple(
        Finding("accepted", level, met=False, expected="", observed="") for level in levels
    )
    return ScenarioResult(
        ONE, verdict, "as observed", evidence=(Evidence("x", "x", findings, Transcript(())),)
    )


def run_with(
    settings: Settings, *results: ScenarioResult, expected_failures: ExpectedFailures | None = None
) -> Run:
    """Build a run with these results."""
    run = build_run(
        settings,
        results,
        started=datetime(2026, 11, 26, tzinfo=UTC),
        duration_s=1,
        command="pytest",
    )
    accepted = expected_failures or ExpectedFailures.from_settings(settings, (), TODAY)
    return accepted.add_acceptance(run)


def write_baseline(folder: Path, data: object) -> Path:
    """Write a baseline, and return its path."""
    path = folder / "old.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def before(verdict: Verdict, *, must: bool = False) -> BaselineResult:
    """Build the result of a scenario in a baseline."""
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
def test_classify_change(
    then: BaselineResult | None, now: ScenarioResult | None, expected: Change | None
) -> None:
    """A failure is new if the baseline has none; without a verdict nothing failed or was fixed."""
    assert classify_change(then, now, strict=False) is expected


def test_strict_runs_count_warnings_as_failures() -> None:
    """With --mews-strict an unmet SHOULD counts as a failure, in the baseline too."""
    warned, now = before(Verdict.WARN), result(Verdict.WARN)
    assert classify_change(PASSED, now, strict=True) is Change.NEW
    assert classify_change(warned, now, strict=True) is Change.STILL_FAILING
    assert classify_change(warned, result(Verdict.PASS), strict=True) is Change.FIXED


def test_a_report_is_read_back(settings: BuildSettings, tmp_path: Path) -> None:
    """Verdicts are read as they were written; a waived failure counts as a failure."""
    run = run_with(
        settings(URL),
        replace(WAIVED, scenario=ONE),
        replace(result(Verdict.FLAKY, Level.MUST), scenario=TWO),
        replace(result(Verdict.FLAKY, Level.SHOULD), scenario=THREE),
    )
    data = to_json(run)
    baseline = load(write_baseline(tmp_path, data))
    assert baseline.name == "old.json"
    assert baseline.started_utc == "2026-11-26T00:00:00Z"
    assert [(before.verdict, before.breaks_must) for before in baseline.scenarios.values()] == [
        (Verdict.WAIVED, True),
        (Verdict.FLAKY, True),
        (Verdict.FLAKY, False),
    ]
    # A report that has no waivers is valid too.
    del data["waivers"]
    assert load(write_baseline(tmp_path, data)).scenarios.keys() == {"TST-01", "TST-02", "TST-03"}


def _without(data: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: _without(data, "format"), "is not a report: it has no `format`"),
        (lambda data: [data], "is not a report"),
        (lambda data: data | {"format": 2}, "has format 2; this version reads format 1"),
        (lambda data: _without(data, "seed"), "'seed' is a required property"),
        (
            lambda data: data | {"scenarios": [{}]},
            "does not match the report's schema: $.scenarios[0]",
        ),
        (lambda data: data | {"scenarios": "x" * 5_000}, "is not of type 'array'"),
    ],
)
def test_an_invalid_report_is_refused(
    settings: BuildSettings,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    message: str,
) -> None:
    """The message has the option, the file and the problem, and is short."""
    path = write_baseline(tmp_path, change(to_json(run_with(settings(URL)))))
    with pytest.raises(UsageError) as error:
        load(path)
    assert "--mews-baseline: " in str(error.value)
    assert "old.json" in str(error.value)
    assert len(str(error.value)) < 500
    if "x" * 100 not in str(error.value):
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", "is not JSON"),
        (b"", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Any file leads to a message, never to a traceback."""
    path = tmp_path / "old.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        load(path)


def test_a_comparison_lists_changes_and_remarks(settings: BuildSettings, tmp_path: Path) -> None:
    """Changes are in the order of the scenarios; each difference in conditions has a remark."""
    old = run_with(
        settings(URL, profile_set=["attempts=2"], strict=True),
        replace(FAIL, scenario=THREE),
        replace(result(Verdict.PASS), scenario=ONE),
        replace(result(Verdict.PASS), scenario=TWO),
    )
    path = write_baseline(
        tmp_path, to_json(replace(old, version="0.0.9", interrupted=True, seed=2))
    )
    current = settings("demo", baseline=str(path), events="ServiceOrderUpdated", time_scale="1")
    not_selected = ScenarioResult.without_run(
        replace(TWO, stage=Stage.PROCESSING), MissingCause.NOT_SELECTED
    )
    run = run_with(current, FAIL, not_selected)
    assert run.comparison is not None
    title = ONE.title
    not_observed = Change.NEWLY_NOT_OBSERVED
    assert run.comparison.changes == (
        ScenarioChange("TST-01", title, Change.NEW, Verdict.PASS, Verdict.FAIL),
        ScenarioChange("TST-02", title, not_observed, Verdict.PASS, Verdict.NOT_OBSERVED),
        ScenarioChange("TST-03", title, not_observed, Verdict.FAIL, None),
    )
    remarks = "\n".join(run.comparison.remarks)
    for remark in (
        "version of pytest-mews: 0.0.9 in the baseline, ",
        f"target: {URL} in the baseline, demo in this run",
        "profile: 2026-08 attempts=2 in the baseline, 2026-08 in this run",
        "time scale: 0.01 in the baseline, 1 in this run",
        "strictness: strict in the baseline, not strict in this run",
        "seed: 2 in the baseline, 1 in this run",
        "events: only the baseline has CustomerAdded, ",
        "the run of the baseline was interrupted",
        "scenarios that were not selected in this run: 1",
    ):
        assert remark in remarks
    assert "integration target" not in remarks
    interrupted = replace(run, interrupted=True, results=(FAIL,))
    [*_, last] = compare(load(path), interrupted, only_new=False).remarks
    assert last == "this run was interrupted, so its results are incomplete"
    assert run.comparison.version == "0.0.9"


def test_the_same_conditions_have_no_remark(settings: BuildSettings, tmp_path: Path) -> None:
    """The comparison of a run with its own report has no remarks."""
    path = write_baseline(
        tmp_path, to_json(run_with(settings(URL, profile_set=["batch_limit=9"]), FAIL))
    )
    run = run_with(settings(URL, profile_set=["batch_limit=9"], baseline=str(path)), FAIL)
    assert run.comparison is not None
    assert run.comparison.remarks == ()
    [changed] = run.comparison.changes
    assert changed.change is Change.STILL_FAILING


def test_only_known_failures_are_expected(settings: BuildSettings, tmp_path: Path) -> None:
    """With --mews-fail-on new a new failure, a preflight and an error still fail the run."""
    path = write_baseline(tmp_path, to_json(run_with(settings(URL), FAIL)))
    only_new = settings(URL, baseline=str(path), fail_on="new")
    expected_failures = ExpectedFailures.from_settings(only_new, (), TODAY)

    def fails(result: ScenarioResult, accepted: ExpectedFailures = expected_failures) -> bool:
        return is_unexpected_failure(accepted.apply(result), strict=False)

    assert not fails(FAIL)
    reason = expected_failures.apply(FAIL).reason_expected
    assert reason == "still failing since old.json: as observed"
    assert fails(replace(FAIL, scenario=TWO))
    assert fails(replace(FAIL, verdict=Verdict.ERROR))
    assert fails(replace(FAIL, verdict=Verdict.BLOCKED))
    assert fails(replace(FAIL, scenario=replace(ONE, id="PRE-01", precondition=True)))
    all_fail = ExpectedFailures.from_settings(settings(URL, baseline=str(path)), (), TODAY)
    assert fails(FAIL, all_fail)


def test_a_template_that_can_not_be_written(settings: BuildSettings, tmp_path: Path) -> None:
    """If the folder does not exist any more, the error says so."""
    run = run_with(settings(URL), FAIL)
    with pytest.raises(UsageError, match="toml' can't be written"):
        write_waivers_template(run, tmp_path / "gone")
    assert write_waivers_template(run, tmp_path).name == "waivers-template.toml"


def test_a_run_without_results_has_no_comparison(settings: BuildSettings, tmp_path: Path) -> None:
    """A run that has just started does not report all scenarios as not observed."""
    path = write_baseline(tmp_path, to_json(run_with(settings(URL), FAIL)))
    assert run_with(settings(URL, baseline=str(path))).comparison is None


def test_a_preflight_is_never_known(settings: BuildSettings, tmp_path: Path) -> None:
    """A failed preflight is still failing, but not a known failure: it fails the run."""
    failed = replace(FAIL, scenario=replace(ONE, id="PRE-01", precondition=True))
    path = write_baseline(tmp_path, to_json(run_with(settings(URL), failed, FAIL)))
    run = run_with(settings(URL, baseline=str(path)), failed, FAIL)
    assert run.comparison is not None
    assert [changed.change for changed in run.comparison.changes] == [Change.STILL_FAILING] * 2
    assert run.comparison.known_failures == {ONE.id}
