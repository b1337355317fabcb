"""`mews scenarios`, `mews tenants` and `mews explain`: what the package knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import PARTNER_KINDS
from pytest_mews.mews.facts import load_facts
from pytest_mews.model import CauseKind
from pytest_mews.scenarios.failing_examples import load_failing_examples
from pytest_mews.scenarios.loader import load_scenarios
from tests.command.conftest import Mews
from tests.scenario_flaws import FLAWS

OWN = Path(__file__).parents[2] / "docs" / "own-scenarios"
SCENARIOS = {scenario.id: scenario for scenario in load_scenarios()}


def ids_in(output: str) -> list[str]:
    """Return the first word of each line."""
    return [line.split()[0] for line in output.splitlines()]


def test_all_scenarios_are_listed(mews: Mews) -> None:
    """Without a filter, one line each."""
    output = mews("scenarios").output
    assert ids_in(output) == list(SCENARIOS)
    assert f"REC-04   MUST    delivery    {SCENARIOS['REC-04'].title}" in output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--stage", "streaming"], lambda item: item.stage == "streaming"),
        (["--level", "should"], lambda item: item.level == "SHOULD"),
        (["--area", "ret"], lambda item: item.area == "RET"),
        (
            ["--area", "PROC", "--level", "MUST", "--stage", "processing"],
            lambda item: item.area == "PROC" and item.level == "MUST",
        ),
    ],
)
def test_filters_combine(words: list[str], expected: object, mews: Mews) -> None:
    """A scenario is listed if it meets every filter."""
    wanted = [name for name, item in SCENARIOS.items() if expected(item)]  # type: ignore[operator]
    assert wanted
    assert ids_in(mews("scenarios", *words).output) == wanted


def test_a_filter_without_a_match_says_so(mews: Mews) -> None:
    """An empty list would leave the reader to guess: scenarios of their own need their folder."""
    done = mews("scenarios", "--area", "x")
    assert (done.status, done.output) == (0, "")
    assert "No scenario matches" in done.errors
    assert "--scenarios FOLDER" in done.errors


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        ("explain", "Missing argument 'NAME...'. Give the id of a scenario, such as REC-04"),
        ("doctor", "Missing argument 'URL'. Give the URL of the endpoint"),
        ("report", "Missing argument 'EVENTS'. Give the events.ndjson in the report folder"),
        ("sample", "Missing argument 'EVENT...'. Give an event, such as CustomerAdded"),
    ],
)
def test_a_missing_argument_says_what_to_give(command: str, remedy: str, mews: Mews) -> None:
    """The exit status is 4."""
    done = mews(command)
    assert done.status == 4
    assert remedy in done.errors


def test_scenarios_of_your_own_are_listed_and_explained(mews: Mews) -> None:
    """With --scenarios, after all others; how to run one says that it needs the folder."""
    folder = ("--scenarios", str(OWN))
    assert ids_in(mews("scenarios", *folder).output) == [*SCENARIOS, "X-GROUP-300"]
    assert ids_in(mews("scenarios", *folder, "--area", "x").output) == ["X-GROUP-300"]
    text = mews("explain", "x-group-300", *folder).output
    assert "MUST, delivery, own" in text
    assert "mews certify URL X-GROUP-300 --scenarios FOLDER" in text
    assert mews("explain", "X-GROUP-300").status == 4
    done = mews("explain", "REC-04", "--scenarios", "none")
    assert (done.status, done.output) == (4, "")
    assert "--scenarios: 'none' does not exist" in done.errors


def test_tenants_are_the_built_in_ones(mews: Mews) -> None:
    """The output is a tenants file with them."""
    document = tomllib.loads(mews("tenants").output)
    assert document["client_token"] == DEFAULT_TENANTS.client_token
    assert len(document["enterprise"]) == len(DEFAULT_TENANTS.enterprises)


def test_every_scenario_is_explained(mews: Mews) -> None:
    """What, why, source, remedy, what a failure looks like, and how to run it."""
    for name, scenario in SCENARIOS.items():
        done = mews("explain", name.lower())
        assert done.status == 0, name
        text = " ".join(done.output.split())
        for part in (scenario.title, scenario.why, scenario.remedy, f"mews certify URL {name}"):
            assert " ".join(part.split()) in text, name
        for fact in scenario.facts:
            assert fact.source.url in text
        assert ("When it fails" in text) == (name in load_failing_examples()), name


def test_a_failure_that_a_demo_partner_shows_is_recorded() -> None:
    """Every scenario with a flaw has an example; a shipped demo partner is named."""
    examples = load_failing_examples()
    missing = {name for name, flaws in FLAWS.items() if flaws and name not in examples}
    assert not missing, "run .venv/bin/python docs/generate_failing_examples.py"
    for name, example in examples.items():
        assert FLAWS[name]
        assert example.service
        assert example.observed
        if example.partner:
            assert PARTNER_KINDS[example.partner].description == example.service


def test_a_fact_is_explained(mews: Mews) -> None:
    """With its text, its source, and the scenarios that test it, or why none does."""
    output = " ".join(mews("explain", "G-30").output.split())
    fact = load_facts()["G-30"]
    assert " ".join(fact.text.split()) in output
    assert "REC-04 A full batch" in output
    untested = next(fact for fact in load_facts().values() if fact.untested)
    assert " ".join(untested.untested.split()) in " ".join(
        mews("explain", untested.id).output.split()
    )


def test_every_kind_of_cause_is_explained(mews: Mews) -> None:
    """With what it is, what to change, and a demo partner that shows it; the name in any case."""
    assert list(load_kind_texts()) == list(CauseKind)
    for kind, text in load_kind_texts().items():
        output = " ".join(mews("explain", kind.upper()).output.split())
        remedies = [SCENARIOS[name].remedy for name in text.remedy_of]
        remedies += [*text.remedies.values(), *filter(None, [text.remedy])]
        assert remedies, kind
        assert all(
            part in output for part in (text.title, text.measured, text.claims, *remedies)
        ), kind
        if text.example is not None:
            command = " ".join([f"demo:{text.example.partner}", *text.example.scenarios])
            assert f"mews certify {command}" in output


def test_the_example_of_a_cause_can_be_run() -> None:
    """A partner of the package, and scenarios that there are."""
    for text in load_kind_texts().values():
        if text.example is not None:
            assert text.example.partner in PARTNER_KINDS
            assert SCENARIOS.keys() >= set(text.example.scenarios)


def test_several_names_are_explained_in_turn(mews: Mews) -> None:
    """An unknown one exits with 4 and names the closest."""
    assert mews("explain", "REC-04", "outage").output.count("\n\n\n") == 1
    done = mews("explain", "REC-44")
    assert done.status == 4
    assert "NAME: 'REC-44' is no scenario, fact or kind of cause. Did you mean" in done.errors
