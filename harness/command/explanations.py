"""Explains a scenario, a fact or a kind of cause, as lines for a terminal."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from textwrap import wrap

from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.checks import CHECKS
from pytest_mews.documentation import name_page
from pytest_mews.errors import UsageError
from pytest_mews.mews.facts import Fact, load_facts
from pytest_mews.model import Basis, CauseKind, Scenario
from pytest_mews.model.step import Step
from pytest_mews.scenarios.failing_examples import load_failing_examples

WIDTH = 100
CLOSEST = 3  # names that are suggested for an unknown one


def explain(name: str, all_scenarios: Iterable[Scenario]) -> list[str]:
    """Return the explanation of a scenario (REC-04), a fact (G-30) or a kind of cause (outage).

    Args:
        name: its id.
        all_scenarios: the scenarios that there are.

    Raises:
        UsageError: it is none of them; the remedy has the closest ones.

    """
    scenarios = {scenario.id: scenario for scenario in all_scenarios}
    if (scenario := scenarios.get(name.upper())) is not None:
        return list(_explain_scenario(scenario))
    if (fact := load_facts().get(name.upper())) is not None:
        return list(_explain_fact(fact, scenarios.values()))
    if name.lower() in list(CauseKind):
        return list(_explain_cause(CauseKind(name.lower()), scenarios))
    spellings = {known.lower(): known for known in (*scenarios, *load_facts(), *CauseKind)}
    closest = get_close_matches(name.lower(), spellings, n=CLOSEST)
    suggestion = f"Did you mean {' or '.join(spellings[match] for match in closest)}? "
    remedy = f"{suggestion if closest else ''}`mews scenarios` lists the scenarios."
    if name.upper() in {scenario.area for scenario in scenarios.values()}:
        remedy = f"`mews scenarios --area {name.upper()}` lists the scenarios of this area."
    raise UsageError("NAME", name, "is no scenario, fact or kind of cause", remedy)


def _explain_scenario(scenario: Scenario) -> Iterator[str]:
    yield f"{scenario.id}  {scenario.title}"
    yield f"{scenario.level}, {scenario.stage}, {scenario.basis}"
    yield from _section("Why", [scenario.why])
    messages = [
        " ".join(
            [f"{spec.name}: generator {spec.generator}", *_assignments(spec.arguments.items())]
        )
        for spec in scenario.message_specs
    ]
    yield from _section("Messages", messages)
    steps = [f"{number}. {_describe_step(step)}" for number, step in enumerate(scenario.steps, 1)]
    yield from _section("What happens", steps)
    expected = [
        f"{expectation.level} {expectation.check}: "
        f"{_first_paragraph(CHECKS[expectation.check].documentation)}"
        for expectation in scenario.expectations
    ]
    yield from _section("Expected", expected)
    facts = [line for fact in scenario.facts for line in (f"{fact.id}: {fact.text}", _source(fact))]
    yield from _section("Facts", facts)
    of_checks = [
        f"For {expectation.check}: {expectation.remedy}"
        for expectation in scenario.expectations
        if expectation.remedy
    ]
    yield from _section("Fix", [scenario.remedy, *of_checks])
    own = " --scenarios FOLDER" if scenario.basis is Basis.OWN else ""
    commands = [f"mews certify URL {scenario.id}{own}"]
    if (example := load_failing_examples().get(scenario.id)) is not None:
        texts = [f"A service with this flaw: {example.service}", f"Reported as: {example.observed}"]
        yield from _section("When it fails", texts)
        if example.partner:
            commands.insert(0, f"mews certify demo:{example.partner} {scenario.id}")
    yield from _section("Try it", commands)


def _explain_fact(fact: Fact, scenarios: Iterable[Scenario]) -> Iterator[str]:
    yield f"{fact.id}  {fact.basis}, {fact.stage}"
    yield from _section("Fact", [fact.text, _source(fact)])
    tests = [f"{scenario.id}  {scenario.title}" for scenario in scenarios if fact in scenario.facts]
    yield from _section("Tested by", tests or [fact.untested])


def _explain_cause(kind: CauseKind, scenarios: Mapping[str, Scenario]) -> Iterator[str]:
    text = load_kind_texts()[kind]
    yield f"{kind}  {text.title}"
    yield "a kind of cause: what failures of one or several scenarios have in common"
    yield from _section("Measured", [text.measured])
    yield from _section("Claims", [text.claims])
    fixes = [
        *([text.remedy] if text.remedy else []),
        *(f"If {case}: {remedy}" for case, remedy in text.remedies.items()),
        *(f"{scenario_id}: {scenarios[scenario_id].remedy}" for scenario_id in text.remedy_of),
    ]
    yield from _section("Fix", fixes)
    if text.example is not None:
        ids = " ".join(text.example.scenarios)
        yield from _section("Try it", [f"mews certify demo:{text.example.partner} {ids}"])
    yield from _section("More", [name_page("causes")])


def _section(title: str, paragraphs: list[str]) -> Iterator[str]:
    """Yield a heading and wrapped paragraphs; nothing without paragraphs."""
    if paragraphs:
        yield ""
        yield title
    for paragraph in paragraphs:
        yield from wrap(
            paragraph,
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _describe_step(step: Step) -> str:
    """Return what a step does, with its arguments that are not the default."""
    given = {
        field.name: value
        for field in fields(step)
        if (value := getattr(step, field.name)) != field.default
    }
    text = _first_paragraph(inspect.getdoc(type(step)) or "")
    arguments = ", ".join(_assignments(given.items()))
    return f"{text} ({arguments})" if arguments else text


def _assignments(items: Iterable[tuple[str, object]]) -> list[str]:
    return [
        f"{name}={','.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for name, value in items
    ]


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _source(fact: Fact) -> str:
    return f"{fact.basis}: {fact.source.url} ({fact.source.revision_text})"
