"""GitHub Actions: annotations and the job summary."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import sample_run
from hostile_texts import HOSTILE_TEXTS

from pytest_mews.model import (
    Change,
    Comparison,
    Finding,
    Level,
    Run,
    ScenarioChange,
    ScenarioResult,
    Verdict,
)
from pytest_mews.reports import annotate, append_summary, github
from pytest_mews.reports.github import MAX_SUMMARY_BYTES
from pytest_mews.reports.markdown_summary import to_markdown

ACTIONS = {"GITHUB_ACTIONS": "true"}
COMMAND = re.compile(r"::(error|warning) title=([^:,\n]*)::([^\n\r]*)")


def failures(count: int, verdict: Verdict) -> tuple[ScenarioResult, ...]:
    """Return this number of results with this verdict."""
    failure = replace(sample_run.slow_batches(), verdict=verdict)
    return tuple(
        replace(failure, scenario=replace(failure.scenario, id=f"BAT-{number:03}"))
        for number in range(count)
    )


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": "false"}])
def test_no_annotations_elsewhere(run: Run, environ: dict[str, str]) -> None:
    """Outside GitHub Actions a log has no workflow commands."""
    assert annotate(run, environ) == []


def test_failures_are_errors_and_the_rest_warnings(run: Run) -> None:
    """Each problem is one command with the observation, the fix and the source."""
    lines = annotate(run, ACTIONS)
    commands = {match[2].split()[0]: match for line in lines if (match := COMMAND.fullmatch(line))}
    assert len(commands) == len(lines)
    assert commands["BAT-02"][1] == "error"
    assert commands["EVT-04"][1] == "warning"
    assert "FAIL%3A" not in commands["BAT-02"][3]
    assert "3 of 20 cases failed" in commands["BAT-02"][3]
    assert "%0AFix: Put the message into a queue" in commands["BAT-02"][3]
    assert sample_run.FAQ.source.url in commands["BAT-02"][3]
    assert "(also PROC-12)" in commands["PROC-11"][3]
    assert "Fix" not in commands["RED-01"][3]  # a harness error


def test_strict_makes_errors_of_warnings(run: Run) -> None:
    """With --mews-strict, everything that fails the run is an error."""
    lines = annotate(replace(run, strict=True), ACTIONS)
    assert not [line for line in lines if "::warning" in line]


def test_known_failure_is_a_warning(run: Run) -> None:
    """If only new failures fail the run, a failure known from the baseline is no error."""
    known = ScenarioChange(
        "BAT-02", "…", Change.STILL_FAILING, before=Verdict.FAIL, after=Verdict.FAIL
    )
    new_only = Comparison(
        "old.json", run.started_utc, run.version, (), (known,), new_failures_only=True
    )
    all_failures = replace(new_only, new_failures_only=False)
    for comparison, severity in ((new_only, "warning"), (all_failures, "error")):
        lines = annotate(replace(run, comparison=comparison), ACTIONS)
        assert [line for line in lines if line.startswith(f"::{severity} title=BAT-02")]


def test_flaky_should_is_a_warning(run: Run) -> None:
    """A flaky result is an error if a MUST failed, otherwise a warning."""
    (flaky,) = [result for result in run.results if result.verdict is Verdict.FLAKY]
    should = tuple(
        replace(evidence, findings=tuple(_as_should(finding) for finding in evidence.findings))
        for evidence in flaky.evidence
    )
    for evidence, severity in ((flaky.evidence, "error"), (should, "warning")):
        (line,) = annotate(replace(run, results=(replace(flaky, evidence=evidence),)), ACTIONS)
        assert line.startswith(f"::{severity} ")


def _as_should(finding: Finding) -> Finding:
    return replace(finding, level=Level.SHOULD)


@pytest.mark.parametrize("hostile_text", HOSTILE_TEXTS)
def test_hostile_text_is_no_command(run: Run, hostile_text: str) -> None:
    """Whatever a reason or a title contains, each line stays exactly one command."""
    results = tuple(
        replace(result, reason=hostile_text, scenario=replace(result.scenario, title=hostile_text))
        for result in run.results
    )
    lines = annotate(replace(run, results=results), ACTIONS)
    assert len(lines) <= len(annotate(run, ACTIONS))
    assert lines
    assert all(COMMAND.fullmatch(line) for line in lines)


@pytest.mark.parametrize(("count", "shown"), [(9, 9), (10, 10), (11, 10), (90, 10)])
def test_no_more_annotations_than_github_shows(run: Run, count: int, shown: int) -> None:
    """There are at most ten of each severity; the last one lists what is left out."""
    results = failures(count, Verdict.FAIL) + failures(count, Verdict.WARN)
    lines = annotate(replace(run, results=results), ACTIONS)
    assert [line.split()[0] for line in lines] == ["::error"] * shown + ["::warning"] * shown
    if count > shown:
        assert f"title={count - shown + 1} more::BAT-009" in lines[shown - 1]


def test_summary_is_appended(run: Run, tmp_path: Path) -> None:
    """What an earlier command of the step wrote is preserved."""
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    assert append_summary(run, {"GITHUB_STEP_SUMMARY": str(path)}) == ()
    assert path.read_text("utf-8") == "before\n\n" + to_markdown(run)


@pytest.mark.parametrize("environ", [{}, {"GITHUB_STEP_SUMMARY": ""}])
def test_no_summary_without_the_variable(run: Run, environ: dict[str, str]) -> None:
    """Without the environment variable nothing is written."""
    assert append_summary(run, environ) == ()


def test_unwritable_summary_is_a_remark(run: Run, tmp_path: Path) -> None:
    """The run goes on; the remark names the variable and the file."""
    (remark,) = append_summary(run, {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert remark.startswith(f"GITHUB_STEP_SUMMARY: {tmp_path} can't be written")


@pytest.mark.parametrize(
    "size", [0, MAX_SUMMARY_BYTES - 3000, MAX_SUMMARY_BYTES - 50, MAX_SUMMARY_BYTES]
)
def test_summary_stays_within_githubs_limit(run: Run, tmp_path: Path, size: int) -> None:
    """The job summary of a step never exceeds 1 MiB; whole lines are left out."""
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * size)
    append_summary(run, {"GITHUB_STEP_SUMMARY": str(path)})
    content = path.read_bytes()
    assert len(content) <= MAX_SUMMARY_BYTES
    if size == MAX_SUMMARY_BYTES - 3000:
        assert content.endswith(b"The rest is left out: GitHub shows at most 1 MiB per step.\n")
        lines = to_markdown(run).splitlines()
        assert set(content[size:].decode().splitlines()[:-1]) <= {*lines, ""}


def test_summary_that_cannot_be_rendered_is_a_remark(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is already written: the run ends as it would have."""

    def broken(_run: Run) -> str:
        raise KeyError("a secret")

    monkeypatch.setattr(github, "to_markdown", broken)
    path = tmp_path / "summary.md"
    (remark,) = append_summary(run, {"GITHUB_STEP_SUMMARY": str(path)})
    assert remark == "GITHUB_STEP_SUMMARY: the summary could not be rendered (KeyError)."
    assert not path.exists()
