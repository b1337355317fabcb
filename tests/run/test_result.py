"""The verdict of a finished exploration."""

from __future__ import annotations

import pytest

from pytest_mews.checks import FAULT_WITHOUT_EFFECT
from pytest_mews.execution import Exploration
from pytest_mews.model import Evidence, Finding, Level, Transcript, Verdict
from pytest_mews.run.result import ONCE_TOO_SLOW, PASSED_ON_RETRY, build_result
from pytest_mews.scenarios import loader

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}


@pytest.mark.parametrize(
    ("subjects", "not_observed", "unaffected", "verdict", "reason"),
    [
        (0, True, set(), Verdict.NOT_OBSERVED, "observed"),
        (0, False, set(), Verdict.NOT_APPLICABLE, "observed"),
        (1, False, {"a", "b"}, Verdict.NOT_OBSERVED, FAULT_WITHOUT_EFFECT),
        (1, False, {"a"}, Verdict.PASS, "1 case"),
    ],
)
def test_what_was_not_observed_does_not_pass(
    subjects: int, unaffected: set[str], verdict: Verdict, reason: str, *, not_observed: bool
) -> None:
    """Nothing could be observed, or no entity met the injected fault, whatever else happened."""
    finding = Finding(
        "fetched",
        Level.MUST,
        met=True,
        expected="expected",
        observed="observed",
        subject_count=subjects,
        not_observed=not_observed,
    )
    transcript = Transcript(
        (), faulted_ids=frozenset({"a", "b"}), unaffected_ids=frozenset(unaffected)
    )
    exploration = Exploration(1, case_count=1, finished=True)
    exploration.example = Evidence("example", "case", (finding,), transcript)
    result = build_result(SCENARIOS["PROC-34"], exploration, 1.0)
    assert result.verdict is verdict
    assert result.reason.startswith(reason)


def test_a_busy_service_does_not_pass() -> None:
    """Whatever else was observed, its fetches were not."""
    accepted = Finding("accepted", Level.MUST, met=True, expected="2xx", observed="2xx")
    fetched = Finding(
        "fetched",
        Level.MUST,
        met=True,
        expected="fetched",
        observed="still busy",
        subject_count=0,
        not_observed=True,
    )
    for still_busy, verdict in ((True, Verdict.NOT_OBSERVED), (False, Verdict.PASS)):
        exploration = Exploration(1, case_count=1, finished=True)
        exploration.example = Evidence(
            "example", "case", (accepted, fetched), Transcript((), still_busy=still_busy)
        )
        result = build_result(SCENARIOS["PROC-01"], exploration, 1.0)
        assert result.verdict is verdict
        assert not still_busy or result.reason == "still busy"


@pytest.mark.parametrize(
    ("unmet", "verdict"),
    [
        ({"no-latency-growth"}, Verdict.PASS),
        ({"accepted", "no-latency-growth"}, Verdict.FLAKY),
        ({"accepted"}, Verdict.FLAKY),
    ],
)
def test_a_slow_execution_alone_is_not_flaky(unmet: set[str], verdict: Verdict) -> None:
    """If the same case is fast when it runs again, the machine was busy."""

    def evidence(role: str, broken: set[str]) -> Evidence:
        findings = tuple(
            Finding(name, Level.SHOULD, met=name not in broken, expected=name, observed="figures")
            for name in ("accepted", "no-latency-growth")
        )
        return Evidence(role, "case", findings, Transcript(()))

    exploration = Exploration(1, case_count=1, failing_cases=1, finished=True)
    exploration.first_failing = exploration.smallest = evidence("example", unmet)
    exploration.passed_on_retry = evidence("passed-on-retry", set())
    result = build_result(SCENARIOS["LOAD-02"], exploration, 1.0)
    assert result.verdict is verdict
    assert (ONCE_TOO_SLOW in result.reason) == (verdict is Verdict.PASS)
    assert len(result.evidence) == (1 if verdict is Verdict.PASS else 2)


SLOWLY = "(2 s after each action, a new connection for each message)"


@pytest.mark.parametrize(
    ("passes_again", "verdict", "reason"),
    [
        (
            False,
            Verdict.FAIL,
            f"failed again when sent slowly {SLOWLY}: neither order nor speed is the reason",
        ),
        (True, Verdict.FLAKY, f"failed again when sent slowly {SLOWLY}; {PASSED_ON_RETRY}"),
    ],
)
def test_a_failure_says_that_it_was_sent_slowly(
    verdict: Verdict, reason: str, *, passes_again: bool
) -> None:
    """The reason says in plain words what the pauses have shown; a flaky case shows less."""

    def evidence(role: str, *, met: bool) -> Evidence:
        finding = Finding("fetched", Level.MUST, met=met, expected="fetched", observed="observed")
        return Evidence(role, "case", (finding,), Transcript(()))

    exploration = Exploration(1, case_count=1, failing_cases=1, finished=True, action_pause_s=2.0)
    exploration.first_failing = exploration.smallest = evidence("example", met=False)
    if passes_again:
        exploration.passed_on_retry = evidence("passed-on-retry", met=True)
    result = build_result(SCENARIOS["PROC-20"], exploration, 1.0)
    assert result.verdict is verdict
    assert result.reason == f"observed; {reason}"
