"""Every report leads with causes, and folds the scenarios that they explain."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sample_run
from hostile_texts import HOSTILE_TEXTS
from jsonschema import Draft4Validator

from pytest_mews.model import (
    Cause,
    CauseKind,
    Change,
    Level,
    Run,
    ScenarioChange,
    ScenarioResult,
    Verdict,
)
from pytest_mews.model.verdict import FAILURES
from pytest_mews.reports import write_report
from pytest_mews.reports.cause_reports import cause_reports, fix_groups, remaining_problems
from pytest_mews.reports.command_lines import next_command
from pytest_mews.reports.github import annotate
from pytest_mews.reports.headline import headline
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.json_report import to_json
from pytest_mews.reports.markdown_summary import to_markdown
from pytest_mews.reports.problems import find_problems
from pytest_mews.reports.sarif import to_sarif
from pytest_mews.session.terminal import print_run

SUMMARY = "About one in three valid messages is answered 503 (17 of 51), whatever it contains."
SARIF_SCHEMA = Path(__file__).parent / "sarif" / "sarif-2.1.0-rtm.5.json"


def with_cause(run: Run, summary: str = SUMMARY) -> Run:
    """Return the sample run with a cause that explains its first two failures."""
    failed = [result.scenario.id for result in run.results if result.verdict in FAILURES][:2]
    cause = Cause(
        CauseKind.INTERMITTENT_STATUS,
        summary,
        "Find these responses in the log.",
        Level.MUST,
        tuple(failed),
        failed[0],
    )
    return replace(run, causes=(cause,))


@pytest.fixture
def explained_run(run: Run) -> Run:
    """The sample run with a cause."""
    return with_cause(run)


def test_explained_scenarios_are_no_problems_of_their_own(explained_run: Run) -> None:
    """What no cause explains stands by itself; the cause has the problem that shows it."""
    (report,) = cause_reports(explained_run)
    explained = set(report.cause.explains)
    ids = {problem.result.scenario.id for problem in remaining_problems(explained_run)}
    assert ids
    assert not ids & explained
    assert report.problem.result.scenario.id == report.cause.shown_by
    assert report.explains_text == f"explains 2 scenarios: {', '.join(report.cause.explains)}"


def test_page_leads_with_the_cause(explained_run: Run) -> None:
    """The cause, its remedy and its evidence; explained scenarios only have their details."""
    page = to_html(explained_run)
    fix = page[page.index('id="fix"') :]
    assert fix.index(SUMMARY) < fix.index("-problem")
    assert 'id="cause-1"' in page
    for scenario_id in explained_run.causes[0].explains:
        assert f'id="{scenario_id}-problem"' not in page
        assert f'href="#{scenario_id}"' in page
    assert page.count('Explained by <a href="#cause-1">') == 2
    assert "One cause explains 2 of them." in page


def test_a_scenario_names_each_cause_that_explains_it(explained_run: Run) -> None:
    """Its smallest failing message may be that of the first cause, and not of the last."""
    (cause,) = explained_run.causes
    page = to_html(replace(explained_run, causes=(cause, replace(cause, summary="Another one."))))
    names = 'Explained by <a href="#cause-1">cause 1</a>, <a href="#cause-2">cause 2</a>.'
    assert page.count(names) == 2


def test_headline_counts_all_failures(explained_run: Run) -> None:
    """A cause hides no failure from the counts."""
    without = headline(replace(explained_run, causes=()), find_problems(explained_run))
    text = headline(explained_run, find_problems(explained_run))
    assert text == f"{without} One cause explains 2 of them."


def test_summary_leads_with_the_cause(explained_run: Run) -> None:
    """The cause comes before what it doesn't explain, and its scenarios are not repeated."""
    text = to_markdown(explained_run).replace("\\", "")
    first = "## Fix these first\n\n### 1. "
    assert text.index(f"{first}{SUMMARY}") < text.index("### 2. ")
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    assert not any(name in line for line in headings for name in explained_run.causes[0].explains)


