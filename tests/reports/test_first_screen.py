"""The first screen of the page: the headline, what to fix in which order, what changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import sample_run

from pytest_mews.model import (
    Level,
    MissingCause,
    Readiness,
    Run,
    ScenarioResult,
    Stage,
    StageSummary,
    Verdict,
)
from pytest_mews.reports import write_report
from pytest_mews.reports.cause_reports import fix_groups
from pytest_mews.reports.headline import headline, readiness_phrase, shown_readiness
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.json_report import to_json, to_json_text
from pytest_mews.reports.markdown_summary import to_markdown
from pytest_mews.reports.problems import find_problems
from pytest_mews.reports.sarif import to_sarif


def with_stages(run: Run, *readiness: Readiness) -> Run:
    """Return a run whose stages have these readiness values, in their order."""
    stages = zip(Stage, readiness, strict=False)
    return replace(run, stages=tuple(StageSummary(stage, value, {}) for stage, value in stages))


READY, WARNINGS, NOT_READY = Readiness.READY, Readiness.WARNINGS, Readiness.NOT_READY
UNTESTED = Readiness.NOT_OBSERVED


@pytest.mark.parametrize(
    ("stages", "phrase"),
    [
        ((READY, READY, READY), "Ready"),
        ((NOT_READY, READY, READY), "Delivery not ready; Processing and Streaming ready"),
        (
            (READY, UNTESTED, READY),
            "Delivery and Streaming ready; Processing not tested (add --mews-api)",
        ),
        (
            (READY, UNTESTED, UNTESTED),
            (
                "Delivery ready; Processing and Streaming not tested "
                "(add --mews-api, --mews-websocket)"
            ),
        ),
        ((UNTESTED, UNTESTED, UNTESTED), "Not tested"),
        ((), "Nothing was tested"),
    ],
)
def test_what_was_not_tested_is_part_of_the_verdict(
    run: Run, stages: tuple[Readiness, ...], phrase: str
) -> None:
    """One phrase for all outputs: *ready* alone means that every stage was tested."""
    assert readiness_phrase(with_stages(replace(run, api_usage=None), *stages)) == phrase


@pytest.mark.parametrize(
    ("target", "has_api", "stages", "hint"),
    [
        ("none", True, (UNTESTED, UNTESTED, READY), "give a URL in place of none"),
        (
            "none",
            False,
            (UNTESTED, UNTESTED, READY),
            "give a URL in place of none, add --mews-api",
        ),
        ("https://partner.example/i", True, (READY, READY, UNTESTED), "add --mews-websocket"),
        ("https://partner.example/i", False, (READY, UNTESTED, READY), "add --mews-api"),
    ],
)
def test_phrase_names_no_option_that_was_given(
    run: Run, target: str, *, has_api: bool, stages: tuple[Readiness, ...], hint: str
) -> None:
    """Without webhooks Processing lacks a URL, not the Connector API emulator that runs."""
    usage = run.api_usage if has_api else None
    run = replace(with_stages(run, *stages), integration_target=target, api_usage=usage)
    assert readiness_phrase(run).endswith(f" not tested ({hint})")


def test_a_stage_that_was_not_selected_needs_no_option(run: Run) -> None:
    """The phrase names an option only if the stage needs one."""
    scenario = sample_run.scenario("STR-01", "x", stage=Stage.STREAMING)
    missing = ScenarioResult.without_run(scenario, MissingCause.NOT_SELECTED)
    run = replace(with_stages(run, READY, READY, UNTESTED), results=(missing,))
    assert readiness_phrase(run).endswith("Streaming not tested (not selected)")


@pytest.mark.parametrize("readiness", [READY, WARNINGS])
def test_a_part_is_not_shown_in_the_colour_of_ready(run: Run, readiness: Readiness) -> None:
    """The verdict is green only if every stage was tested."""
    run = replace(with_stages(run, READY, UNTESTED), readiness=readiness)
    assert shown_readiness(run) is Readiness.INCOMPLETE
    assert shown_readiness(with_stages(run, READY, READY)) is readiness


def test_all_outputs_have_the_phrase(run: Run) -> None:
    """Page, JSON, summary and SARIF have the same phrase."""
    run = with_stages(run, READY, UNTESTED, UNTESTED)
    phrase = readiness_phrase(run)
    assert f"</span> {phrase}</h1>" in to_html(run)
    assert to_json(run)["readiness_text"] == phrase
    assert to_sarif(run)["runs"][0]["properties"]["readiness_text"] == phrase
    assert phrase in to_markdown(run).replace("\\", "").splitlines()[0]


def test_product_and_digest_are_on_the_page(run: Run) -> None:
    """--mews-about, the command and the digest of the JSON say what was certified."""
    run = replace(run, about="Product 3.2 (a1b2c3)", selection="-k 'REC or RET'")
    top = to_html(run).split("<nav")[0]
    assert "<strong>Product 3.2 (a1b2c3)</strong>" in top
    assert hashlib.sha256(to_json_text(run).encode()).hexdigest() in top
    assert "-k &#39;REC or RET&#39; --hypothesis-seed=8214" in top
    assert "This run has only the scenarios" in top


def test_findings_say_what_they_matter_for(run: Run) -> None:
    """The certification review looks at API calls; everything else concerns operation."""
    concerns = {entry["id"]: entry["concern"] for entry in to_json(run)["scenarios"]}
    assert concerns["PROC-03"] == "certification-review"
    assert concerns["BAT-02"] == "operation"
    text = to_html(run)
    for id_, title in (("PROC-03", "certification review"), ("BAT-02", "operation")):
        card = text[text.index(f'id="{id_}-details"') :]
        assert card[: card.index("</div>")].count(f">{title}</span>") == 1


def test_headline_counts_failures_first(run: Run) -> None:
    """The sentence counts failures by level, then everything else."""
    assert headline(run, find_problems(run)) == (
        "4 of 16 scenarios fail a MUST, 1 a SHOULD, 1 a MAY; 2 are blocked, "
        "1 ended with a harness error, 4 passed, 1 is waived, 1 was not observed, "
        "1 does not apply."
    )


def test_headline_without_failures(run: Run) -> None:
    """The total follows the first count, whatever that is."""
    passed = sample_run.passed("REC-01", "Accepted")
    two = replace(run, results=(passed, passed, run.results[9]))
    assert headline(two, find_problems(two)) == "2 of 3 scenarios passed, 1 does not apply."


def test_headline_with_one_failure(run: Run) -> None:
    """One failure has a verb in the singular."""
    results = (sample_run.slow_batches(), sample_run.passed("REC-01", "Accepted"))
    failed = replace(run, results=results)
    expected = "1 of 2 scenarios fails a MUST; 1 passed."
    assert headline(failed, find_problems(failed)) == expected


def test_headline_of_one_and_of_none(run: Run) -> None:
    """One scenario is in the singular; a run without scenarios says so."""
    one = replace(run, results=(sample_run.passed("REC-01", "Accepted"),))
    assert headline(one, find_problems(one)) == "1 of 1 scenario passed."
    none = replace(run, results=())
    assert headline(none, ()) == "No scenario was run."


def test_problems_are_grouped_by_level(run: Run) -> None:
    """MUST, SHOULD, MAY and harness errors are separate groups."""
    groups = fix_groups(run)
    assert [(group.priority.title, len(group.problems)) for group in groups] == [
        ("MUST", 5),
        ("SHOULD", 1),
        ("MAY", 1),
        ("Harness", 1),
    ]


def test_the_level_of_the_finding_counts_not_that_of_the_scenario(run: Run) -> None:
    """A SHOULD that failed in a MUST scenario is a SHOULD problem, and vice versa."""
    should = sample_run.finding("a", "b", Level.SHOULD)
    [first, *_] = sample_run.slow_batches().evidence
    warning = replace(
        sample_run.slow_batches(),
        verdict=Verdict.WARN,
        evidence=(replace(first, findings=(should,)),),
    )
    must = sample_run.finding("2xx", "no response to the health check")
    crashed = ScenarioResult(
        sample_run.scenario("ERR-01", "Malformed", Level.SHOULD),
        Verdict.FAIL,
        "crashed",
        evidence=(replace(first, findings=(should, must)),),
    )
    problems = find_problems(replace(run, results=(warning, crashed)))
    assert [(problem.result.scenario.id, problem.level) for problem in problems] == [
        ("ERR-01", Level.MUST),
        ("BAT-02", Level.SHOULD),
    ]
    assert problems[0].observed == "no response to the health check"  # of the highest level


def test_each_problem_has_observation_and_fix(run: Run) -> None:
    """The list at the top has the observation and the first sentence of the remedy."""
    scenario = replace(sample_run.slow_batches().scenario, remedy="Answer at once. Work later.")
    result = replace(sample_run.slow_batches(), scenario=scenario)
    [problem] = find_problems(replace(run, results=(result,)))
    assert problem.observed.startswith("no response within 5 s in any of 3 attempts")
    assert problem.fix == "Answer at once."
    top = to_html(replace(run, results=(result,))).split("<article")[0]
    assert "<b>Observed</b> <span>No response within 5 s in any of 3 attempts" in top
    assert "<b>Fix</b> <span>Answer at once.</span>" in top


def test_remedy_of_the_finding_replaces_that_of_the_scenario(run: Run) -> None:
    """A remedy that fits the observation is shown instead of the scenario's general one."""
    result = sample_run.slow_batches()
    finding = replace(result.evidence[0].findings[0], remedy="Accept larger bodies.")
    evidence = replace(result.evidence[0], findings=(finding,))
    result = replace(result, evidence=(evidence,))
    [problem] = find_problems(replace(run, results=(result,)))
    assert problem.fix == "Accept larger bodies."
    text = to_html(replace(run, results=(result,)))
    assert "<strong>Fix.</strong> Accept larger bodies." in text


