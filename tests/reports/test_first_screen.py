"""What a reader takes in at once: the sentence, what to fix in which order, what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sample_run

from pytest_mews.model import Level, Run, ScenarioResult, Verdict
from pytest_mews.reports.headline import headline
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.problems import grouped, problems


def test_headline_counts_the_worst_first(run: Run) -> None:
    """The sentence says what was broken by obligation, then everything else."""
    assert headline(run, problems(run)) == (
        "Of 16 scenarios 4 break a MUST, 1 misses a SHOULD, 1 misses a MAY, 2 are blocked, "
        "1 failed by the harness's own fault, 4 passed, 1 is waived, 1 was not observed, "
        "1 does not apply."
    )


def test_headline_of_one_and_of_none(run: Run) -> None:
    """One scenario is told in the singular, none as none."""
    one = replace(run, results=(sample_run.passed("REC-01", "Accepted"),))
    assert headline(one, problems(one)) == "Of 1 scenario 1 passed."
    none = replace(run, results=())
    assert headline(none, ()) == "No scenario was played."


def test_problems_are_grouped_by_obligation(run: Run) -> None:
    """MUST, SHOULD, MAY and what is not the partner's are apart, each with its own."""
    groups = grouped(problems(run))
    assert [(each.urgency.title, len(each.problems)) for each in groups] == [
        ("MUST", 5),
        ("SHOULD", 1),
        ("MAY", 1),
        ("Not yours", 1),
    ]


def test_what_was_broken_counts_not_what_the_scenario_is(run: Run) -> None:
    """A SHOULD broken in a scenario of a MUST is a SHOULD, and the other way round."""
    should = sample_run.finding("a", "b", Level.SHOULD)
    [first, *_] = sample_run.slow_batches().evidence
    warned = replace(
        sample_run.slow_batches(),
        verdict=Verdict.WARN,
        evidence=(replace(first, findings=(should,)),),
    )
    must = sample_run.finding("2xx", "no sign of life")
    dead = ScenarioResult(
        sample_run.scenario("ERR-01", "Malformed", Level.SHOULD),
        Verdict.FAIL,
        "died",
        evidence=(replace(first, findings=(should, must)),),
    )
    found = problems(replace(run, results=(warned, dead)))
    assert [(each.result.scenario.id, each.obligation) for each in found] == [
        ("ERR-01", Level.MUST),
        ("BAT-02", Level.SHOULD),
    ]
    assert found[0].seen == "no sign of life"  # of the strongest expectation


def test_each_problem_says_what_was_seen_and_what_to_do(run: Run) -> None:
    """The list at the top has the observation and the remedy's first sentence."""
    case = replace(sample_run.slow_batches().scenario, remedy="Answer at once. Work later.")
    result = replace(sample_run.slow_batches(), scenario=case)
    [problem] = problems(replace(run, results=(result,)))
    assert problem.seen.startswith("no answer within 5 s at any of 3 attempts")
    assert problem.advice == "Answer at once."
    top = to_html(replace(run, results=(result,))).split("<article")[0]
    assert "No answer within 5 s at any of 3 attempts" in top
    assert "<b>Do</b> <span>Answer at once.</span>" in top


@pytest.mark.parametrize("id_", ["TWIN-01", "RED-01"])
def test_no_remedy_for_what_the_partner_did_not_do(run: Run, id_: str) -> None:
    """What is blocked, or the harness's own fault, says why, and gives no advice."""
    [problem] = [one for one in problems(run) if one.result.scenario.id == id_]
    assert problem.advice == ""
    assert problem.seen == problem.result.reason


def test_new_failures_are_marked(run: Run) -> None:
    """Beside a baseline, what is new is marked where it is to be fixed, and nothing else is."""
    assert [one.result.scenario.id for one in problems(run) if one.new] == ["AUTH-02"]
    text = to_html(run)
    assert text.count("new since the baseline") == 1
    assert "since the baseline" not in to_html(replace(run, comparison=None))


def test_comparison_is_told_at_the_top(run: Run) -> None:
    """Counts at a glance, then each scenario from what to what, and what makes it unsure."""
    text = to_html(run)
    told = text[text.index('id="comparison"') : text.index("<nav")]
    for words in ("1 new failure<", "1 still failing<", "2 fixed<", "1 no longer observed<"):
        assert words in told
    assert "last-week.json" in told
    assert "The baseline was played with profile 2022-08." in told
    assert '<a href="#AUTH-02">AUTH-02</a> Wrong token' in told
    assert "pass → fail" in told
    assert "fail → unknown now" in told


def test_comparison_without_changes(run: Run) -> None:
    """A baseline that nothing changed since says so."""
    assert run.comparison is not None
    same = replace(run, comparison=replace(run.comparison, changes=(), remarks=()))
    assert "nothing failed then or fails now" in to_html(same)


def test_strict_run_says_what_a_should_means(run: Run) -> None:
    """With --mews-strict the list says that a SHOULD fails the run."""
    assert "they fail this run" not in to_html(run)
    assert "they fail this run" in to_html(replace(run, strict=True))


def test_figures_and_diagnosis_are_at_the_top(run: Run) -> None:
    """What the reason adds to the observation is seen at once; what stands before it is not."""
    bad = sample_run.finding("a 2xx answer", "401 after 8 ms")
    trial = replace(sample_run.slow_batches().evidence[0], findings=(bad,))
    reason = "expected a 2xx answer; 401 after 8 ms: the service wants a header"
    result = replace(sample_run.slow_batches(), reason=reason, evidence=(trial,))
    [problem] = problems(replace(run, results=(result,)))
    assert problem.seen == "401 after 8 ms: the service wants a header"


def test_backticks_become_code(run: Run) -> None:
    """What a scenario file puts in backticks is code, and no markup can come along."""
    case = replace(sample_run.slow_batches().scenario, remedy="Read `Token`, not `<b>`.")
    text = to_html(replace(run, results=(replace(sample_run.slow_batches(), scenario=case),)))
    assert "Read <code>Token</code>, not <code>&lt;b&gt;</code>." in text


def test_that_only_new_failures_count_is_said(run: Run) -> None:
    """With --mews-fail-on new, the line of the comparison says what fails the run."""
    assert run.comparison is not None
    assert "only new failures fail this run" not in to_html(run)
    lenient = replace(run, comparison=replace(run.comparison, only_new=True))
    assert "only new failures fail this run" in to_html(lenient)