def test_json_has_the_cause(explained_run: Run) -> None:
    """The kind is a stable name; the evidence names a scenario and a role."""
    (entry,) = to_json(explained_run)["causes"]
    assert entry["kind"] == "intermittent-status"
    assert entry["explains"] == list(explained_run.causes[0].explains)
    assert entry["evidence"]["scenario"] == explained_run.causes[0].shown_by
    assert entry["evidence"]["role"]


def test_report_with_a_cause_is_valid(explained_run: Run, tmp_path: Path) -> None:
    """The file matches its schema, which a fixture of all tests checks."""
    assert write_report(explained_run, tmp_path).json is not None


def test_sarif_leads_with_the_cause(explained_run: Run) -> None:
    """The cause is the first result, with a rule of its own; the file is valid."""
    data = json.loads(json.dumps(to_sarif(explained_run)))
    validator = Draft4Validator(json.loads(SARIF_SCHEMA.read_text("utf-8")))
    assert [error.json_path for error in validator.iter_errors(data)] == []
    (only,) = data["runs"]
    first = only["results"][0]
    assert first["ruleId"] == "cause/intermittent-status"
    assert only["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"]
    others = {result["ruleId"] for result in only["results"][1:]}
    assert not others & set(explained_run.causes[0].explains)


def test_sarif_is_in_the_order_of_the_page(run: Run) -> None:
    """The cause of a SHOULD follows the failures of a MUST, and precedes other warnings."""
    cause = Cause(
        CauseKind.KEPT_CONNECTION, SUMMARY, "Fix it.", Level.SHOULD, ("TLS-03",), "TLS-03"
    )
    (only,) = to_sarif(replace(run, causes=(cause,)))["runs"]
    shown = [result["ruleId"] for result in only["results"] if result["level"] != "note"]
    in_page = [
        name
        for group in fix_groups(replace(run, causes=(cause,)))
        for name in (
            *(f"cause/{report.cause.kind}" for report in group.causes),
            *(problem.result.scenario.id for problem in group.problems),
        )
    ]
    assert in_page.index("cause/kept-connection") > in_page.index("BAT-02")
    assert shown == [name for name in in_page if name in shown]


def test_annotations_lead_with_the_cause(explained_run: Run) -> None:
    """On GitHub the cause is one annotation, of the severity of what it explains."""
    lines = annotate(explained_run, {"GITHUB_ACTIONS": "true"})
    assert lines[0].startswith("::error title=Cause 1%3A intermittent-status::About one in three")
    assert not any(
        f"title={scenario_id} " in line
        for line in lines
        for scenario_id in explained_run.causes[0].explains
    )


class Terminal:
    """Records what is written, in the place of pytest's terminal reporter."""

    def __init__(self) -> None:
        self.text, self.isatty = "", False
        self.config = SimpleNamespace(invocation_params=SimpleNamespace(plugins=()))

    def write(self, text: str, **_: bool) -> None:
        """Record a text."""
        self.text += text

    def write_line(self, text: str, **_: bool) -> None:
        """Record a line."""
        self.text += f"{text}\n"

    def write_sep(self, _: str, title: str) -> None:
        """Record a title."""
        self.text += f"{title}\n"


def test_terminal_leads_with_the_cause(explained_run: Run) -> None:
    """The cause comes before other problems; what it explains is not listed again."""
    terminal: Any = Terminal()
    print_run(terminal, explained_run, None, [])
    explained = explained_run.causes[0].explains
    remaining = remaining_problems(explained_run)[0].result.scenario
    assert (
        f"Fix these first\n  1. MUST {SUMMARY}\n     Fix: Find these responses in the log.\n"
        f"     For operation; explains 2 scenarios: {', '.join(explained)}; "
        f"evidence: {explained[0]}; more: mews explain {explained_run.causes[0].kind}\n"
        f"  2. MUST {remaining.id} {remaining.title} (for "
    ) in terminal.text
    assert not any(f"MUST {scenario_id} " in terminal.text for scenario_id in explained)
    last = terminal.text.splitlines()[-1]
    assert last == f"Next: {next_command(explained_run, result_of(explained_run, explained[0]))}"


