"""GitHub Actions: annotations and the page of the job."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import sample_run
from hostile import HOSTILE

from pytest_mews.model import (
    Change,
    Changed,
    Comparison,
    Finding,
    Level,
    Run,
    ScenarioResult,
    Verdict,
)
from pytest_mews.reports import annotate, append_summary, github
from pytest_mews.reports.github import SUMMARY_BYTES
from pytest_mews.reports.markdown_summary import to_markdown

ACTIONS = {"GITHUB_ACTIONS": "true"}
COMMAND = re.compile(r"::(error|warning) title=([^:,\n]*)::([^\n\r]*)")


def many(count: int, verdict: Verdict) -> tuple[ScenarioResult, ...]:
    """So many failures."""
    failure = replace(sample_run.slow_batches(), verdict=verdict)
    return tuple(
        replace(failure, scenario=replace(failure.scenario, id=f"BAT-{number:03}"))
        for number in range(count)
    )


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": "false"}])
def test_nothing_is_annotated_elsewhere(run: Run, environ: dict[str, str]) -> None:
    """Outside GitHub Actions a log has no workflow commands."""
    assert annotate(run, environ) == []


def test_failures_are_errors_and_the_rest_warnings(run: Run) -> None:
    """Each problem is one command with what was seen, the remedy and the source."""
    lines = annotate(run, ACTIONS)
    found = {match[2].split()[0]: match for line in lines if (match := COMMAND.fullmatch(line))}
    assert len(found) == len(lines)
    assert found["BAT-02"][1] == "error"
    assert found["EVT-04"][1] == "warning"
    assert "FAIL%3A" not in found["BAT-02"][3]
    assert "3 of 20 cases failed" in found["BAT-02"][3]
    assert "%0ARemedy: Put the message into a queue" in found["BAT-02"][3]
    assert sample_run.FAQ.url in found["BAT-02"][3]
    assert "(also TWIN-02)" in found["TWIN-01"][3]
    assert "Remedy" not in found["RED-01"][3]  # the harness's own fault


def test_strict_makes_errors_of_warnings(run: Run) -> None:
    """With --mews-strict whatever fails the run is an error."""
    assert not [x for x in annotate(replace(run, strict=True), ACTIONS) if "::warning" in x]


def test_a_known_failure_is_a_warning(run: Run) -> None:
    """Where only new failures fail the run, what failed in the baseline already is no error."""
    known = Changed("BAT-02", "…", Change.STILL_FAILING, before=Verdict.FAIL, after=Verdict.FAIL)
    compared = Comparison("old.json", run.started_utc, run.version, (), (known,), only_new=True)
    for comparison, level in ((compared, "warning"), (replace(compared, only_new=False), "error")):
        lines = annotate(replace(run, comparison=comparison), ACTIONS)
        assert [line for line in lines if line.startswith(f"::{level} title=BAT-02")]


def test_a_flaky_should_is_a_warning(run: Run) -> None:
    """Flaky is an error where a MUST was broken, and else a warning."""
    (flaky,) = [each for each in run.results if each.verdict is Verdict.FLAKY]
    should = tuple(
        replace(trial, findings=tuple(_should(one) for one in trial.findings))
        for trial in flaky.evidence
    )
    for evidence, level in ((flaky.evidence, "error"), (should, "warning")):
        (line,) = annotate(replace(run, results=(replace(flaky, evidence=evidence),)), ACTIONS)
        assert line.startswith(f"::{level} ")


def _should(finding: Finding) -> Finding:
    return replace(finding, level=Level.SHOULD)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_answer_gives_a_command(run: Run, hostile: str) -> None:
    """Whatever a reason or a title says, the lines stay as many, and each is one command."""
    results = tuple(
        replace(each, reason=hostile, scenario=replace(each.scenario, title=hostile))
        for each in run.results
    )
    lines = annotate(replace(run, results=results), ACTIONS)
    assert len(lines) <= len(annotate(run, ACTIONS))
    assert lines
    assert all(COMMAND.fullmatch(line) for line in lines)


@pytest.mark.parametrize(("count", "shown"), [(9, 9), (10, 10), (11, 10), (90, 10)])
def test_no_more_than_github_shows(run: Run, count: int, shown: int) -> None:
    """At most ten of each level; where there are more, the last says which were left out."""
    failures = many(count, Verdict.FAIL)
    lines = annotate(replace(run, results=failures + many(count, Verdict.WARN)), ACTIONS)
    assert [line.split()[0] for line in lines] == ["::error"] * shown + ["::warning"] * shown
    if count > shown:
        assert f"title={count - shown + 1} more::BAT-009" in lines[shown - 1]


def test_the_summary_is_appended(run: Run, tmp_path: Path) -> None:
    """What an earlier command of the step wrote stays."""
    page = tmp_path / "page.md"
    page.write_text("before\n")
    assert append_summary(run, {"GITHUB_STEP_SUMMARY": str(page)}) == ()
    assert page.read_text("utf-8") == "before\n\n" + to_markdown(run)


@pytest.mark.parametrize("environ", [{}, {"GITHUB_STEP_SUMMARY": ""}])
def test_nobody_asked_for_the_summary(run: Run, environ: dict[str, str]) -> None:
    """Without the variable nothing is written."""
    assert append_summary(run, environ) == ()


def test_a_page_that_can_not_be_written_is_a_remark(run: Run, tmp_path: Path) -> None:
    """The run goes on; the remark names the variable and the file."""
    (remark,) = append_summary(run, {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert remark.startswith(f"GITHUB_STEP_SUMMARY: {tmp_path} can't be written")


@pytest.mark.parametrize("taken", [0, SUMMARY_BYTES - 3000, SUMMARY_BYTES - 50, SUMMARY_BYTES])
def test_the_page_stays_within_githubs_limit(run: Run, tmp_path: Path, taken: int) -> None:
    """The page of a step never exceeds 1 MiB; what does not fit is left out by whole lines."""
    page = tmp_path / "page.md"
    page.write_bytes(b"x" * taken)
    append_summary(run, {"GITHUB_STEP_SUMMARY": str(page)})
    data = page.read_bytes()
    assert len(data) <= SUMMARY_BYTES
    if taken == SUMMARY_BYTES - 3000:
        assert data.endswith(b"The rest is left out: GitHub shows 1 MiB of a step.\n")
        lines = to_markdown(run).splitlines()
        assert set(data[taken:].decode().splitlines()[:-1]) <= {*lines, ""}


def test_a_summary_that_can_not_be_rendered_is_a_remark(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is written already: the run ends as it would."""

    def broken(_run: Run) -> str:
        raise KeyError("a secret")

    monkeypatch.setattr(github, "to_markdown", broken)
    page = tmp_path / "page.md"
    (remark,) = append_summary(run, {"GITHUB_STEP_SUMMARY": str(page)})
    assert remark == "GITHUB_STEP_SUMMARY: nothing could be rendered (KeyError)."
    assert not page.exists()