@pytest.mark.parametrize("id_", ["PROC-11", "RED-01"])
def test_no_fix_for_what_the_partner_did_not_cause(run: Run, id_: str) -> None:
    """A blocked scenario and a harness error show their reason and no fix."""
    [problem] = [problem for problem in find_problems(run) if problem.result.scenario.id == id_]
    assert problem.fix == ""
    assert problem.observed == problem.result.reason


def test_new_failures_are_marked(run: Run) -> None:
    """With a baseline, new failures are marked as new, and nothing else is."""
    problems = find_problems(run)
    assert [problem.result.scenario.id for problem in problems if problem.is_new] == ["AUTH-02"]
    text = to_html(run)
    assert text.count("new since the baseline") == 1
    assert "since the baseline" not in to_html(replace(run, comparison=None))


def test_comparison_is_at_the_top(run: Run) -> None:
    """The comparison has counts, both verdicts of each scenario, and the remarks."""
    text = to_html(run)
    comparison = text[text.index('id="comparison"') : text.index("<nav")]
    for count in ("1 new failure<", "1 still failing<", "2 fixed<", "1 no longer observed<"):
        assert count in comparison
    assert "last-week.json" in comparison
    assert "The baseline was run with profile 2022-08." in comparison
    assert '<a href="#AUTH-02">AUTH-02</a> Wrong token' in comparison
    assert "pass → fail" in comparison
    assert "fail → not in this run" in comparison