def test_a_must_that_no_cause_explains_precedes_a_should_cause(explained_run: Run) -> None:
    """Terminal, summary and page have one order: by level, and causes first within a level."""
    (cause,) = explained_run.causes
    run = replace(explained_run, causes=(replace(cause, level=Level.SHOULD),))
    titles = [problem.priority.title for problem in remaining_problems(run)]
    musts = titles.count("MUST")
    assert 0 < musts < titles.count("MUST") + titles.count("SHOULD")
    first, warning = (remaining_problems(run)[at].result.scenario for at in (0, musts))
    terminal: Any = Terminal()
    print_run(terminal, run, None, [])
    ordered = (
        f"Fix these first\n  1. MUST {first.id} ",
        f"  {musts + 1}. SHOULD {SUMMARY}\n",
        f"  {musts + 2}. SHOULD {warning.id} ",
        f"Next: {next_command(run, result_of(run, first.id))}\n",
    )
    positions = [terminal.text.index(text) for text in ordered]
    assert positions == sorted(positions)
    summary = to_markdown(run).replace("\\", "")
    assert (
        summary.index(f" {first.id} {first.title} (")
        < summary.index(f"### {musts + 1}. {SUMMARY}")
        < summary.index(f" {warning.id} {warning.title} (")
    )
    page = to_html(run)
    assert (
        page.index(f'<a href="#{first.id}-problem">')
        < page.index('<li><span class="badge is-fail">Cause 1</span> <a href="#cause-1">')
        < page.index(f'<a href="#{warning.id}-problem">')
    )
    assert (
        page.index(f'id="{first.id}-problem"')
        < page.index('id="cause-1"')
        < page.index(f'id="{warning.id}-problem"')
    )
    assert f'<ol start="{musts + 1}">' in page


def test_a_new_failure_precedes_a_known_one_of_its_level(run: Run) -> None:
    """With a baseline, what got worse comes first within a level, and what is known says so."""
    changes = tuple(
        ScenarioChange(result.scenario.id, "", change, Verdict.PASS, result.verdict)
        for result, change in (
            (result_of(run, "AUTH-02"), Change.STILL_FAILING),
            (result_of(run, "BAT-02"), Change.NEW),
        )
    )
    assert run.comparison is not None
    run = replace(run, comparison=replace(run.comparison, changes=changes))
    terminal: Any = Terminal()
    print_run(terminal, run, None, [])
    assert "Fix these first\n  1. MUST BAT-02 " in terminal.text
    assert ". MUST AUTH-02 A message with a wrong token is rejected (for operation; known" in (
        terminal.text
    )


def test_blocked_scenarios_share_a_line(run: Run) -> None:
    """Scenarios that are blocked for one reason are one problem; harness errors are none."""
    terminal: Any = Terminal()
    print_run(terminal, run, None, [])
    assert re.search(r"\n  \d\. MUST PROC-11 A changed .* and 1 more \(for .*\): ", terminal.text)
    assert "PROC-12" not in terminal.text
    assert "\nHarness errors (not the endpoint's)\n  RED-01 " in terminal.text
    assert " RED-01 " not in terminal.text.partition("Fix these first")[2]


def result_of(run: Run, scenario_id: str) -> ScenarioResult:
    """Return the result of a scenario."""
    return next(result for result in run.results if result.scenario.id == scenario_id)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_in_a_cause(run: Run, text: str) -> None:
    """A cause may quote what the partner sent: no report lets it do anything."""
    hostile = with_cause(run, text)
    assert "<script>" not in to_html(hostile).replace("<script>1", "")
    to_markdown(hostile)
    to_sarif(hostile)


def test_a_run_of_passes_has_no_cause() -> None:
    """Without a cause the reports are as before."""
    run = replace(sample_run.run(), results=(sample_run.passed("REC-01", "t"),))
    assert run.results[0].verdict is Verdict.PASS
    assert cause_reports(run) == ()
    assert "Fix these first" not in to_markdown(run)
