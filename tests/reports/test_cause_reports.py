"""Every report leads with causes, and folds the scenarios that they explain."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sample_run
from hostile_texts import HOSTILE_TEXTS
from jsonschema import Draft4Validator

from pytest_mews.model import Cause, CauseKind, Level, Run, Verdict
from pytest_mews.model.verdict import FAILURES
from pytest_mews.reports import write_report
from pytest_mews.reports.cause_reports import cause_reports, remaining_problems
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


def test_headline_counts_all_failures(explained_run: Run) -> None:
    """A cause hides no failure from the counts."""
    without = headline(replace(explained_run, causes=()), find_problems(explained_run))
    text = headline(explained_run, find_problems(explained_run))
    assert text == f"{without} One cause explains 2 of them."


def test_summary_leads_with_the_cause(explained_run: Run) -> None:
    """The cause comes before what it doesn't explain, and its scenarios are not repeated."""
    text = to_markdown(explained_run).replace("\\", "")
    assert text.index("## Causes") < text.index(SUMMARY) < text.index("## Also fix")
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
        self.text = ""

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
    """Cause, remedy and scenarios come last; what the cause explains is not listed again."""
    terminal: Any = Terminal()
    print_run(terminal, explained_run, None, [])
    explained = explained_run.causes[0].explains
    assert (
        f"Fix these first\n  1. MUST {SUMMARY}\n     Fix: Find these responses in the log.\n"
        f"     For operation; explains 2 scenarios: {', '.join(explained)}; "
        f"evidence: {explained[0]}; more: mews explain {explained_run.causes[0].kind}\nNext: "
    ) in terminal.text
    assert terminal.text.index("Also fix") < terminal.text.index("Fix these first")
    assert "\nAlso fix\n" in terminal.text
    assert not any(f"\n  {scenario_id} " in terminal.text for scenario_id in explained)


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
    assert "Causes" not in to_markdown(run)