def test_comparison_without_changes(run: Run) -> None:
    """A comparison without changes says so."""
    assert run.comparison is not None
    same = replace(run, comparison=replace(run.comparison, changes=(), remarks=()))
    assert "nothing failed in either run" in to_html(same)


def test_strict_run_says_what_a_should_means(run: Run) -> None:
    """With --mews-strict, the list says that a SHOULD fails the run."""
    assert "they fail this run" not in to_html(run)
    assert "they fail this run" in to_html(replace(run, strict=True))


def test_remarks_are_at_the_top(run: Run) -> None:
    """The observation is what the first unmet finding has, and the remarks on the result."""
    unmet = sample_run.finding("a 2xx response", "401 after 8 ms: the service wants a header")
    evidence = replace(sample_run.slow_batches().evidence[0], findings=(unmet,))
    result = replace(sample_run.slow_batches(), remarks=("3 of 4 cases failed",))
    [problem] = find_problems(replace(run, results=(replace(result, evidence=(evidence,)),)))
    expected = "401 after 8 ms: the service wants a header; 3 of 4 cases failed"
    assert problem.observed == expected


def test_case_counts_are_shown_once(run: Run) -> None:
    """The observation counts the failing cases, and the problem's header does not repeat it."""
    text = to_html(replace(run, results=(sample_run.slow_batches(),)))
    article = text[text.index("<article") :].partition("</article>")[0]
    assert article.count("3 of 20 cases failed") == 1
    assert '<p class="reason">3 of 20 cases failed' not in article


def test_observation_does_not_include_other_expectations(run: Run) -> None:
    """What the reason quotes of a second unmet finding is only in that finding's row."""
    first = sample_run.finding("a 2xx response", "401 after 8 ms")
    second = sample_run.finding("a response within 5 s", "slowest 9,000 ms", Level.SHOULD)
    evidence = replace(sample_run.slow_batches().evidence[0], findings=(first, second))
    reason = (
        "401 after 8 ms; also not met: a response within 5 s; slowest 9,000 ms; largest batch 500 "
        "events: the service wants a header"
    )
    remarks = ("largest batch 500 events: the service wants a header",)
    result = replace(
        sample_run.slow_batches(), reason=reason, remarks=remarks, evidence=(evidence,)
    )
    [problem] = find_problems(replace(run, results=(result,)))
    expected = "401 after 8 ms; largest batch 500 events: the service wants a header"
    assert problem.observed == expected


def test_backticks_become_code(run: Run) -> None:
    """Text of a scenario file in backticks becomes code, and markup in it is escaped."""
    scenario = replace(sample_run.slow_batches().scenario, remedy="Read `Token`, not `<b>`.")
    result = replace(sample_run.slow_batches(), scenario=scenario)
    text = to_html(replace(run, results=(result,)))
    assert "Read <code>Token</code>, not <code>&lt;b&gt;</code>." in text


def test_new_failures_only_is_mentioned(run: Run) -> None:
    """With --mews-fail-on new, the comparison says what fails the run."""
    assert run.comparison is not None
    assert "only new failures fail this run" not in to_html(run)
    new_only = replace(run, comparison=replace(run.comparison, new_failures_only=True))
    assert "only new failures fail this run" in to_html(new_only)


def test_the_digest_is_that_of_the_file(run: Run, tmp_path: Path) -> None:
    """The page and the JSON file of one report belong together."""
    report = write_report(run, tmp_path)
    assert report.html is not None
    digest = hashlib.sha256(report.json.read_bytes()).hexdigest()
    assert digest in report.html.read_text("utf-8")
